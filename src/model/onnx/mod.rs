//! ONNX files to [`Graph`] and back.
//!
//! Read with prost and the dozen messages we need (ONNX 1.16, IR version 10, opset 7 to 21), so that
//! the browser's module does not carry an inference library to read a file.

mod attributes;
mod export;
mod import;
mod proto;
mod tensor;

pub use export::export;

use prost::Message;

use super::graph::Graph;
use crate::error::{Error, Result};
use crate::limits::MAX_MODEL_BYTES;

/// A parsed file.
#[derive(Debug)]
pub struct File {
    graph: proto::Graph,
}

impl File {
    /// Parses the bytes of an ONNX file.
    ///
    /// # Errors
    /// `Model` for bytes that are not ONNX, or are damaged or cut off; `Limits` for too many.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_MODEL_BYTES {
            return Err(Error::limits(
                format!("The model file has {} MiB; at most {} MiB are read", bytes.len() >> 20, MAX_MODEL_BYTES >> 20),
                "Use a smaller model",
            ));
        }
        if bytes.is_empty() {
            return Err(Error::model("The model file is empty", "Download it again"));
        }
        if looks_like_text(bytes) {
            return Err(Error::model(
                "The model file is a text or web page, not an ONNX model",
                "Download the file itself, not the page that shows it",
            ));
        }
        let model =
            proto::Model::decode(bytes).map_err(|_| Error::model("The model file is cut off or is not an ONNX model", "Download it again"))?;
        let graph = model.graph.ok_or_else(|| {
            Error::model("The model file holds no network; it is not an ONNX model", "Choose an .onnx file of a super-resolution network")
        })?;
        if graph.node.is_empty() || graph.output.is_empty() {
            return Err(Error::model("The network in the model file is empty or cut off", "Download it again"));
        }
        Ok(Self { graph })
    }

    /// Channels of the picture that the network takes: 1 or 3.
    ///
    /// # Errors
    /// `Unsupported` where it does not take exactly one float picture `[batch, channels, height, width]`.
    pub fn input_channels(&self) -> Result<usize> {
        let inputs = self.picture_inputs();
        let [input] = inputs.as_slice() else {
            return Err(Error::unsupported(
                format!("The network takes {} inputs; one picture is supported", inputs.len()),
                "Use a network that takes one picture and gives one",
            ));
        };
        let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let dims: Vec<Option<i64>> =
            tensor.and_then(|t| t.shape.as_ref()).map(|s| s.dim.iter().map(|d| d.dim_value.filter(|&v| v > 0)).collect()).unwrap_or_default();
        let name = input.name.as_deref().unwrap_or("input");
        let wrong = |what: String| {
            Error::unsupported(
                format!("The network's input \"{name}\" {what}"),
                "Use a network that takes a picture as floats, [batch, 1 or 3, height, width]",
            )
        };
        let element = tensor.and_then(|t| t.elem_type).unwrap_or(proto::data_type::FLOAT);
        if element != proto::data_type::FLOAT {
            let ops = self.foreign_operations();
            let custom = if ops.is_empty() { String::new() } else { format!(", and it uses the operation {}", ops.join(", ")) };
            return Err(wrong(format!("is not a picture of 32-bit floats{custom}")));
        }
        match dims.as_slice() {
            [batch, Some(channels @ (1 | 3)), _, _] if batch.is_none_or(|b| b == 1) => Ok(*channels as usize),
            [_, None, _, _] => self.first_conv_channels().ok_or_else(|| wrong("does not say how many channels it has".into())),
            _ => Err(wrong(format!("has the shape {:?}", dims.iter().map(|d| d.unwrap_or(-1)).collect::<Vec<_>>()))),
        }
    }

    /// The graph in the intermediate representation.
    ///
    /// # Errors
    /// `Unsupported` names the operation, its node and what about it is not covered; `Model` for a file whose nodes do not fit together.
    pub fn graph(&self) -> Result<Graph> {
        import::Importer::new(self)?.run()
    }

    /// The value of a setting: an input that is one number and has a value in the file.
    pub fn setting(&self, name: &str) -> Option<f32> {
        let is_named = |found: &Option<String>| found.as_deref() == Some(name);
        let tensor = self.graph.initializer.iter().find(|tensor| is_named(&tensor.name))?;
        let listed = self.graph.input.iter().any(|input| is_named(&input.name));
        let values = tensor::Constant::read(tensor).ok()?;
        (listed && values.dims.iter().product::<usize>() == 1).then(|| values.floats().first().copied())?
    }

    /// Gives a setting another value. Where there is none of that name nothing happens.
    pub fn set(&mut self, name: &str, value: f32) {
        if self.setting(name).is_some()
            && let Some(tensor) = self.graph.initializer.iter_mut().find(|tensor| tensor.name.as_deref() == Some(name))
        {
            *tensor = proto::Tensor {
                name: tensor.name.take(),
                dims: vec![1],
                data_type: Some(proto::data_type::FLOAT),
                float_data: vec![value],
                ..proto::Tensor::default()
            };
        }
    }

    /// Whether the file names the height or width of its input.
    pub fn has_fixed_size(&self) -> bool {
        self.picture_inputs().iter().any(|input| {
            let shape = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
            shape.is_some_and(|s| s.dim.iter().skip(2).any(|d| d.dim_value.is_some_and(|v| v > 0)))
        })
    }

    /// Inputs that are not initializers (old exporters list the weights as inputs too).
    fn picture_inputs(&self) -> Vec<&proto::ValueInfo> {
        self.graph.input.iter().filter(|input| !self.graph.initializer.iter().any(|t| t.name == input.name)).collect()
    }

    fn first_conv_channels(&self) -> Option<usize> {
        let conv = self.graph.node.iter().find(|n| n.op_type.as_deref() == Some("Conv"))?;
        let weight = self.graph.initializer.iter().find(|t| t.name.as_deref() == conv.input.get(1).map(String::as_str))?;
        weight.dims.get(1).and_then(|&c| usize::try_from(c).ok()).filter(|c| matches!(c, 1 | 3))
    }

    /// Operations from outside of the ONNX standard.
    fn foreign_operations(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .graph
            .node
            .iter()
            .filter(|n| !matches!(n.domain.as_deref().unwrap_or(""), "" | "ai.onnx"))
            .map(|n| format!("{}.{}", n.domain.as_deref().unwrap_or(""), n.op_type.as_deref().unwrap_or("")))
            .collect();
        names.dedup();
        names
    }
}

/// Whether the file starts like a page or a text file: no ONNX file starts with `<`, `{` or white space.
fn looks_like_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(256)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = head.iter().copied().find(|b| !b.is_ascii_whitespace());
    matches!(first, Some(b'<' | b'{')) || head.starts_with(b"version https://git-lfs")
}
