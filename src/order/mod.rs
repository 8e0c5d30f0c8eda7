//! What a user asks for, and what comes of it.
//!
//! An [`Order`] is filled by the command line's arguments, and the JSON of page, widget and npm package is one. Its defaults, ranges
//! and refusals stand here and nowhere else. The [`Catalogue`](catalogue::Catalogue) knows which networks there are, and
//! [`plan`](plan::plan) what an order makes of a picture: passes, exact size, name, bytes, memory, time and advice.

pub mod catalogue;
pub mod estimate;
pub mod name;
pub mod plan;
pub mod size;

use serde::{Deserialize, Serialize};

use crate::backend::BackendKind;
use crate::backend::select::Preference;
use crate::codec::MetadataPolicy;
use crate::codec::encode::{OutputFormat, USUAL_QUALITY};
use crate::error::{Error, ErrorKind, Result};
use crate::finish::lock::Fidelity;
use crate::named::{BETWEEN, listed};
use size::{Size, SizeRequest};

/// The model that is chosen by what a picture shows.
pub const AUTO: &str = "auto";
/// The factor where no size is asked for.
pub const USUAL_SCALE: f64 = 4.0;
/// Largest side of a tile that can be asked for.
const MAX_TILE: u32 = 16_384;

/// What to make of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Order {
    /// Pixels of the result for each of the picture, each way, up to 16; 4 where neither this nor `size` is given. A network of the
    /// user's own then makes what it makes.
    #[cfg_attr(feature = "cli", arg(skip))]
    pub scale: Option<f64>,
    /// An exact size instead.
    #[cfg_attr(feature = "cli", arg(skip))]
    pub size: Option<SizeRequest>,
    /// Model: auto, or a name that `inlarge models` lists
    #[cfg_attr(feature = "cli", arg(short, long, default_value = AUTO))]
    pub model: String,
    /// What the model was trained for: pictures from the web, or clean bicubic reductions [default: web]
    #[cfg_attr(feature = "cli", arg(long, value_name = "web|bicubic"))]
    pub variant: Option<String>,
    /// Engine that runs the networks
    #[cfg_attr(feature = "cli", arg(long, default_value = Preference::Auto.name(), value_parser = one_of::<Preference>(&Preference::NAMES)))]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "\"auto\" | BackendKind"))]
    pub backend: Preference,
    /// Side of a tile in input pixels [default: by the engine]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_TILE))))]
    pub tile: Option<u32>,
    /// What the result must keep of the picture when it is scaled back down: all of it, its tone, or whatever the network says
    /// [default: tone for files compressed with loss, lock for others]
    #[cfg_attr(feature = "cli", arg(long, value_parser = one_of::<Fidelity>(&Fidelity::NAMES)))]
    pub fidelity: Option<Fidelity>,
    /// Whether to make the fidelity map: where the networks contradicted the picture.
    #[cfg_attr(feature = "cli", arg(skip))]
    pub map: bool,
    /// Smooth the picture's noise before it is enlarged, 0 to 1; art and restore do it themselves [default: 0, for restore 1]
    #[cfg_attr(feature = "cli", arg(long, value_name = "0..1", value_parser = share))]
    pub denoise: Option<f32>,
    /// Sharpen the result, 0 to 1
    #[cfg_attr(feature = "cli", arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share))]
    pub sharpen: f32,
    /// Put film grain over the result, 0 to 1
    #[cfg_attr(feature = "cli", arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share))]
    pub grain: f32,
    /// Seed of the grain
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", default_value_t = 0))]
    pub seed: u32,
    /// The picture is a texture whose opposite edges join, and the result's shall too
    #[cfg_attr(feature = "cli", arg(long))]
    pub wrap: bool,
    /// The file that is written.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub output: OutputOrder,
}

/// What file to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct OutputOrder {
    /// Its media type.
    #[cfg_attr(feature = "cli", arg(skip))]
    pub r#type: OutputFormat,
    /// Quality of a JPEG, 1 to 100; the other formats are lossless
    #[cfg_attr(feature = "cli", arg(long, default_value_t = USUAL_QUALITY, value_parser = clap::value_parser!(u8).range(1..=100)))]
    pub quality: u8,
    /// EXIF, XMP and IPTC of the result: all, all but places, or none
    #[cfg_attr(feature = "cli", arg(long, default_value = MetadataPolicy::Keep.name(), value_parser = one_of::<MetadataPolicy>(&MetadataPolicy::NAMES)))]
    pub metadata: MetadataPolicy,
}

