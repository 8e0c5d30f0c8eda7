//! How a job begins: from a decoded picture to its passes, its finish and its encoder.

use std::sync::Arc;

use super::job::{Job, Way};
use super::layout::{FINISH_REACH, framed, geometries, reach, result_size, row_format, tile_shape};
use super::output::{Finish, Output};
use super::pass::Pass;
use super::rows::Planes;
use super::setup::Setup;
#[cfg(not(target_arch = "wasm32"))]
use crate::codec::encode::threaded;
use crate::codec::encode::{EncoderOptions, RowEncoder, Sink, encoder};
use crate::codec::{Decoded, Density, Metadata, decode};
use crate::error::{Error, Result};
use crate::finish::denoise::denoise;
use crate::finish::lock::Fidelity;
use crate::finish::resample::Frame;
use crate::image::alpha::bleed;
use crate::image::{Depth, Picture, RowFormat};
use crate::model::Network;
use crate::model::receptive_field::Geometry;
use crate::order::{Order, OutputOrder};
use crate::tile::TilePlan;

impl Job {
    /// Decodes `file` and plans its tiles; the encoded result goes to `sink`. `networks` are the passes, in their order; without one
    /// the picture is resampled.
    ///
    /// # Errors
    /// `Decode`, `Unsupported` and `Limits` for the file; `Parameter` for a size that the networks do not reach;
    /// `Limits` for a result that the format cannot hold.
    pub fn open(file: &[u8], networks: &[&Network], order: &Order, setup: Setup, sink: impl Sink + 'static) -> Result<Self> {
        let decoded = decode(file)?;
        Self::new(decoded, networks, order, setup, sink)
    }

    /// As [`Job::open`], for a picture that is decoded already.
    ///
    /// # Errors
    /// As [`Job::open`].
    pub fn new(decoded: Decoded, networks: &[&Network], order: &Order, setup: Setup, sink: impl Sink + 'static) -> Result<Self> {
        order.check()?;
        let Decoded { picture, metadata, mut warnings, lossy, .. } = decoded;
        let input = [picture.width, picture.height];
        let geometries = geometries(networks, setup.opaque_scale)?;
        let factor: usize = geometries.iter().map(|g| g.scale).product();
        let size = reached(&setup, result_size(input, factor)?, factor)?;
        let format = result_format(&picture, size, order, &mut warnings)?;
        let own_denoise = networks.iter().filter_map(|network| network.denoise()).reduce(f32::max);
        let (source, frame) = prepared(picture, order, &geometries, size, own_denoise, &mut warnings)?;
        let planes = planes(&source, networks);
        let fidelity = order.fidelity.unwrap_or_else(|| usual_fidelity(factor == 1 && !networks.is_empty(), lossy || own_denoise > Some(0.0)));
        let passes = passes(&source, networks, &geometries, planes, order, &setup)?;
        let finish = Finish { order, fidelity, frame };
        let encoder = opened(format, metadata, order.output, setup.density, &mut warnings, sink)?;
        Ok(Self {
            output: Output::new(&source, planes, factor, format, &finish)?,
            encoder: Some(encoder),
            setup,
            source,
            input,
            planes,
            passes,
            frame,
            fidelity,
            format,
            warnings,
            progress: Way::default(),
        })
    }
}

/// The size of the result, which the networks' `full` size has to reach.
fn reached(setup: &Setup, full: [u32; 2], factor: usize) -> Result<[u32; 2]> {
    let size = setup.size.unwrap_or(full);
    if size[0] > full[0] || size[1] > full[1] {
        return Err(Error::parameter(
            format!("The model enlarges {factor} times, to {} x {} pixels, and {} x {} were asked for", full[0], full[1], size[0], size[1]),
            "Choose a smaller size, or let more passes enlarge it",
        ));
    }
    Ok(size)
}

