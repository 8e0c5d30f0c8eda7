//! Arguments.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use inlarge::codec::encode::OutputFormat;
use inlarge::order::Order;
use inlarge::order::size::SizeArgs;

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
    /// What orders would make of pictures: lines of JSON in, {"order", "subject", "machine"}, lines of JSON out
    Plan,
    /// The notices of what others wrote and this program contains
    Licences,
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
    /// Write the results into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) size: SizeArgs,
    /// An ONNX file of your own
    #[arg(long, value_name = "F.onnx", conflicts_with = "model")]
    pub(crate) model_file: Option<PathBuf>,
    /// File format of the result [default: by the output's ending, else png]
    #[arg(long, value_parser = format())]
    pub(crate) format: Option<OutputFormat>,
    /// Write a picture of where the network contradicted the input here (PNG); only for one picture
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) order: Order,
    /// Only say what it would take: time, memory and file size
    #[arg(long)]
    pub(crate) estimate: bool,
    /// Print one JSON object a picture
    #[arg(long)]
    pub(crate) json: bool,
}

/// A format by its short name, or by another ending that its files have.
fn format() -> impl TypedValueParser<Value = OutputFormat> {
    let names = OutputFormat::ALL.map(|format| PossibleValue::new(format.short_name()).aliases(format.extensions()));
    PossibleValuesParser::new(names).map(|name| OutputFormat::from_extension(&name).unwrap_or_default())
}
