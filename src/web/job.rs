//! A job in the coordinator worker.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::rc::Rc;

use js_sys::Float32Array;
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;

use super::error::JsError;
use crate::codec::encode::OutputFormat;
use crate::codec::{Decoded, Density, MetadataPolicy, decode};
use crate::error::{Error, Result};
use crate::image::{Channels, Depth, RowFormat};
use crate::limits::MAX_WHOLE_PIXELS;
use crate::model::Network;
use crate::model::choice::{Kind, guess};
use crate::model::receptive_field::Geometry;
use crate::pipeline::size::{Size, Step, frame, passes};
use crate::pipeline::{Job as PipelineJob, JobOptions, TileRequest as PipelineRequest, file_bytes, write_map};

/// A network, parsed.
#[wasm_bindgen]
pub struct Model {
    network: Rc<Network>,
    geometry: Option<Geometry>,
    id: String,
}

#[wasm_bindgen]
impl Model {
    /// Reads an ONNX file. `entry` is its entry of the manifest as JSON, or `{}`; where the entry says that the network can, it
    /// denoises by `denoise` in 0..=1; left out, as much as the file says.
    pub fn load(onnx: &[u8], entry: &str, denoise: Option<f32>) -> Result<Model, JsError> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Named {
            id: String,
            denoise: Option<f32>,
        }
        let Named { id, denoise: most } = serde_json::from_str(entry).unwrap_or_default();
        let network = Network::from_onnx_with(onnx, most.zip(denoise).map(|(most, share)| share * most))?;
        let geometry = network.graph().ok().map(Geometry::of).transpose()?;
        Ok(Self { network: Rc::new(network), geometry, id })
    }

    /// Enlargement factor; 0 where only running the network tells.
    #[wasm_bindgen(getter)]
    pub fn scale(&self) -> usize {
        self.geometry.map_or(0, |g| g.scale)
    }

    /// Channels of the input: 1 or 3.
    #[wasm_bindgen(getter = inputChannels)]
    pub fn input_channels(&self) -> usize {
        self.network.input_channels()
    }

    /// Whether the graph is not covered: only tract can run it, on the whole picture.
    #[wasm_bindgen(getter)]
    pub fn opaque(&self) -> bool {
        self.geometry.is_none()
    }

    /// Why it is not covered; empty where it is.
    #[wasm_bindgen(getter)]
    pub fn refusal(&self) -> String {
        self.network.gap().unwrap_or_default()
    }

    #[expect(clippy::unused_self, reason = "JavaScript reads it as a property of the model")]
    /// Most pixels of a picture that a network which is not covered is run on.
    #[wasm_bindgen(getter = maxWholePixels)]
    pub fn max_whole_pixels(&self) -> f64 {
        MAX_WHOLE_PIXELS as f64
    }

    /// Halo in input pixels.
    #[wasm_bindgen(getter)]
    pub fn halo(&self) -> usize {
        self.geometry.map_or(0, |g| g.halo)
    }

    /// The file for the compute workers; differs from what was loaded where that names a fixed size.
    pub fn onnx(&self) -> Vec<u8> {
        self.network.onnx().to_vec()
    }
}

/// The networks of a picture's passes, in their order.
#[wasm_bindgen]
#[derive(Default)]
pub struct Passes(Vec<Rc<Network>>, Vec<String>);

#[wasm_bindgen]
impl Passes {
    /// No pass.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Passes {
        Self::default()
    }

    /// Adds a pass after the others.
    pub fn add(&mut self, model: &Model) {
        self.0.push(model.network.clone());
        self.1.push(model.id.clone());
    }
}

/// A file's picture, decoded.
#[wasm_bindgen]
pub struct Source(Decoded);

#[wasm_bindgen]
impl Source {
    /// Reads a file.
    pub fn decode(file: &[u8]) -> Result<Source, JsError> {
        Ok(Self(decode(file)?))
    }

    /// What it shows, as far as can be guessed: `photo`, `art` or `text`.
    pub fn kind(&self) -> Result<String, JsError> {
        Ok(guess(&self.0.picture)?.kind.name().into())
    }

    /// Width, upright.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.0.picture.width
    }

    /// Height, upright.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.0.picture.height
    }
}

/// A size as the page asks for it: `{"factor": 4}`, `{"print": "30x20cm@300"}`...
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Wanted {
    Factor(f64),
    Width(u32),
    Height(u32),
    LongEdge(u32),
    Megapixels(f64),
    Fit(String),
    Print(String),
}

impl Wanted {
    fn size(self) -> Result<Size> {
        Ok(match self {
            Self::Factor(factor) => Size::Factor(factor),
            Self::Width(width) => Size::Width(width),
            Self::Height(height) => Size::Height(height),
            Self::LongEdge(edge) => Size::LongEdge(edge),
            Self::Megapixels(millions) => Size::Megapixels(millions),
            Self::Fit(name) => frame(&name)?,
            Self::Print(sheet) => Size::Print(sheet.parse()?),
        })
    }
}

