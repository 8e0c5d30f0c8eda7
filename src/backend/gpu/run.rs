//! A prepared network: buffers and bind groups on the device, and the run of a tile.

use std::cell::RefCell;
use std::rc::Rc;

use super::device::{Gpu, describe};
use super::program::{Place, Program, Range, Step};
use super::readback::Mapping;
use crate::backend::{LocalFuture, Session, Tensor};
use crate::error::{Error, Result};
use crate::model::graph::Shape;

/// A step with its objects on the device.
struct Ready {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 3],
    submit_before: bool,
}

/// A network on the device, for one shape of input.
pub(super) struct GpuSession {
    gpu: Rc<Gpu>,
    steps: Vec<Ready>,
    input: wgpu::Buffer,
    output: wgpu::Buffer,
    /// Read-back buffers that no tile uses: each tile in flight has its own. All else is shared,
    /// because the queue runs one tile after the other.
    staging: RefCell<Vec<wgpu::Buffer>>,
    input_shape: Shape,
    output_shape: Shape,
}

impl GpuSession {
    /// Creates everything that `program` needs.
    ///
    /// # Errors
    /// `Limits` where the device's memory is too small; `Device` for the rest.
    pub(super) async fn create(gpu: Rc<Gpu>, program: &Program) -> Result<Self> {
        let mark = gpu.faults.mark();
        let internal = gpu.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let session = Self::build(gpu.clone(), program);
        let out_of_memory = memory.pop().await;
        let broken = [validation.pop().await, internal.pop().await];
        gpu.faults.check(mark)?;
        if out_of_memory.is_some() {
            return Err(Error::limits(
                format!("{} has not the {} MiB of memory that this tile needs", gpu.name, program.plan.total() >> 20),
                "Use a smaller tile, or close other programs that use the GPU",
            ));
        }
        if let Some(error) = broken.into_iter().flatten().next() {
            gpu.forget_pipelines();
            return Err(Error::device(format!("The GPU cannot run this network: {}", describe(&error)), "Use the CPU, and report this error"));
        }
        Ok(session)
    }

    fn build(gpu: Rc<Gpu>, program: &Program) -> Self {
        use wgpu::BufferUsages as Usage;
        let buffer =
            |size: u64, usage: Usage| gpu.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
        let plan = &program.plan;
        let input = buffer(plan.input_bytes, Usage::STORAGE | Usage::COPY_DST);
        let output = buffer(plan.output_bytes, Usage::STORAGE | Usage::COPY_SRC);
        let activations: Vec<_> = plan.buffers.iter().map(|&bytes| buffer(bytes, Usage::STORAGE)).collect();
        let constants = buffer(program.constants.len() as u64, Usage::STORAGE | Usage::UNIFORM | Usage::COPY_DST);
        gpu.queue.write_buffer(&constants, 0, &program.constants);

        let whole = |place: Place| match place {
            Place::Input => input.as_entire_binding(),
            Place::Output => output.as_entire_binding(),
            Place::Activation(index) => activations[index].as_entire_binding(),
        };
        let part = |range: Range| {
            wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &constants, offset: range.offset, size: wgpu::BufferSize::new(range.size) })
        };
        let ready = |step: &Step| {
            let resources = [part(step.params), whole(step.src), whole(step.dst), whole(step.other), part(step.weights), part(step.channel)];
            let mut binding = 0;
            let entries = resources.map(|resource| {
                binding += 1;
                wgpu::BindGroupEntry { binding: binding - 1, resource }
            });
            let layout = gpu.bind_group_layout(step.variant);
            Ready {
                pipeline: gpu.pipeline(step.variant),
                bindings: gpu.device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries }),
                groups: step.groups,
                submit_before: step.submit_before,
            }
        };
        let steps = program.steps.iter().map(ready).collect();
        Self { steps, input, output, staging: RefCell::default(), input_shape: program.input, output_shape: program.output, gpu }
    }

    /// Submits the work on a tile and starts to map its result.
    fn start(&self, tile: &Tensor) -> Result<Pending<'_>> {
        if tile.shape != self.input_shape || tile.data.len() != tile.shape.len() {
            return Err(Error::parameter(
                format!("The session takes tiles of {:?} and was given {:?}", self.input_shape, tile.shape),
                "Prepare the network for this shape",
            ));
        }
        let mark = self.gpu.faults.mark();
        self.gpu.faults.check(mark)?;
        self.gpu.queue.write_buffer(&self.input, 0, bytemuck::cast_slice(&tile.data));
        let staging = self.staging.borrow_mut().pop().unwrap_or_else(|| {
            self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: self.output.size(),
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        let mut rest = &self.steps[..];
        while let Some(next) = rest.iter().skip(1).position(|step| step.submit_before) {
            let (now, later) = rest.split_at(next + 1);
            let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encode(&mut encoder, now);
            self.gpu.queue.submit([encoder.finish()]);
            rest = later;
        }
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encode(&mut encoder, rest);
        encoder.copy_buffer_to_buffer(&self.output, 0, &staging, 0, self.output.size());
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let mapping = Mapping::start(&self.gpu.device, &staging, submission);
        Ok(Pending { mapping, staging, mark })
    }

    async fn finish(&self, pending: Pending<'_>) -> Result<Tensor> {
        let Pending { mapping, staging, mark } = pending;
        let mapped = mapping.await;
        self.gpu.faults.check(mark)?;
        let unreadable = || Error::device("The GPU's result cannot be read back", "Start again; if it happens again, use a smaller tile or the CPU");
        if !mapped {
            return Err(unreadable());
        }
        let data = {
            let bytes = staging.get_mapped_range(..).map_err(|_| unreadable())?;
            bytemuck::pod_collect_to_vec(&bytes)
        };
        staging.unmap();
        self.staging.borrow_mut().push(staging);
        Tensor::new(self.output_shape, data)
    }
}

