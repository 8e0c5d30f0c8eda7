//! A network as steps over planned buffers, for one shape of input.

use fearless_simd::{Level, Simd, SimdBase, dispatch};

use super::direct::Direct;
use super::kernel::{Activation, Ending, Operand};
use super::layout::Layout;
use super::other::{self, Right};
use super::winograd::Winograd;
use crate::backend::lower::{Arithmetic, ConvStage, Lowered, Picture, Residual, Stage, StageKind, lower};
use crate::error::{Error, Result};
use crate::limits::try_vec;
use crate::model::graph::{self, DepthToSpace, Graph, Pad, Resize, Shape, ValueId};
use crate::model::shapes;

/// A network compiled for one shape of input.
#[derive(Debug)]
pub struct Program {
    level: Level,
    /// The layout of each buffer.
    buffers: Vec<Layout>,
    steps: Vec<Step>,
    input: usize,
    /// The buffer of the result; `None` where the last step makes the picture itself.
    output: Option<usize>,
    output_shape: Shape,
    /// Numbers of scratch that Winograd needs.
    scratch: [usize; 2],
}

/// The buffers of one run. Borders are zero from the start and stay so: no step writes there.
#[derive(Debug)]
pub struct Memory {
    buffers: Vec<Vec<f32>>,
    scratch: [Vec<f32>; 2],
}

#[derive(Debug)]
struct Step {
    work: Work,
    inputs: Vec<usize>,
    output: usize,
}

#[derive(Debug)]
enum Work {
    Conv(Box<ConvStep>),
    Pointwise { arithmetic: Arithmetic, constant: Option<Vec<f32>>, activation: Activation },
    Concat,
    DepthToSpace(DepthToSpace),
    Resize(Resize),
    Pad(Pad),
}

#[derive(Debug)]
struct ConvStep {
    method: Method,
    bias: Vec<f32>,
    activation: Activation,
    residual: Residual,
    picture: Option<Picture>,
}

#[derive(Debug)]
enum Method {
    Direct(Direct),
    Winograd(Winograd),
}

#[inline(always)]
fn lanes<S: Simd>(_: S) -> usize {
    S::f32s::LEN
}

impl Program {
    /// Compiles `graph`.
    ///
    /// # Errors
    /// Those of shape inference and lowering.
    pub fn new(level: Level, graph: &Graph, input: Shape) -> Result<Self> {
        let lowered = lower(graph, input)?;
        let lanes = dispatch!(level, simd => lanes(simd));
        Planner::new(&lowered, lanes).plan(level, &lowered)
    }

    /// Shape of the input.
    pub fn input_shape(&self) -> Shape {
        self.buffers[self.input].shape
    }

    /// Shape of the output.
    pub fn output_shape(&self) -> Shape {
        self.output_shape
    }

    /// Bytes of weights, activations and scratch.
    pub fn bytes(&self) -> u64 {
        let weights = |step: &Step| match &step.work {
            Work::Conv(conv) => match &conv.method {
                Method::Direct(direct) => direct.weights_len(),
                Method::Winograd(winograd) => winograd.weights_len(),
            },
            _ => 0,
        };
        let numbers = self.buffers.iter().map(Layout::numbers).chain(self.scratch).chain(self.steps.iter().map(weights));
        (numbers.sum::<usize>() * size_of::<f32>()) as u64
    }

    /// The buffers of one run.
    ///
    /// # Errors
    /// `Limits` where the memory cannot be had.
    pub fn memory(&self) -> Result<Memory> {
        let buffers: Result<_> = self.buffers.iter().map(|layout| try_vec(0.0, layout.numbers())).collect();
        let [tiles, products] = self.scratch;
        Ok(Memory { buffers: buffers?, scratch: [try_vec(0.0, tiles)?, try_vec(0.0, products)?] })
    }

