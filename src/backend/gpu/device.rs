//! The adapter, the device, its limits and its faults.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::kernels::Variant;
use super::memory::Plan;
use super::program::Program;
use crate::backend::software_refused;
use crate::error::{Error, Result};
use crate::model::graph::Shape;

/// Which adapter to use.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether a CPU that pretends to be a GPU will do: it is slower than the CPU engines.
    pub allow_software: bool,
    /// Part of the adapter's name, upper or lower case; natively only. By default the fastest.
    pub adapter: Option<String>,
}

/// An adapter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterDescription {
    /// Name as the driver gives it.
    pub name: String,
    /// The graphics interface: `Vulkan`, `Metal`, `Dx12`.
    pub backend: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software` or `other`.
    pub device_type: String,
    /// Driver and version.
    pub driver: String,
}

/// What went wrong outside of a call.
#[derive(Debug, Default)]
struct FaultState {
    /// Number of faults so far.
    count: u64,
    /// Text of the last one.
    last: String,
    /// Why the device was lost, once it is.
    lost: Option<String>,
}

/// The errors that a device reports on its own: the default is a panic.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<FaultState>>);

impl Faults {
    fn with<T>(&self, f: impl FnOnce(&mut FaultState) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn report(&self, text: String) {
        self.with(|state| {
            state.count += 1;
            state.last = text;
        });
    }

    /// Number of faults so far, to hold against [`Faults::check`] later.
    pub(super) fn mark(&self) -> u64 {
        self.with(|state| state.count)
    }

    /// # Errors
    /// `Device` where the device is lost or reported a fault since `mark`: work done meanwhile
    /// cannot be trusted.
    pub(super) fn check(&self, mark: u64) -> Result<()> {
        self.with(|state| match &state.lost {
            Some(reason) => {
                Err(Error::device(format!("The GPU was lost: {reason}"), "Start again; if it happens again, use a smaller tile or the CPU"))
            }
            None if state.count != mark => {
                Err(Error::device(format!("The GPU reported an error: {}", state.last), "Use the CPU, and report this error"))
            }
            None => Ok(()),
        })
    }
}

/// An open device with its pipelines.
pub(super) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) faults: Faults,
    pub(super) name: String,
    pub(super) software: bool,
    /// Layouts with the weights as a uniform, and in a storage buffer.
    layouts: [(wgpu::BindGroupLayout, wgpu::PipelineLayout); 2],
    pipelines: RefCell<HashMap<Variant, wgpu::ComputePipeline>>,
}

impl Gpu {
    pub(super) async fn open(options: &Options) -> Result<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = find_adapter(&instance, options).await?;
        let offered = adapter.limits();
        let limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..Default::default()
        };
        let descriptor = wgpu::DeviceDescriptor { label: Some("inlarge"), required_limits: limits, ..Default::default() };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|e| Error::device(format!("The GPU cannot be opened: {e}"), "Update its driver, or use the CPU"))?;
        let faults = Faults::default();
        let reporter = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| reporter.report(describe(&error))));
        let reporter = faults.clone();
        device.set_device_lost_callback(move |_, text| reporter.with(|state| state.lost = Some(text)));
        let info = adapter.get_info();
        let name = adapter_name(&info, &device);
        let software = is_software(&info, &name);
        if software && !options.allow_software {
            return Err(software_refused(&name));
        }
        let layouts =
            [wgpu::BufferBindingType::Uniform, wgpu::BufferBindingType::Storage { read_only: true }].map(|weights| layout(&device, weights));
        Ok(Self { device, queue, faults, name, software, layouts, pipelines: RefCell::default() })
    }

    /// The largest buffer that a kernel can be given, in bytes.
    pub(super) fn max_buffer_bytes(&self) -> u64 {
        let limits = self.device.limits();
        // Kernels count elements in 32 bits.
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size).min(u64::from(u32::MAX))
    }

    /// # Errors
    /// `Limits` with the size and the remedy where a tile needs a buffer that the device does not have.
    pub(super) fn check_tile(&self, plan: &Plan, input: Shape) -> Result<()> {
        let most = self.max_buffer_bytes();
        let needed = plan.largest();
        if needed <= most {
            return Ok(());
        }
        let Shape { width, height, .. } = input;
        let (needed, most) = (needed >> 20, most >> 20);
        Err(Error::limits(
            format!("A tile of {width} x {height} pixels needs a GPU buffer of {needed} MiB; {} allows {most} MiB", self.name),
            "Use a smaller tile",
        ))
    }

    /// # Errors
    /// `Limits` where the weights need a buffer that the device does not have.
    pub(super) fn check_weights(&self, program: &Program) -> Result<()> {
        let limits = self.device.limits();
        let bytes = program.constants.len() as u64;
        if bytes <= limits.max_buffer_size && program.largest_constant <= limits.max_storage_buffer_binding_size {
            return Ok(());
        }
        Err(Error::limits(
            format!("The model's weights take {} MiB, more than {} allows in a buffer", bytes >> 20, self.name),
            "Use the CPU, or a smaller model",
        ))
    }

    fn layout_of(&self, variant: Variant) -> &(wgpu::BindGroupLayout, wgpu::PipelineLayout) {
        &self.layouts[usize::from(!variant.uniform_weights())]
    }

    /// The layout of a kernel's bindings.
    pub(super) fn bind_group_layout(&self, variant: Variant) -> &wgpu::BindGroupLayout {
        &self.layout_of(variant).0
    }

    /// The pipeline of a kernel, compiled at its first use.
    pub(super) fn pipeline(&self, variant: Variant) -> wgpu::ComputePipeline {
        let mut pipelines = self.pipelines.borrow_mut();
        let pipeline = pipelines.entry(variant).or_insert_with(|| {
            let module = self
                .device
                .create_shader_module(wgpu::ShaderModuleDescriptor { label: None, source: wgpu::ShaderSource::Wgsl(variant.source().into()) });
            self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: Some(&self.layout_of(variant).1),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        });
        pipeline.clone()
    }

    /// Forgets all pipelines: some may be broken after an error.
    pub(super) fn forget_pipelines(&self) {
        self.pipelines.borrow_mut().clear();
    }
}

/// The text of an error, without wgpu's layers of context.
pub(super) fn describe(error: &wgpu::Error) -> String {
    match error {
        wgpu::Error::OutOfMemory { .. } => "out of memory".into(),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => description.clone(),
    }
}

fn layout(device: &wgpu::Device, weights: wgpu::BufferBindingType) -> (wgpu::BindGroupLayout, wgpu::PipelineLayout) {
    use wgpu::BufferBindingType::{Storage, Uniform};
    let read = Storage { read_only: true };
    let types = [Uniform, read, Storage { read_only: false }, read, weights, read];
    let entries: [wgpu::BindGroupLayoutEntry; 6] = std::array::from_fn(|binding| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty: types[binding], has_dynamic_offset: false, min_binding_size: None },
        count: None,
    });
    let group = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
    let pipeline =
        device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor { label: None, bind_group_layouts: &[Some(&group)], immediate_size: 0 });
    (group, pipeline)
}

async fn find_adapter(instance: &wgpu::Instance, options: &Options) -> Result<wgpu::Adapter> {
    #[cfg(not(target_arch = "wasm32"))]
    if let Some(wanted) = &options.adapter {
        let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        let names: Vec<_> = adapters.iter().map(|a| a.get_info().name).collect();
        let found = adapters.into_iter().find(|a| a.get_info().name.to_lowercase().contains(&wanted.to_lowercase()));
        return found.ok_or_else(|| {
            Error::device(
                format!("No adapter is called \"{wanted}\"; there are: {}", names.join(", ")),
                "Choose one of these, or none for the fastest",
            )
        });
    }
    #[cfg(target_arch = "wasm32")]
    let _ = options;
    let request = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    instance.request_adapter(&request).await.map_err(|_| {
        if cfg!(target_arch = "wasm32") {
            Error::device("This browser offers no WebGPU adapter", "Switch WebGPU or hardware acceleration on in its settings, or use the CPU")
        } else {
            Error::device(
                "No GPU was found",
                "Install its Vulkan driver (for a software one on Debian: apt install mesa-vulkan-drivers), or use the CPU",
            )
        }
    })
}

/// All adapters of this machine.
#[cfg(not(target_arch = "wasm32"))]
pub(super) async fn adapters() -> Vec<AdapterDescription> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
    let describe = |adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        AdapterDescription {
            device_type: match info.device_type {
                _ if is_software(&info, &info.name) => "software",
                wgpu::DeviceType::DiscreteGpu => "discrete GPU",
                wgpu::DeviceType::IntegratedGpu => "integrated GPU",
                wgpu::DeviceType::VirtualGpu => "virtual GPU",
                _ => "other",
            }
            .into(),
            backend: format!("{:?}", info.backend),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            name: info.name,
        }
    };
    adapters.iter().map(describe).collect()
}

#[cfg(not(target_arch = "wasm32"))]
fn adapter_name(info: &wgpu::AdapterInfo, _: &wgpu::Device) -> String {
    format!("{} ({:?})", info.name, info.backend)
}

/// Browsers leave the description empty, but tell vendor and architecture.
#[cfg(target_arch = "wasm32")]
fn adapter_name(info: &wgpu::AdapterInfo, device: &wgpu::Device) -> String {
    let mut words = info.name.clone();
    if let Some(known) = device.as_webgpu().map(wgpu::webgpu::GpuDevice::adapter_info)
        // An older browser has no such property.
        && !known.is_undefined()
        && words.is_empty()
    {
        words = [known.vendor(), known.architecture()].join(" ");
    }
    let words = words.trim();
    if words.is_empty() { "WebGPU adapter".into() } else { [words, " (WebGPU)"].concat() }
}

fn is_software(info: &wgpu::AdapterInfo, name: &str) -> bool {
    let name = name.to_lowercase();
    info.device_type == wgpu::DeviceType::Cpu
        || ["swiftshader", "llvmpipe", "lavapipe", "basic render"].iter().any(|software| name.contains(software))
}
