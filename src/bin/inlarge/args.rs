//! Arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use inlarge::Result;
use inlarge::finish::lock::Fidelity;
use inlarge::pipeline::size::{Size, frame};

/// Enlarges pictures with super-resolution networks, on the GPU or the CPU. Nothing leaves this machine.
#[derive(Parser)]
#[command(name = "inlarge", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) enlarge: EnlargeArgs,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The models, their scores and licences
    Models(JsonArgs),
    /// What pictures show, as far as can be guessed, and the model that auto takes for them
    Kind(KindArgs),
    /// PSNR-Y and SSIM-Y of a result against a reference
    Score(ScoreArgs),
    /// The adapters, and which engine is chosen for what reason
    Devices(JsonArgs),
}

#[derive(Args)]
pub(crate) struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct KindArgs {
    /// Pictures
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Print JSON, a line for each picture
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ScoreArgs {
    /// The true picture
    pub(crate) reference: PathBuf,
    /// The picture to score
    pub(crate) result: PathBuf,
    /// Pixels to leave out at each side (the tables use the scale)
    #[arg(long, default_value_t = 0)]
    pub(crate) shave: usize,
    /// What the result was made of: adds LR-PSNR, how well the result scaled back down is this
    #[arg(long, value_name = "LR")]
    pub(crate) input: Option<PathBuf>,
    /// Factor between that and the result [default: from their sizes]
    #[arg(long, requires = "input")]
    pub(crate) scale: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct EnlargeArgs {
    /// Pictures: PNG, JPEG, WebP, GIF, BMP or TIFF
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Write the result here; only for one picture [default: beside the input, NAME-4x.png]
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub(crate) output: Option<PathBuf>,
    /// Write the results into this folder; results that would take one name are refused before the work
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) size: SizeArgs,
    /// Model: auto, or a name that `inlarge models` lists
    #[arg(short, long, default_value = "auto", conflicts_with = "model_file")]
    pub(crate) model: String,
    /// An ONNX file of your own
    #[arg(long, value_name = "F.onnx")]
    pub(crate) model_file: Option<PathBuf>,
    /// What the model was trained for: pictures from the web, or clean bicubic reductions
    #[arg(long, value_enum, default_value_t = Variant::Web)]
    pub(crate) variant: Variant,
    /// Engine: auto, gpu, simd, tract or reference
    #[arg(long, default_value = "auto")]
    pub(crate) backend: String,
    /// Side of a tile in input pixels [default: by the engine]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(crate) tile: Option<u32>,
    /// File format of the result [default: by the output's ending, else png]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Quality of a JPEG, 1 to 100
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// What the result must keep of the picture when it is scaled back down: all of it, its tone, or whatever the network says
    /// [default: tone for files compressed with loss, lock for others]
    #[arg(long, value_enum)]
    pub(crate) fidelity: Option<FidelityArg>,
    /// Write a picture of where the network contradicted the input here (PNG); only for one picture
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Smooth the picture's noise before it is enlarged, 0 to 1; art and restore do it themselves [default: 0, for restore 1]
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub(crate) denoise: Option<f32>,
    /// Sharpen the result, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) sharpen: f32,
    /// Put film grain over the result, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) grain: f32,
    /// Seed of the grain
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u32,
    /// The picture is a texture whose opposite edges join, and the result's shall too
    #[arg(long)]
    pub(crate) wrap: bool,
    /// EXIF, XMP and IPTC of the result: all, all but places, or none
    #[arg(long, value_enum, default_value_t = MetadataArg::Keep)]
    pub(crate) metadata: MetadataArg,
    /// Only say what it would take: time, memory and file size
    #[arg(long)]
    pub(crate) estimate: bool,
    /// Print one JSON object a picture
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct SizeArgs {
    /// Enlargement factor, up to 16 [default: 4]
    #[arg(short, long)]
    pub(crate) scale: Option<f64>,
    /// Width of the result in pixels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) width: Option<u32>,
    /// Height of the result in pixels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) height: Option<u32>,
    /// Longer side of the result in pixels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) long_edge: Option<u32>,
    /// Size of the result in millions of pixels
    #[arg(long, value_name = "N")]
    pub(crate) megapixels: Option<f64>,
    /// As large as fits into 4k (3840 x 2160), 8k or 16k, either way round
    #[arg(long, value_name = "4k|8k|16k")]
    pub(crate) fit: Option<String>,
    /// As large as fits onto a sheet, at so many pixels an inch: 30x20cm@300, 12x8in@240
    #[arg(long, value_name = "SIZE@DPI")]
    pub(crate) print: Option<String>,
}

impl SizeArgs {
    /// Whether any was asked for.
    pub(crate) fn is_given(&self) -> bool {
        let Self { scale, width, height, long_edge, megapixels, fit, print } = self;
        let sides = width.is_some() || height.is_some() || long_edge.is_some();
        sides || scale.is_some() || megapixels.is_some() || fit.is_some() || print.is_some()
    }

    /// The size that is asked for.
    pub(crate) fn size(&self) -> Result<Size> {
        Ok(match self {
            Self { width: Some(width), .. } => Size::Width(*width),
            Self { height: Some(height), .. } => Size::Height(*height),
            Self { long_edge: Some(edge), .. } => Size::LongEdge(*edge),
            Self { megapixels: Some(millions), .. } => Size::Megapixels(*millions),
            Self { fit: Some(name), .. } => frame(name)?,
            Self { print: Some(sheet), .. } => Size::Print(sheet.parse()?),
            Self { scale, .. } => Size::Factor(scale.unwrap_or(4.0)),
        })
    }
}

/// A number from 0 to 1.
fn share(text: &str) -> std::result::Result<f32, String> {
    text.parse().ok().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(|| "a number from 0 to 1 is needed".into())
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FidelityArg {
    Lock,
    Tone,
    Off,
}

impl From<FidelityArg> for Fidelity {
    fn from(argument: FidelityArg) -> Self {
        match argument {
            FidelityArg::Lock => Self::Lock,
            FidelityArg::Tone => Self::Tone,
            FidelityArg::Off => Self::Off,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Variant {
    Web,
    Bicubic,
}

impl Variant {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Bicubic => "bicubic",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FormatArg {
    Png,
    #[value(alias = "jpg")]
    Jpeg,
    Webp,
    #[value(alias = "tif")]
    Tiff,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum MetadataArg {
    Keep,
    NoLocation,
    None,
}
