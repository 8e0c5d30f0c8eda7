//! Tiled against untiled, through the whole pipeline: a PNG in, a PNG out.

use std::io;

use inlarge::backend::probe::noise;
use inlarge::backend::{Backend, Tensor};
use inlarge::codec::encode::MemoryFile as Sink;
use inlarge::finish::lock::Fidelity;
use inlarge::model::Network;
use inlarge::order::Order;
use inlarge::pipeline::{Job, Setup};

use crate::FILE_TOLERANCE;
use crate::graphs::{compact, luma};

const WIDTH: usize = 150;
const HEIGHT: usize = 131;

pub(crate) async fn tiled_equals_untiled(backend: &dyn Backend) -> Result<String, String> {
    let mut worst = 0;
    let file = picture(None);
    for (name, graph) in [("luma", luma(2)), ("compact", compact(2))] {
        let network = Network::from_graph(graph);
        let whole = enlarge(backend, &network, &file, WIDTH.max(HEIGHT) as u32).await?;
        for tile in [32, 64, 129] {
            let tiled = enlarge(backend, &network, &file, tile).await?;
            let difference = largest_step(&whole, &tiled)?;
            if difference > FILE_TOLERANCE {
                return Err(format!("{name}: tiles of {tile} differ from the whole by {difference}/255"));
            }
            worst = worst.max(difference);
        }
    }
    Ok(format!("tiles of 32, 64 and 129 differ from the whole by at most {worst}/255"))
}

/// The twin: one changed input pixel must show, and only around that pixel.
pub(crate) async fn changed_pixel(backend: &dyn Backend) -> Result<String, String> {
    let network = Network::from_graph(luma(2));
    let before = enlarge(backend, &network, &picture(None), 64).await?;
    let after = enlarge(backend, &network, &picture(Some((64, 64))), 32).await?;
    let difference = largest_step(&before, &after)?;
    if difference <= FILE_TOLERANCE {
        return Err(format!("a changed pixel shows as only {difference}/255"));
    }
    let row = 2 * WIDTH * 3;
    let far = (0..row * 40).chain(row * 220..before.len()).map(|i| before[i].abs_diff(after[i])).max().unwrap_or(255);
    if far > FILE_TOLERANCE { Err(format!("a changed pixel shows as {far}/255 far away")) } else { Ok(format!("shows as {difference}/255")) }
}

fn largest_step(a: &[u8], b: &[u8]) -> Result<u8, String> {
    if a.len() != b.len() {
        return Err(format!("{} and {} bytes", a.len(), b.len()));
    }
    Ok(a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0))
}

/// A PNG of waves and noise, with one pixel inverted on request.
fn picture(changed: Option<(usize, usize)>) -> Vec<u8> {
    let grain = noise(5, WIDTH * HEIGHT * 3);
    let mut pixels: Vec<u8> = (0..WIDTH * HEIGHT * 3)
        .map(|i| {
            let (x, y, c) = (i / 3 % WIDTH, i / 3 / WIDTH, i % 3);
            let wave = (x as f32 * 0.21 + c as f32).sin() + (y as f32 * 0.17 - c as f32).cos();
            (127.0 + 50.0 * wave + 20.0 * grain[i]).clamp(0.0, 255.0) as u8
        })
        .collect();
    if let Some((x, y)) = changed {
        for value in &mut pixels[(y * WIDTH + x) * 3..][..3] {
            *value = if *value < 128 { 255 } else { 0 };
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Rgb);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    assert!(written.is_ok(), "a PNG in memory can be written");
    file
}

/// Enlarges twice with tiles of `tile` and returns the result's samples.
async fn enlarge(backend: &dyn Backend, network: &Network, file: &[u8], tile: u32) -> Result<Vec<u8>, String> {
    let sink = Sink::default();
    // What the engine gives is compared, as it is.
    let order = Order { tile: Some(tile), fidelity: Some(Fidelity::Off), ..Order::default() };
    let setup =
        Setup { input: "picture.png".into(), model: "test".into(), max_buffer_bytes: backend.capabilities().max_buffer_bytes, ..Setup::default() };
    let text = |e: inlarge::Error| e.to_string();
    let mut job = Job::open(file, &[network], &order, setup, sink.clone()).map_err(text)?;
    let session = backend.prepare(network, job.sessions()[0]).await.map_err(text)?;
    // Networks of random weights change the picture: the same answer given as from two engines is accepted.
    while let Some(request) = job.next_tile().map_err(text)? {
        let output = session.run(&Tensor::new(job.sessions()[0], request.data).map_err(text)?).await.map_err(text)?;
        for engine in ["first", "second"] {
            job.set_engine(engine, "");
            if job.put(request.index, &output.data).map_err(text)? {
                break;
            }
        }
    }
    if job.tiles_done() != job.tiles() {
        return Err(format!("{} of {} tiles were accepted", job.tiles_done(), job.tiles()));
    }
    let bytes = sink.bytes();
    let mut reader = png::Decoder::new(io::Cursor::new(bytes.as_slice())).read_info().map_err(|e| e.to_string())?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("a PNG of no size")?];
    reader.next_frame(&mut pixels).map_err(|e| e.to_string())?;
    Ok(pixels)
}
