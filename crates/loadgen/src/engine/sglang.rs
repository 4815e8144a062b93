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
    let info = seen.server_info.as_ref().unwrap_or(&Value::Null);
    report.version = info["version"].as_str().map(str::to_owned);
    report.block_tokens = info["page_size"].as_u64();
    report.capacity_tokens = info["max_total_num_tokens"].as_u64();
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
        info["enable_lmcache"] == true || info["enable_hierarchical_cache"] == true;
    report.resets.push(seen.call("POST", "/flush_cache"));
    if info["enable_cache_report"] == false {
        report
            .hints
            .push("cached tokens in usage need --enable-cache-report".to_owned());
    }
    report.prefix_caching = info["disable_radix_cache"].as_bool().map(|off| !off);
    if info["disable_radix_cache"] == true {
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