/// The size of the result for a picture of `width` x `height`, and the factors of the passes that lead there, as JSON:
/// `{"width", "height", "passes", "dpi"}`; `dpi` is that of a print, else null. `steps`: what can be a pass, as JSON, `[{"scale", "work"}]`.
#[wasm_bindgen(js_name = planPasses)]
pub fn plan_passes(width: u32, height: u32, size: &str, steps: &str) -> Result<String, JsError> {
    #[derive(Deserialize)]
    struct Pass {
        scale: usize,
        work: f64,
    }
    let unread = |e: serde_json::Error| Error::parameter(format!("The size cannot be read: {e}"), "");
    let wanted = serde_json::from_str::<Wanted>(size).map_err(unread)?.size()?;
    let size = wanted.of([width, height])?;
    let dpi = if let Size::Print(sheet) = wanted { Some(sheet.dpi) } else { None };
    let steps: Vec<Pass> = serde_json::from_str(steps).map_err(unread)?;
    let steps: Vec<Step> = steps.into_iter().map(|Pass { scale, work }| Step { scale, work }).collect();
    let passes = passes([width, height], size, &steps)?;
    Ok(serde_json::json!({ "width": size[0], "height": size[1], "passes": passes, "dpi": dpi }).to_string())
}

/// A guess at the bytes of a file of so many pixels of three colours and 8 bits, `scale` times its source; `media_type`: `image/png`...
#[wasm_bindgen(js_name = fileBytes)]
pub fn guess_bytes(media_type: &str, width: u32, height: u32, quality: u8, scale: f64) -> Result<f64, JsError> {
    let rows = RowFormat { width, height, channels: Channels::Rgb, depth: Depth::Eight };
    Ok(file_bytes(OutputFormat::from_media_type(media_type)?, rows, quality, scale)[0] as f64)
}

/// Options as the coordinator sends them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    /// Width and height of the result; left out, what the passes make.
    size: Option<[u32; 2]>,
    /// What the picture was taken for, where that chose the passes.
    kind: Option<Kind>,
    #[serde(default)]
    model: String,
    tile: Option<usize>,
    #[serde(default)]
    backend: String,
    #[serde(default)]
    adapter: String,
    max_buffer_bytes: Option<f64>,
    parallel: Option<usize>,
    opaque_scale: Option<usize>,
    output: Output,
    #[serde(default)]
    finish: Finish,
}

/// What is done besides enlarging.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Finish {
    fidelity: Option<String>,
    map: bool,
    denoise: f32,
    sharpen: f32,
    grain: f32,
    seed: u32,
    wrap: bool,
}

#[derive(Deserialize)]
struct Output {
    r#type: String,
    quality: Option<u8>,
    metadata: Option<String>,
    dpi: Option<f64>,
}

/// Encoded bytes on their way to JavaScript, each piece with its place in the file.
#[derive(Clone, Default)]
struct Chunks(Rc<RefCell<Pieces>>);

#[derive(Default)]
struct Pieces {
    waiting: VecDeque<(u64, Vec<u8>)>,
    position: u64,
    /// Bytes of the file, what JavaScript has included.
    length: u64,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pieces = self.0.borrow_mut();
        let position = pieces.position;
        if pieces.waiting.back().is_none_or(|(start, piece)| start + piece.len() as u64 != position) {
            pieces.waiting.push_back((position, Vec::new()));
        }
        if let Some((_, piece)) = pieces.waiting.back_mut() {
            piece.try_reserve(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            piece.extend_from_slice(bytes);
        }
        pieces.position += bytes.len() as u64;
        pieces.length = pieces.length.max(pieces.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Chunks {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut pieces = self.0.borrow_mut();
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => pieces.position.checked_add_signed(by),
            SeekFrom::End(by) => pieces.length.checked_add_signed(by),
        };
        pieces.position = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(pieces.position)
    }
}

/// A piece of the encoded file.
#[wasm_bindgen]
pub struct Chunk(u64, Vec<u8>);

#[wasm_bindgen]
impl Chunk {
    /// Where it lies in the file; before the end of what came earlier for the few bytes that are written back.
    #[wasm_bindgen(getter)]
    pub fn offset(&self) -> f64 {
        self.0 as f64
    }

    /// Its bytes, once.
    pub fn bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.1)
    }
}

/// A picture being enlarged.
#[wasm_bindgen]
pub struct Job {
    job: PipelineJob,
    chunks: Chunks,
}

