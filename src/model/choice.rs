//! Which model suits a picture: what `auto` takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::Picture;
use crate::image::kind::{COUNT, NAMES, softness, statistics};
use crate::named::named;

named! {
    /// What a picture shows.
    pub enum Kind ("kind of picture", name) {
        /// The world, by a camera; and what is soft and may be something else, whose model would draw sharp edges where it sees one.
        Photo = "photo",
        /// Drawings, comics, cartoons, icons.
        Art = "art",
        /// Text, code, tables, user interfaces.
        Text = "text",
    }
}

impl Kind {
    /// Softness up to which a picture of which this is so likely is taken for it: what was enlarged by half already is beyond it. The
    /// model of text learned from soft text too, and does drawings no harm that pass for it that surely.
    const fn softest(self, likelihood: f32) -> f32 {
        match self {
            Self::Art => 1.3,
            Self::Text if likelihood < 0.9 => 0.85,
            Self::Photo | Self::Text => f32::INFINITY,
        }
    }
}

/// A guess at what a picture shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guess {
    /// The likeliest kind, or a photograph where it is too soft for that.
    pub kind: Kind,
    /// How likely each kind is; their sum is 1.
    pub likelihood: BTreeMap<Kind, f32>,
    /// What it was guessed from.
    pub statistics: BTreeMap<&'static str, f32>,
}

/// `models/choice.json`: for each kind a weight of each statistic, and a constant at the end.
const CLASSIFIER: &str = include_str!("../../models/choice.json");

#[derive(Deserialize)]
struct Classifier {
    statistics: Vec<String>,
    weights: BTreeMap<Kind, Vec<f32>>,
}

impl Classifier {
    #[inline(never)]
    fn read(json: &str) -> Result<Self> {
        let broken = |why: String| Error::model(format!("What tells pictures apart cannot be used: {why}"), "Install Inlarge again");
        let read: Self = serde_json::from_str(json).map_err(|e| broken(e.to_string()))?;
        if read.statistics != NAMES || Kind::ALL.iter().any(|kind| read.weights.get(kind).is_none_or(|w| w.len() != COUNT + 1)) {
            return Err(broken("it is for other statistics".into()));
        }
        Ok(read)
    }

    fn guess(&self, found: &[f32; COUNT]) -> Guess {
        let score = |weights: &[f32]| weights[COUNT] + weights.iter().zip(found).map(|(w, v)| w * v).sum::<f32>();
        let scores = map(self.weights.iter().map(|(kind, weights)| (*kind, score(weights))));
        let (kind, most) = scores.iter().fold((Kind::Photo, f32::NEG_INFINITY), |best, (k, s)| if *s > best.1 { (*k, *s) } else { best });
        let total: f32 = scores.values().map(|score| (score - most).exp()).sum();
        let likelihood = map(scores.into_iter().map(|(kind, score)| (kind, (score - most).exp() / total)));
        let kind = if softness(found) > kind.softest(likelihood[&kind]) { Kind::Photo } else { kind };
        Guess { kind, likelihood, statistics: map(NAMES.into_iter().zip(*found)) }
    }
}

/// `collect` would sort first, and a sort for each type of pair weighs 2 kB in the browser's module.
fn map<K: Ord>(pairs: impl Iterator<Item = (K, f32)>) -> BTreeMap<K, f32> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

/// Guesses what `picture` shows.
///
/// # Errors
/// `Model` where the classifier that was built in is for other statistics.
pub fn guess(picture: &Picture) -> Result<Guess> {
    Ok(Classifier::read(CLASSIFIER)?.guess(&statistics(picture)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::kind::{REPEATED, STRONG};

    #[test]
    fn the_largest_score_wins_and_likelihoods_are_shares() {
        let mut weights: BTreeMap<Kind, Vec<f32>> = Kind::ALL.map(|kind| (kind, vec![0.0; COUNT + 1])).into();
        weights.get_mut(&Kind::Text).unwrap()[2] = 2.0;
        weights.get_mut(&Kind::Art).unwrap()[COUNT] = 1.0;
        let classifier = Classifier { statistics: Vec::new(), weights };
        let mut found = [0.0; COUNT];
        assert_eq!(classifier.guess(&found).kind, Kind::Art);
        found[2] = 1.0;
        let guess = classifier.guess(&found);
        assert_eq!((guess.kind, guess.statistics[NAMES[2]]), (Kind::Text, 1.0));
        assert!((guess.likelihood.values().sum::<f32>() - 1.0).abs() < 1e-6);
        // Two soft edges for each strong one: too soft for art, and for text unless it surely is.
        (found[REPEATED], found[STRONG]) = (0.2f32.sqrt(), 0.1f32.sqrt());
        for (sign, kind) in [(0.0, Kind::Photo), (1.0, Kind::Photo), (3.0, Kind::Text)] {
            found[2] = sign;
            assert_eq!(classifier.guess(&found).kind, kind);
        }
        assert!((guess.likelihood[&Kind::Text] / guess.likelihood[&Kind::Art] - 1f32.exp()).abs() < 1e-4);
    }

    #[test]
    fn a_classifier_for_other_statistics_is_refused() {
        assert!(Classifier::read(CLASSIFIER).is_ok());
        let other = CLASSIFIER.replace(NAMES[3], "something else");
        assert!(Classifier::read(&other).is_err_and(|e| e.to_string().contains("other statistics")));
        assert!(Classifier::read("{}").is_err());
    }
}
