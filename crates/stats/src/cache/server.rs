//! What the engines' own counters say of a level: hit rates by tier, and whether others used the
//! server too.

use crate::{
    cache::hits::Hits,
    cache::witness::{self, EngineLookups, LookupCheck, sent_tokens, slack},
    level::kinds::of_kind,
};
use dualround_model::{
    CachedByTier, EngineDelta, Flag, RoundKind, RoundResult, TierRate, TrafficSign, Warning,
};
use std::collections::BTreeMap;

/// Hits by tier over the rounds of a kind: as usage tells them of every request, which no other
/// traffic can be in, else by the counters.
pub(crate) fn tiers(rounds: &[RoundResult], kind: RoundKind) -> Vec<TierRate> {
    by_usage(rounds, kind).unwrap_or_else(|| by_counters(rounds, kind))
}

/// Usage that tells the tiers of each hit, where the hits of all requests are known.
fn by_usage(rounds: &[RoundResult], kind: RoundKind) -> Option<Vec<TierRate>> {
    let hits = Hits::of_kind(rounds, kind);
    let sums: Vec<CachedByTier> = of_kind(rounds, kind)
        .map(|round| round.summary.cached_by_tier)
        .collect::<Option<_>>()?;
    if !hits.is_whole() || sums.is_empty() {
        return None;
    }
    let rate = |tier: &str, pick: fn(&CachedByTier) -> u64| {
        let found = sums.iter().map(pick).sum::<u64>() as f64;
        TierRate {
            server: TierRate::BY_USAGE.to_owned(),
            tier: tier.to_owned(),
            hits: found,
            queries: hits.prompt as f64,
            rate: (hits.prompt > 0).then(|| found / hits.prompt as f64),
        }
    };
    Some(vec![
        rate("local", |one| one.local),
        rate("external", |one| one.external),
    ])
}

/// Hits and look-ups by server and tier.
fn by_counters(rounds: &[RoundResult], kind: RoundKind) -> Vec<TierRate> {
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

/// The hit rate by the server's own counters, over rounds in each of which what they looked up is
/// what was sent.
pub(crate) fn rate<'a>(rounds: impl Iterator<Item = &'a RoundResult>) -> Option<f64> {
    let seen: Vec<EngineLookups> = rounds.map(witness::of_round).collect::<Option<_>>()?;
    let sum = |pick: fn(&EngineLookups) -> f64| seen.iter().map(pick).sum::<f64>();
    let sent = sum(|seen| seen.sent);
    (sent > 0.0).then(|| sum(|seen| seen.hits) / sent)
}

/// Other traffic, as far as gauges and counters show it.
pub(crate) fn other_traffic(round: &RoundResult) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let engines = &round.meta.engines;
    let total = |pick: fn(&EngineDelta) -> Option<f64>| {
        let values: Vec<f64> = engines.iter().filter_map(pick).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>())
    };
    let running = total(|delta| delta.running_before).unwrap_or(0.0)
        + total(|delta| delta.waiting_before).unwrap_or(0.0);
    if running > 0.0 {
        warnings.push(Warning::OtherTraffic {
            what: TrafficSign::BusyBefore,
            seen: running,
            ours: 0.0,
        });
    }
    let mut more = |what: TrafficSign, seen: Option<f64>, ours: Option<f64>, slack: f64| {
        if let Some((seen, ours)) = seen.zip(ours)
            && seen > ours + slack
        {
            warnings.push(Warning::OtherTraffic { what, seen, ours });
        }
    };
    let retried = round.requests.iter().any(|(_, row)| row.has(Flag::Retried));
    let requests = (!retried).then(|| round.ended() as f64);
    let finished = 0.5 + 0.02 * round.ended() as f64;
    more(
        TrafficSign::Finished,
        through(engines, |delta| delta.requests, requests, finished),
        requests,
        finished,
    );
    let sent = sent_tokens(round);
    let allowed = slack(sent.unwrap_or(0.0));
    let prompt = through(engines, |delta| delta.prompt_tokens, sent, allowed);
    more(TrafficSign::PromptTokens, prompt, sent, allowed);
    let computed = through(engines, |delta| delta.processed, sent, allowed);
    more(TrafficSign::Computed, computed, sent, allowed);
    let of_tiers = |delta: &EngineDelta| delta.tiers.first().and_then(|tier| tier.queries);
    let chained = through(engines, of_tiers, sent, allowed) < total(of_tiers);
    if let (false, Some(LookupCheck::More { seen, sent })) = (chained, witness::looked(round)) {
        more(TrafficSign::LookedUp, Some(seen), Some(sent), allowed);
    }
    warnings
}

/// What passed through the engines: the sum, unless several of them each had all of it, as prefill
/// and decode engines or a gateway and its engine do.
fn through(
    engines: &[EngineDelta],
    pick: fn(&EngineDelta) -> Option<f64>,
    ours: Option<f64>,
    allowed: f64,
) -> Option<f64> {
    let values: Vec<f64> = engines.iter().filter_map(pick).collect();
    let all = |value: &&f64| ours.is_some_and(|ours| (**value - ours).abs() <= allowed);
    let whole = values.iter().filter(all).count();
    match whole {
        0 | 1 => (!values.is_empty()).then(|| values.iter().sum()),
        _ => values.iter().copied().reduce(f64::max),
    }
}