#[wasm_bindgen]
impl Job {
    /// Plans the tiles of a picture.
    pub fn open(source: Source, file_name: &str, passes: &Passes, options: &str) -> Result<Job, JsError> {
        let options: Options = serde_json::from_str(options).map_err(|e| Error::parameter(format!("The job's options cannot be read: {e}"), ""))?;
        let Finish { fidelity, map, denoise, sharpen, grain, seed, wrap } = options.finish;
        let chunks = Chunks::default();
        let job_options = JobOptions {
            input: file_name.into(),
            model: if options.model.is_empty() { passes.1.join(" + ") } else { options.model },
            kind: options.kind,
            size: options.size,
            tile: options.tile,
            max_buffer_bytes: options.max_buffer_bytes.map(|b| b as u64),
            parallel: options.parallel.unwrap_or(1),
            format: OutputFormat::from_media_type(&options.output.r#type)?,
            quality: options.output.quality.unwrap_or(90),
            fidelity: fidelity.as_deref().map(str::parse).transpose()?,
            map,
            denoise,
            sharpen,
            grain,
            seed,
            wrap,
            metadata: options.output.metadata.as_deref().map_or(Ok(MetadataPolicy::Keep), MetadataPolicy::from_name)?,
            density: options.output.dpi.and_then(Density::dpi),
        };
        let networks: Vec<&Network> = passes.0.iter().map(Rc::as_ref).collect();
        let mut job = PipelineJob::new(source.0, &networks, job_options, options.opaque_scale, chunks.clone())?;
        job.set_engine(&options.backend, &options.adapter);
        Ok(Self { job, chunks })
    }

    /// Width of the result.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.job.size()[0]
    }

    /// Height of the result.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.job.size()[1]
    }

    /// Number of tiles.
    #[wasm_bindgen(getter)]
    pub fn tiles(&self) -> usize {
        self.job.tiles()
    }

    /// Tiles that are finished.
    #[wasm_bindgen(getter = tilesDone)]
    pub fn tiles_done(&self) -> usize {
        self.job.tiles_done()
    }

    /// Channels, height and width of the tiles' input, three numbers for each pass.
    #[wasm_bindgen(getter)]
    pub fn shapes(&self) -> Vec<usize> {
        self.job.sessions().iter().flat_map(|shape| [shape.channels, shape.height, shape.width]).collect()
    }

    /// Says which engine runs the coming tiles.
    #[wasm_bindgen(js_name = setEngine)]
    pub fn set_engine(&mut self, backend: &str, adapter: &str) {
        self.job.set_engine(backend, adapter);
    }

    /// The next tile to run; `undefined` when none is ready: all were handed out, or wait for tiles that were.
    #[wasm_bindgen(js_name = next)]
    pub fn next_tile(&mut self) -> Result<Option<TileRequest>, JsError> {
        Ok(self.job.next_tile()?.map(TileRequest))
    }

    /// Whether the job goes on though no tile is ready and none is under way: `next` then makes a band of rows.
    #[wasm_bindgen(getter = goesOn)]
    pub fn goes_on(&self) -> bool {
        self.job.goes_on()
    }

    /// A guess at the bytes of the file.
    #[wasm_bindgen(getter = fileBytes)]
    pub fn file_bytes(&self) -> f64 {
        self.job.file_bytes()[0] as f64
    }

    /// Takes a tile's output; `false`: run it again, on another engine when it fails twice.
    pub fn put(&mut self, index: usize, data: &[f32]) -> Result<bool, JsError> {
        Ok(self.job.put(index, data)?)
    }

    /// Encoded bytes that are ready; `undefined` when there are no more yet.
    pub fn take(&mut self) -> Option<Chunk> {
        let (offset, bytes) = self.chunks.0.borrow_mut().waiting.pop_front()?;
        Some(Chunk(offset, bytes))
    }

    /// Adds a warning to the report.
    pub fn warn(&mut self, text: &str) {
        self.job.warn(text);
    }

    /// The fidelity map as a PNG of the input's size, where it was asked for.
    pub fn map(&self) -> Result<Option<Vec<u8>>, JsError> {
        let Some(map) = self.job.map() else { return Ok(None) };
        let mut file = Cursor::new(Vec::new());
        write_map(&map, &mut file)?;
        Ok(Some(file.into_inner()))
    }

    /// The report as JSON.
    pub fn report(&self, seconds: f64) -> Result<String, JsError> {
        let report = self.job.report("", seconds);
        Ok(serde_json::to_string(&report).map_err(|e| Error::encode(format!("The report cannot be written: {e}"), ""))?)
    }
}

/// A tile to run.
#[wasm_bindgen]
pub struct TileRequest(PipelineRequest);

#[wasm_bindgen]
impl TileRequest {
    /// To be given back to `put`.
    #[wasm_bindgen(getter)]
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// Which of `shapes` it has.
    #[wasm_bindgen(getter)]
    pub fn session(&self) -> usize {
        self.0.session
    }

    /// Left edge in the result.
    #[wasm_bindgen(getter)]
    pub fn x(&self) -> usize {
        self.0.rect[0]
    }

    /// Top edge in the result.
    #[wasm_bindgen(getter)]
    pub fn y(&self) -> usize {
        self.0.rect[1]
    }

    /// Width in the result.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.0.rect[2]
    }

    /// Height in the result.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.0.rect[3]
    }

    /// The input, CHW.
    #[wasm_bindgen(getter)]
    pub fn data(&self) -> Float32Array {
        Float32Array::from(self.0.data.as_slice())
    }
}
