//! An engine against the reference interpreter.

use std::sync::Arc;

use inlarge::backend::probe::{largest_difference, probe};
use inlarge::backend::reference::ReferenceBackend;
use inlarge::backend::{Backend, Tensor, tract};
use inlarge::model::Network;
use inlarge::model::graph::{Op, Shape};
use inlarge::model::receptive_field::Geometry;

use crate::ENGINE_TOLERANCE;
use crate::graphs::{self, compact, dense, luma, photo, tile};

// `SHIPPED: &[(&str, &[u8])]`, every file of models/, made by build.rs.
include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

pub(crate) async fn networks(backend: &dyn Backend) -> Result<String, String> {
    let mut worst = 0.0f32;
    for (name, graph) in [
        ("luma x2", luma(2)),
        ("luma x4", luma(4)),
        ("compact x2", compact(2)),
        ("compact x4", compact(4)),
        ("dense", dense()),
        ("photo x4", photo(4)),
    ] {
        worst = worst.max(agree(backend, name, &Network::from_graph(graph), 40, 33).await?);
    }
    Ok(format!("largest difference {worst:e}"))
}

pub(crate) async fn operations(backend: &dyn Backend) -> Result<String, String> {
    let mut worst = 0.0f32;
    let list = graphs::operations();
    let count = list.len();
    for (name, graph) in list {
        worst = worst.max(agree(backend, name, &Network::from_graph(graph), 19, 23).await?);
    }
    Ok(format!("{count} operations, largest difference {worst:e}"))
}

/// On tiles so small that the interpreter has all of them in a second or two, and large enough for every kernel's whole blocks.
pub(crate) async fn shipped(backend: &dyn Backend) -> Result<String, String> {
    let mut worst = 0.0f32;
    for (name, bytes) in SHIPPED {
        let network = Network::from_onnx(bytes).map_err(|e| format!("{name}: {e}"))?;
        let unit = Geometry::of(network.graph().map_err(|e| format!("{name}: {e}"))?).map_err(|e| format!("{name}: {e}"))?.alignment;
        worst = worst.max(agree(backend, name, &network, 9 * unit, 14 * unit).await?);
    }
    Ok(format!("{} models, largest difference {worst:e}", SHIPPED.len()))
}

pub(crate) async fn sizes(backend: &dyn Backend) -> Result<String, String> {
    let mut worst = 0.0f32;
    let networks = [("luma", Network::from_graph(luma(2))), ("compact", Network::from_graph(compact(4)))];
    for (height, width) in [(1, 1), (1, 17), (31, 1), (2, 3), (37, 31), (64, 64), (67, 129)] {
        for (name, network) in &networks {
            worst = worst.max(agree(backend, name, network, height, width).await?);
        }
    }
    Ok(format!("largest difference {worst:e}"))
}

/// The twin of [`agree`]: it must not agree when one weight differs.
pub(crate) async fn changed_weight(backend: &dyn Backend) -> Result<String, String> {
    let (original, mut changed) = (luma(2), luma(2));
    for node in &mut changed.nodes {
        if let Op::Conv(conv) = &mut node.op {
            let mut weight = conv.weight.to_vec();
            weight[5] += 0.01;
            conv.weight = Arc::from(weight);
            break;
        }
    }
    let input = tile(Shape::new(1, 20, 20), 3);
    let expected = run(&ReferenceBackend::new(1), &Network::from_graph(original), &input).await?;
    let answer = run(backend, &Network::from_graph(changed), &input).await?;
    let difference = largest_difference(&expected, &answer);
    if difference > ENGINE_TOLERANCE {
        Ok(format!("difference {difference:e}"))
    } else {
        Err(format!("a changed weight gave a difference of only {difference:e}"))
    }
}

pub(crate) async fn wrong_shape(backend: &dyn Backend) -> Result<String, String> {
    let session = backend.prepare(&Network::from_graph(luma(2)), Shape::new(1, 8, 8)).await.map_err(|e| e.to_string())?;
    match session.run(&tile(Shape::new(1, 8, 9), 1)).await {
        Err(error) if error.kind() == "parameter" => Ok(error.to_string()),
        Err(error) => Err(format!("refused with the kind {}: {error}", error.kind())),
        Ok(_) => Err("a tile of another shape was accepted".into()),
    }
}

/// tract's kernels register themselves when the program is linked. Where they are lost it computes the same, many times
/// slower.
pub(crate) fn simd_kernels() -> Result<String, String> {
    let family = if cfg!(target_arch = "wasm32") { "wasm_f32_" } else { "_f32_" };
    let network = Network::from_graph(compact(2));
    let operations = tract::kernels(&network, Shape::new(3, 32, 32)).map_err(|e| e.to_string())?;
    let mut chosen: Vec<&str> = operations.iter().flat_map(|text| text.split([' ', ':', ',', '(', ')'])).filter(|w| w.contains(family)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.is_empty() || chosen.iter().any(|name| name.contains("generic")) {
        return Err(format!("no kernel {family}* among {operations:#?}"));
    }
    Ok(chosen.join(" "))
}

pub(crate) async fn golden_tile(backend: &dyn Backend) -> Result<String, String> {
    probe(backend).await.map(|()| backend.adapter().to_string()).map_err(|e| e.to_string())
}

/// Runs `network` on both and returns the largest difference where it is within the tolerance.
async fn agree(backend: &dyn Backend, name: &str, network: &Network, height: usize, width: usize) -> Result<f32, String> {
    let input = tile(Shape::new(network.input_channels(), height, width), 99);
    let expected = run(&ReferenceBackend::new(1), network, &input).await?;
    let answer = run(backend, network, &input).await.map_err(|e| format!("{name} at {height} x {width}: {e}"))?;
    let difference = largest_difference(&expected, &answer);
    if difference <= ENGINE_TOLERANCE {
        Ok(difference)
    } else {
        Err(format!("{name} at {height} x {width}: shapes {:?} and {:?}, largest difference {difference:e}", expected.shape, answer.shape))
    }
}

async fn run(backend: &dyn Backend, network: &Network, input: &Tensor) -> Result<Tensor, String> {
    let session = backend.prepare(network, input.shape).await.map_err(|e| e.to_string())?;
    session.run(input).await.map_err(|e| e.to_string())
}
