//! Arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
pub(crate) struct ScoreArgs {
    /// The true picture
    pub(crate) reference: PathBuf,
    /// The picture to score
    pub(crate) result: PathBuf,
    /// Pixels to leave out at each side (the tables use the scale)
    #[arg(long, default_value_t = 0)]
    pub(crate) shave: usize,
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
    /// Write the results into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Enlargement factor: 2 or 4
    #[arg(short, long, default_value_t = 4)]
    pub(crate) scale: usize,
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
    /// EXIF, XMP and IPTC of the result: all, all but places, or none
    #[arg(long, value_enum, default_value_t = MetadataArg::Keep)]
    pub(crate) metadata: MetadataArg,
    /// Print one JSON object a picture
    #[arg(long)]
    pub(crate) json: bool,
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
