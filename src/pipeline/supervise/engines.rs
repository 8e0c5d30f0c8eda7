//! Which engines a picture can have, what is known of them, and what they have to prepare.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde::Serialize;

use crate::backend::BackendKind;
use crate::backend::select::{Preference, order};
use crate::error::{Error, Result};
use crate::limits::MAX_WHOLE_PIXELS;
use crate::model::Network;
use crate::model::graph::Shape;

/// The engines that refused or failed on this device, which outlives a picture: on `auto` they are not tried again.
#[derive(Debug, Clone, Default)]
pub struct EngineMemory(Rc<RefCell<Vec<(BackendKind, Error)>>>);

impl EngineMemory {
    /// Why an engine is not to be tried again.
    pub fn refused(&self, kind: BackendKind) -> Option<Error> {
        self.0.borrow().iter().find(|(known, _)| *known == kind).map(|(_, error)| error.clone())
    }

    pub(super) fn remember(&self, kind: BackendKind, error: &Error) {
        let mut known = self.0.borrow_mut();
        known.retain(|(before, _)| *before != kind);
        known.push((kind, error.clone()));
    }
}

/// The networks of a picture's passes, as far as they decide who runs them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks {
    /// For each pass, the first one that has the same network.
    pub(super) first: Vec<usize>,
    /// A network whose graph is not covered.
    pub(super) opaque: Option<Opaque>,
}

/// A network that tract alone runs, on the whole picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opaque {
    pub(super) pass: usize,
    pub(super) channels: usize,
    /// What is not covered, as a sentence without its full stop.
    pub(super) gap: String,
}

impl Networks {
    /// Of the passes in their order. Passes of one network name the same one.
    pub fn of(networks: &[&Network]) -> Self {
        let first = networks.iter().map(|one| networks.iter().position(|other| std::ptr::eq(*one, *other)).unwrap_or_default());
        let opaque = networks.iter().enumerate().find_map(|(pass, network)| {
            let gap = network.gap()?;
            Some(Opaque { pass, channels: network.input_channels(), gap })
        });
        Self { first: first.collect(), opaque }
    }

    /// The engines to try, best first; an explicit choice has no second.
    pub(super) fn engines(&self, preference: Preference) -> VecDeque<BackendKind> {
        // Without a graph there is no receptive field: tract runs the whole picture from the file.
        order(preference).into_iter().filter(|kind| self.opaque.is_none() || *kind == BackendKind::Tract).collect()
    }

    /// The sessions for tiles of these shapes, one a pass: passes with the same network and shape share one.
    pub fn sessions(&self, shapes: &[Shape]) -> Sessions {
        let mut sessions = Sessions::default();
        for (pass, shape) in shapes.iter().enumerate() {
            let plan = SessionPlan { pass: self.first.get(pass).copied().unwrap_or(pass), shape: *shape };
            let slot = sessions.slots.iter().position(|known| *known == plan).unwrap_or_else(|| {
                sessions.slots.push(plan);
                sessions.slots.len() - 1
            });
            sessions.of_pass.push(slot);
        }
        sessions
    }
}

/// What every worker prepares for a picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sessions {
    /// The sessions.
    pub slots: Vec<SessionPlan>,
    /// The slot of each pass.
    pub of_pass: Vec<usize>,
}

/// A session to prepare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPlan {
    /// The pass whose network it is.
    pub pass: usize,
    /// Shape of the input.
    pub shape: Shape,
}

impl Serialize for SessionPlan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Shape { channels, height, width } = self.shape;
        (self.pass, [channels, height, width]).serialize(serializer)
    }
}

/// Workers that an engine can use, of at most `most`: a GPU runs tiles of one worker side by side.
pub fn workers_of(kind: BackendKind, most: usize) -> usize {
    if kind == BackendKind::Gpu { 1 } else { most.max(1) }
}

/// Whether another engine may do what one refused with this error.
pub(super) fn another_may(error: &Error) -> bool {
    matches!(error, Error::Device(_) | Error::Unsupported(_) | Error::Limits(_))
}

/// The input of a network that is not covered, which runs on the whole picture. `gap`: what is not covered.
///
/// # Errors
/// `Limits` where the picture is too large for that.
pub fn whole_shape(channels: usize, [width, height]: [u32; 2], gap: &str) -> Result<Shape> {
    if u64::from(width) * u64::from(height) > MAX_WHOLE_PIXELS {
        return Err(Error::limits(
            format!(
                "{gap}: it can only be run on a whole picture, of at most {} megapixels here, and this one has {width} x {height} pixels",
                MAX_WHOLE_PIXELS >> 20
            ),
            "Crop the picture, or use one of the shipped models",
        ));
    }
    Ok(Shape::new(channels, height as usize, width as usize))
}

/// The factor of a network that makes `output` of `input`.
///
/// # Errors
/// `Unsupported` where it is not whole.
pub fn whole_factor(input: Shape, output: Shape) -> Result<usize> {
    let scale = output.height / input.height.max(1);
    if scale == 0 || output.height != scale * input.height || output.width != scale * input.width {
        return Err(Error::unsupported(
            format!("The model makes {} x {} pixels of {} x {}, which is no whole factor", output.width, output.height, input.width, input.height),
            "Use another model",
        ));
    }
    Ok(scale)
}
