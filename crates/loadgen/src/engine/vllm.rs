//! vLLM, and the simulated engine, which has its names.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport, TierCounters};
use serde_json::Value;

pub(super) fn look_simulated(seen: &Observed) -> Option<EngineReport> {
    let version = seen.version.as_ref()?;
    (version["engine"] == "simllm").then(|| describe_simulated(seen, "/version says simllm"))
}

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    if seen.owned_by("vllm") {
        return Some(describe(seen, "/v1/models: owned_by vllm"));
    }
    seen.has_metric("vllm:")
        .then(|| describe(seen, "/metrics has vllm: names"))
}

pub(super) fn describe_simulated(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = describe_kind(seen, EngineKind::Simulated, evidence);
    // It has no flags that a user could give it.
    report.hints.clear();
    report
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    describe_kind(seen, EngineKind::Vllm, evidence)
}

fn describe_kind(seen: &Observed, kind: EngineKind, evidence: &str) -> EngineReport {
    let mut report = blank(kind, seen, evidence);
    let version = seen.version.as_ref().and_then(|v| v.get("version"));
    report.version = version.and_then(Value::as_str).map(str::to_owned);
    for (tier, queries, hits) in [
        (
            "local",
            [
                "vllm:prefix_cache_queries_total",
                "vllm:gpu_prefix_cache_queries_total",
            ],
            [
                "vllm:prefix_cache_hits_total",
                "vllm:gpu_prefix_cache_hits_total",
            ],
        ),
        (
            "external",
            ["vllm:external_prefix_cache_queries_total", ""],
            ["vllm:external_prefix_cache_hits_total", ""],
        ),
    ] {
        if let Some((queries, hits)) = seen.metric(&queries).zip(seen.metric(&hits)) {
            report.tiers.push(TierCounters {
                tier: tier.to_owned(),
                hits,
                label: None,
                queries,
            });
        }
    }
    report.prompt_tokens = seen.metric(&["vllm:prompt_tokens_total"]);
    report.requests = seen.metric(&["vllm:request_success_total"]);
    report.running = seen.metric(&["vllm:num_requests_running"]);
    report.waiting = seen.metric(&["vllm:num_requests_waiting"]);
    let info = "vllm:cache_config_info";
    report.block_tokens = seen.label_number(info, "block_size");
    let blocks = [
        "num_gpu_blocks_override",
        "num_gpu_blocks",
        "num_cpu_blocks",
    ]
    .into_iter()
    .find_map(|label| seen.label_number(info, label));
    report.capacity_tokens = blocks.zip(report.block_tokens).map(|(n, size)| n * size);
    report.salt_field = Some("cache_salt".to_owned());
    report.prefix_caching = match seen.label(info, "enable_prefix_caching").as_deref() {
        Some("True" | "true") => Some(true),
        Some("False" | "false") => Some(false),
        _ => None,
    };
    // The counters of a connector stand at 0 where there is none; only its own names are proof.
    report.external_tier = seen.has_metric("lmcache") && kind == EngineKind::Vllm
        || seen.page.as_ref().is_some_and(|page| {
            page.samples.iter().any(|sample| {
                sample.name == "vllm:external_prefix_cache_queries_total" && sample.value > 0.0
            })
        });
    match seen.reset_status {
        Some(status) if status != 404 => {
            report.resets.push(seen.call("POST", "/reset_prefix_cache"));
        }
        _ => report.hints.push(
            "no /reset_prefix_cache: start the server with VLLM_SERVER_DEV_MODE=1 for --cold reset"
                .to_owned(),
        ),
    }
    if seen.page.is_none() {
        report.hints.push("no /metrics page".to_owned());
    }
    report.hints.push(
        "cached tokens in usage need --enable-prompt-tokens-details (the canary shows whether they come)"
            .to_owned(),
    );
    report
}
