//! The networks that orders name: those in the binary, and a file of the user's own.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use inlarge::model::Network;
use inlarge::model::manifest::shipped;
use inlarge::model::receptive_field::Geometry;
use inlarge::order::Order;
use inlarge::order::catalogue::{Catalogue, Own};
use inlarge::order::plan::{Machine, Plan, Subject, plan};
use inlarge::pipeline::drive::{self, Engine};
use inlarge::{Error, Result};

/// What there is to choose from, and what was loaded of it.
pub(crate) struct Networks {
    pub(crate) catalogue: Catalogue,
    own: Option<(String, Rc<Network>)>,
    loaded: HashMap<String, Rc<Network>>,
}

/// A plan, and what had to be opened to make it.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) engine: Option<Engine>,
    /// The factor of a network whose graph is not covered.
    pub(crate) opaque_scale: Option<usize>,
}

impl Networks {
    /// Those in the binary, and the one in `file`.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self> {
        let mut networks = Self { catalogue: Catalogue::new(shipped::manifest()?), own: None, loaded: HashMap::new() };
        let Some(path) = file else { return Ok(networks) };
        let bytes =
            fs::read(path).map_err(|e| Error::model(format!("{} cannot be read: {e}", path.display()), "Check the name and the permissions"))?;
        let network = Network::from_onnx(&bytes)?;
        let scale = network.graph().ok().map(Geometry::of).transpose()?.map(|g| g.scale);
        let name = path.file_name().map_or_else(|| "model".into(), |n| n.to_string_lossy().into_owned());
        networks.catalogue.add(Own { name: name.clone(), scale, whole: scale.is_none() })?;
        networks.own = Some((name, Rc::new(network)));
        Ok(networks)
    }

    /// The name of the network of the user's own.
    pub(crate) fn own_name(&self) -> Option<&str> {
        self.own.as_ref().map(|(name, _)| name.as_str())
    }

    /// Plans a picture. A network that is not covered tells its factor only when an engine prepares it for the picture.
    pub(crate) fn plan(&mut self, order: &Order, subject: &Subject) -> Result<Planned> {
        let machine = Machine::default();
        let whole = self.own.clone().filter(|(name, _)| self.catalogue.own(order).is_some_and(|own| own.whole && own.name == *name));
        let Some((name, network)) = whole else {
            let none = || Error::model("The network does not tell its factor", "Use another model");
            return Ok(Planned { plan: plan(&self.catalogue, order, subject, &machine)?.ok_or_else(none)?, engine: None, opaque_scale: None });
        };
        let engine = Engine::choose(order.backend, &[&network])?;
        let scale = drive::opaque_scale(&engine, &network, subject.width, subject.height)?;
        self.catalogue.learn(&name, scale);
        let none = || Error::model("The network does not tell its factor", "Use another model");
        Ok(Planned { plan: plan(&self.catalogue, order, subject, &machine)?.ok_or_else(none)?, engine: Some(engine), opaque_scale: Some(scale) })
    }

    /// The networks of a plan's passes; each is read once.
    pub(crate) fn chain(&mut self, order: &Order, plan: &Plan) -> Result<Vec<Rc<Network>>> {
        plan.passes.iter().map(|id| self.network(id, order)).collect()
    }

    fn network(&mut self, id: &str, order: &Order) -> Result<Rc<Network>> {
        if let Some((name, network)) = &self.own
            && name == id
        {
            return Ok(network.clone());
        }
        let source = self.catalogue.file(id, order);
        if let Some(network) = self.loaded.get(&source.key) {
            return Ok(network.clone());
        }
        let network = Rc::new(shipped::load_file(&source.file, source.denoise)?);
        self.loaded.insert(source.key, network.clone());
        Ok(network)
    }
}
