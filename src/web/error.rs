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

/// The error that a JavaScript one was made of, or of the kind that comes nearest: its message may hold the remedy already.
#[cfg(all(feature = "codec", feature = "simd"))]
pub(super) fn from_js(kind: &str, message: &str, remedy: &str) -> Error {
    let bare = |text: &str| text.trim_end().trim_end_matches('.').to_owned();
    let remedy = bare(remedy);
    let message = bare(message);
    let what = message.strip_suffix(&remedy).map_or_else(|| message.clone(), bare);
    let fault = crate::error::Fault { what, remedy };
    match kind {
        "decode" => Error::Decode(fault),
        "encode" => Error::Encode(fault),
        "model" => Error::Model(fault),
        "limits" => Error::Limits(fault),
        "parameter" => Error::Parameter(fault),
        "unsupported" => Error::Unsupported(fault),
        "cancelled" => Error::Cancelled,
        _ => Error::Device(fault),
    }
}

/// A [`Fault`](crate::error::Fault) holds its sentences without their full stop.
pub(super) fn sentence(words: &str) -> String {
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
