//! LMCache's own server (multi-process mode), beside an engine.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport, TierCounters};

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    (seen.has_metric("lmcache_mp_") || seen.has_metric("lmcache:"))
        .then(|| describe(seen, "/metrics has lmcache names"))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::Lmcache, seen, evidence);
    // A counter is on the page only once it was counted up, so the page's kind decides.
    let (hits, queries) = if seen.has_metric("lmcache_mp_") {
        (
            "lmcache_mp_lookup_hit_tokens_total",
            "lmcache_mp_lookup_requested_tokens_total",
        )
    } else {
        (
            "lmcache:num_hit_tokens_total",
            "lmcache:num_requested_tokens_total",
        )
    };
    report.tiers.push(TierCounters {
        tier: "lmcache".to_owned(),
        hits: hits.to_owned(),
        label: None,
        queries: queries.to_owned(),
    });
    report.external_tier = true;
    report.cached_field = "none: it answers no chat request".to_owned();
    if seen.has_metric("lmcache_mp_") {
        report.resets.push(seen.call("POST", "/cache/clear"));
    }
    report
}
