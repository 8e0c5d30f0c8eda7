//! The attributes of a node, and the errors that name it.

use super::proto::{self, Node as OnnxNode};
use super::tensor::{Constant, Values};
use crate::error::{Error, Result};

pub(super) fn four_pads(node: &OnnxNode, pads: Option<&[i64]>) -> Result<[usize; 4]> {
    match pads {
        None => Ok([0; 4]),
        Some(&[a, b, c, d]) if [a, b, c, d].iter().all(|p| (0..=1024).contains(p)) => Ok([a as usize, b as usize, c as usize, d as usize]),
        Some(other) => Err(unsupported(node, &format!("pads by {other:?}; four numbers from 0 to 1024 are supported"))),
    }
}

pub(super) fn constant_attribute(node: &OnnxNode) -> Result<Constant> {
    if let Some(tensor) = node.attribute.iter().find_map(|a| a.t.as_ref()) {
        return Constant::read(tensor);
    }
    let scalar = |values| Ok(Constant { dims: vec![], values });
    match (float(node, "value_float"), int(node, "value_int"), floats(node, "value_floats"), ints(node, "value_ints")) {
        (Some(f), ..) => scalar(Values::Float(vec![f])),
        (_, Some(i), ..) => scalar(Values::Int(vec![i])),
        (_, _, Some(v), _) => Ok(Constant { dims: vec![v.len()], values: Values::Float(v) }),
        (.., Some(v)) => Ok(Constant { dims: vec![v.len()], values: Values::Int(v) }),
        _ => Err(unsupported(node, "holds no number")),
    }
}

fn attribute<'n>(node: &'n OnnxNode, name: &str) -> Option<&'n proto::Attribute> {
    node.attribute.iter().find(|a| a.name.as_deref() == Some(name))
}

pub(super) fn int(node: &OnnxNode, name: &str) -> Option<i64> {
    attribute(node, name).and_then(|a| a.i)
}

pub(super) fn float(node: &OnnxNode, name: &str) -> Option<f32> {
    attribute(node, name).and_then(|a| a.f)
}

pub(super) fn ints(node: &OnnxNode, name: &str) -> Option<Vec<i64>> {
    attribute(node, name).map(|a| a.ints.clone())
}

pub(super) fn floats(node: &OnnxNode, name: &str) -> Option<Vec<f32>> {
    attribute(node, name).map(|a| a.floats.clone())
}

pub(super) fn string(node: &OnnxNode, name: &str) -> Option<String> {
    attribute(node, name).and_then(|a| a.s.as_ref()).map(|s| String::from_utf8_lossy(s).into_owned())
}

fn label(node: &OnnxNode) -> String {
    let kind = node.op_type.as_deref().unwrap_or("?");
    let domain = node.domain.as_deref().filter(|d| !d.is_empty()).map(|d| format!("{d}.")).unwrap_or_default();
    let name = node.name.as_deref().filter(|n| !n.is_empty()).or(node.output.first().map(String::as_str)).unwrap_or("unnamed");
    format!("the operation {domain}{kind} (node \"{name}\")")
}

pub(super) fn unsupported(node: &OnnxNode, what: &str) -> Error {
    Error::unsupported(format!("In this model {} {what}", label(node)), "Use the tract engine, which covers more operations, or another model")
}

pub(super) fn damaged(node: &OnnxNode, what: &str) -> Error {
    Error::model(format!("The model file is damaged: in {}, {what}", label(node)), "Download it again")
}

pub(super) fn missing(name: &str) -> Error {
    Error::model(format!("The model file is damaged: the value \"{name}\" is used but never made"), "Download it again")
}
