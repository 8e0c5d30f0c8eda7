//! What a job will take, before it starts.

use crate::codec::encode::OutputFormat;
use crate::image::RowFormat;

/// What a job will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Milliseconds on the clock.
    pub milliseconds: u64,
    /// Bytes of memory at the most.
    pub memory_bytes: u64,
    /// Bytes of the file, for a photograph.
    pub file_bytes: u64,
    /// Bytes of the file at the most, where the picture is noise.
    pub most_file_bytes: u64,
}

/// Time of the thread that finishes and encodes, for each sample of the result, in nanoseconds.
pub(super) const SAMPLE_NANOSECONDS: f64 = 15.0;
/// Memory of the program itself.
pub(super) const PROGRAM_BYTES: u64 = 40 << 20;

/// Share of the raw samples that a photograph takes which was enlarged four times.
fn share(format: OutputFormat, quality: u8) -> f64 {
    /// Of JPEG, by quality.
    const SHARES: [(f64, f64); 5] = [(1.0, 0.008), (50.0, 0.02), (75.0, 0.03), (90.0, 0.06), (100.0, 0.21)];
    match format {
        OutputFormat::Png => 0.35,
        OutputFormat::Tiff => 0.42,
        OutputFormat::WebP => 0.27,
        OutputFormat::Jpeg => {
            let quality = f64::from(quality).clamp(1.0, 100.0);
            let step = SHARES.windows(2).find(|pair| quality <= pair[1].0).unwrap_or(&SHARES[3..]);
            let part = (quality - step[0].0) / (step[1].0 - step[0].0);
            step[0].1 + part * (step[1].1 - step[0].1)
        }
    }
}

/// Bytes of a file of `rows`, which are `scale` times their source: for a photograph, and at the most.
pub fn file_bytes(format: OutputFormat, rows: RowFormat, quality: u8, scale: f64) -> [u64; 2] {
    let raw = (rows.row_len() * rows.depth.bytes()) as f64 * f64::from(rows.height);
    // The more a picture is enlarged, the smoother it is: shares fall by a quarter with every doubling.
    let smooth = (4.0 / scale.clamp(1.0, 16.0)).powf(0.4);
    [(raw * (share(format, quality) * smooth).min(1.0)) as u64, (raw * 1.02) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Channels, Depth};

    #[test]
    fn better_and_larger_files_take_more() {
        let rows = RowFormat { width: 4000, height: 3000, channels: Channels::Rgb, depth: Depth::Eight };
        let size = |format, quality| file_bytes(format, rows, quality, 4.0)[0];
        let jpegs: Vec<u64> = (1..=100).map(|quality| size(OutputFormat::Jpeg, quality)).collect();
        assert!(jpegs.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(size(OutputFormat::Jpeg, 90) < size(OutputFormat::WebP, 90) && size(OutputFormat::WebP, 90) < size(OutputFormat::Png, 90));
        let png = |scale| file_bytes(OutputFormat::Png, rows, 90, scale);
        assert!(png(2.0)[0] > png(4.0)[0] && png(4.0)[0] > png(16.0)[0] && png(1.0)[0] <= png(1.0)[1]);
        assert!(png(4.0)[1] > 36_000_000);
    }
}
