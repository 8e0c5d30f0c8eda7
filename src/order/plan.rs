//! What an order makes of a picture.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Order;
use super::catalogue::{Candidate, Catalogue};
use super::estimate::{self, Host, file_bytes};
use super::name::result_name;
use super::size::{Size, passes};
use crate::codec::encode::OutputFormat;
use crate::error::{Error, Result};
use crate::image::{Channels, Depth, Picture, RowFormat};
use crate::model::choice::Kind;

/// Seconds from which a better choice is named.
const LONG: f64 = 60.0;
/// A choice is better that takes less than this share.
const BETTER: f64 = 0.5;
/// What must be free, times the guess.
const ROOM: f64 = 1.1;
/// Scales that are tried for a better choice, from the largest on; the page offers them.
pub const SCALES: [u32; 5] = [16, 8, 4, 3, 2];

/// What is known of a picture before the work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Subject {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// Its file's name.
    #[serde(default)]
    pub name: String,
    /// What it shows, where that was asked.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Whether it has transparency.
    #[serde(default)]
    pub alpha: bool,
    /// Whether it has no colours.
    #[serde(default)]
    pub grey: bool,
    /// Whether it has 16 bits a sample.
    #[serde(default)]
    pub sixteen_bits: bool,
}

impl Subject {
    /// What is known of a decoded picture, but for its kind.
    pub fn of(picture: &Picture, name: &str) -> Self {
        Self {
            width: picture.width,
            height: picture.height,
            name: name.to_owned(),
            kind: None,
            alpha: picture.channels.has_alpha(),
            grey: picture.channels.colours() == 1,
            sixteen_bits: picture.samples.depth() == Depth::Sixteen,
        }
    }

    fn rows(&self, [width, height]: [u32; 2], format: Option<OutputFormat>) -> RowFormat {
        let alpha = self.alpha && format.is_none_or(OutputFormat::holds_alpha);
        let channels = match (self.grey, alpha) {
            (true, false) => Channels::Grey,
            (true, true) => Channels::GreyAlpha,
            (false, false) => Channels::Rgb,
            (false, true) => Channels::Rgba,
        };
        let deep = self.sixteen_bits && format.is_none_or(OutputFormat::holds_sixteen_bits);
        RowFormat { width, height, channels, depth: if deep { Depth::Sixteen } else { Depth::Eight } }
    }
}

/// What the job will run on, as far as it is known.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Machine {
    /// A program or a page.
    pub host: Host,
    /// Tiles that run at the same time.
    pub workers: usize,
    /// Seconds on the clock for each multiply-add, by network, as this engine has shown them.
    pub throughput: BTreeMap<String, f64>,
    /// Bytes that are free where the result goes.
    pub free_bytes: Option<f64>,
}

/// What a picture will become, and what that takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Plan {
    /// Width of the result in pixels.
    pub width: u32,
    /// Height of the result in pixels.
    pub height: u32,
    /// Ids of the networks that run one after the other; none where the size does not grow.
    pub passes: Vec<String>,
    /// Multiply-adds of each pass.
    pub work: Vec<f64>,
    /// The model, for the report.
    pub model: String,
    /// Pixels an inch of a print.
    pub dpi: Option<f64>,
    /// Name of the result.
    pub name: String,
    /// A guess at the bytes of the file, for a photograph.
    pub bytes: u64,
    /// Bytes of the file at the most, where the picture is noise.
    pub most_bytes: u64,
    /// Bytes of memory at the most.
    pub memory_bytes: u64,
    /// Seconds on the clock; null where no network was timed on this engine.
    pub seconds: Option<f64>,
    /// What the user should know, with the better choice: sentences without their full stop.
    pub advice: Vec<String>,
}

impl Plan {
    /// Width and height.
    pub fn size(&self) -> [u32; 2] {
        [self.width, self.height]
    }
}

/// Plans what `order` makes of `subject`; `None` where only running the network tells its factor, which
/// [`Catalogue::learn`] is to be told.
///
/// # Errors
/// `Parameter` for a model that there is not, or a size that it does not reach; `Limits` for sides of too many pixels.
pub fn plan(catalogue: &Catalogue, order: &Order, subject: &Subject, machine: &Machine) -> Result<Option<Plan>> {
    let Some(mut plan) = bare(catalogue, order, subject, machine)? else { return Ok(None) };
    plan.advice = advice(catalogue, order, subject, machine, &plan);
    Ok(Some(plan))
}

