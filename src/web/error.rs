//! Errors for JavaScript.

use wasm_bindgen::JsValue;

use crate::error::Error;

/// A JavaScript `Error`: `message` says what is wrong, and the own properties are `kind` and `remedy`, a sentence or empty.
pub(super) fn to_js(error: &Error) -> JsValue {
    let (what, remedy) = match error {
        Error::Decode(fault)
        | Error::Encode(fault)
        | Error::Model(fault)
        | Error::Device(fault)
        | Error::Limits(fault)
        | Error::Parameter(fault)
        | Error::Unsupported(fault) => (sentence(&fault.what), sentence(&fault.remedy)),
        Error::Cancelled => (error.to_string(), String::new()),
    };
    let object = js_sys::Error::new(&what);
    // Setting a plain property on a fresh Error object cannot fail.
    let _ = js_sys::Reflect::set(&object, &"kind".into(), &error.kind().into());
    let _ = js_sys::Reflect::set(&object, &"remedy".into(), &remedy.into());
    object.into()
}

/// A [`Fault`](crate::error::Fault) holds its sentences without their full stop.
fn sentence(words: &str) -> String {
    if words.is_empty() { String::new() } else { [words, "."].concat() }
}

/// `?` in functions that return to JavaScript.
#[doc(hidden)]
pub struct JsError(JsValue);

impl From<Error> for JsError {
    fn from(error: Error) -> Self {
        Self(to_js(&error))
    }
}

impl From<JsError> for JsValue {
    fn from(error: JsError) -> Self {
        error.0
    }
}
