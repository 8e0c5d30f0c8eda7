//! `inlarge devices`.

use inlarge::Result;
use inlarge::backend::select::Preference;
use inlarge::pipeline::drive::Engine;
use serde_json::json;

use crate::args::JsonArgs;

pub(crate) fn run(args: &JsonArgs) -> Result<()> {
    let adapters = adapters();
    let engine = Engine::choose(Preference::Auto, &[])?;
    let (chosen, adapter) = (engine.backend.kind().name(), engine.backend.adapter());
    if args.json {
        let adapters: Vec<_> = adapters.iter().map(|(name, api, kind)| json!({ "name": name, "api": api, "type": kind })).collect();
        let refused: Vec<_> = engine.refusals.iter().map(|r| json!({ "backend": r.kind.name(), "reason": r.reason })).collect();
        line!("{}", json!({ "adapters": adapters, "backend": chosen, "adapter": adapter, "refused": refused }));
        return Ok(());
    }
    if adapters.is_empty() {
        line!("No graphics adapter was found.");
    }
    for (name, api, kind) in &adapters {
        line!("adapter   {name} ({api}, {kind})");
    }
    for refusal in &engine.refusals {
        line!("refused   {}: {}", refusal.kind.name(), refusal.reason);
    }
    line!("chosen    {chosen}: {adapter}");
    Ok(())
}

/// Name, interface and type of every graphics adapter.
fn adapters() -> Vec<(String, String, String)> {
    #[cfg(feature = "gpu")]
    {
        let found = pollster::block_on(inlarge::backend::gpu::GpuBackend::adapters());
        found.into_iter().map(|a| (a.name, a.backend, a.device_type)).collect()
    }
    #[cfg(not(feature = "gpu"))]
    Vec::new()
}