    /// Runs one tile, CHW to CHW.
    ///
    /// # Errors
    /// `Limits` where the output cannot be had.
    pub fn run(&self, memory: &mut Memory, tile: &[f32]) -> Result<Vec<f32>> {
        let mut output = try_vec(0.0, self.output_shape.len())?;
        other::enter(tile, (&self.buffers[self.input], &mut memory.buffers[self.input]));
        for step in &self.steps {
            let mut target = std::mem::take(&mut memory.buffers[step.output]);
            dispatch!(self.level, simd => self.step(simd, step, memory, &mut target, &mut output));
            memory.buffers[step.output] = target;
        }
        if let Some(last) = self.output {
            other::leave((&self.buffers[last], &memory.buffers[last]), &mut output);
        }
        Ok(output)
    }

    #[inline(always)]
    fn step<S: Simd>(&self, simd: S, step: &Step, memory: &mut Memory, target: &mut [f32], output: &mut [f32]) {
        let Memory { buffers, scratch } = memory;
        let source = |operand: usize| (&self.buffers[step.inputs[operand]], buffers[step.inputs[operand]].as_slice());
        let layout = &self.buffers[step.output];
        match &step.work {
            Work::Conv(conv) => {
                let operand = match conv.residual {
                    Residual::None | Residual::Anchor(_) => Operand::Nothing,
                    Residual::Before => Operand::Before(source(1).1),
                    Residual::After => Operand::After(source(1).1),
                    Residual::Times => Operand::Times(source(1).1),
                    Residual::Gate => Operand::Gate(source(1).1, source(0).1),
                };
                let ending = Ending { activation: &conv.activation, operand };
                match &conv.method {
                    Method::Direct(direct) => direct.run(simd, source(0), (layout, target), &conv.bias, ending),
                    Method::Winograd(winograd) => {
                        let [tiles, products] = scratch;
                        winograd.run(simd, source(0), (layout, target), &conv.bias, ending, [tiles, products]);
                    }
                }
                if let Some(picture) = &conv.picture {
                    let anchor = matches!(conv.residual, Residual::Anchor(_)).then(|| source(1));
                    other::finish(picture, conv.residual, (layout, target), anchor, output);
                }
            }
            Work::Pointwise { arithmetic, constant, activation } => {
                let right = match constant {
                    Some(constant) => Right::Constant(constant),
                    None if step.inputs.len() > 1 => Right::Value(source(1)),
                    None => Right::Nothing,
                };
                other::pointwise(simd, *arithmetic, source(0), right, (layout, target), activation);
            }
            Work::Concat => {
                let operands: Vec<_> = (0..step.inputs.len()).map(source).collect();
                other::concat(&operands, (layout, target));
            }
            Work::DepthToSpace(shuffle) => other::depth_to_space(*shuffle, source(0), (layout, target)),
            Work::Resize(resize) => other::enlarge(*resize, source(0), (layout, target)),
            Work::Pad(pad) => other::pad(pad, source(0), (layout, target)),
        }
    }
}

/// Decides where values lie.
struct Planner {
    lanes: usize,
    /// Sizes of values, and the border that the convolutions reading values of that size need.
    borders: Vec<([usize; 2], usize)>,
    /// Whether the input's pixels may lie without filling.
    compact_input: bool,
    buffers: Vec<Layout>,
    /// Buffers that hold no value that is still read.
    free: Vec<usize>,
    /// The buffer of each value.
    places: Vec<Option<usize>>,
    scratch: [usize; 2],
}

impl Planner {
    fn new(lowered: &Lowered<'_>, lanes: usize) -> Self {
        let mut planner = Self {
            lanes,
            borders: Vec::new(),
            compact_input: true,
            buffers: Vec::new(),
            free: Vec::new(),
            places: vec![None; lowered.shapes.len()],
            scratch: [0; 2],
        };
        for stage in &lowered.stages {
            let conv = if let StageKind::Conv(conv) = &stage.kind { Some(conv) } else { None };
            for (operand, &id) in stage.inputs.iter().enumerate() {
                let anchor = matches!(conv.map(|c| c.residual), Some(Residual::Anchor(_)));
                if id == ValueId::INPUT && !(conv.is_some() && (operand == 0 || anchor)) {
                    planner.compact_input = false;
                }
            }
            if let Some(conv) = conv {
                let shape = lowered.shapes[stage.inputs[0].0];
                let needed = conv.conv.pads.into_iter().max().unwrap_or(0);
                let size = [shape.height, shape.width];
                match planner.borders.iter_mut().find(|(known, _)| *known == size) {
                    Some((_, border)) => *border = needed.max(*border),
                    None => planner.borders.push((size, needed)),
                }
            }
        }
        planner
    }

