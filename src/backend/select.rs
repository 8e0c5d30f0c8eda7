//! The ordered choice of an engine, with a reason for each refusal.

use super::reference::ReferenceBackend;
use super::{Backend, BackendKind};
use crate::error::{Error, Result};
use crate::model::Network;
use crate::named::unknown;

/// Which engine the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preference {
    /// The fastest that works: a real GPU, then the CPU.
    #[default]
    Auto,
    /// This one, a software adapter included.
    Only(BackendKind),
}

impl Preference {
    /// The names of all choices.
    pub const NAMES: [&'static str; 1 + BackendKind::ALL.len()] = {
        let [gpu, simd, tract, reference] = BackendKind::NAMES;
        ["auto", gpu, simd, tract, reference]
    };

    /// The name in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(kind) => kind.name(),
        }
    }
}

impl std::str::FromStr for Preference {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name == Self::Auto.name() {
            return Ok(Self::Auto);
        }
        name.parse().map(Self::Only).map_err(|_| unknown("engine", name, &Self::NAMES))
    }
}

impl serde::Serialize for Preference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Preference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        crate::named::deserialize(deserializer)
    }
}

/// An engine that was not used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which one.
    pub kind: BackendKind,
    /// The reason in words for people.
    pub reason: String,
}

/// The engines to try, best first.
pub fn order(preference: Preference) -> Vec<BackendKind> {
    match preference {
        Preference::Auto => vec![BackendKind::Gpu, BackendKind::Simd, BackendKind::Tract, BackendKind::Reference],
        Preference::Only(kind) => vec![kind],
    }
}

/// Opens one engine and checks that it can be trusted.
///
/// # Errors
/// `Device` where there is no such device, it is a software adapter and `allow_software` is false, or it fails the
/// [probe](super::probe::probe); `Unsupported` where this build does not have the engine.
#[cfg_attr(not(any(feature = "gpu", feature = "simd")), expect(clippy::unused_async, reason = "only these two are probed"))]
pub async fn open(kind: BackendKind, allow_software: bool, parallel_sessions: usize) -> Result<Box<dyn Backend>> {
    match kind {
        #[cfg(feature = "gpu")]
        BackendKind::Gpu => {
            let backend = super::gpu::GpuBackend::request(super::gpu::Options { allow_software, ..Default::default() }).await?;
            super::probe::probe(&backend).await?;
            Ok(Box::new(backend))
        }
        #[cfg(feature = "simd")]
        BackendKind::Simd => {
            let backend = super::simd::SimdBackend::new(parallel_sessions);
            super::probe::probe(&backend).await?;
            Ok(Box::new(backend))
        }
        #[cfg(feature = "tract")]
        BackendKind::Tract => Ok(Box::new(super::tract::TractBackend::new(parallel_sessions))),
        BackendKind::Reference => Ok(Box::new(ReferenceBackend::new(parallel_sessions))),
        #[allow(unreachable_patterns, reason = "which engines are missing depends on the features of the build")]
        _ => Err(Error::unsupported(
            format!("This build has no engine \"{}\"", kind.name()),
            if allow_software { "Build it with that feature, or choose another engine" } else { "Choose another engine" },
        )),
    }
}

/// Whether an engine of this kind can run the network at all, before it is opened.
///
/// # Errors
/// The error that names the operation outside of the graph, for every engine but tract.
pub fn covers(kind: BackendKind, network: &Network) -> Result<()> {
    if kind == BackendKind::Tract { Ok(()) } else { network.graph().map(|_| ()) }
}
