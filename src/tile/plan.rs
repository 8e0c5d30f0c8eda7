//! The tiles of a job: one fixed shape, a halo from the receptive field, borders replicated.
//!
//! Guarantee: with the halo of [`Geometry`], a kept output pixel depends on the same values as in the
//! untiled run on the picture extended by replicated borders; tiled and untiled differ by rounding only.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::model::graph::Shape;
use crate::model::receptive_field::Geometry;

/// One tile: the block of picture pixels whose enlargement is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Index of the tile in the plan: left to right, top to bottom.
    pub index: usize,
    /// Left edge in input pixels.
    pub x: usize,
    /// Top edge in input pixels.
    pub y: usize,
    /// Width in input pixels; smaller than the plan's at the right border.
    pub width: usize,
    /// Height in input pixels; smaller than the plan's at the bottom border.
    pub height: usize,
}

/// How a picture is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlan {
    picture: [usize; 2],
    core: [usize; 2],
    geometry: Geometry,
}

impl TilePlan {
    /// Cuts a picture of `width` x `height` into tiles of about `tile` pixels a side, without the halo.
    ///
    /// The tiles are made equal: 300 pixels at a size of 128 become three tiles of 100.
    ///
    /// # Errors
    /// `Parameter` for a tile size of 0.
    pub fn new(width: usize, height: usize, tile: usize, geometry: Geometry) -> Result<Self> {
        Self::oblong(width, height, [tile, tile], geometry)
    }

    /// As [`TilePlan::new`], for tiles of about `[height, width]` pixels.
    ///
    /// # Errors
    /// As [`TilePlan::new`].
    pub fn oblong(width: usize, height: usize, tile: [usize; 2], geometry: Geometry) -> Result<Self> {
        if tile.contains(&0) {
            return Err(Error::parameter("A tile size of 0 was asked for", "Use a tile size of at least 1"));
        }
        let core = |side: usize, tile: usize| side.div_ceil(side.div_ceil(tile)).next_multiple_of(geometry.alignment);
        Ok(Self { picture: [height, width], core: [core(height, tile[0]), core(width, tile[1])], geometry })
    }

    /// One tile as large as the picture.
    ///
    /// # Errors
    /// As [`TilePlan::new`].
    pub fn whole(width: usize, height: usize, geometry: Geometry) -> Result<Self> {
        Self::new(width, height, width.max(height), geometry)
    }

    /// Width of the picture in input pixels.
    pub fn picture_width(&self) -> usize {
        self.picture[1]
    }

    /// Height of the picture in input pixels.
    pub fn picture_height(&self) -> usize {
        self.picture[0]
    }

    /// Rows of tiles.
    pub fn rows(&self) -> usize {
        self.picture[0].div_ceil(self.core[0])
    }

    /// Tiles in a row.
    pub fn columns(&self) -> usize {
        self.picture[1].div_ceil(self.core[1])
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.rows() * self.columns()
    }

    /// A plan has at least one tile.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Tile `index`.
    ///
    /// # Panics
    /// Where `index` is not below [`TilePlan::len`].
    pub fn tile(&self, index: usize) -> Tile {
        assert!(index < self.len(), "tile {index} of {}", self.len());
        let (row, column) = (index / self.columns(), index % self.columns());
        let (y, x) = (row * self.core[0], column * self.core[1]);
        Tile { index, x, y, width: self.core[1].min(self.picture[1] - x), height: self.core[0].min(self.picture[0] - y) }
    }

    /// Shape of a tile's input with `channels` channels: the core and the halo on all sides.
    pub fn input_shape(&self, channels: usize) -> Shape {
        let halo = 2 * self.geometry.halo;
        Shape::new(channels, self.core[0] + halo, self.core[1] + halo)
    }

    /// Shape of a tile's output with `channels` channels.
    pub fn output_shape(&self, channels: usize) -> Shape {
        let side = |core: usize| (core + 2 * self.geometry.halo) * self.geometry.scale - 2 * self.geometry.crop;
        Shape::new(channels, side(self.core[0]), side(self.core[1]))
    }

    /// The pixel geometry of the network that the plan is for.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The row of the picture after the last one that `tile` and the tiles beside it read.
    pub fn rows_end(&self, tile: Tile) -> usize {
        (tile.y + self.core[0] + self.geometry.halo).min(self.picture[0])
    }

