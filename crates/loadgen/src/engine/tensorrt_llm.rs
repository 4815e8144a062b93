//! TensorRT-LLM's server.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport};

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    seen.has_metric("trtllm_")
        .then(|| describe(seen, "/metrics has trtllm_ names"))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::TensorrtLlm, seen, evidence);
    // Its hit counters are in blocks, which are no tokens: seen with `auto`, not summed here.
    report.hints.push(
        "no reset route is known to work in all versions: cold rounds use the marker".to_owned(),
    );
    report
}
