//! What the engines' own counters say of a level: hit rates by tier, and whether others used the
//! server too.

use crate::kinds::of_kind;
use dualround_model::{MetricKind, RoundKind, RoundResult, TierRate, Warning};
use std::collections::BTreeMap;

/// Tokens by which counters may be ahead of what was sent: probes of this program among them.
const SLACK_SHARE: f64 = 0.02;
/// The same at the least, tokens.
const SLACK: f64 = 64.0;

/// Hits and look-ups by server and tier, summed over the rounds of a kind.
pub(crate) fn tiers(rounds: &[RoundResult], kind: RoundKind) -> Vec<TierRate> {
    let mut sums: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    for delta in of_kind(rounds, kind).flat_map(|round| &round.meta.engines) {
        for tier in &delta.tiers {
            let Some((hits, queries)) = tier.hits.zip(tier.queries) else {
                continue;
            };
            let sum = sums
                .entry((delta.base.clone(), tier.tier.clone()))
                .or_default();
            sum.0 += hits;
            sum.1 += queries;
        }
    }
    let rate = |((server, tier), (hits, queries)): ((String, String), (f64, f64))| TierRate {
        server,
        tier,
        hits,
        queries,
        rate: (queries > 0.0).then(|| hits / queries),
    };
    sums.into_iter().map(rate).collect()
}

/// The hit rate by the server's own counters: hits of all tiers of the engines over what was looked
/// up in their first one; else what llama.cpp's counter of computed tokens leaves of the prompts;
/// else an asked ratio.
pub(crate) fn rate(rounds: &[RoundResult], kind: RoundKind) -> Option<f64> {
    // A cache server counts what engines in front of it count as their external tier.
    let mut tiers = tiers(rounds, kind);
    tiers.retain(|tier| tier.tier != "lmcache");
    let hits: f64 = tiers.iter().map(|tier| tier.hits).sum();
    let first = |tier: &&TierRate| matches!(tier.tier.as_str(), "local" | "device");
    let asked_first: f64 = tiers.iter().filter(first).map(|tier| tier.queries).sum();
    // With its own cache off, an engine looks everything up in the next tier.
    let queries = if asked_first > 0.0 {
        asked_first
    } else {
        tiers.iter().map(|tier| tier.queries).fold(0.0, f64::max)
    };
    if queries > 0.0 {
        return Some((hits / queries).clamp(0.0, 1.0));
    }
    left_out(rounds, kind).or_else(|| {
        let mut metrics = of_kind(rounds, kind).flat_map(|round| round.summary.prometheus.values());
        metrics
            .find(|metric| metric.kind == MetricKind::Ratio)
            .and_then(|metric| metric.value)
    })
}

/// One minus computed over sent prompt tokens, where an engine counts the computed ones.
fn left_out(rounds: &[RoundResult], kind: RoundKind) -> Option<f64> {
    let (mut computed, mut sent) = (0.0, 0.0);
    for round in of_kind(rounds, kind) {
        let processed: Vec<f64> = round
            .meta
            .engines
            .iter()
            .filter_map(|delta| delta.processed)
            .collect();
        if processed.is_empty() {
            return None;
        }
        computed += processed.iter().sum::<f64>();
        sent += sent_tokens(round)?;
    }
    (sent > 0.0).then(|| (1.0 - computed / sent).clamp(0.0, 1.0))
}

/// Prompt tokens of all requests of a round; `None` when one is not known.
fn sent_tokens(round: &RoundResult) -> Option<f64> {
    let mut tokens = 0;
    for (_, row) in round.requests.iter() {
        if !row.is_success() {
            return None;
        }
        tokens += row.input_tokens()?;
    }
    Some(tokens as f64)
}

/// Other traffic, as far as gauges and counters show it.
pub(crate) fn other_traffic(round: &RoundResult) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let engines = &round.meta.engines;
    let total = |pick: fn(&dualround_model::EngineDelta) -> Option<f64>| {
        let values: Vec<f64> = engines.iter().filter_map(pick).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>())
    };
    let running = total(|delta| delta.running_before).unwrap_or(0.0)
        + total(|delta| delta.waiting_before).unwrap_or(0.0);
    if running > 0.0 {
        warnings.push(Warning::OtherTraffic {
            what: "requests running or waiting before the round".to_owned(),
            seen: running,
            ours: 0.0,
        });
    }
    let mut more = |what: &str, seen: Option<f64>, ours: Option<f64>, slack: f64| {
        if let Some((seen, ours)) = seen.zip(ours)
            && seen > ours * (1.0 + SLACK_SHARE) + slack
        {
            warnings.push(Warning::OtherTraffic {
                what: what.to_owned(),
                seen,
                ours,
            });
        }
    };
    let requests = Some(round.ended() as f64);
    more(
        "requests finished",
        total(|delta| delta.requests),
        requests,
        0.5,
    );
    let sent = sent_tokens(round);
    more(
        "prompt tokens",
        total(|delta| delta.prompt_tokens),
        sent,
        SLACK,
    );
    more(
        "prompt tokens computed",
        total(|delta| delta.processed),
        sent,
        SLACK,
    );
    warnings
}
