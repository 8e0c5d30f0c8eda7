//! The tests that every engine must pass.
//!
//! One list of cases for all engines, natively and in a browser. A case that an engine is excused from is in
//! [`EXCUSED`] with the reason. Every comparator has a case that shows that it can fail.

mod agreement;
pub mod graphs;
mod tiles;
#[cfg(target_arch = "wasm32")]
mod web;

use inlarge::backend::{Backend, BackendKind, LocalFuture};

/// Largest difference from the reference that f32 engines may show on values of about 0..=1.
pub const ENGINE_TOLERANCE: f32 = 1e-4;
/// Largest difference in a file, in steps of 1/255.
pub const FILE_TOLERANCE: u8 = 1;

/// Cases that an engine does not run, and why.
pub const EXCUSED: &[(BackendKind, &str, &str)] = &[
    (BackendKind::Gpu, SIMD_KERNELS, "its kernels are shaders"),
    (BackendKind::Simd, SIMD_KERNELS, "it has no other"),
    (BackendKind::Reference, SIMD_KERNELS, "it is naive on purpose"),
];

const SIMD_KERNELS: &str = "convolutions run on SIMD kernels";

/// The end of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Name of the case.
    pub name: &'static str,
    /// What was measured, or what went wrong.
    pub result: Result<String, String>,
}

/// A case: what was measured, or what went wrong.
pub(crate) type CaseFuture<'a> = LocalFuture<'a, Result<String, String>>;
type Case = for<'a> fn(&'a dyn Backend) -> CaseFuture<'a>;

const CASES: &[(&str, Case)] = &[
    ("networks agree with the reference", |b| Box::pin(agreement::networks(b))),
    ("operations agree with the reference", |b| Box::pin(agreement::operations(b))),
    ("shipped models agree with the reference", |b| Box::pin(agreement::shipped(b))),
    ("odd sizes agree with the reference", |b| Box::pin(agreement::sizes(b))),
    ("a changed weight is noticed", |b| Box::pin(agreement::changed_weight(b))),
    ("a tile of another shape is refused", |b| Box::pin(agreement::wrong_shape(b))),
    ("tiled equals untiled", |b| Box::pin(tiles::tiled_equals_untiled(b))),
    ("a changed pixel is noticed", |b| Box::pin(tiles::changed_pixel(b))),
    (SIMD_KERNELS, |_| Box::pin(async { agreement::simd_kernels() })),
    ("the golden tile passes", |b| Box::pin(agreement::golden_tile(b))),
];

/// Runs all cases on one engine.
pub async fn run(backend: &dyn Backend) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (name, case) in CASES {
        let excuse = EXCUSED.iter().find(|(kind, excused, _)| *kind == backend.kind() && excused == name);
        let result = match excuse {
            Some((.., reason)) => Ok(format!("excused: {reason}")),
            None => case(backend).await,
        };
        outcomes.push(Outcome { name, result });
    }
    outcomes
}
