//! What a job will take, before it starts.

use crate::codec::encode::OutputFormat;
use crate::image::RowFormat;

/// Time of the thread that finishes and encodes, for each sample of the result, in nanoseconds.
const SAMPLE_NANOSECONDS: f64 = 15.0;
/// Bytes of the largest value within the network that a tile on the CPU may have: caches and memory are shared with others.
pub(crate) const CPU_VALUE_BYTES: u64 = 12 << 20;
/// Values of that size that a network holds at a time.
const VALUES_HELD: u64 = 3;
/// Channels of a value, about.
const CHANNELS: u64 = 32;
/// Tiles that each worker should get at the least, so that all end at about the same time.
const TILES_A_WORKER: usize = 2;
/// Side of a tile: the halo weighs more on smaller ones, and a GPU wants large dispatches.
pub(crate) const DEFAULT_TILE: usize = 256;
/// Lowest tile of a wide result, in input pixels.
pub(crate) const MIN_TILE: usize = 64;
/// Bytes of the rows that a row of tiles makes: wide results get lower tiles.
pub(crate) const BAND_BYTES: usize = 96 << 20;
/// Rows of the pass before that a row of tiles reads beyond its own, about.
const HALO_ROWS: u64 = 32;

/// Where a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub enum Host {
    /// A program of its own.
    #[default]
    Native,
    /// A page in a browser.
    Browser,
}

impl Host {
    /// Bytes of the program itself, without a picture.
    const fn program_bytes(self) -> u64 {
        match self {
            Self::Native => 40 << 20,
            Self::Browser => 120 << 20,
        }
    }

    /// Bytes of a worker: in a browser each has an instance of its own.
    const fn worker_bytes(self) -> u64 {
        match self {
            Self::Native => 0,
            Self::Browser => 24 << 20,
        }
    }
}

/// Height of a tile of a wide result, whose rows take `row_bytes` for each row of the pass's input.
pub(crate) fn low_tile(row_bytes: usize) -> usize {
    (BAND_BYTES / row_bytes.max(1)).max(MIN_TILE)
}

/// Fewer rows of square tiles than these are few: then tiles are half as high, so that less is left to encode when the last row is done.
pub(crate) const FEW_ROWS: usize = 3;

/// Height of a tile where there are few rows of them.
pub(crate) fn few_rows_tile(side: usize) -> usize {
    (side / 2).max(MIN_TILE)
}

/// Side of a tile of a picture of so many pixels, smaller than usual where that keeps all workers busy.
pub(crate) fn busy_tile(pixels: usize, workers: usize) -> usize {
    let share = pixels / (TILES_A_WORKER * workers.max(1));
    let mut side = DEFAULT_TILE;
    while side > MIN_TILE && workers > 1 && side * side > share {
        side /= 2;
    }
    side
}

/// Bytes of memory at the most, for a picture of `source` through passes of the factors `scales`, with so many `workers`.
pub fn memory_bytes(host: Host, source: RowFormat, scales: &[usize], result: RowFormat, format: OutputFormat, workers: usize) -> u64 {
    let workers = workers.max(1) as u64;
    let planes = source.channels.count() as u64;
    let float = size_of::<f32>() as u64;
    let mut bytes = u64::from(source.width) * u64::from(source.height) * planes * source.depth.bytes() as u64;
    let [mut width, mut height] = [source.width, source.height].map(u64::from);
    let mut values = 0;
    for (number, &scale) in scales.iter().enumerate() {
        let scale = scale as u64;
        let row_bytes = width * scale * scale * planes * float;
        let side = busy_tile((width * height) as usize, workers as usize);
        let few = workers > 1 && height < (FEW_ROWS * side) as u64;
        let tile = (low_tile(row_bytes as usize).min(if few { few_rows_tile(side) } else { side }) as u64).min(height);
        values = values.max((CHANNELS * (side as u64 + HALO_ROWS).pow(2) * float).min(CPU_VALUE_BYTES));
        // One row of tiles is being written while the next one fills.
        bytes += 3 * tile * row_bytes / 2;
        bytes += if number == 0 { 0 } else { 2 * (tile + HALO_ROWS) * width * planes * float };
        (width, height) = (width * scale, height * scale);
    }
    bytes += VALUES_HELD * values * workers;
    // Rows that wait in the lock and the measurement of LR-PSNR.
    let factor = scales.iter().product::<usize>() as u64;
    bytes += 17 * factor * factor * u64::from(source.width) * (planes + 3) * float / 2;
    // WebP is encoded from the whole picture.
    if format == OutputFormat::WebP {
        bytes += 7 * result.row_len() as u64 * u64::from(result.height) / 3;
    }
    host.program_bytes() + host.worker_bytes() * workers + bytes
}

/// Seconds on the clock, where the networks take `networks` of them: finishing and encoding run on one thread beside them.
pub fn seconds(networks: f64, result: RowFormat, workers: usize) -> f64 {
    let rows = result.row_len() as f64 * f64::from(result.height) * SAMPLE_NANOSECONDS * 1e-9;
    (networks + rows / workers.max(1) as f64).max(rows)
}

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
