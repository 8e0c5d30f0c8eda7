//! What a job is told besides the order: what was planned, and what runs it.

use crate::codec::Density;
use crate::model::choice::Kind;
use crate::order::plan::Plan;

/// What was planned for a picture, and the engine that runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Name of the input file, for the report.
    pub input: String,
    /// Name of the model, for the report.
    pub model: String,
    /// What the picture was taken for, where that chose the model; for the report.
    pub kind: Option<Kind>,
    /// Width and height of the result; `None`: what the networks make.
    pub size: Option<[u32; 2]>,
    /// Pixels per unit of length that the result states; `None` keeps the file's own.
    pub density: Option<Density>,
    /// Largest buffer of the engine, in bytes.
    pub max_buffer_bytes: Option<u64>,
    /// Tiles that run at the same time.
    pub parallel: usize,
    /// Factor of a network whose graph is not covered: it runs on the whole picture at once.
    pub opaque_scale: Option<usize>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            input: String::new(),
            model: String::new(),
            kind: None,
            size: None,
            density: None,
            max_buffer_bytes: None,
            parallel: 1,
            opaque_scale: None,
        }
    }
}

impl Setup {
    /// For the picture `input`, as `plan` says.
    pub fn planned(input: impl Into<String>, plan: &Plan, kind: Option<Kind>) -> Self {
        Self {
            input: input.into(),
            model: plan.model.clone(),
            kind,
            size: Some(plan.size()),
            density: plan.dpi.and_then(Density::dpi),
            ..Self::default()
        }
    }
}
