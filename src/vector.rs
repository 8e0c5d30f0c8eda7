//! Loops over rows, compiled for the widest vectors of the processor that runs them.

/// Runs `loops`, which must be inlined into it to be vectorised: `#[inline(always)]` on the closure and what it calls.
///
/// In browsers every use is a function of its own. They optimise what loops by whole functions, on the cores that the first picture
/// waits for: a large function with a few loops takes them many times as long as the loops.
#[cfg(feature = "simd")]
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(crate) fn widest<R>(loops: impl FnOnce() -> R) -> R {
    use fearless_simd::{Level, Simd, dispatch};
    dispatch!(Level::new(), simd => simd.vectorize(loops))
}

/// Runs `loops` as they are: what detects the processor is part of the engine on the CPU.
#[cfg(not(feature = "simd"))]
pub(crate) fn widest<R>(loops: impl FnOnce() -> R) -> R {
    loops()
}
