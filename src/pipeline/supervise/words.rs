//! What people read of failover. Warnings are sentences without their full stop.

use crate::backend::BackendKind;
use crate::backend::select::{Preference, Refusal};
use crate::error::Error;

/// A tile that `Job::put` does not take.
pub(super) fn bad_tile() -> Error {
    Error::device("A tile came back black, damaged or unlike the picture", "")
}

/// A network that only tract runs, with another engine chosen.
pub(super) fn not_covered(chosen: BackendKind, gap: &str) -> Error {
    Error::unsupported(format!("The engine \"{}\" cannot run this model. {gap}", chosen.name()), "Choose the engine \"auto\" or \"tract\" for it")
}

/// No engine has opened.
pub(super) fn nobody(refusals: &[Refusal]) -> Error {
    if refusals.is_empty() {
        return Error::device("No engine is left to try", "Choose another engine or model");
    }
    Error::device(
        format!("No engine could be started on this device. {}", reasons(refusals)),
        "Update the browser or the graphics driver, then start again",
    )
}

/// An engine failed and no other could go on.
pub(super) fn nobody_goes_on(why: &Error, refusals: &[Refusal], preference: Preference) -> Error {
    let text = format!("The engine failed in the middle of the picture. {why} {}", reasons(refusals));
    let remedy = match preference {
        Preference::Auto => "Try again, or choose a smaller picture",
        Preference::Only(_) => "Choose the engine \"auto\", which falls over to another one",
    };
    Error::device(text.trim_end().trim_end_matches('.'), remedy)
}

/// A slow engine makes the picture.
pub(super) fn slow(engine: BackendKind, gap: Option<&str>, preference: Preference, refusals: &[Refusal]) -> String {
    let because = match (gap, preference) {
        (Some(gap), _) => format!("no other engine runs this network: {gap}"),
        (None, Preference::Auto) => format!("the faster ones refused. {}", reasons(refusals)),
        (None, Preference::Only(_)) => "it is the one that was chosen".into(),
    };
    format!("The slower engine {} made this picture, because {}", engine.name(), because.trim_end_matches('.'))
}

/// An engine started and then did not want the picture.
pub(super) fn not_used(engine: BackendKind, why: &Error) -> String {
    format!("The engine \"{}\" was not used: {}", engine.name(), reason(why))
}

/// An engine failed after some tiles and another one goes on.
pub(super) fn went_on(failed: BackendKind, why: &Error, [done, tiles]: [usize; 2], next: BackendKind) -> String {
    let slower = if next.is_slow() { "the slower engine " } else { "" };
    format!("The engine \"{}\" failed after {done} of {tiles} tiles and {slower}\"{}\" did the rest: {}", failed.name(), next.name(), reason(why))
}

/// A worker of several died.
pub(super) fn one_died(engine: BackendKind) -> String {
    format!("A compute worker of {} stopped; the others went on", engine.name())
}

/// All workers died and a new one goes on.
pub(super) fn revived(engine: BackendKind) -> String {
    format!("Every compute worker of {} stopped, perhaps for want of memory; one new worker went on", engine.name())
}

/// The picture is not complete and no tile is left: a fault of ours.
pub(super) fn stuck() -> Error {
    Error::device("The picture is not complete, though no tile of it is left to run", "Report this error")
}

/// A driver that keeps the picture to itself: a fault of ours.
pub(super) fn no_picture() -> Error {
    Error::parameter("The picture was not there when its engine was", "Report this error")
}

fn reason(error: &Error) -> String {
    error.to_string().trim_end_matches('.').into()
}

fn reasons(refusals: &[Refusal]) -> String {
    let texts: Vec<String> = refusals.iter().map(|Refusal { kind, reason }| format!("{}: {reason}", kind.name())).collect();
    texts.join(" ").trim_end_matches('.').into()
}
