//! Text Generation Inference.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport};
use serde_json::Value;

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    let info = seen.info.as_ref().and_then(|info| info.get("router"));
    if info.is_some() {
        return Some(describe(seen, "/info has a router"));
    }
    seen.has_metric("tgi_")
        .then(|| describe(seen, "/metrics has tgi_ names"))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::Tgi, seen, evidence);
    let version = seen.info.as_ref().and_then(|info| info.get("version"));
    report.version = version.and_then(Value::as_str).map(str::to_owned);
    report.waiting = seen.metric(&["tgi_queue_size"]);
    report.running = seen.metric(&["tgi_batch_current_size"]);
    report.cached_field = "none known".to_owned();
    report.hints.push(
        "it reports no cached tokens and has no reset: hits can be judged by time alone".to_owned(),
    );
    report
}
