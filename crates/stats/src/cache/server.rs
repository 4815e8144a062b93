//! What the engines' own counters say of a level: hit rates by tier, and whether others used the
//! server too.

use crate::{
    cache::hits::Hits,
    cache::witness::{self, EngineLookups, LookupCheck, sent_tokens, slack},
    level::kinds::of_kind,
    numbers::share::share,
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
    let local = sums.iter().map(|one| one.local).sum();
    let external = sums.iter().map(|one| one.external).sum();
    Some(vec![
        usage_rate("local", local, hits.prompt),
        usage_rate("external", external, hits.prompt),
    ])
}

/// What one tier gave of so many prompt tokens.
fn usage_rate(tier: &str, found: u64, prompt: u64) -> TierRate {
    TierRate {
        server: TierRate::BY_USAGE.to_owned(),
        tier: tier.to_owned(),
        hits: found as f64,
        queries: prompt as f64,
        rate: share(found, prompt),
    }
}

/// Hits and look-ups by server and tier, in the order of their names.
fn by_counters(rounds: &[RoundResult], kind: RoundKind) -> Vec<TierRate> {
    let mut tiers: BTreeMap<(&str, &str), TierRate> = BTreeMap::new();
    for delta in of_kind(rounds, kind).flat_map(|round| &round.meta.engines) {
        for tier in &delta.tiers {
            let Some((hits, queries)) = tier.hits.zip(tier.queries) else {
                continue;
            };
            let sum = tiers.entry((&delta.base, &tier.tier));
            let sum = sum.or_insert_with(|| TierRate {
                server: delta.base.clone(),
                tier: tier.tier.clone(),
                hits: 0.0,
                queries: 0.0,
                rate: None,
            });
            sum.hits += hits;
            sum.queries += queries;
        }
    }
    let mut tiers: Vec<TierRate> = tiers.into_values().collect();
    for tier in &mut tiers {
        tier.rate = (tier.queries > 0.0).then(|| tier.hits / tier.queries);
    }
    tiers
}

/// The hit rate by the server's own counters, over rounds in each of which what they looked up is
/// what was sent.
pub(crate) fn rate<'a>(rounds: impl Iterator<Item = &'a RoundResult>) -> Option<f64> {
    let seen: Vec<EngineLookups> = rounds.map(witness::of_round).collect::<Option<_>>()?;
    let hits: f64 = seen.iter().map(|seen| seen.hits).sum();
    let sent: f64 = seen.iter().map(|seen| seen.sent).sum();
    (sent > 0.0).then(|| hits / sent)
}

/// Other traffic, as far as gauges and counters show it.
pub(crate) fn other_traffic(round: &RoundResult) -> Vec<Warning> {
    use TrafficSign::{Computed, Finished, LookedUp, PromptTokens};
    let engines = &round.meta.engines;
    let mut warnings: Vec<Warning> = busy_before(engines).into_iter().collect();
    let retried = round.requests.iter().any(|(_, row)| row.has(Flag::Retried));
    let requests = (!retried).then(|| round.ended() as f64);
    let allowed = 0.5 + 0.02 * round.ended() as f64;
    let finished = through(engines, |delta| delta.requests, requests, allowed);
    warnings.extend(more_than_ours(Finished, finished, requests, allowed));
    let sent = sent_tokens(round);
    let allowed = slack(sent.unwrap_or(0.0));
    let prompt = through(engines, |delta| delta.prompt_tokens, sent, allowed);
    warnings.extend(more_than_ours(PromptTokens, prompt, sent, allowed));
    let computed = through(engines, |delta| delta.processed, sent, allowed);
    warnings.extend(more_than_ours(Computed, computed, sent, allowed));
    // Engines in a chain look up the same prompts, each for itself.
    let looked_up = through(engines, first_tier_queries, sent, allowed);
    let chained = looked_up < total(engines, first_tier_queries);
    if let (false, Some(LookupCheck::More { seen, sent })) = (chained, witness::looked(round)) {
        let (seen, sent) = (Some(seen), Some(sent));
        warnings.extend(more_than_ours(LookedUp, seen, sent, allowed));
    }
    warnings
}

/// Requests that engines had before the round's first one.
fn busy_before(engines: &[EngineDelta]) -> Option<Warning> {
    let seen = total(engines, |delta| delta.running_before).unwrap_or(0.0)
        + total(engines, |delta| delta.waiting_before).unwrap_or(0.0);
    (seen > 0.0).then_some(Warning::OtherTraffic {
        what: TrafficSign::BusyBefore,
        seen,
        ours: 0.0,
    })
}

/// A counter that grew by more than what this program did, where both are known.
fn more_than_ours(
    what: TrafficSign,
    seen: Option<f64>,
    ours: Option<f64>,
    slack: f64,
) -> Option<Warning> {
    let (seen, ours) = seen.zip(ours)?;
    (seen > ours + slack).then_some(Warning::OtherTraffic { what, seen, ours })
}

/// Tokens that an engine looked up in its first tier.
fn first_tier_queries(delta: &EngineDelta) -> Option<f64> {
    delta.tiers.first().and_then(|tier| tier.queries)
}

/// The sum over the engines that tell it; `None` where none does.
fn total(engines: &[EngineDelta], pick: fn(&EngineDelta) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = engines.iter().filter_map(pick).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>())
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
    let mut had_all = 0;
    for value in &values {
        had_all += u32::from(ours.is_some_and(|ours| (value - ours).abs() <= allowed));
    }
    match had_all {
        0 | 1 => total(engines, pick),
        _ => values.into_iter().reduce(f64::max),
    }
}
