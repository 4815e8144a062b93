//! Dynamo's frontend, whose workers have metrics pages of their own.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport};

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    seen.has_metric("dynamo_")
        .then(|| describe(seen, "/metrics has dynamo_ names"))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::Dynamo, seen, evidence);
    report.block_tokens = positive_size(seen, "dynamo_frontend_model_kv_cache_block_size");
    let blocks = positive_size(seen, "dynamo_frontend_model_total_kv_blocks");
    report.capacity_tokens = blocks.zip(report.block_tokens).map(|(n, size)| n * size);
    report.resets.push(seen.call("POST", "/clear_kv_blocks"));
    report.hints.push(
        "/clear_kv_blocks answers 200 even when no worker did anything; the proof after it decides"
            .to_owned(),
    );
    report.hints.push(
        "cached tokens on its page are those that workers tell; blocks are those of one worker"
            .to_owned(),
    );
    report
        .hints
        .push("give each worker's own address with --admin-url to see its counters".to_owned());
    report
}

/// A gauge that holds a whole number above 0.
fn positive_size(seen: &Observed, gauge: &str) -> Option<u64> {
    let value = seen.value(gauge).filter(|value| *value > 0.0)?;
    format!("{value:.0}").parse().ok()
}
