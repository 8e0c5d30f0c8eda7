//! Constant tensors of a file: weights, scales, shapes.

use super::proto::{Tensor, data_type};
use crate::error::{Error, Result};
use crate::model::graph::BinaryOp;

/// A constant with its dimensions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    pub(super) dims: Vec<usize>,
    pub(super) values: Values,
}

/// The values of a constant, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Float(Vec<f32>),
    Int(Vec<i64>),
}

impl Constant {
    /// Reads a `TensorProto`.
    ///
    /// # Errors
    /// `Model` where the data are missing, outside of the file, or not as many as the dimensions
    /// say; `Unsupported` for another type than float, f16, bf16, double, int32, int64.
    pub(super) fn read(tensor: &Tensor) -> Result<Self> {
        let name = tensor.name.as_deref().unwrap_or("unnamed");
        if tensor.data_location.unwrap_or(0) != 0 {
            return Err(Error::unsupported(format!("The weights of \"{name}\" lie in a file beside the model"), "Save the model as one ONNX file"));
        }
        let dims: Vec<usize> =
            tensor.dims.iter().map(|&d| usize::try_from(d).map_err(|_| damaged(name, "has a negative dimension"))).collect::<Result<_>>()?;
        let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).ok_or_else(|| damaged(name, "claims more values than can exist"))?;
        let values = match tensor.data_type.unwrap_or(0) {
            data_type::FLOAT => Values::Float(match &tensor.raw_data {
                Some(raw) => raw_values(raw, f32::from_le_bytes),
                None => tensor.float_data.clone(),
            }),
            data_type::DOUBLE => Values::Float(match &tensor.raw_data {
                Some(raw) => raw_values(raw, |b| f64::from_le_bytes(b) as f32),
                None => tensor.double_data.iter().map(|&v| v as f32).collect(),
            }),
            data_type::FLOAT16 => Values::Float(match &tensor.raw_data {
                Some(raw) => raw_values(raw, |b| f16_to_f32(u16::from_le_bytes(b))),
                None => tensor.int32_data.iter().map(|&v| f16_to_f32(v as u16)).collect(),
            }),
            data_type::BFLOAT16 => Values::Float(match &tensor.raw_data {
                Some(raw) => raw_values(raw, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
                None => tensor.int32_data.iter().map(|&v| f32::from_bits((v as u32) << 16)).collect(),
            }),
            data_type::INT64 => Values::Int(match &tensor.raw_data {
                Some(raw) => raw_values(raw, i64::from_le_bytes),
                None => tensor.int64_data.clone(),
            }),
            data_type::INT32 => Values::Int(match &tensor.raw_data {
                Some(raw) => raw_values(raw, |b| i64::from(i32::from_le_bytes(b))),
                None => tensor.int32_data.iter().map(|&v| i64::from(v)).collect(),
            }),
            other => {
                return Err(Error::unsupported(
                    format!("The constant \"{name}\" has the ONNX data type {other}; floats and whole numbers are supported"),
                    "Export the model in 32-bit floats",
                ));
            }
        };
        let have = match &values {
            Values::Float(v) => v.len(),
            Values::Int(v) => v.len(),
        };
        if have != count {
            return Err(damaged(name, &format!("has {have} values where its dimensions ask for {count}")));
        }
        Ok(Self { dims, values })
    }

    /// The values as floats.
    pub(super) fn floats(&self) -> Vec<f32> {
        match &self.values {
            Values::Float(v) => v.clone(),
            Values::Int(v) => v.iter().map(|&i| i as f32).collect(),
        }
    }

    /// The values as whole numbers; fractions are cut off.
    pub(super) fn ints(&self) -> Vec<i64> {
        match &self.values {
            Values::Float(v) => v.iter().map(|&f| f as i64).collect(),
            Values::Int(v) => v.clone(),
        }
    }
}

fn damaged(name: &str, what: &str) -> Error {
    Error::model(format!("The model file is damaged: \"{name}\" {what}"), "Download it again")
}

fn raw_values<T, const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    raw.chunks(N).filter_map(|chunk| chunk.try_into().ok()).map(read).collect()
}

/// IEEE 754 binary16 to binary32, exact.
fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits & 0x3ff);
    match (exponent, fraction) {
        (0, f) => {
            // 2^-24 is the weight of the lowest bit of a subnormal.
            let magnitude = f as f32 * 2.0f32.powi(-24);
            f32::from_bits(sign | magnitude.to_bits())
        }
        (0x1f, f) => f32::from_bits(sign | 0x7f80_0000 | (f << 13)),
        (e, f) => f32::from_bits(sign | ((e + 112) << 23) | (f << 13)),
    }
}

/// A constant that is one number, or one per channel: `[C, 1, 1]`, `[1, C, 1, 1]`.
///
/// A plain vector `[C]` broadcasts along the width, not the channels, unless it holds one number.
pub(super) fn per_channel(constant: &Constant) -> Option<Vec<f32>> {
    let values = constant.floats();
    let channels = match constant.dims[..] {
        _ if values.len() == 1 => 1,
        [c, 1, 1] | [1, c, 1, 1] => c,
        _ => return None,
    };
    (values.len() == channels).then_some(values)
}

pub(super) fn fold(op: BinaryOp, a: &Constant, b: &Constant) -> Option<Constant> {
    let (x, y) = (a.floats(), b.floats());
    let (dims, values) = if x.len() == y.len() {
        (a.dims.clone(), x.iter().zip(&y).map(|(&x, &y)| op.apply(x, y)).collect())
    } else if y.len() == 1 {
        (a.dims.clone(), x.iter().map(|&x| op.apply(x, y[0])).collect())
    } else if x.len() == 1 {
        (b.dims.clone(), y.iter().map(|&y| op.apply(x[0], y)).collect())
    } else {
        return None;
    };
    Some(Constant { dims, values: Values::Float(values) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_are_exact() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0x7bff, 65504.0), (0x8000, -0.0)] {
            assert_eq!(f16_to_f32(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(f16_to_f32(0x7c00).is_infinite() && f16_to_f32(0x7e00).is_nan());
    }

    #[test]
    fn wrong_counts_are_refused() {
        let tensor = Tensor { dims: vec![3], data_type: Some(data_type::FLOAT), float_data: vec![1.0, 2.0], ..Tensor::default() };
        let error = Constant::read(&tensor).unwrap_err();
        assert_eq!(error.kind(), "model");
        assert!(error.to_string().contains("2 values"), "{error}");
        let tensor = Tensor { dims: vec![i64::MAX, i64::MAX], data_type: Some(data_type::FLOAT), ..Tensor::default() };
        assert_eq!(Constant::read(&tensor).unwrap_err().kind(), "model");
    }
}
