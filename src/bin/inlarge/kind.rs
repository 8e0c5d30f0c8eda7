//! `inlarge kind`.

use inlarge::Result;
use inlarge::model::choice::guess;
use inlarge::model::manifest::shipped;

use crate::args::KindArgs;
use crate::score::read;

pub(crate) fn run(args: &KindArgs) -> Result<()> {
    let manifest = shipped::manifest()?;
    for input in &args.inputs {
        let guess = guess(&read(input)?)?;
        let model = manifest.auto(guess.kind)?;
        if args.json {
            line!(
                "{}",
                serde_json::json!({ "input": input.display().to_string(), "kind": guess.kind, "model": model,
                    "likelihood": guess.likelihood, "statistics": guess.statistics })
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
