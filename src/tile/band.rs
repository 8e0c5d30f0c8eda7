//! Bands: rows of finished tiles, kept only until the row is complete.

use std::collections::BTreeMap;

use super::plan::{Tile, TilePlan};

/// Collects the kept outputs of tiles and gives whole rows of tiles back in order.
#[derive(Debug)]
pub struct Bands {
    plan: TilePlan,
    planes: usize,
    /// Rows of tiles that are begun, by row number.
    open: BTreeMap<usize, Band>,
    next: usize,
}

/// The output of one row of tiles: planes of `width` x `height` values, one after the other.
#[derive(Debug)]
pub struct Band {
    /// First row in output pixels.
    pub y: usize,
    /// Rows in output pixels.
    pub height: usize,
    /// Width in output pixels: the whole picture's.
    pub width: usize,
    /// `planes * height * width` values, 0..=1.
    pub values: Vec<f32>,
    missing: usize,
}

impl Band {
    /// Plane `index`, `height * width` values.
    ///
    /// # Panics
    /// Where there is no such plane.
    pub fn plane(&self, index: usize) -> &[f32] {
        let len = self.width * self.height;
        &self.values[index * len..][..len]
    }
}

impl Bands {
    /// Bands of `planes` planes for `plan`; each tile is put once for every plane.
    pub fn new(plan: TilePlan, planes: usize) -> Self {
        Self { plan, planes, open: BTreeMap::new(), next: 0 }
    }

    /// Puts plane `plane` of `tile`: `rows` are its kept rows, `tile.width * scale` values each.
    pub fn put<'r>(&mut self, tile: Tile, plane: usize, rows: impl Iterator<Item = &'r [f32]>) {
        let scale = self.plan.geometry().scale;
        let columns = self.plan.columns();
        let row = tile.index / columns;
        let width = self.plan.picture_width() * scale;
        let height = tile.height * scale;
        let planes = self.planes;
        let band = self.open.entry(row).or_insert_with(|| Band {
            y: tile.y * scale,
            height,
            width,
            values: vec![0.0; planes * width * height],
            missing: columns * planes,
        });
        let left = tile.x * scale;
        for (y, values) in rows.enumerate().take(height) {
            let at = (plane * height + y) * width + left;
            band.values[at..at + values.len()].copy_from_slice(values);
        }
        band.missing = band.missing.saturating_sub(1);
    }

    /// The next band from the top, once all of its tiles are there.
    pub fn take(&mut self) -> Option<Band> {
        if self.open.get(&self.next)?.missing > 0 {
            return None;
        }
        self.next += 1;
        self.open.remove(&(self.next - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::receptive_field::Geometry;

    #[test]
    fn bands_come_in_order_whatever_the_tiles_do() {
        let geometry = Geometry { scale: 2, crop: 0, halo: 0, alignment: 1 };
        let plan = TilePlan::new(5, 6, 3, geometry).unwrap();
        let mut bands = Bands::new(plan, 2);
        let mut heights = Vec::new();
        for index in [3, 2, 1, 0] {
            for plane in 0..2 {
                let tile = plan.tile(index);
                let rows = vec![vec![(10 * index + plane) as f32; tile.width * 2]; tile.height * 2];
                bands.put(tile, plane, rows.iter().map(Vec::as_slice));
            }
            while let Some(band) = bands.take() {
                heights.push((band.y, band.height));
                assert_eq!(band.width, 10);
                let base = if band.y == 0 { 0.0 } else { 20.0 };
                assert_eq!((band.plane(0)[0], band.plane(1)[9]), (base, base + 11.0));
            }
        }
        assert_eq!(heights, [(0, 6), (6, 6)]);
    }
}
