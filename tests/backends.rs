//! The suite of `tests/suite` on every engine that runs natively.

use inlarge::backend::BackendKind;
use inlarge::backend::select::open;

fn suite(kind: BackendKind) {
    let backend = pollster::block_on(open(kind, true, 1)).unwrap_or_else(|error| {
        panic!("the engine {} cannot be opened: {error} (on Debian, software Vulkan is the package mesa-vulkan-drivers)", kind.name())
    });
    println!("adapter of {}: {}", kind.name(), backend.adapter());
    let outcomes = pollster::block_on(inlarge_suite::run(backend.as_ref()));
    for outcome in &outcomes {
        println!("{}: {}: {:?}", kind.name(), outcome.name, outcome.result);
    }
    let failed: Vec<_> = outcomes.iter().filter(|o| o.result.is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(outcomes.len() >= 10, "the suite has lost cases: {}", outcomes.len());
    let shipped = inlarge::model::manifest::shipped::manifest().unwrap().models.len();
    let all = format!("{shipped} models, ");
    assert!(outcomes.iter().any(|o| o.result.as_ref().is_ok_and(|note| note.starts_with(&all))), "not all {shipped} shipped models were run");
}

#[test]
fn reference() {
    suite(BackendKind::Reference);
}

#[test]
fn simd() {
    suite(BackendKind::Simd);
}

#[test]
fn tract() {
    suite(BackendKind::Tract);
}

#[test]
fn gpu() {
    suite(BackendKind::Gpu);
}