/// What is used where nothing is asked for, and what there is to offer: what a page draws its settings by.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Usual {
    /// The model that is chosen by what a picture shows.
    pub auto: &'static str,
    /// The factor.
    pub scale: f64,
    /// Factors to offer.
    pub scales: Vec<u32>,
    /// The file.
    pub output: OutputOrder,
    /// The engines, best first.
    pub engines: Vec<BackendKind>,
    /// Those that take several times as long as others.
    pub slow_engines: Vec<BackendKind>,
    /// What errors can be.
    pub error_kinds: Vec<ErrorKind>,
}

impl Default for Usual {
    fn default() -> Self {
        let mut scales = plan::SCALES.to_vec();
        scales.reverse();
        Self {
            auto: AUTO,
            scale: USUAL_SCALE,
            scales,
            output: OutputOrder::default(),
            engines: BackendKind::ALL.to_vec(),
            slow_engines: BackendKind::ALL.into_iter().filter(|kind| kind.is_slow()).collect(),
            error_kinds: ErrorKind::ALL.to_vec(),
        }
    }
}

impl Default for Order {
    fn default() -> Self {
        Self {
            scale: None,
            size: None,
            model: AUTO.to_owned(),
            variant: None,
            backend: Preference::Auto,
            tile: None,
            fidelity: None,
            map: false,
            denoise: None,
            sharpen: 0.0,
            grain: 0.0,
            seed: 0,
            wrap: false,
            output: OutputOrder::default(),
        }
    }
}

impl Default for OutputOrder {
    fn default() -> Self {
        Self { r#type: OutputFormat::default(), quality: USUAL_QUALITY, metadata: MetadataPolicy::default() }
    }
}

impl Order {
    /// Reads an order, and [checks](Self::check) it.
    ///
    /// # Errors
    /// `Parameter` names what is wrong, and what there is to choose from.
    pub fn from_json(json: &str) -> Result<Self> {
        let order: Self = serde_json::from_str(json).map_err(|error| unread(&error))?;
        order.check()?;
        Ok(order)
    }

    /// Checks what does not depend on the picture.
    ///
    /// # Errors
    /// `Parameter` for a value outside of its range.
    pub fn check(&self) -> Result<()> {
        if self.scale.is_some() && self.size.is_some() {
            return Err(Error::parameter("Both a scale and a size were asked for", "Give one of them"));
        }
        if let Some(scale) = self.scale {
            size::check_factor(scale)?;
        }
        if let Some(size) = &self.size {
            size.size()?;
        }
        for (name, share) in [("denoise", self.denoise.unwrap_or(0.0)), ("sharpen", self.sharpen), ("grain", self.grain)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::parameter(format!("A value of {share} was asked for {name}"), "Choose 0 to 1"));
            }
        }
        if let Some(tile) = self.tile
            && !(1..=MAX_TILE).contains(&tile)
        {
            return Err(Error::parameter(format!("A tile of {tile} pixels was asked for"), format!("Choose 1 to {MAX_TILE}")));
        }
        if !(1..=100).contains(&self.output.quality) {
            return Err(Error::parameter(format!("A quality of {} is not offered", self.output.quality), "Choose 1 to 100"));
        }
        Ok(())
    }

    /// The size that is asked for, if any.
    ///
    /// # Errors
    /// `Parameter` for a name or a sheet that is not understood.
    pub fn wanted(&self) -> Result<Option<Size>> {
        match (&self.size, self.scale) {
            (Some(size), _) => size.size().map(Some),
            (None, scale) => Ok(scale.map(Size::Factor)),
        }
    }

    /// Whether the model is chosen by what the picture shows.
    pub fn is_auto(&self) -> bool {
        self.model == AUTO
    }
}