/// A tile on its way.
struct Pending<'a> {
    mapping: Mapping<'a>,
    staging: wgpu::Buffer,
    mark: u64,
}

fn encode(encoder: &mut wgpu::CommandEncoder, steps: &[Ready]) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    for step in steps {
        let [x, y, z] = step.groups;
        pass.set_pipeline(&step.pipeline);
        pass.set_bind_group(0, &step.bindings, &[]);
        pass.dispatch_workgroups(x, y, z);
    }
}

impl Session for GpuSession {
    fn input_shape(&self) -> Shape {
        self.input_shape
    }

    fn output_shape(&self) -> Shape {
        self.output_shape
    }

    /// The work is submitted at once; the future only waits for it.
    fn run<'a>(&'a self, tile: &'a Tensor) -> LocalFuture<'a, Result<Tensor>> {
        let started = self.start(tile);
        Box::pin(async move { self.finish(started?).await })
    }
}

#[cfg(test)]
mod tests {
    use super::super::device::Options;
    use super::super::memory::plan;
    use super::super::program::assemble;
    use super::*;
    use crate::backend::lower::lower;
    use crate::model::graph::{Activation, Graph, Node, Op, ValueId};

    fn open() -> Rc<Gpu> {
        let options = Options { allow_software: true, adapter: None };
        Rc::new(pollster::block_on(Gpu::open(&options)).expect("these tests need a GPU or a software one"))
    }

    fn program() -> Program {
        let relu = Node { name: "relu".into(), op: Op::Activation(Activation::Relu), inputs: vec![ValueId::INPUT] };
        let graph = Graph { input_channels: 1, nodes: vec![relu], output: ValueId(1) };
        let lowered = lower(&graph, Shape::new(1, 4, 4)).expect("lowers");
        let plan = plan(&lowered);
        assemble(&lowered, plan)
    }

    fn session(gpu: &Rc<Gpu>) -> GpuSession {
        pollster::block_on(GpuSession::create(gpu.clone(), &program())).expect("prepares")
    }

    /// What no error scope catches: a usage that contradicts itself.
    fn make_a_mistake(gpu: &Gpu) {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::STORAGE;
        let _broken = gpu.device.create_buffer(&wgpu::BufferDescriptor { label: None, size: 16, usage, mapped_at_creation: false });
    }

    #[test]
    fn an_uncaptured_error_fails_the_tile_in_flight_and_no_other() {
        let gpu = open();
        let session = session(&gpu);
        let tile = Tensor::zeros(session.input_shape());
        let before = session.run(&tile);
        make_a_mistake(&gpu);
        let Err(Error::Device(fault)) = pollster::block_on(before) else { panic!("the error was lost") };
        assert!(fault.what.contains("The GPU reported an error") && fault.what.len() > 40, "{fault}");
        assert_eq!(pollster::block_on(session.run(&tile)), Ok(tile.clone()));
    }

    #[test]
    fn an_error_while_preparing_is_reported() {
        let gpu = open();
        let mut program = program();
        // A binding that starts where none may.
        program.steps[0].params.offset += 4;
        let result = pollster::block_on(GpuSession::create(gpu.clone(), &program)).map(|_| ());
        let Err(Error::Device(fault)) = result else { panic!("the error was lost: {result:?}") };
        assert!(fault.what.contains("cannot run this network"), "{fault}");
        assert!(pollster::block_on(session(&gpu).run(&Tensor::zeros(Shape::new(1, 4, 4)))).is_ok(), "the device still works");
    }

    #[test]
    fn a_lost_device_is_reported_by_every_later_tile() {
        let gpu = open();
        let session = session(&gpu);
        gpu.device.destroy();
        for _ in 0..2 {
            let tile = Tensor::zeros(session.input_shape());
            let result = pollster::block_on(session.run(&tile));
            assert!(matches!(result, Err(Error::Device(_))), "{result:?}");
        }
    }
}
