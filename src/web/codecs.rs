//! The module `codecs`: it reads the formats that the one that enlarges does not.

use wasm_bindgen::prelude::wasm_bindgen;

use super::error::JsError;
use crate::codec::decode;

/// Decodes `file` for `Source.decoded` of the module that enlarges.
#[wasm_bindgen(js_name = decodeFile)]
pub fn decode_file(file: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(decode(file)?.into_bytes()?)
}
