//! LMCache's own server (multi-process mode), beside an engine.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport, TierCounters};

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    (seen.has_metric("lmcache_mp_") || seen.has_metric("lmcache:"))
        .then(|| describe(seen, "/metrics has lmcache names"))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::Lmcache, seen, evidence);
    for (hits, queries) in [
        (
            "lmcache_mp_lookup_hit_tokens_total",
            "lmcache_mp_lookup_requested_tokens_total",
        ),
        (
            "lmcache:num_hit_tokens_total",
            "lmcache:num_requested_tokens_total",
        ),
    ] {
        if let Some((hits, queries)) = seen.metric(&[hits]).zip(seen.metric(&[queries])) {
            report.tiers.push(TierCounters {
                tier: "lmcache".to_owned(),
                hits,
                label: None,
                queries,
            });
            break;
        }
    }
    report.external_tier = true;
    report.cached_field = "none: it answers no chat request".to_owned();
    if seen.has_metric("lmcache_mp_") {
        report.resets.push(seen.call("POST", "/cache/clear"));
    }
    report
}
