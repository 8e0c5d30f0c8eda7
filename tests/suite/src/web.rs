//! The suite inside a browser.

use inlarge::backend::select::{Preference, open};
use inlarge::model::Network;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::graphs;

/// Runs all cases on the engine `gpu`, `simd`, `tract` or `reference`; a software adapter is welcome.
///
/// Returns JSON: `{"backend", "adapter", "passed": [{"name", "note"}], "failed": [{"name", "message"}]}`.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "JavaScript calls it, no other crate does")]
pub async fn run_suite(backend: String) -> String {
    let opened = match backend.parse() {
        Ok(Preference::Only(kind)) => open(kind, true, 1).await,
        Ok(Preference::Auto) => Err(inlarge::Error::parameter("An engine must be named", "")),
        Err(error) => Err(error),
    };
    let engine = match opened {
        Ok(engine) => engine,
        Err(error) => {
            let failed = [serde_json::json!({ "name": "the engine opens", "message": error.to_string() })];
            return serde_json::json!({ "backend": backend, "adapter": null, "passed": [], "failed": failed }).to_string();
        }
    };
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    for outcome in crate::run(engine.as_ref()).await {
        match outcome.result {
            Ok(note) => passed.push(serde_json::json!({ "name": outcome.name, "note": note })),
            Err(message) => failed.push(serde_json::json!({ "name": outcome.name, "message": message })),
        }
    }
    serde_json::json!({ "backend": backend, "adapter": engine.adapter(), "passed": passed, "failed": failed }).to_string()
}

/// A network like photo, as an ONNX file: for tests of the modules that are shipped.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "JavaScript calls it, no other crate does")]
pub fn photo_onnx(scale: usize) -> Vec<u8> {
    Network::from_graph(graphs::photo(scale)).onnx().to_vec()
}
