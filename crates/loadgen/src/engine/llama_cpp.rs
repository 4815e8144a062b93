//! llama.cpp's server: slots, each with a cache of its own, matched token by token.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport};
use serde_json::Value;

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    let server = seen
        .server
        .as_deref()
        .is_some_and(|name| name.contains("llama.cpp"));
    let props = seen
        .props
        .as_ref()
        .is_some_and(|props| props.get("total_slots").is_some());
    let evidence = if props {
        "/props has slots"
    } else if server {
        "Server: llama.cpp"
    } else if seen.owned_by("llamacpp") {
        "/v1/models: owned_by llamacpp"
    } else if seen.has_metric("llamacpp:") {
        "/metrics has llamacpp: names"
    } else {
        return None;
    };
    Some(describe(seen, evidence))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::LlamaCpp, seen, evidence);
    let props = seen.props.as_ref().unwrap_or(&Value::Null);
    report.version = props["build_info"].as_str().map(str::to_owned);
    report.block_tokens = Some(1);
    let slots = props["total_slots"].as_u64();
    let context = props["default_generation_settings"]["n_ctx"].as_u64();
    report.capacity_tokens = slots.zip(context).map(|(slots, context)| slots * context);
    report.context_tokens = context;
    report.processed = seen.metric(&["llamacpp:prompt_tokens_total"]);
    report.cached = seen.metric(&["llamacpp:prompt_tokens_cached_total"]);
    report.running = seen.metric(&["llamacpp:requests_processing"]);
    report.waiting = seen.metric(&["llamacpp:requests_deferred"]);
    report.cached_field = "timings.cache_n, usage.prompt_tokens_details.cached_tokens".to_owned();
    report.capacity_prompts = slots;
    for slot in 0..slots.unwrap_or(0) {
        report
            .resets
            .push(seen.call("POST", &format!("/slots/{slot}?action=erase")));
    }
    report.hints.push(
        "--cold reset erases slots, which needs --slot-save-path, and leaves the host's prompt cache (--cache-ram): the marker is the safer way"
            .to_owned(),
    );
    if report.processed.is_none() {
        report
            .hints
            .push("no counters: start the server with --metrics".to_owned());
    }
    report
}
