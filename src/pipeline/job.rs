//! One picture on its way: the state machine that command line and browser drive.

use std::collections::{HashMap, VecDeque};

use super::check::{Doubt, examine};
use super::report::Report;
use super::rows::{Planes, RowMaker, rgb_at};
use crate::codec::encode::{EncoderOptions, OutputFormat, RowEncoder, Sink, can_hold, encoder};
use crate::codec::{Decoded, Density, MetadataPolicy, decode};
use crate::error::{Error, Result};
use crate::image::alpha::bleed;
use crate::image::colour::luma;
use crate::image::{Depth, Picture, RowFormat};
use crate::limits::try_vec;
use crate::model::Network;
use crate::model::graph::Shape;
use crate::model::receptive_field::Geometry;
use crate::model::shapes;
use crate::tile::{Bands, Tile, TilePlan};

/// What to make of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOptions {
    /// Name of the input file, for the report.
    pub input: String,
    /// Name of the model, for the report.
    pub model: String,
    /// Enlargement factor that is asked for; must be the network's.
    pub scale: usize,
    /// Side of a tile in input pixels without its halo; `None` chooses by the engine.
    pub tile: Option<usize>,
    /// Largest buffer of the engine, in bytes.
    pub max_buffer_bytes: Option<u64>,
    /// Tiles that run at the same time.
    pub parallel: usize,
    /// File format of the result.
    pub format: OutputFormat,
    /// Quality of a lossy format, 1..=100.
    pub quality: u8,
    /// Which metadata goes on with the result.
    pub metadata: MetadataPolicy,
    /// Pixels per unit of length that the result states; `None` keeps the file's own.
    pub density: Option<Density>,
}

/// Side of a tile: the halo weighs more on smaller ones, and a GPU wants large dispatches.
const DEFAULT_TILE: usize = 256;
/// Bytes of the largest value within the network that a tile on the CPU may have: caches and memory are shared with others.
const CPU_VALUE_BYTES: u64 = 8 << 20;
/// Tiles that each worker should get at the least, so that all end at about the same time.
const TILES_A_WORKER: usize = 2;

/// A tile to run.
#[derive(Debug, Clone, PartialEq)]
pub struct TileRequest {
    /// To be given back to [`Job::put`].
    pub index: usize,
    /// Rectangle in the result: x, y, width, height.
    pub rect: [usize; 4],
    /// Input, CHW, 0..=1.
    pub data: Vec<f32>,
}

/// A picture being enlarged.
pub struct Job {
    options: JobOptions,
    picture: Picture,
    network_channels: usize,
    plan: TilePlan,
    planes: Planes,
    /// Colour, and alpha where there is any.
    passes: usize,
    bands: Bands,
    rows: RowMaker,
    encoder: Option<Box<dyn RowEncoder>>,
    format: RowFormat,
    cursor: usize,
    redo: VecDeque<usize>,
    done: Vec<bool>,
    tiles_done: usize,
    doubted: HashMap<usize, (String, Vec<f32>)>,
    backend: String,
    adapter: String,
    warnings: Vec<String>,
}

impl Job {
    /// Decodes `file` and plans its tiles; the encoded result goes to `sink`.
    ///
    /// `opaque_scale` is the factor of a network whose graph is not covered: it runs on the whole picture at once.
    ///
    /// # Errors
    /// `Decode`, `Unsupported` and `Limits` for the file; `Parameter` for a scale that the network does not have;
    /// `Limits` for a result that the format cannot hold.
    pub fn open(file: &[u8], network: &Network, options: JobOptions, opaque_scale: Option<usize>, sink: impl Sink + 'static) -> Result<Self> {
        let decoded = decode(file)?;
        Self::new(decoded, network, options, opaque_scale, sink)
    }

