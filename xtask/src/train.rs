//! `cargo xtask train MODEL`: from a folder of pictures to a file in `models/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{run, say};
use crate::tools;

/// How one model can be trained: a run at a constant rate, then its decay. The cards say how the shipped files came to be, which was in
/// more pieces.
struct Recipe {
    id: &'static str,
    /// Arguments of `training.run.train`.
    arguments: &'static [&'static str],
    /// Weights that it starts from: a model that was trained before.
    start: Option<&'static str>,
    /// The module that renders what it learns from, and its archive.
    rendered: Option<(&'static str, &'static str)>,
    steps: u32,
    decay_steps: u32,
}

const PHOTO: [&str; 10] = ["--model", "photo", "--batch", "8", "--peak-rate", "1e-3", "--smaller", "0.5", "--calm", "0.02"];
const PHOTO_WEB: [&str; 10] = ["--model", "photo", "--batch", "8", "--peak-rate", "5e-4", "--variant", "web", "--calm", "0.02"];
const FAST_WEB: [&str; 4] = ["--variant", "web", "--peak-rate", "1e-3"];
const TEXT: [&str; 6] = ["--model", "text", "--batch", "8", "--variant", "web"];
const ART: [&str; 6] = ["--model", "art", "--batch", "8", "--variant", "web"];

/// At a higher rate its trunk dies and the result is its input.
const RESTORE: [&str; 10] = ["--model", "restore", "--batch", "8", "--peak-rate", "3e-4", "--variant", "web", "--calm", "0.02"];
const RESTORE_SAME_SIZE: [&str; 12] =
    ["--model", "restore", "--batch", "8", "--peak-rate", "2.5e-4", "--variant", "web", "--patch", "64", "--calm", "0.02"];

/// A GAN; at a rate of a pixel loss it would not hold together.
const DETAIL: [&str; 22] = [
    "--model",
    "detail",
    "--variant",
    "web",
    "--loss",
    "texture",
    "--precision",
    "bf16",
    "--batch",
    "6",
    "--patch",
    "40",
    "--margin",
    "4",
    "--peak-rate",
    "2e-4",
    "--warm-up",
    "50",
    "--calm",
    "0.02",
    "--threads",
    "2",
];

const RECIPES: [Recipe; 13] = [
    recipe("photo-fast-x2-bicubic", &[], None, 18_000, 90_000),
    recipe("photo-fast-x4-bicubic", &[], Some("photo-fast-x2-bicubic"), 9_200, 5_000),
    recipe("photo-fast-x2-web", &FAST_WEB, Some("photo-fast-x2-bicubic"), 4_500, 3_500),
    recipe("photo-fast-x4-web", &FAST_WEB, Some("photo-fast-x4-bicubic"), 4_500, 3_500),
    recipe("photo-x2-bicubic", &PHOTO, None, 31_000, 40_000),
    recipe("photo-x4-bicubic", &PHOTO, Some("photo-x2-bicubic"), 12_000, 5_000),
    recipe("photo-x2-web", &PHOTO_WEB, Some("photo-x2-bicubic"), 5_000, 4_500),
    recipe("photo-x4-web", &PHOTO_WEB, Some("photo-x4-bicubic"), 4_500, 3_500),
    recipe("detail-x4-web", &DETAIL, Some("photo-x4-web"), 60_000, 30_000),
    recipe("restore-x1-web", &RESTORE_SAME_SIZE, None, 18_000, 17_000),
    recipe("restore-x4-web", &RESTORE, None, 8_500, 3_000),
    Recipe { rendered: Some(("training.data.render_text", "train-text.tar")), ..recipe("text-x2-web", &TEXT, None, 12_000, 46_000) },
    Recipe { rendered: Some(("training.data.render_art", "train-art.tar")), ..recipe("art-x2-web", &ART, None, 12_000, 5_000) },
];

const fn recipe(id: &'static str, arguments: &'static [&'static str], start: Option<&'static str>, steps: u32, decay_steps: u32) -> Recipe {
    Recipe { id, arguments, start, rendered: None, steps, decay_steps }
}

impl Recipe {
    /// The factor in the name, one digit behind `-x`.
    fn scale(&self) -> &'static str {
        self.id.split_once("-x").and_then(|(_, rest)| rest.get(..1)).unwrap_or("2")
    }

    /// The arguments of the run; the same ones go on where it was stopped.
    fn run(&self, folder: &Path) -> Vec<String> {
        let mut words = vec!["-m".into(), "training.run.train".into(), folder.display().to_string(), "--scale".into(), self.scale().into()];
        words.extend(self.arguments.iter().map(ToString::to_string));
        words.extend(["--steps".into(), self.steps.to_string(), "--decay-steps".into(), self.decay_steps.to_string()]);
        if let Some(start) = self.start {
            words.extend(["--start".into(), format!("training/checkpoints/{start}.pt")]);
        }
        words
    }
}

/// Trains MODEL, or goes on where an earlier call was stopped, and exports it. Words after MODEL go to `training.run.train`.
///
/// # Errors
/// When MODEL is not known, the model that it starts from was not trained, or a step of the training fails.
pub(crate) fn train(arguments: &[String]) -> Result<()> {
    let known = || RECIPES.map(|recipe| recipe.id).join(", ");
    let [id, rest @ ..] = arguments else { bail!("a model is missing: choose one of {}", known()) };
    let recipe = RECIPES.iter().find(|recipe| recipe.id == id).with_context(|| format!("there is no model {id:?}: choose one of {}", known()))?;
    let python = tools::python()?;
    let cache = Path::new("training/cache");
    if let Some((module, archive)) = recipe.rendered
        && !cache.join(archive).exists()
    {
        tools::fonts()?;
        say(format!("rendering {archive}, which {id} learns from"));
        run(Command::new(&python).args(["-m", module]))?;
    }
    if let Some(start) = recipe.start
        && !PathBuf::from(format!("training/checkpoints/{start}.pt")).exists()
    {
        bail!("{id} starts from {start}, which has no weights in training/checkpoints: run `cargo xtask train {start}` first");
    }
    let folder = cache.join("runs").join(id);
    let Recipe { steps, decay_steps, .. } = recipe;
    say(format!("training {id} in {}: {steps} steps and {decay_steps} of decay; stop and call again as often as you like", folder.display()));
    run(Command::new(&python).args(recipe.run(&folder)).args(rest))?;
    run(Command::new(&python).args(["-m", "training.run.export"]).arg(&folder))
}

#[cfg(test)]
mod tests {
    use super::{RECIPES, train};

    #[test]
    fn every_start_is_trained_before() {
        for (place, recipe) in RECIPES.iter().enumerate() {
            let Some(start) = recipe.start else { continue };
            assert!(RECIPES[..place].iter().any(|earlier| earlier.id == start), "{} starts from {start}", recipe.id);
        }
    }

    #[test]
    fn an_unknown_model_is_refused_with_those_that_there_are() {
        let refused = train(&["photo-x3-bicubic".to_owned()]).unwrap_err().to_string();
        assert!(refused.contains("photo-x3-bicubic") && refused.contains("text-x2-web"), "{refused}");
        assert!(train(&[]).is_err());
    }
}