    /// Reads one plane of a tile's input from the picture, replicating the border: `row(y, columns, into)` adds those columns of a row.
    pub fn extract(&self, tile: Tile, mut row: impl FnMut(usize, Range<usize>, &mut Vec<f32>), into: &mut Vec<f32>) {
        let Shape { height, width, .. } = self.input_shape(1);
        let halo = self.geometry.halo;
        let columns = tile.x.saturating_sub(halo)..(tile.x + width - halo).min(self.picture[1]);
        let left = halo.saturating_sub(tile.x);
        let mut last = None;
        for y in (0..height).map(|y| (tile.y + y).saturating_sub(halo).min(self.picture[0] - 1)) {
            let start = into.len();
            if last == Some(y) {
                into.extend_from_within(start - width..);
                continue;
            }
            last = Some(y);
            into.resize(start + left, 0.0);
            row(y, columns.clone(), into);
            let edge = into[start + left];
            into[start..start + left].fill(edge);
            let edge = into[into.len() - 1];
            into.resize(start + width, edge);
        }
    }

    /// The kept rows of one plane of a tile's output: `tile.height * scale` slices of `tile.width * scale` values.
    ///
    /// # Panics
    /// Where `plane` is not one plane of [`TilePlan::output_shape`].
    pub fn kept_rows<'a>(&self, tile: Tile, plane: &'a [f32]) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        let Geometry { scale, crop, halo, .. } = self.geometry;
        let row_len = self.output_shape(1).width;
        let margin = halo * scale - crop;
        let kept = tile.width * scale;
        plane.chunks_exact(row_len).skip(margin).take(tile.height * scale).map(move |row| &row[margin..margin + kept])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry { scale: 2, crop: 0, halo: 3, alignment: 1 };

    #[test]
    fn tiles_cover_the_picture_once() {
        for (width, height, size) in [(1, 1, 32), (300, 77, 128), (64, 64, 64), (65, 129, 64), (5000, 1, 33)] {
            let plan = TilePlan::new(width, height, size, GEOMETRY).unwrap();
            let mut hits = vec![0; width * height];
            for tile in (0..plan.len()).map(|i| plan.tile(i)) {
                for y in tile.y..tile.y + tile.height {
                    hits[y * width + tile.x..][..tile.width].iter_mut().for_each(|h| *h += 1);
                }
            }
            assert!(hits.iter().all(|&h| h == 1), "{width} x {height} by {size}");
        }
    }

    #[test]
    fn borders_are_replicated() {
        let plan = TilePlan::new(3, 1, 8, GEOMETRY).unwrap();
        let mut input = Vec::new();
        plan.extract(plan.tile(0), |_, columns, into| into.extend(columns.map(|x| [10.0, 20.0, 30.0][x])), &mut input);
        assert_eq!(plan.input_shape(1), Shape::new(1, 7, 9));
        let row = [10.0, 10.0, 10.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0];
        assert!(input.chunks(9).all(|r| r == row));
    }

    #[test]
    fn rows_are_read_down_to_the_halo() {
        let plan = TilePlan::oblong(9, 20, [8, 4], GEOMETRY).unwrap();
        assert_eq!((plan.rows(), plan.columns()), (3, 3));
        let mut rows = Vec::new();
        plan.extract(plan.tile(4), |y, columns, into| into.extend(columns.map(|_| y as f32)), &mut rows);
        assert_eq!((rows.first(), rows.last()), (Some(&4.0), Some(&(plan.rows_end(plan.tile(4)) as f32 - 1.0))));
        assert_eq!(plan.rows_end(plan.tile(8)), 20);
    }

    #[test]
    fn halo_is_cut_off() {
        let plan = TilePlan::new(2, 2, 2, GEOMETRY).unwrap();
        let shape = plan.output_shape(1);
        let output: Vec<f32> = (0..shape.len()).map(|i| i as f32).collect();
        let rows: Vec<f32> = plan.kept_rows(plan.tile(0), &output).map(|r| r[0]).collect();
        assert_eq!(rows, [6.0, 7.0, 8.0, 9.0].map(|y| y * shape.width as f32 + 6.0));
    }
}