    /// As [`Job::open`], for a picture that is decoded already.
    ///
    /// # Errors
    /// As [`Job::open`].
    pub fn new(decoded: Decoded, network: &Network, options: JobOptions, opaque_scale: Option<usize>, sink: impl Sink + 'static) -> Result<Self> {
        let Decoded { mut picture, mut metadata, mut warnings, .. } = decoded;
        let (width, height) = (picture.width as usize, picture.height as usize);
        let geometry = match (network.graph(), opaque_scale) {
            (Ok(graph), _) => Geometry::of(graph)?,
            (Err(_), Some(scale)) => Geometry { scale, crop: 0, halo: 0, alignment: 1 },
            (Err(error), None) => return Err(error),
        };
        if options.scale != geometry.scale {
            return Err(Error::parameter(
                format!("The model enlarges {} times, not {} times", geometry.scale, options.scale),
                format!("Choose a scale of {} or another model", geometry.scale),
            ));
        }
        let plan = match network.graph() {
            Ok(_) => TilePlan::new(width, height, tile_side(network, &options, geometry, [width, height]), geometry)?,
            Err(_) => TilePlan::whole(width, height, geometry)?,
        };
        let (format, flattened) = row_format(&picture, geometry.scale, options.format)?;
        if flattened {
            warnings.push("JPEG cannot keep transparency, so the picture was laid on white; choose PNG, WebP or TIFF to keep it".into());
        }
        if picture.samples.depth() == Depth::Sixteen && format.depth == Depth::Eight {
            warnings.push("The picture has 16 bits a channel and the result has 8; choose PNG or TIFF to keep them".into());
        }
        bleed(&mut picture, geometry.halo + CHROMA_REACH)?;
        let planes = match (picture.channels.colours(), network.input_channels()) {
            (1, _) => Planes::Grey,
            (_, 1) => Planes::Luma,
            _ => Planes::Rgb,
        };
        let passes = 1 + usize::from(picture.channels.has_alpha());
        metadata.density = options.density.or(metadata.density);
        warnings.extend(metadata.apply(options.metadata));
        metadata.describe(format.width, format.height);
        let mut encoder_options = EncoderOptions { quality: options.quality, metadata };
        warnings.extend(encoder_options.fit(options.format));
        let encoder = encoder(options.format, format, &encoder_options, sink)?;
        Ok(Self {
            rows: RowMaker::new(planes, &picture, format),
            bands: Bands::new(plan, planes.count() + passes - 1),
            done: try_vec(false, plan.len() * passes)?,
            network_channels: network.input_channels(),
            encoder: Some(encoder),
            options,
            picture,
            plan,
            planes,
            passes,
            format,
            cursor: 0,
            redo: VecDeque::new(),
            tiles_done: 0,
            doubted: HashMap::new(),
            backend: String::new(),
            adapter: String::new(),
            warnings,
        })
    }

    /// Size of the input picture, upright.
    pub fn input_size(&self) -> [u32; 2] {
        [self.picture.width, self.picture.height]
    }

    /// Size of the result.
    pub fn size(&self) -> [u32; 2] {
        [self.format.width, self.format.height]
    }

    /// Number of tiles, the passes for alpha included.
    pub fn tiles(&self) -> usize {
        self.done.len()
    }

    /// Tiles that are finished.
    pub fn tiles_done(&self) -> usize {
        self.tiles_done
    }

    /// Shape of every tile's input.
    pub fn tile_shape(&self) -> Shape {
        self.plan.input_shape(self.network_channels)
    }

    /// Says which engine runs the coming tiles.
    pub fn set_engine(&mut self, backend: &str, adapter: &str) {
        backend.clone_into(&mut self.backend);
        adapter.clone_into(&mut self.adapter);
    }

    /// Adds a warning to the report, once: a sentence without its full stop.
    pub fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    /// The next tile to run; `None` when all were handed out.
    ///
    /// # Errors
    /// What the encoder says: tiles that need no network are finished here.
    pub fn next_tile(&mut self) -> Result<Option<TileRequest>> {
        if let Some(index) = self.redo.pop_front() {
            return Ok(Some(self.request(index)));
        }
        while self.cursor < self.done.len() {
            let index = self.cursor;
            self.cursor += 1;
            let request = self.request(index);
            let flat = (self.pass_is_alpha(index) && all_equal(&request.data)).then(|| request.data[0]).filter(|v| *v == 0.0 || *v == 1.0);
            let Some(value) = flat else { return Ok(Some(request)) };
            let tile = self.plan.tile(index / self.passes);
            let row = vec![value; tile.width * self.plan.geometry().scale];
            let rows = std::iter::repeat_n(row.as_slice(), tile.height * self.plan.geometry().scale);
            self.bands.put(tile, self.planes.count(), rows);
            self.finish_tile(index)?;
        }
        Ok(None)
    }

