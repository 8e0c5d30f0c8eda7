//! Errors for JavaScript.

use wasm_bindgen::JsValue;

use crate::error::{Error, Fault};

/// A JavaScript `Error` with the message for people and the own properties `kind` and `remedy`.
pub(super) fn to_js(error: &Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    let remedy = match error {
        Error::Decode(Fault { remedy, .. })
        | Error::Encode(Fault { remedy, .. })
        | Error::Model(Fault { remedy, .. })
        | Error::Device(Fault { remedy, .. })
        | Error::Limits(Fault { remedy, .. })
        | Error::Parameter(Fault { remedy, .. })
        | Error::Unsupported(Fault { remedy, .. }) => remedy.as_str(),
        Error::Cancelled => "",
    };
    // Setting a plain property on a fresh Error object cannot fail.
    let _ = js_sys::Reflect::set(&object, &"kind".into(), &error.kind().into());
    let _ = js_sys::Reflect::set(&object, &"remedy".into(), &remedy.into());
    object.into()
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
