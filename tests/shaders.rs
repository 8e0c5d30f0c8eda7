//! Every kernel and variant is valid WGSL for a browser, and the parameters lie where Rust puts them.
#![cfg(feature = "gpu")]

use std::mem::{offset_of, size_of};

use inlarge::backend::gpu::kernels::{ActivationKind, ConvVariant, PadKind, Params, Target, Variant, View, WeightSpace};
use inlarge::backend::lower::{Arithmetic, Residual};
use inlarge::model::graph::{DepthOrder, ResizeMode};
use naga::valid::{Capabilities, ValidationFlags, Validator};

const ACTIVATIONS: [ActivationKind; 3] = [ActivationKind::Slope, ActivationKind::Clip, ActivationKind::Sigmoid];
const RESIZES: [ResizeMode; 3] = [ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::LinearAsymmetric];
const ORDERS: [DepthOrder; 2] = [DepthOrder::Crd, DepthOrder::Dcr];

fn variants() -> Vec<Variant> {
    let mut variants = vec![Variant::Pack, Variant::Unpack, Variant::Concat];
    variants.extend(ORDERS.map(Variant::DepthToSpace));
    variants.extend(RESIZES.map(Variant::Resize));
    variants.extend([PadKind::Constant, PadKind::Edge, PadKind::Reflect].map(Variant::Pad));
    for arithmetic in [Arithmetic::None, Arithmetic::Add, Arithmetic::Sub, Arithmetic::SubFrom, Arithmetic::Mul] {
        for value in [false, true] {
            variants.extend(ACTIVATIONS.map(|activation| Variant::Pointwise { arithmetic, value, activation }));
        }
    }
    let mut residuals = vec![Residual::None, Residual::Before, Residual::After, Residual::Times, Residual::Gate];
    residuals.extend(RESIZES.map(Residual::Anchor));
    for direct in [false, true] {
        for kernel in [[1, 1], [3, 3], [5, 5], [2, 7]] {
            for weights in [WeightSpace::Uniform(1024), WeightSpace::Storage] {
                for activation in ACTIVATIONS {
                    for &residual in &residuals {
                        for target in [Target::Planes, Target::Picture(DepthOrder::Crd), Target::Picture(DepthOrder::Dcr)] {
                            if matches!((residual, target), (Residual::Anchor(_), Target::Planes)) {
                                continue;
                            }
                            variants.push(Variant::Conv(ConvVariant { direct, kernel, weights, activation, residual, target }));
                        }
                    }
                }
            }
        }
    }
    variants
}

/// Parses and validates as a browser without any extra feature would.
fn validate(source: &str) -> Result<naga::Module, String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module).map_err(|e| e.emit_to_string(source))?;
    Ok(module)
}

/// Names and offsets of a struct's members, and its size.
fn layout(module: &naga::Module, name: &str) -> (Vec<(String, u32)>, u32) {
    let (_, found) = module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).expect("the struct is declared");
    let naga::TypeInner::Struct { members, span } = &found.inner else { panic!("{name} is a struct") };
    (members.iter().map(|m| (m.name.clone().expect("members have names"), m.offset)).collect(), *span)
}

macro_rules! fields {
    ($type:ty: $($field:ident)*) => { vec![$((stringify!($field).to_owned(), offset_of!($type, $field) as u32)),*] };
}

fn rust_params() -> Vec<(String, u32)> {
    fields!(Params: src dst other origin_x origin_y origin_block first_weight read_blocks group_in group_out pad_top pad_left stride_y
        stride_x dilation_y dilation_x shuffle scale first_channel low high fill spare)
}

#[test]
fn every_variant_is_valid_in_a_browser() {
    let variants = variants();
    println!("{} variants", variants.len());
    for variant in variants {
        if let Err(error) = validate(&variant.source()) {
            panic!("{variant:?}\n{error}");
        }
    }
}

#[test]
fn a_broken_shader_is_found() {
    let good = Variant::Pack.source();
    assert!(validate(&good).is_ok());
    let unparsable = good.replace("fn main(", "fn main((");
    assert!(validate(&unparsable).is_err());
    let wrong_type = good.replace("var v = vec4<elem>();", "var v = vec3<elem>();");
    assert_ne!(wrong_type, good);
    assert!(validate(&wrong_type).is_err());
    let beyond_a_browser = good.replace("alias elem = f32;", "enable f16; alias elem = f16;");
    assert!(validate(&beyond_a_browser).is_err());
}

#[test]
fn parameters_lie_where_rust_puts_them() {
    for variant in variants() {
        let module = validate(&variant.source()).expect("valid");
        let (members, span) = layout(&module, "Params");
        assert_eq!(members, rust_params(), "{variant:?}");
        assert_eq!(span as usize, size_of::<Params>());
        let (members, span) = layout(&module, "View");
        assert_eq!(members, fields!(View: offset row plane width height channels blocks spare));
        assert_eq!(span as usize, size_of::<View>());
    }
}

#[test]
fn a_wrong_layout_is_found() {
    let source = Variant::Pack.source();
    for (what, changed) in [
        ("two fields swapped", source.replace("    pad_top: u32,\n    pad_left: u32,", "    pad_left: u32,\n    pad_top: u32,")),
        ("a field too many", source.replace("    low: f32,", "    lower: f32,\n    low: f32,")),
        ("another alignment", source.replace("    scale: u32,", "    @align(16) scale: u32,")),
    ] {
        assert_ne!(changed, source, "{what}");
        let module = validate(&changed).expect("valid all the same");
        assert_ne!(layout(&module, "Params").0, rust_params(), "{what}");
    }
}
