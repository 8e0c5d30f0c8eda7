//! How a job is laid out: the geometry of its passes, what surrounds the picture, the format of the result, the size of tiles.

use super::setup::Setup;
use crate::codec::encode::{OutputFormat, can_hold};
use crate::error::{Error, Result};
use crate::finish::resample::Frame;
use crate::image::{Depth, Picture, RowFormat};
use crate::limits::check_input_size;
use crate::model::Network;
use crate::model::graph::Shape;
use crate::model::receptive_field::Geometry;
use crate::model::shapes;
use crate::order::estimate::{CPU_VALUE_BYTES, FEW_ROWS, busy_tile, few_rows_tile, low_tile};

/// Sides are multiples of this.
const SIDE_STEP: usize = 16;

/// Pixels that the lock and the resampling reach beyond a pixel.
pub(super) const FINISH_REACH: usize = 24;

/// A side of so many halos bears being halved.
const SMALL_HALO: usize = 16;

pub(super) fn geometries(networks: &[&Network], opaque_scale: Option<usize>) -> Result<Vec<Geometry>> {
    let geometry = |network: &&Network| match (network.graph(), opaque_scale) {
        (Ok(graph), _) => Geometry::of(graph),
        (Err(_), Some(scale)) => Ok(Geometry { scale, crop: 0, halo: 0, alignment: 1 }),
        (Err(error), None) => Err(error),
    };
    networks.iter().map(geometry).collect()
}

/// Input pixels that a pixel of the last pass sees.
pub(super) fn reach(geometries: &[Geometry]) -> usize {
    let mut scale = 1;
    let mut reach = 0;
    for geometry in geometries {
        reach += geometry.halo.div_ceil(scale);
        scale *= geometry.scale;
    }
    reach
}

/// The picture with what surrounds it, and where its enlargement lies in the result: a texture is surrounded by itself.
pub(super) fn framed(picture: Picture, wrap: Option<usize>, factor: usize, [width, height]: [u32; 2]) -> Result<(Picture, Frame)> {
    let margin = wrap.unwrap_or(0);
    let (w, h) = (picture.width as usize, picture.height as usize);
    let picture = if margin > 0 {
        let grown = |side: u32| side.saturating_add(2 * margin as u32);
        check_input_size(grown(picture.width), grown(picture.height), (picture.channels.count() * picture.samples.depth().bytes()) as u32)?;
        picture.wrapped(margin)?
    } else {
        picture
    };
    let frame = Frame {
        width: picture.width as usize * factor,
        height: picture.height as usize * factor,
        part: [margin * factor, margin * factor, w * factor, h * factor],
        size: [width as usize, height as usize],
    };
    Ok((picture, frame))
}

pub(super) fn result_size(input: [u32; 2], factor: usize) -> Result<[u32; 2]> {
    let side = |side: u32| {
        u32::try_from(u64::from(side) * factor as u64)
            .map_err(|_| Error::limits(format!("A side of the result would have {side} x {factor} pixels"), "Crop the picture"))
    };
    Ok([side(input[0])?, side(input[1])?])
}

/// Format of the result, and whether transparency is laid on white for it.
pub(super) fn row_format(picture: &Picture, [width, height]: [u32; 2], format: OutputFormat) -> Result<(RowFormat, bool)> {
    let flattened = picture.channels.has_alpha() && !format.holds_alpha();
    let rows = RowFormat {
        width,
        height,
        channels: if flattened { picture.channels.without_alpha() } else { picture.channels },
        depth: if format.holds_sixteen_bits() { picture.samples.depth() } else { Depth::Eight },
    };
    can_hold(format, rows)?;
    Ok((rows, flattened))
}

/// Height and width of a tile, as asked for or chosen, of a result whose rows have `row_bytes` for each row of the input: lower than wide where
/// a row of tiles would hold much memory, and where there are few of them: what is left to encode when the last one is done is less.
pub(super) fn tile_shape(
    network: &Network,
    asked: Option<u32>,
    setup: &Setup,
    geometry: Geometry,
    picture: [usize; 2],
    row_bytes: usize,
) -> [usize; 2] {
    if let Some(tile) = asked {
        return [tile.max(1) as usize; 2];
    }
    let side = tile_side(network, setup, geometry, picture);
    let mut low = low_tile(row_bytes);
    let halo_is_small = SMALL_HALO * geometry.halo <= side;
    if setup.max_buffer_bytes.is_none() && setup.parallel > 1 && halo_is_small && picture[1] < FEW_ROWS * side {
        low = low.min(few_rows_tile(side));
    }
    [low.min(side), side]
}

/// The side of a tile: the engine's usual one, smaller where that keeps all
/// workers busy or a buffer could not hold it.
fn tile_side(network: &Network, setup: &Setup, geometry: Geometry, picture: [usize; 2]) -> usize {
    let Ok(graph) = network.graph() else { return usize::MAX };
    let mut side = busy_tile(picture[0] * picture[1], setup.parallel);
    let most = setup.max_buffer_bytes.unwrap_or(CPU_VALUE_BYTES);
    let fits = |side: usize| {
        let side = side + 2 * geometry.halo;
        let shapes = shapes::infer(graph, Shape::new(graph.input_channels, side, side)).unwrap_or_default();
        // On a GPU values lie in planes of four channels.
        let together = if setup.max_buffer_bytes.is_some() { 4 } else { 1 };
        let bytes = |s: &Shape| s.channels.next_multiple_of(together) as u64 * (s.height as u64 + 2) * (s.width as u64 + 2) * 4;
        let largest = shapes.iter().map(bytes).max();
        largest.is_some_and(|bytes| bytes <= most)
    };
    while side > SIDE_STEP && !fits(side) {
        side -= SIDE_STEP;
    }
    side
}