    /// Takes the output of tile `index`, CHW. `false`: the tile failed its check and must be run again,
    /// on another engine when it fails twice.
    ///
    /// A tile that two engines agree on is accepted with a warning: then the model does that.
    ///
    /// # Errors
    /// `Parameter` for a wrong index or length; what the encoder says.
    pub fn put(&mut self, index: usize, output: &[f32]) -> Result<bool> {
        match self.done.get(index) {
            Some(false) => {}
            Some(true) => return Ok(true),
            None => return Err(Error::parameter(format!("There is no tile {index} in a job of {}", self.done.len()), "")),
        }
        let plane_len = self.plan.output_shape(1).len();
        let planes = output.len() / plane_len;
        if !matches!(planes, 1 | 3) || output.len() != planes * plane_len {
            return Err(Error::parameter(
                format!("A tile has {} values where {plane_len} a plane were expected", output.len()),
                "Use a network that gives 1 or 3 channels",
            ));
        }
        let tile = self.plan.tile(index / self.passes);
        let first = if self.pass_is_alpha(index) { self.planes.count() } else { 0 };
        let wanted = if self.pass_is_alpha(index) { 1 } else { self.planes.count() };
        let planes = fit_planes(output, plane_len, wanted);
        if let Err(doubt) = self.examine(index, tile, &planes) {
            let accepted = doubt == Doubt::Unlike && self.other_engine_agrees(index, output);
            if !accepted {
                self.doubted.insert(index, (self.backend.clone(), output.to_vec()));
                return Ok(false);
            }
            self.warn("The model changes the picture strongly: parts of the result do not look like the input, and two engines agree on it");
        }
        for (plane, values) in planes.iter().enumerate() {
            self.bands.put(tile, first + plane, self.plan.kept_rows(tile, values));
        }
        self.doubted.remove(&index);
        self.finish_tile(index)?;
        Ok(true)
    }

    /// Puts tile `index` back, to be handed out again.
    pub fn requeue(&mut self, index: usize) {
        if self.done.get(index) == Some(&false) && !self.redo.contains(&index) {
            self.redo.push_back(index);
        }
    }

    /// The report; `seconds` is the wall-clock time.
    pub fn report(&self, output: &str, seconds: f64) -> Report {
        Report {
            input: self.options.input.clone(),
            output: output.into(),
            width: self.format.width,
            height: self.format.height,
            scale: self.options.scale,
            model: self.options.model.clone(),
            backend: self.backend.clone(),
            adapter: self.adapter.clone(),
            tiles: self.done.len(),
            seconds,
            lr_psnr: None,
            warnings: self.warnings.clone(),
        }
    }

    fn pass_is_alpha(&self, index: usize) -> bool {
        index % self.passes == 1
    }

    fn request(&self, index: usize) -> TileRequest {
        let tile = self.plan.tile(index / self.passes);
        let scale = self.plan.geometry().scale;
        let mut data = Vec::with_capacity(self.tile_shape().len());
        for plane in 0..self.network_channels {
            self.extract(index, tile, plane, &mut data);
        }
        TileRequest { index, rect: [tile.x * scale, tile.y * scale, tile.width * scale, tile.height * scale], data }
    }

    /// Plane `plane` of the network's input.
    fn extract(&self, index: usize, tile: Tile, plane: usize, into: &mut Vec<f32>) {
        let (picture, count) = (&self.picture, self.picture.channels.count());
        if self.pass_is_alpha(index) {
            self.plan.extract(tile, |p| picture.samples.unit(p * count + count - 1), into);
        } else {
            match self.planes {
                Planes::Grey => self.plan.extract(tile, |p| picture.samples.unit(p * count), into),
                Planes::Luma => self.plan.extract(tile, |p| luma(rgb_at(picture, p)), into),
                Planes::Rgb => self.plan.extract(tile, |p| picture.samples.unit(p * count + plane), into),
            }
        }
    }

