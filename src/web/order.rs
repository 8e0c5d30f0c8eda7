//! What users ask for, in the coordinator worker.

use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;

use super::error::JsError;
use crate::error::{Error, Result};
use crate::order::catalogue::{Catalogue as Networks, Own};
use crate::order::plan::{Machine, Subject, plan};
use crate::order::{Order, Usual};

/// The networks that there are: those of a manifest, and the user's own.
#[wasm_bindgen]
pub struct Catalogue(Networks);

#[wasm_bindgen]
impl Catalogue {
    /// Reads `models/manifest.json`.
    pub fn parse(manifest: &str) -> Result<Catalogue, JsError> {
        Ok(Self(Networks::parse(manifest)?))
    }

    /// Adds a network of the user's own; `scale` is 0 where only running it tells, which it does on whole pictures.
    pub fn add(&mut self, name: String, scale: usize) -> Result<(), JsError> {
        let scale = (scale > 0).then_some(scale);
        Ok(self.0.add(Own { name, scale, whole: scale.is_none() })?)
    }

    /// Says what factor a network of the user's own turned out to have.
    pub fn learn(&mut self, name: &str, scale: usize) {
        self.0.learn(name, scale);
    }

    /// Checks what does not depend on a picture; `order` is JSON, as are all that follow.
    pub fn check(&self, order: &str) -> Result<(), JsError> {
        Ok(self.0.check(&Order::from_json(order)?)?)
    }

    /// The `Plan` of an `Order` for a `Subject` on a `Machine`; `undefined` where only running the network tells its factor.
    pub fn plan(&self, order: &str, subject: &str, machine: &str) -> Result<Option<String>, JsError> {
        let planned = plan(&self.0, &Order::from_json(order)?, &read::<Subject>(subject)?, &read::<Machine>(machine)?)?;
        Ok(planned.map(|plan| written(&plan)).transpose()?)
    }

    /// The `ModelFile` of the network `id` of a plan.
    pub fn file(&self, id: &str, order: &str) -> Result<String, JsError> {
        Ok(written(&self.0.file(id, &Order::from_json(order)?))?)
    }
}

/// The `Usual`, as JSON: the build of the page asks for it.
#[wasm_bindgen]
pub fn usual() -> Result<String, JsError> {
    Ok(written(&Usual::default())?)
}

/// Reads what a worker says.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::parameter(format!("The worker's message cannot be read: {error}"), "Reload the page"))
}

/// Writes what a worker is told.
pub(super) fn written<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::encode(format!("The answer cannot be written: {error}"), ""))
}