/// What serde says of an order, as an error of ours.
fn unread(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    // serde_json ends its sentence with the place, which tells nothing about an object that no person wrote.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(start, _)| start);
    if let Some((what, remedy)) = text.split_once(BETWEEN) {
        return Error::parameter(what, remedy);
    }
    if let Some((name, others)) = text.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected ")) {
        let names: Vec<&str> = others.split('`').skip(1).step_by(2).collect();
        return Error::parameter(format!("There is no option \"{name}\""), format!("Choose {}", listed(&names)));
    }
    Error::parameter(format!("The order cannot be read: {text}"), "")
}

/// A number from 0 to 1, of an argument.
#[cfg(feature = "cli")]
fn share(text: &str) -> std::result::Result<f32, String> {
    text.parse().ok().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(|| "a number from 0 to 1 is needed".into())
}

/// An argument that is one of `names`.
#[cfg(feature = "cli")]
pub(crate) fn one_of<T: std::str::FromStr<Err = Error> + Clone + Send + Sync + 'static>(
    names: &'static [&'static str],
) -> impl clap::builder::TypedValueParser<Value = T> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_usual() {
        let order = Order::from_json("{}").unwrap();
        assert_eq!(order, Order::default());
        assert_eq!((order.model.as_str(), order.output.quality, order.wanted()), ("auto", 90, Ok(None)));
        let json = r#"{"size": {"longEdge": 4096}, "model": "art", "output": {"type": "image/jpeg", "metadata": "no-location"}, "backend": "simd"}"#;
        let order = Order::from_json(json).unwrap();
        assert_eq!(order.wanted(), Ok(Some(Size::LongEdge(4096))));
        assert_eq!((order.output.r#type, order.output.metadata, order.output.quality), (OutputFormat::Jpeg, MetadataPolicy::NoLocation, 90));
        assert_eq!(serde_json::from_str::<Order>(&serde_json::to_string(&order).unwrap()).unwrap(), order);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_there_is() {
        for (json, what, remedy) in [
            (r#"{"fidelity": "locked"}"#, "There is no fidelity \"locked\"", "Choose lock, tone or off"),
            (r#"{"backend": "cuda"}"#, "There is no engine \"cuda\"", "Choose auto, gpu, simd, tract or reference"),
            (r#"{"output": {"metadata": "some"}}"#, "There is no metadata policy \"some\"", "Choose keep, no-location or none"),
            (r#"{"output": {"type": "image/gif"}}"#, "There is no file type \"image/gif\"", "Choose image/png, image/jpeg, image/webp or image/tiff"),
            (r#"{"output": {"quality": 0}}"#, "A quality of 0 is not offered", "Choose 1 to 100"),
            (r#"{"output": {"depth": 0}}"#, "There is no option \"depth\"", "Choose type, quality or metadata"),
            (r#"{"sharpen": 1.5}"#, "A value of 1.5 was asked for sharpen", "Choose 0 to 1"),
            (r#"{"denoise": -1}"#, "A value of -1 was asked for denoise", "Choose 0 to 1"),
            (r#"{"tile": 0}"#, "A tile of 0 pixels was asked for", "Choose 1 to 16384"),
            (r#"{"scale": 2, "size": {"width": 9}}"#, "Both a scale and a size were asked for", "Give one of them"),
            (r#"{"scale": 17}"#, "A size of 17 times the picture was asked for", "Choose a factor of up to 16"),
            (r#"{"scale": 0}"#, "A size of 0 times the picture was asked for", "Choose a factor of up to 16"),
            (r#"{"size": {"fit": "5k"}}"#, "There is no frame of the name \"5k\"", "Choose 4k, 8k or 16k"),
        ] {
            assert_eq!(Order::from_json(json), Err(Error::parameter(what, remedy)), "{json}");
        }
        let option = Order::from_json(r#"{"shrapen": 1}"#).unwrap_err().to_string();
        assert!(option.starts_with("There is no option \"shrapen\". Choose scale, size, model,"), "{option}");
        let unread = Order::from_json(r#"{"scale": "four"}"#).unwrap_err().to_string();
        assert!(unread.starts_with("The order cannot be read: invalid type") && !unread.contains("line"), "{unread}");
    }
}
