//! tract-onnx on the CPU: any network that tract can read, and the independent check of the other engines.

use std::sync::Arc;

use tract_onnx::prelude::{
    Datum, Framework, InferenceFact, InferenceModelExt, IntoRunnable, IntoTValue, Tensor as TractTensor, TractError, TractResult, TypedOp,
    TypedRunnableModel, tvec,
};

use super::{Backend, BackendKind, Capabilities, LocalFuture, Session, Tensor};
use crate::error::{Error, Result};
use crate::model::Network;
use crate::model::graph::Shape;

/// tract on the CPU.
#[derive(Debug)]
pub struct TractBackend {
    capabilities: Capabilities,
}

impl TractBackend {
    /// tract, for sessions on as many threads as `parallel_sessions`; one session uses one thread.
    pub fn new(parallel_sessions: usize) -> Self {
        Self { capabilities: Capabilities::cpu(parallel_sessions, true) }
    }
}

impl Backend for TractBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Tract
    }

    fn adapter(&self) -> &'static str {
        "CPU, tract"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn prepare<'a>(&'a self, network: &'a Network, shape: Shape) -> LocalFuture<'a, Result<Box<dyn Session>>> {
        Box::pin(async move {
            let session: Box<dyn Session> = Box::new(TractSession::new(network, shape)?);
            Ok(session)
        })
    }
}

/// The operations that tract lowered `network` to, with what it says of their kernels: to see in a test that its SIMD
/// kernels, which register themselves at link time, were found.
///
/// # Errors
/// As [`Backend::prepare`].
pub fn kernels(network: &Network, shape: Shape) -> Result<Vec<String>> {
    let (model, _) = compile(network.onnx(), shape).map_err(|error| refusal(&error, network))?;
    let describe = |op: &dyn TypedOp| format!("{} {}", op.name(), op.info().unwrap_or_default().join("; "));
    Ok(model.model().nodes().iter().map(|node| describe(node.op.as_ref())).collect())
}

struct TractSession {
    model: Arc<TypedRunnableModel>,
    input: Shape,
    output: Shape,
}

impl TractSession {
    fn new(network: &Network, input: Shape) -> Result<Self> {
        let (model, output) = compile(network.onnx(), input).map_err(|error| refusal(&error, network))?;
        let [1, channels, height, width] = output[..] else {
            return Err(Error::unsupported(
                format!("The network's result has the shape {output:?}, not that of one picture"),
                "Use a network that takes one picture and gives one",
            ));
        };
        Ok(Self { model, input, output: Shape::new(channels, height, width) })
    }
}

fn compile(mut onnx: &[u8], input: Shape) -> TractResult<(Arc<TypedRunnableModel>, Vec<usize>)> {
    let dims = [1, input.channels, input.height, input.width];
    let mut model = tract_onnx::onnx().model_for_read(&mut onnx)?;
    model.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), tvec!(dims[0], dims[1], dims[2], dims[3])))?;
    // The shapes that the file writes on its outputs may name another size than this one.
    for output in 0..model.outputs.len() {
        model.set_output_fact(output, InferenceFact::default())?;
    }
    let model = model.into_optimized()?;
    let output = model.output_fact(0)?.shape.as_concrete().map(<[usize]>::to_vec).unwrap_or_default();
    Ok((model.into_runnable()?, output))
}

/// tract's messages nest a line for each step; the innermost names the fault, but not the operation that it lacks: the
/// import of the graph does.
fn refusal(error: &TractError, network: &Network) -> Error {
    let cause = error.chain().last().map(ToString::to_string).unwrap_or_default();
    let cause = cause.trim_end_matches('.');
    let what = match network.gap() {
        Some(gap) => format!("{gap}, and tract cannot run it either ({cause})"),
        None => format!("tract cannot run this model: {cause}"),
    };
    Error::unsupported(what, "Use another model, or save it with standard ONNX operations")
}

impl Session for TractSession {
    fn input_shape(&self) -> Shape {
        self.input
    }

    fn output_shape(&self) -> Shape {
        self.output
    }

    fn run<'a>(&'a self, tile: &'a Tensor) -> LocalFuture<'a, Result<Tensor>> {
        Box::pin(async move {
            if tile.shape != self.input {
                return Err(Error::parameter(format!("The session was prepared for {:?} and was given {:?}", self.input, tile.shape), ""));
            }
            let dims = [1, tile.shape.channels, tile.shape.height, tile.shape.width];
            let run = || -> TractResult<Vec<f32>> {
                let input = TractTensor::from_shape(&dims, &tile.data)?;
                let outputs = self.model.run(tvec!(input.into_tvalue()))?;
                let view = outputs[0].to_plain_array_view::<f32>()?;
                Ok(view.iter().copied().collect())
            };
            let data = run().map_err(|error| Error::device(format!("tract failed on a tile: {error}"), "Try a smaller tile or another engine"))?;
            Tensor::new(self.output, data)
        })
    }
}
