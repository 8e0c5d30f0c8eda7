//! Budgets for pixels and bytes, and allocation that reports instead of aborting.

use crate::error::{Error, Result};

/// Largest number of pixels of an input picture. 268 megapixels: 16384 x 16384.
pub const MAX_INPUT_PIXELS: u64 = 16_384 * 16_384;

/// Largest side of an input picture, in pixels.
pub const MAX_INPUT_SIDE: u32 = 65_535;

/// Largest size of a model file, in bytes.
pub const MAX_MODEL_BYTES: usize = 512 << 20;

/// Largest number of bytes that a decoded input may take.
///
/// A wasm32 instance addresses 4 GiB in all, and the bands, the codec and the file share it.
pub const MAX_DECODED_BYTES: u64 = if cfg!(target_pointer_width = "32") { 1 << 30 } else { 4 << 30 };

/// Checks the size that a file header claims, before anything is allocated for it.
///
/// # Errors
/// `Decode` for an empty picture; `Limits` with the size and the limit for one that is too large.
pub fn check_input_size(width: u32, height: u32, bytes_per_pixel: u32) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Error::decode(
            format!("The picture is empty: its header says {width} x {height} pixels"),
            "Save it again from the program that made it",
        ));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_INPUT_PIXELS || width > MAX_INPUT_SIDE || height > MAX_INPUT_SIDE {
        return Err(Error::limits(
            format!("The picture's header says {width} x {height} pixels; at most {MAX_INPUT_PIXELS} pixels and {MAX_INPUT_SIDE} a side can be read"),
            "Crop it or cut it into parts",
        ));
    }
    let bytes = pixels * u64::from(bytes_per_pixel);
    if bytes > MAX_DECODED_BYTES {
        return Err(Error::limits(
            format!("The picture needs {} MiB of memory when decoded; at most {} MiB can be used here", bytes >> 20, MAX_DECODED_BYTES >> 20),
            "Crop it, or use the command line, which can use more memory",
        ));
    }
    Ok(())
}

/// A vector of `len` copies of `value`.
///
/// # Errors
/// `Limits` where the memory cannot be had.
pub fn try_vec<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| {
        Error::limits(
            format!("{} MiB of memory could not be had", (len * size_of::<T>()) >> 20),
            "Close other programs or tabs, or use a smaller picture or tile",
        )
    })?;
    vec.resize(len, value);
    Ok(vec)
}
