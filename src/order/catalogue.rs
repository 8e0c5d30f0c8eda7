//! Which networks there are: those that ship, and the user's own.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Order;
use super::size::{Size, Step};
use crate::error::{Error, Result};
use crate::model::choice::Kind;
use crate::model::manifest::{Entry, Manifest};
use crate::named::listed;

/// The training that pictures from the web need; a model that lacks it is used as it is.
const USUAL_VARIANT: &str = "web";

/// A network of the user's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    /// What an order names it by, and reports call it.
    pub name: String,
    /// Its factor; `None` where only running it tells.
    pub scale: Option<usize>,
    /// Whether its graph is not covered: it runs on whole pictures, once.
    pub whole: bool,
}

/// What there is to choose from.
#[derive(Debug, Clone)]
pub struct Catalogue {
    manifest: Manifest,
    own: Vec<Own>,
}

/// The networks that an order's passes are chosen from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice<'a> {
    /// A model at one of its scales: those that it has.
    Shipped(&'a Catalogue, &'a str, Option<&'a str>),
    Own(&'a Own),
}

/// A network as a pass: where its file is, and how to load it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct ModelFile {
    /// Unique among networks and their settings.
    pub key: String,
    /// File beside the manifest; empty for a network of the user's own.
    pub file: String,
    /// SHA-256 of the file in hexadecimal; empty for a network of the user's own.
    pub sha256: String,
    /// The level that the network denoises by, where it takes one and one was asked for.
    pub denoise: Option<f32>,
}

impl Catalogue {
    /// The networks that ship.
    pub fn new(manifest: Manifest) -> Self {
        Self { manifest, own: Vec::new() }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse(manifest: &str) -> Result<Self> {
        Manifest::parse(manifest).map(Self::new)
    }

    /// The networks that ship.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Adds a network of the user's own, which orders name by its name.
    ///
    /// # Errors
    /// `Model` where there is one of that name.
    pub fn add(&mut self, own: Own) -> Result<()> {
        if own.name == super::AUTO || self.names().contains(&own.name.as_str()) || self.manifest.models.iter().any(|entry| entry.id == own.name) {
            return Err(Error::model(format!("There is a model \"{}\" already", own.name), "Give the file another name"));
        }
        self.own.push(own);
        Ok(())
    }

    /// Says what factor a network of the user's own turned out to have.
    pub fn learn(&mut self, name: &str, scale: usize) {
        if let Some(own) = self.own.iter_mut().find(|own| own.name == name) {
            own.scale = Some(scale);
        }
    }

    /// The names to choose a model by, in the manifest's order, then the user's own.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.manifest.models.iter().map(|entry| entry.name.as_str()).chain(self.own.iter().map(|own| own.name.as_str())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The size that an order asks for; without one, a network of the user's own makes what it makes, and others what is usual. `None`
    /// where only running the network tells.
    ///
    /// # Errors
    /// `Parameter` for a name or a sheet that is not understood.
    pub fn size(&self, order: &Order) -> Result<Option<Size>> {
        let usual = match self.own(order) {
            Some(own) => own.scale.map(|scale| scale as f64),
            None => Some(super::USUAL_SCALE),
        };
        Ok(order.wanted()?.or(usual.map(Size::Factor)))
    }

    /// The network of the user's own that an order names.
    pub fn own(&self, order: &Order) -> Option<&Own> {
        self.own.iter().find(|own| own.name == order.model)
    }

    /// Checks that what an order names is there, whatever a picture shows.
    ///
    /// # Errors
    /// `Parameter` for a model or a variant that there is not.
    pub fn check(&self, order: &Order) -> Result<()> {
        Kind::ALL.into_iter().try_for_each(|kind| self.choose(order, Some(kind)).map(drop))
    }

    /// What an order chooses; `kind` is what the picture shows, a photograph unless told.
    ///
    /// # Errors
    /// `Parameter` for a model or a variant that there is not, `Model` where the manifest names none for the kind.
    pub(super) fn choose<'a>(&'a self, order: &'a Order, kind: Option<Kind>) -> Result<Choice<'a>> {
        if let Some(own) = self.own(order) {
            return Ok(Choice::Own(own));
        }
        let variant = order.variant.as_deref();
        let variants: Vec<&str> = self.manifest.models.iter().map(|entry| entry.variant.as_str()).collect();
        if order.is_auto() {
            // Who asks for a variant of whatever suits the picture gets it where there is one.
            let known = variant.is_none_or(|variant| variants.contains(&variant));
            return if known {
                Ok(Choice::Shipped(self, self.manifest.auto(kind.unwrap_or(Kind::Photo))?, variant))
            } else {
                Err(no_variant(order, &variants))
            };
        }
        let family: Vec<&Entry> = self.family(&order.model).collect();
        if family.is_empty() {
            let mut names = vec![super::AUTO];
            names.extend(self.names());
            return Err(Error::parameter(format!("There is no model \"{}\"", order.model), format!("Choose one of: {}", names.join(", "))));
        }
        let variants: Vec<&str> = family.iter().map(|entry| entry.variant.as_str()).collect();
        if variant.is_some_and(|variant| !variants.contains(&variant)) {
            return Err(no_variant(order, &variants));
        }
        Ok(Choice::Shipped(self, &order.model, variant))
    }

    /// The entries of a name, or the one of an id.
    fn family<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.manifest.models.iter().filter(move |entry| entry.name == name || entry.id == name)
    }