    fn layout(&self, shape: Shape, compact: bool) -> Layout {
        let size = [shape.height, shape.width];
        let border = self.borders.iter().find(|(known, _)| *known == size).map_or(0, |found| found.1);
        let stride = if compact { shape.channels } else { shape.channels.next_multiple_of(self.lanes) };
        Layout { shape, stride, border }
    }

    /// A free buffer of this layout, or a new one.
    fn allocate(&mut self, layout: Layout) -> usize {
        // Channels that only fill up a vector hold whatever the last value left there; every weight on them is zero.
        if let Some(position) = self.free.iter().position(|&buffer| self.buffers[buffer] == layout) {
            return self.free.swap_remove(position);
        }
        self.buffers.push(layout);
        self.buffers.len() - 1
    }

    fn plan(mut self, level: Level, lowered: &Lowered<'_>) -> Result<Program> {
        let mut last_read = vec![0; lowered.shapes.len()];
        for (index, stage) in lowered.stages.iter().enumerate() {
            for id in &stage.inputs {
                last_read[id.0] = index;
            }
        }
        last_read[lowered.output.0] = usize::MAX;
        let layout = self.layout(lowered.shapes[0], self.compact_input);
        let input = self.allocate(layout);
        self.places[0] = Some(input);
        let mut steps = Vec::new();
        let mut makes_picture = false;
        for (index, stage) in lowered.stages.iter().enumerate() {
            let step = self.step(stage, lowered)?;
            makes_picture = matches!(&step.work, Work::Conv(conv) if conv.picture.is_some());
            self.places[stage.output.0] = Some(step.output);
            steps.push(step);
            for id in &stage.inputs {
                if last_read[id.0] == index
                    && let Some(buffer) = self.places[id.0].take()
                {
                    self.free.push(buffer);
                }
            }
        }
        let output = if makes_picture { None } else { self.places[lowered.output.0] };
        if output.is_none() && !makes_picture {
            return Err(Error::model("The network's output is never computed", "Download the model again"));
        }
        Ok(Program { level, buffers: self.buffers, steps, input, output, output_shape: lowered.shapes[lowered.output.0], scratch: self.scratch })
    }

    fn step(&mut self, stage: &Stage<'_>, lowered: &Lowered<'_>) -> Result<Step> {
        let place = |id: &ValueId| {
            self.places[id.0].ok_or_else(|| Error::model("An operation reads a value that is not made before it", "Download the model again"))
        };
        let inputs = stage.inputs.iter().map(place).collect::<Result<Vec<_>>>()?;
        let shape = lowered.shapes[stage.output.0];
        let (work, output) = match &stage.kind {
            StageKind::Conv(fused) => {
                let from = self.buffers[inputs[0]];
                let made = shapes::convolved(fused.conv, from.shape)
                    .ok_or_else(|| Error::model("A convolution spans more than it is given", "Use a larger tile"))?;
                let to = self.layout(made, false);
                let output = self.allocate(to);
                (Work::Conv(Box::new(self.conv(fused, &from, &to))), output)
            }
            other => {
                let output = self.layout(shape, false);
                let output = self.allocate(output);
                let stride = self.buffers[output].stride;
                let work = match other {
                    StageKind::Pointwise { arithmetic, constant, activation } => Work::Pointwise {
                        arithmetic: *arithmetic,
                        constant: constant.map(|values| filled(values, shape.channels, stride)),
                        activation: self.activation(*activation, shape.channels),
                    },
                    StageKind::DepthToSpace(shuffle) => Work::DepthToSpace(*shuffle),
                    StageKind::Resize(resize) => Work::Resize(*resize),
                    StageKind::Pad(pad) => Work::Pad(*pad),
                    StageKind::Concat | StageKind::Conv(_) => Work::Concat,
                };
                (work, output)
            }
        };
        Ok(Step { work, inputs, output })
    }

