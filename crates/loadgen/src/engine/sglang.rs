//! SGLang.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport, TierCounters};
use serde_json::Value;

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    let info = seen.server_info.as_ref();
    if info.is_some_and(|info| {
        info.get("radix_eviction_policy").is_some() || info.get("page_size").is_some()
    }) {
        return Some(describe(seen, "/get_server_info"));
    }
    if seen.owned_by("sglang") {
        return Some(describe(seen, "/v1/models: owned_by sglang"));
    }
    seen.has_metric("sglang:")
        .then(|| describe(seen, "/metrics has sglang: names"))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::Sglang, seen, evidence);
    let info = seen.server_info.as_ref();
    let field = |name: &str| info.and_then(|info| info.get(name));
    report.version = field("version").and_then(Value::as_str).map(str::to_owned);
    report.block_tokens = field("page_size").and_then(Value::as_u64);
    report.capacity_tokens = field("max_total_num_tokens").and_then(Value::as_u64);
    let on = |name: &str| field(name).and_then(Value::as_bool);
    if let Some((hits, queries)) = seen
        .metric(&["sglang:cached_tokens_total"])
        .zip(seen.metric(&["sglang:prompt_tokens_total"]))
    {
        for tier in ["device", "host", "storage"] {
            report.tiers.push(TierCounters {
                tier: tier.to_owned(),
                hits: hits.clone(),
                label: Some(("cache_source".to_owned(), tier.to_owned())),
                queries: queries.clone(),
            });
        }
    }
    report.prompt_tokens = seen.metric(&["sglang:prompt_tokens_total"]);
    report.requests = seen.metric(&["sglang:num_requests_total"]);
    report.running = seen.metric(&["sglang:num_running_reqs"]);
    report.waiting = seen.metric(&["sglang:num_queue_reqs"]);
    report.salt_field = Some("cache_salt".to_owned());
    report.external_tier =
        on("enable_lmcache") == Some(true) || on("enable_hierarchical_cache") == Some(true);
    report.resets.push(seen.call("POST", "/flush_cache"));
    if on("enable_cache_report") == Some(false) {
        report
            .hints
            .push("cached tokens in usage need --enable-cache-report".to_owned());
    }
    report.prefix_caching = on("disable_radix_cache").map(|off| !off);
    if on("disable_radix_cache") == Some(true) {
        report
            .hints
            .push("the prefix cache is off (--disable-radix-cache)".to_owned());
    }
    if seen.page.is_none() {
        report
            .hints
            .push("no /metrics page: start the server with --enable-metrics".to_owned());
    }
    report
}
