//! Why prompts that had been cached were not found again, by evidence.

use super::{FAR_BELOW, LevelCase, NO_REUSE};
use crate::{
    cache::expected, cache::hit_limits, cache::own_hits::own_hits, cache::replicas::load,
    cache::witness, level::kinds::of_kind,
};
use dualround_model::{CacheSeen, Diagnosis, RoundKind, RoundResult};

/// An engine with less than this share of the load had none of the round, but a probe perhaps.
const REPLICA_SHARE: f64 = 0.1;

/// Few hits, or far fewer than the token ids sent would have let it have, and a cause that is seen:
/// several engines, a cache that is too small, slots that took turns.
pub(super) fn lost(case: &LevelCase<'_>) -> Option<Diagnosis> {
    case.warm
        .filter(|rate| *rate < NO_REUSE || far_below(case, *rate))?;
    // What was never cached was not evicted.
    let evicted = match case.found {
        // What turns hold grows out of each other: neither counts what has to be kept.
        Some(true) if case.rounds.iter().any(|round| round.requests.has_turns()) => None,
        Some(true) => overflow(case).or_else(|| more_than_slots(case)),
        _ => None,
    };
    let replicas = replicas(case).or_else(|| processes(case));
    match (evicted, replicas) {
        // More than one engine, and together they hold too little.
        (Some(evicted @ Diagnosis::EvictedCapacity { .. }), _) => Some(evicted),
        (_, Some(replicas)) => Some(replicas),
        (evicted, None) => evicted,
    }
}

/// Less than half of what the token ids allow beyond what the prompts of a round share anyway.
fn far_below(case: &LevelCase<'_>, rate: f64) -> bool {
    let Some(reuse) = expected::reuse_of_all(case.rounds, case.known) else {
        return false;
    };
    let own = reuse.warm - reuse.cold;
    own >= NO_REUSE && rate - reuse.cold < FAR_BELOW * own
}

/// The warm rounds were spread over several engines, each request to one of them.
fn replicas(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let engines = loads(case.rounds);
    let looked_up: f64 = engines.iter().map(|(_, tokens)| tokens).sum();
    let warm = of_kind(case.rounds, RoundKind::Warm);
    let sent: Option<f64> = warm.map(witness::sent_tokens).sum();
    // Engines that each look up every prompt are a chain: prefill here, decode there.
    let chained = sent.is_some_and(|sent| looked_up > sent + witness::slack(sent));
    (engines.len() > 1 && !chained).then_some(Diagnosis::Replicas {
        seen: match case.found {
            _ if case.warm.is_some_and(|rate| rate >= NO_REUSE) => CacheSeen::InRound,
            Some(true) => CacheSeen::Found,
            Some(false) => CacheSeen::NotFound,
            None => CacheSeen::Untested,
        },
        engines,
    })
}

/// Requests hit, and several processes answer behind the address: those that missed may have met
/// another one.
fn processes(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let rate = case.warm.filter(|rate| *rate >= NO_REUSE)?;
    let several = case.rounds.iter().any(witness::is_several_processes);
    several.then_some(Diagnosis::SeveralProcesses { rate })
}

/// A text that was sent twice was not found again, and the warm round hit almost nothing. Its
/// second send met another engine, too, unless one engine's counters saw all that was sent.
pub(super) fn never_found(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let few = case.warm.is_some_and(|rate| rate < NO_REUSE);
    if case.found != Some(false) || !few {
        return None;
    }
    if case.rounds.iter().any(witness::is_several_processes) {
        return Some(Diagnosis::NeverFoundProcesses);
    }
    let short = may_be_short(case);
    let canary = case.known.canary.as_ref();
    let unasked = canary.is_some_and(|canary| canary.unasked);
    Some(if case.rounds.iter().all(witness::is_one_engine) {
        Diagnosis::NeverFound { short, unasked }
    } else {
        Diagnosis::NeverFoundUnseen { short, unasked }
    })
}

/// Half of the prompts and more may be below a block: none is known to be longer than the engine's
/// own block, or than the largest of any engine.
fn may_be_short(case: &LevelCase<'_>) -> bool {
    let told = case.known.engines.iter();
    let told = told.filter_map(|engine| engine.block_tokens).max();
    let block = told.unwrap_or(hit_limits::LARGEST_BLOCK);
    let rows = of_kind(case.rounds, RoundKind::Warm).flat_map(|round| round.requests.successes());
    let (mut of, mut longer) = (0_u64, 0_u64);
    for (_, row) in rows {
        of += 1;
        longer += u64::from(row.input_tokens().is_some_and(|tokens| tokens > block));
    }
    2 * longer <= of
}

/// Load by engine over the warm rounds, of those that had any.
fn loads(rounds: &[RoundResult]) -> Vec<(String, f64)> {
    let mut loads: Vec<(String, f64)> = Vec::new();
    for delta in of_kind(rounds, RoundKind::Warm).flat_map(|round| &round.meta.engines) {
        if let Some(tokens) = load(delta).filter(|tokens| *tokens > 0.0) {
            match loads.iter_mut().find(|(base, _)| *base == delta.base) {
                Some((_, sum)) => *sum += tokens,
                None => loads.push((delta.base.clone(), tokens)),
            }
        }
    }
    let total: f64 = loads.iter().map(|(_, tokens)| tokens).sum();
    loads.retain(|(_, tokens)| *tokens > REPLICA_SHARE * total);
    loads
}

/// The prompts of a round need more than the engines' stated capacity.
fn overflow(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let engines = case.known.engines.iter();
    let engines = engines.filter(|engine| engine.kind.answers_prompts());
    let held: u64 = engines.filter_map(|engine| engine.capacity_tokens).sum();
    let first = of_kind(case.rounds, RoundKind::Cold).next()?;
    // What prompts share is held once; of a round without reuse nothing is shared.
    let own = first.requests.iter().filter_map(|(index, row)| {
        let tokens = row.input_tokens()?;
        let shared = own_hits(first, index, row, tokens).most;
        // Characters do not tell the template that all begin with.
        let template = first
            .expected
            .as_ref()
            .map_or(hit_limits::UNSEEN_TEMPLATE, |_| 0);
        Some(tokens.saturating_sub(shared + template))
    });
    let needed = own.sum();
    (held > 0 && needed > held).then_some(Diagnosis::EvictedCapacity { needed, held })
}

/// There are more prompts than slots.
fn more_than_slots(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let engines = case.known.engines.iter();
    let slots = engines.filter_map(|engine| engine.capacity_prompts);
    let cold = of_kind(case.rounds, RoundKind::Cold).next()?;
    let (slots, prompts) = (slots.sum::<u64>(), cold.ended());
    (slots > 0 && prompts > slots).then_some(Diagnosis::EvictedSlots { prompts, slots })
}
