//! Loops over rows, compiled for the widest vectors of the processor that runs them.

/// Runs `loops`, which must be inlined into it to be vectorised: `#[inline(always)]` on the closure and what it calls.
#[cfg(feature = "simd")]
#[inline(always)]
pub(crate) fn widest<R>(loops: impl FnOnce() -> R) -> R {
    use fearless_simd::{Level, Simd, dispatch};
    dispatch!(Level::new(), simd => simd.vectorize(loops))
}

/// Runs `loops` as they are: what detects the processor is part of the engine on the CPU.
#[cfg(not(feature = "simd"))]
pub(crate) fn widest<R>(loops: impl FnOnce() -> R) -> R {
    loops()
}