    fn examine(&self, index: usize, tile: Tile, planes: &[Vec<f32>]) -> Result<(), Doubt> {
        let mut input = Vec::new();
        for (plane, output) in planes.iter().enumerate() {
            input.clear();
            self.extract(index, tile, plane, &mut input);
            examine(&self.plan, tile, &input, output)?;
        }
        Ok(())
    }

    /// Whether another engine gave the same doubtful tile before.
    fn other_engine_agrees(&self, index: usize, output: &[f32]) -> bool {
        self.doubted.get(&index).is_some_and(|(backend, before)| {
            *backend != self.backend && before.len() == output.len() && before.iter().zip(output).all(|(a, b)| (a - b).abs() <= AGREEMENT)
        })
    }

    fn finish_tile(&mut self, index: usize) -> Result<()> {
        self.done[index] = true;
        self.tiles_done += 1;
        let Some(encoder) = &mut self.encoder else { return Ok(()) };
        while let Some(band) = self.bands.take() {
            self.rows.write(&self.picture, &band, encoder.as_mut())?;
        }
        if self.tiles_done == self.done.len()
            && let Some(encoder) = self.encoder.take()
        {
            encoder.finish()?;
        }
        Ok(())
    }
}

/// Pixels that the cubic kernel of the chroma reaches beyond a pixel.
const CHROMA_REACH: usize = 3;

/// Largest difference at which two engines agree on a tile.
const AGREEMENT: f32 = 1e-2;

fn all_equal(values: &[f32]) -> bool {
    values.iter().all(|v| *v == values[0])
}

/// The planes that a band wants from those that a network gives: as they are, repeated, or averaged.
fn fit_planes(output: &[f32], plane_len: usize, wanted: usize) -> Vec<Vec<f32>> {
    let given: Vec<&[f32]> = output.chunks_exact(plane_len).collect();
    match (given.len(), wanted) {
        (3, 1) => vec![(0..plane_len).map(|i| (given[0][i] + given[1][i] + given[2][i]) / 3.0).collect()],
        (1, 3) => vec![given[0].to_vec(); 3],
        _ => given.iter().map(|p| p.to_vec()).collect(),
    }
}

/// Format of the result, and whether transparency is laid on white for it.
fn row_format(picture: &Picture, scale: usize, format: OutputFormat) -> Result<(RowFormat, bool)> {
    let side = |side: u32| {
        u32::try_from(u64::from(side) * scale as u64)
            .map_err(|_| Error::limits(format!("A side of the result would have {side} x {scale} pixels"), "Crop the picture"))
    };
    let flattened = picture.channels.has_alpha() && !format.holds_alpha();
    let rows = RowFormat {
        width: side(picture.width)?,
        height: side(picture.height)?,
        channels: if flattened { picture.channels.without_alpha() } else { picture.channels },
        depth: if format.holds_sixteen_bits() { picture.samples.depth() } else { Depth::Eight },
    };
    can_hold(format, rows)?;
    Ok((rows, flattened))
}

/// The side of a tile: what was asked for, else the engine's usual one, smaller where that keeps all
/// workers busy or a buffer could not hold it.
fn tile_side(network: &Network, options: &JobOptions, geometry: Geometry, picture: [usize; 2]) -> usize {
    if let Some(tile) = options.tile {
        return tile.max(1);
    }
    let Ok(graph) = network.graph() else { return usize::MAX };
    let mut side = DEFAULT_TILE;
    let share = picture[0] * picture[1] / (TILES_A_WORKER * options.parallel.max(1));
    while side > 64 && options.parallel > 1 && side * side > share {
        side /= 2;
    }
    let most = options.max_buffer_bytes.unwrap_or(CPU_VALUE_BYTES);
    let fits = |side: usize| {
        let side = side + 2 * geometry.halo;
        let shapes = shapes::infer(graph, Shape::new(graph.input_channels, side, side)).unwrap_or_default();
        // On a GPU values lie in planes of four channels.
        let together = if options.max_buffer_bytes.is_some() { 4 } else { 1 };
        let bytes = |s: &Shape| s.channels.next_multiple_of(together) as u64 * (s.height as u64 + 2) * (s.width as u64 + 2) * 4;
        let largest = shapes.iter().map(bytes).max();
        largest.is_some_and(|bytes| bytes <= most)
    };
    while side > 16 && !fits(side) {
        side /= 2;
    }
    side
}