    /// The entry of an id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.manifest.models.iter().find(|entry| entry.id == id)
    }

    /// How to load the network `id` of a plan for `order`.
    pub fn file(&self, id: &str, order: &Order) -> ModelFile {
        let Some(entry) = self.entry(id) else {
            return ModelFile { key: id.to_owned(), file: String::new(), sha256: String::new(), denoise: None };
        };
        let denoise = entry.denoise_level(order.denoise);
        let key = denoise.map_or_else(|| id.to_owned(), |level| format!("{id} {level}"));
        ModelFile { key, file: entry.file.clone(), sha256: entry.sha256.clone(), denoise }
    }
}

fn no_variant(order: &Order, variants: &[&str]) -> Error {
    let mut known: Vec<&str> = Vec::new();
    for variant in variants {
        if !known.contains(variant) {
            known.push(variant);
        }
    }
    let variant = order.variant.as_deref().unwrap_or_default();
    Error::parameter(format!("The model \"{}\" has no variant \"{variant}\"", order.model), format!("Choose {}", listed(&known)))
}

/// A network that can be a pass.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) step: Step,
}

/// Work of a network whose file does not tell, in multiply-adds for each pixel of its output.
const UNKNOWN_WORK: f64 = 1e4;

impl<'a> Choice<'a> {
    /// The networks, one for each scale; none where only running the network tells its factor.
    pub(super) fn candidates(&self) -> Vec<Candidate<'a>> {
        match *self {
            Self::Own(own) => own.scale.map(|scale| Candidate { id: &own.name, step: Step { scale, work: UNKNOWN_WORK } }).into_iter().collect(),
            Self::Shipped(catalogue, name, variant) => {
                // Inserted one by one: to collect them, or to sort a list, weighs 2 kB more in the browser's module.
                let mut scales = BTreeSet::new();
                scales.extend(catalogue.family(name).map(|entry| entry.scale));
                let of = |scale: usize| {
                    let sized = || catalogue.family(name).filter(move |entry| entry.scale == scale);
                    sized().find(|entry| entry.variant == variant.unwrap_or(USUAL_VARIANT)).or_else(|| sized().next())
                };
                let candidate = |entry: &'a Entry| Candidate { id: &entry.id, step: Step { scale: entry.scale, work: entry.macs_per_output_pixel } };
                scales.into_iter().filter_map(of).map(candidate).collect()
            }
        }
    }
}
