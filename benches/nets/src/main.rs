//! Writes the networks of `cargo xtask bench web` into a folder: `NAME.onnx` for engines that read ONNX, `NAME.json` with
//! `NAME.bin` for TF.js, and `nets.json`, the list of them.

// What only tests call is dead code in the program.
#![deny(dead_code, unused_imports)]

mod channels_last;
mod networks;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use inlarge::model::Network;
use inlarge::model::graph::{Graph, Op};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("a folder to write into is missing: give its path")?;
    let folder = Path::new(&folder);
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    fs::create_dir_all(folder)?;
    let networks = [
        ("tiny", Network::from_graph(networks::tiny())),
        ("compact", Network::from_graph(networks::compact())),
        ("photo-fast", Network::from_onnx(&fs::read(models.join("photo-fast-x2-bicubic.onnx"))?)?),
        ("photo", photo(&models)?),
    ];
    let mut list = Vec::new();
    for (name, network) in &networks {
        let graph = network.graph()?;
        fs::write(folder.join(format!("{name}.onnx")), network.onnx())?;
        let dump = channels_last::dump(graph).map_err(|what| format!("{name} has no counterpart in TF.js: {what}"))?;
        fs::write(folder.join(format!("{name}.json")), dump.nodes.to_string())?;
        fs::write(folder.join(format!("{name}.bin")), dump.weights.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>())?;
        list.push(entry(name, graph)?);
    }
    fs::write(folder.join("nets.json"), Value::from(list).to_string())?;
    Ok(())
}

/// The shipped photo network; until there is one, its shape with fixed pseudo-random weights.
fn photo(models: &Path) -> Result<Network, Box<dyn Error>> {
    let shipped = models.join("photo-x2-bicubic.onnx");
    if shipped.is_file() { Ok(Network::from_onnx(&fs::read(shipped)?)?) } else { Ok(Network::from_graph(networks::photo())) }
}

/// Name, input channels, scale, parameters, and multiply-adds per input pixel.
fn entry(name: &str, graph: &Graph) -> Result<Value, String> {
    let scale = graph.nodes.iter().find_map(|node| match &node.op {
        Op::DepthToSpace(shuffle) => Some(shuffle.block),
        _ => None,
    });
    let convolutions = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::Conv(conv) => Some(conv),
        _ => None,
    });
    let macs: usize = convolutions.clone().map(|conv| conv.weight.len()).sum();
    let biases: usize = convolutions.map(|conv| conv.bias.len()).sum();
    let scale = scale.ok_or_else(|| format!("{name} has no pixel shuffle"))?;
    Ok(json!({ "name": name, "channels": graph.input_channels, "scale": scale, "parameters": macs + biases, "macsPerPixel": macs }))
}