    fn conv(&mut self, fused: &ConvStage<'_>, from: &Layout, to: &Layout) -> ConvStep {
        let method = if Winograd::fits(fused.conv, from, to, self.lanes) {
            let needed = Winograd::scratch(from, to);
            self.scratch = [self.scratch[0].max(needed[0]), self.scratch[1].max(needed[1])];
            Method::Winograd(Winograd::new(fused.conv, &fused.gain, from, self.lanes))
        } else {
            Method::Direct(Direct::new(fused.conv, &fused.gain, from, self.lanes))
        };
        ConvStep {
            method,
            bias: filled(&fused.bias, fused.conv.out_channels, to.stride),
            activation: self.activation(fused.activation, fused.conv.out_channels),
            residual: fused.residual,
            picture: fused.picture,
        }
    }

    fn activation(&self, activation: Option<&graph::Activation>, channels: usize) -> Activation {
        let slopes = |values: &[f32]| Activation::Leaky(filled(values, channels, channels.next_multiple_of(self.lanes)));
        match activation {
            None => Activation::Identity,
            Some(graph::Activation::Relu) => Activation::Relu,
            Some(graph::Activation::LeakyRelu(slope)) => slopes(&[*slope]),
            Some(graph::Activation::PRelu(values)) => slopes(values),
            Some(graph::Activation::Clip { low, high }) => Activation::Clip([*low, *high]),
            Some(graph::Activation::Sigmoid) => Activation::Sigmoid,
        }
    }
}

#[cfg(test)]
impl Program {
    /// The kinds of work that `graph` is, where a vector has `lanes` numbers: one for each path through the kernels.
    ///
    /// # Errors
    /// As [`Program::new`].
    pub fn kinds(graph: &Graph, input: Shape, lanes: usize) -> Result<std::collections::BTreeSet<String>> {
        let lowered = lower(graph, input)?;
        let program = Planner::new(&lowered, lanes).plan(Level::new(), &lowered)?;
        let activation = |activation: &Activation| format!("activation {:?}", std::mem::discriminant(activation));
        let mut kinds = std::collections::BTreeSet::new();
        for step in &program.steps {
            match &step.work {
                Work::Conv(conv) => {
                    match &conv.method {
                        Method::Direct(direct) => kinds.extend(direct.kinds()),
                        Method::Winograd(winograd) => drop(kinds.insert(winograd.kind())),
                    }
                    kinds.insert(activation(&conv.activation));
                    kinds.insert(format!("residual {:?}", conv.residual));
                    if let Some(Picture { shuffle, anchor_scale, limits }) = conv.picture {
                        let anchored = matches!(conv.residual, Residual::Anchor(_));
                        let (alike, limited) = (anchored && anchor_scale == shuffle.block, limits != [f32::MIN, f32::MAX]);
                        kinds.insert(format!("picture, {:?}, anchor {anchored}, of the shuffle's scale {alike}, limits {limited}", shuffle.order));
                    }
                }
                Work::Pointwise { arithmetic, constant, activation: function } => {
                    kinds.insert(format!("pointwise {arithmetic:?}, constant {}", constant.is_some()));
                    kinds.insert(activation(function));
                }
                Work::Concat => drop(kinds.insert("concat".into())),
                Work::DepthToSpace(shuffle) => drop(kinds.insert(format!("{shuffle:?}"))),
                Work::Resize(resize) => drop(kinds.insert(format!("resize {:?}", resize.mode))),
                Work::Pad(pad) => drop(kinds.insert(format!("pad {:?}", std::mem::discriminant(&pad.mode)))),
            }
        }
        if program.output.is_some() {
            kinds.insert("a result that is no picture".into());
        }
        Ok(kinds)
    }
}

/// One number for all channels, or one for each, filled up with zeros to `length`.
fn filled(values: &[f32], channels: usize, length: usize) -> Vec<f32> {
    let mut result: Vec<f32> = if values.len() == 1 { vec![values[0]; channels] } else { values.to_vec() };
    result.resize(length, 0.0);
    result
}