/// A plan without advice.
fn bare(catalogue: &Catalogue, order: &Order, subject: &Subject, machine: &Machine) -> Result<Option<Plan>> {
    order.check()?;
    let choice = catalogue.choose(order, subject.kind)?;
    let own = catalogue.own(order);
    let candidates = choice.candidates();
    if candidates.is_empty() {
        return Ok(None);
    }
    let input = [subject.width, subject.height];
    let Some(wanted) = catalogue.size(order)? else { return Ok(None) };
    let size = wanted.of(input)?;
    let chain = chain(own.is_some(), input, size, &candidates)?;
    if own.is_some_and(|own| own.whole) && chain.len() > 1 {
        return Err(Error::parameter(
            format!("The model enlarges {} times and runs on whole pictures only, once", candidates[0].step.scale),
            format!("Choose a size of at most {} times", candidates[0].step.scale),
        ));
    }
    let mut pixels = f64::from(subject.width) * f64::from(subject.height);
    let runs = if subject.alpha { 2.0 } else { 1.0 };
    let work = |candidate: &&Candidate<'_>| {
        pixels *= (candidate.step.scale * candidate.step.scale) as f64;
        runs * pixels * candidate.step.work
    };
    let work: Vec<f64> = chain.iter().map(work).collect();
    let format = order.output.r#type;
    let rows = subject.rows(size, Some(format));
    let [bytes, most_bytes] = file_bytes(format, rows, order.output.quality, f64::from(size[0]) / f64::from(subject.width));
    let ids: Vec<String> = chain.iter().map(|candidate| candidate.id.to_owned()).collect();
    let scales: Vec<usize> = chain.iter().map(|candidate| candidate.step.scale).collect();
    Ok(Some(Plan {
        width: size[0],
        height: size[1],
        model: own.map_or_else(|| ids.join(" + "), |own| own.name.clone()),
        dpi: if let Size::Print(sheet) = wanted { Some(sheet.dpi) } else { None },
        name: result_name(&subject.name, input, size, format),
        bytes,
        most_bytes,
        memory_bytes: estimate::memory_bytes(machine.host, subject.rows(input, None), &scales, rows, format, machine.workers),
        seconds: machine.seconds(&ids, &work).map(|networks| estimate::seconds(networks, rows, machine.workers)),
        passes: ids,
        work,
        advice: Vec::new(),
    }))
}

/// The passes. A network of the user's own that keeps the size is run where nothing grows, once.
fn chain<'c, 'a>(own: bool, input: [u32; 2], size: [u32; 2], candidates: &'c [Candidate<'a>]) -> Result<Vec<&'c Candidate<'a>>> {
    if own && candidates[0].step.scale == 1 {
        return Ok(vec![&candidates[0]]);
    }
    let steps: Vec<_> = candidates.iter().map(|candidate| candidate.step).collect();
    let scales = passes(input, size, &steps)?;
    Ok(scales.into_iter().filter_map(|scale| candidates.iter().find(|candidate| candidate.step.scale == scale)).collect())
}

impl Machine {
    /// Seconds for passes; a network that was never timed is taken to be as fast as the others on this engine.
    fn seconds(&self, ids: &[String], work: &[f64]) -> Option<f64> {
        if ids.is_empty() {
            return Some(0.0);
        }
        if self.throughput.is_empty() {
            return None;
        }
        let usual = self.throughput.values().sum::<f64>() / self.throughput.len() as f64;
        Some(ids.iter().zip(work).map(|(id, work)| work * self.throughput.get(id).unwrap_or(&usual)).sum())
    }
}

fn advice(catalogue: &Catalogue, order: &Order, subject: &Subject, machine: &Machine, plan: &Plan) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(seconds) = plan.seconds.filter(|seconds| *seconds > LONG) {
        advice.push(faster(catalogue, order, subject, machine, plan, seconds));
    }
    if let Some(free) = machine.free_bytes
        && plan.bytes as f64 * ROOM > free
    {
        let smaller = Order { output: super::OutputOrder { r#type: OutputFormat::Jpeg, ..order.output }, ..order.clone() };
        let jpeg = bare(catalogue, &smaller, subject, machine).ok().flatten().filter(|_| order.output.r#type != OutputFormat::Jpeg);
        let better = match jpeg.filter(|jpeg| jpeg.bytes as f64 * ROOM < free) {
            Some(jpeg) => format!("as JPEG it would take about {}", bytes(jpeg.bytes as f64)),
            None => "choose a smaller size, or free some space".into(),
        };
        advice.push(format!("The file may take {} and there is room for {}; {better}", bytes(plan.bytes as f64), bytes(free)));
    }
    advice
}

/// That it takes long, with a faster model, else a smaller scale.
fn faster(catalogue: &Catalogue, order: &Order, subject: &Subject, machine: &Machine, plan: &Plan, seconds: f64) -> String {
    let time = |order: &Order| bare(catalogue, order, subject, machine).ok().flatten()?.seconds.filter(|other| *other < seconds * BETTER);
    let long = format!("This will take {}", about(seconds));
    for name in catalogue.names() {
        let other = Order { model: name.to_owned(), variant: None, ..order.clone() };
        if let Some(seconds) = time(&other) {
            return format!("{long}; the model {name} takes {}", about(seconds));
        }
    }
    for scale in SCALES.into_iter().filter(|scale| f64::from(*scale) * f64::from(subject.width) < 0.99 * f64::from(plan.width)) {
        let other = Order { scale: Some(f64::from(scale)), size: None, ..order.clone() };
        if let Some(seconds) = time(&other) {
            return format!("{long}; {scale} times as large takes {}", about(seconds));
        }
    }
    long
}

/// A time in words, as coarse as a guess is.
pub fn about(seconds: f64) -> String {
    match seconds {
        ..1.5 => "a moment".into(),
        1.5..10.0 => format!("about {seconds:.0} s"),
        10.0..55.0 => format!("about {:.0} s", (seconds / 5.0).round() * 5.0),
        55.0..3300.0 => format!("about {:.0} min", (seconds / 60.0).round().max(1.0)),
        _ => format!("about {:.1} h", seconds / 3600.0),
    }
}

/// A number of bytes in words.
pub fn bytes(count: f64) -> String {
    match count {
        ..1e6 => format!("{:.0} kB", (count / 1e3).max(1.0)),
        1e6..1e7 => format!("{:.1} MB", count / 1e6),
        1e7..1e9 => format!("{:.0} MB", count / 1e6),
        _ => format!("{:.1} GB", count / 1e9),
    }
}