/// Format of the result's rows; what the file cannot keep of the picture is said.
fn result_format(picture: &Picture, size: [u32; 2], order: &Order, warnings: &mut Vec<String>) -> Result<RowFormat> {
    let (format, flattened) = row_format(picture, size, order.output.r#type)?;
    if flattened {
        warnings.push("JPEG cannot keep transparency, so the picture was laid on white; choose PNG, WebP or TIFF to keep it".into());
    }
    if picture.samples.depth() == Depth::Sixteen && format.depth == Depth::Eight {
        warnings.push("The picture has 16 bits a channel and the result has 8; choose PNG or TIFF to keep them".into());
    }
    Ok(format)
}

/// The picture as the networks get it: surrounded where its edges join, denoised where no network does that, and with colour under
/// what is transparent.
fn prepared(
    picture: Picture,
    order: &Order,
    geometries: &[Geometry],
    size: [u32; 2],
    own_denoise: Option<f32>,
    warnings: &mut Vec<String>,
) -> Result<(Arc<Picture>, Frame)> {
    let factor = geometries.iter().map(|g| g.scale).product();
    let reach = reach(geometries) + FINISH_REACH;
    let (picture, frame) = framed(picture, order.wrap.then_some(reach), factor, size)?;
    let filtered = if own_denoise.is_some() { 0.0 } else { order.denoise.unwrap_or(0.0) };
    let mut picture = denoise(picture, filtered)?;
    if filtered > 0.0 && factor > 1 {
        warnings.push("The picture was denoised before it was enlarged, and LR-PSNR compares with that".into());
    }
    bleed(&mut picture, reach)?;
    Ok((Arc::new(picture), frame))
}

fn planes(source: &Picture, networks: &[&Network]) -> Planes {
    let channels = networks.first().map_or(3, |network| network.input_channels());
    match (source.channels.colours(), channels) {
        (1, _) => Planes::Grey,
        (_, 1) => Planes::Luma,
        _ => Planes::Rgb,
    }
}

/// The lock where none is asked for. At the same size there is nothing between the input and what the network is for; what was
/// compressed with loss, or denoised, has detail that shall not come back.
fn usual_fidelity(same_size: bool, worn: bool) -> Fidelity {
    if same_size {
        Fidelity::Off
    } else if worn {
        Fidelity::Tone
    } else {
        Fidelity::Lock
    }
}

fn passes(source: &Picture, networks: &[&Network], geometries: &[Geometry], planes: Planes, order: &Order, setup: &Setup) -> Result<Vec<Pass>> {
    let alpha = source.channels.has_alpha();
    let mut passes = Vec::with_capacity(networks.len());
    let mut sides = [source.height as usize, source.width as usize];
    for (network, geometry) in networks.iter().zip(geometries) {
        let [height, width] = sides;
        let plan = match network.graph() {
            Ok(_) => {
                let wide = width * geometry.scale * (planes.count() + usize::from(alpha)) * size_of::<f32>();
                let tile = tile_shape(network, order.tile, setup, *geometry, [width, height], wide * geometry.scale);
                TilePlan::oblong(width, height, tile, *geometry)?
            }
            Err(_) => TilePlan::whole(width, height, *geometry)?,
        };
        passes.push(Pass::new(plan, network.input_channels(), planes.count(), alpha)?);
        sides = sides.map(|side| side * geometry.scale);
    }
    Ok(passes)
}

/// The encoder, with the metadata that goes on; what does not is said.
fn opened(
    format: RowFormat,
    mut metadata: Metadata,
    output: OutputOrder,
    density: Option<Density>,
    warnings: &mut Vec<String>,
    sink: impl Sink + 'static,
) -> Result<Box<dyn RowEncoder>> {
    metadata.density = density.or(metadata.density);
    warnings.extend(metadata.apply(output.metadata));
    metadata.describe(format.width, format.height);
    let mut options = EncoderOptions { quality: output.quality, metadata };
    warnings.extend(options.fit(output.r#type));
    let encoder = encoder(output.r#type, format, &options, sink)?;
    #[cfg(not(target_arch = "wasm32"))]
    let encoder = threaded(encoder);
    Ok(encoder)
}
