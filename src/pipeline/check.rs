//! The check of every tile: a driver that fails gives black, garbage or numbers that are none.

use crate::tile::{Tile, TilePlan};

/// Why a tile is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It has values that are infinite or not numbers: never accepted.
    NotFinite,
    /// Scaled back down it does not look like its source.
    Unlike,
}

/// Largest difference of the mean brightness between a tile and its source.
///
/// Networks that enlarge keep the mean to about 0.01; a black tile misses it by the brightness of the picture.
const MEAN_TOLERANCE: f64 = 0.08;
/// Standard deviation from which a source has structure to be recognised by.
const STRUCTURE: f64 = 0.02;
/// Smallest correlation of a tile, scaled back down, with a source that has structure.
const MIN_CORRELATION: f64 = 0.5;

/// Compares one plane of a tile's output with the same plane of its input, halo cut off on both.
#[inline(never)]
pub(super) fn examine(plan: &TilePlan, tile: Tile, input: &[f32], output: &[f32]) -> Result<(), Doubt> {
    if !output.iter().all(|v| v.is_finite()) {
        return Err(Doubt::NotFinite);
    }
    let scale = plan.geometry().scale;
    let halo = plan.geometry().halo;
    let row_len = plan.input_shape(1).width;
    let source = input.chunks_exact(row_len).skip(halo).take(tile.height).flat_map(|row| &row[halo..halo + tile.width]);
    let mut reduced = vec![0.0f64; tile.width * tile.height];
    for (y, row) in plan.kept_rows(tile, output).enumerate() {
        let line = &mut reduced[y / scale * tile.width..][..tile.width];
        for (sum, block) in line.iter_mut().zip(row.chunks_exact(scale)) {
            *sum += block.iter().map(|&v| f64::from(v.clamp(0.0, 1.0))).sum::<f64>();
        }
    }
    let (n, area) = (reduced.len() as f64, (scale * scale) as f64);
    let (mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&a, b) in source.zip(&reduced) {
        let (a, b) = (f64::from(a), b / area);
        sa += a;
        sb += b;
        saa += a * a;
        sbb += b * b;
        sab += a * b;
    }
    let (ma, mb) = (sa / n, sb / n);
    let (va, vb, cov) = (saa / n - ma * ma, sbb / n - mb * mb, sab / n - ma * mb);
    let alike = (ma - mb).abs() <= MEAN_TOLERANCE && (va < STRUCTURE * STRUCTURE || cov >= MIN_CORRELATION * (va * vb).sqrt() && vb > 0.0);
    if alike { Ok(()) } else { Err(Doubt::Unlike) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::receptive_field::Geometry;

    #[test]
    fn black_flat_and_broken_tiles_are_doubted() {
        let geometry = Geometry { scale: 2, crop: 0, halo: 1, alignment: 1 };
        let plan = TilePlan::new(8, 8, 8, geometry).unwrap();
        let tile = plan.tile(0);
        let mut input = Vec::new();
        plan.extract(tile, |_, columns, into| into.extend(columns.map(|x| x as f32 / 8.0)), &mut input);
        let width = plan.output_shape(1).width;
        let good: Vec<f32> = (0..width * width).map(|i| input[i / width / 2 * (width / 2) + i % width / 2]).collect();
        assert_eq!(examine(&plan, tile, &input, &good), Ok(()));
        assert_eq!(examine(&plan, tile, &input, &vec![0.0; good.len()]), Err(Doubt::Unlike));
        assert_eq!(examine(&plan, tile, &input, &vec![0.44; good.len()]), Err(Doubt::Unlike));
        let mirrored: Vec<f32> = good.chunks(width).flat_map(|r| r.iter().rev().copied()).collect();
        assert_eq!(examine(&plan, tile, &input, &mirrored), Err(Doubt::Unlike));
        let mut broken = good;
        broken[0] = f32::NAN;
        assert_eq!(examine(&plan, tile, &input, &broken), Err(Doubt::NotFinite));
    }
}
