//! `inlarge kind`.

use std::fs;

use inlarge::codec::decode;
use inlarge::model::choice::guess;
use inlarge::model::manifest::shipped;
use inlarge::{Error, Result};

use crate::args::KindArgs;

pub(crate) fn run(args: &KindArgs) -> Result<()> {
    let manifest = shipped::manifest()?;
    for input in &args.inputs {
        let bytes =
            fs::read(input).map_err(|e| Error::decode(format!("{} cannot be read: {e}", input.display()), "Check the name and the permissions"))?;
        let guess = guess(&decode(&bytes)?.picture)?;
        let model = manifest.auto(guess.kind)?;
        if args.json {
            let likelihood = guess.likelihood;
            line!(
                "{}",
                serde_json::json!({ "input": input.display().to_string(), "kind": guess.kind, "model": model,
                    "likelihood": likelihood, "statistics": guess.statistics })
            );
        } else {
            let likelihood = guess.likelihood[&guess.kind];
            let sure = if guess.likelihood.values().any(|other| *other > likelihood) {
                "too soft for another model".to_owned()
            } else {
                format!("{:.0} %", 100.0 * likelihood)
            };
            line!("{}  {} ({sure}), model {model}", input.display(), guess.kind.name());
        }
    }
    Ok(())
}
