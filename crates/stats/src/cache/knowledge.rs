//! What is known of the prompt tokens that a request took from a cache: decided here, once, for
//! everything that speaks of hits.

use crate::{cache::hits::Hits, cache::witness, cost};
use dualround_model::{
    CanaryReport, Convention, EngineKind, EngineReport, RequestRecord, RoundResult, RunEvidence,
};

/// What is known of the cached tokens of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CachedKnowledge {
    /// The server said so many.
    Known(u64),
    /// It said nothing, as it does without a hit.
    ZeroByOmission,
    /// It said nothing, and what that means is not known.
    Unknown,
    /// It said more than the prompt has.
    Impossible,
}

impl CachedKnowledge {
    /// Tokens, where they are known.
    pub(crate) fn tokens(self) -> Option<u64> {
        match self {
            Self::Known(tokens) => Some(tokens),
            Self::ZeroByOmission => Some(0),
            Self::Unknown | Self::Impossible => None,
        }
    }
}

/// What a request's usage says of its cached tokens, silence read by the convention.
pub(crate) fn cached(record: &RequestRecord, convention: Convention) -> CachedKnowledge {
    let usage = &record.usage;
    match (usage.cached_tokens, usage.prompt_tokens) {
        (Some(cached), Some(prompt)) if cached > prompt => CachedKnowledge::Impossible,
        (Some(cached), _) => CachedKnowledge::Known(cached),
        (None, _) if usage.cached_unreadable => CachedKnowledge::Unknown,
        (None, Some(_)) if convention.omission_is_zero && record.outcome.is_success() => {
            CachedKnowledge::ZeroByOmission
        }
        (None, _) => CachedKnowledge::Unknown,
    }
}

/// How silence about cached tokens is read, by what the canary alone says: it hit when sent again,
/// and the first time, a miss that is known, the field was left out. Behind several engines one of
/// them may report and another not.
pub fn convention(canary: Option<&CanaryReport>, engines: &[EngineReport]) -> Convention {
    Convention {
        omission_is_zero: found(canary) && left_out(canary) && replicas(engines) <= 1,
    }
}

/// The canary's repetition hit.
fn found(canary: Option<&CanaryReport>) -> bool {
    canary.and_then(CanaryReport::found) == Some(true)
}

/// The canary's first request, a known miss, was counted and lacked the field.
fn left_out(canary: Option<&CanaryReport>) -> bool {
    canary.is_some_and(|canary| canary.first.is_none() && canary.prompt_tokens.is_some())
}

/// Engines that answer: those of `--admin-url`, and the endpoint's own server unless it is a
/// gateway, which is of no known kind or looks like one of them.
fn replicas(engines: &[EngineReport]) -> usize {
    let mut kinds = engines.iter().map(|engine| engine.kind);
    let own = kinds.next();
    let others: Vec<EngineKind> = kinds.filter(|kind| kind.answers_prompts()).collect();
    let gateway = own.is_none_or(|own| {
        others.contains(&own) || own == EngineKind::Unknown || !own.answers_prompts()
    });
    if gateway {
        others.len().max(1)
    } else {
        1 + others.len()
    }
}

/// The convention by what all of a level says: an answer of it may have reported a hit where the
/// canary's repetition did not, and counters may contradict.
pub(crate) fn of_level(rounds: &[RoundResult], known: &RunEvidence) -> Convention {
    let canary = known.canary.as_ref();
    let hit = found(canary) || rounds.iter().any(reports_hit);
    Convention {
        omission_is_zero: hit
            && left_out(canary)
            && replicas(&known.engines) <= 1
            && !rounds.iter().any(witness::is_several_processes)
            && !rounds.iter().any(contradicted),
    }
}

/// Any answer of a round reports cached tokens.
fn reports_hit(round: &RoundResult) -> bool {
    let mut rows = round.requests.successes();
    rows.any(|(_, row)| row.cached_tokens().is_some_and(|cached| cached > 0))
}

/// The counters saw more hits in a round than its answers reported, in look-ups that were all ours.
fn contradicted(round: &RoundResult) -> bool {
    let Some(seen) = witness::of_round(round) else {
        return false;
    };
    let rows = round.requests.successes();
    let reported: u64 = rows.filter_map(|(_, row)| row.cached_tokens()).sum();
    seen.hits > reported as f64 + witness::slack(seen.sent)
}

/// Reads what was left out by this convention, in all rounds of a level. Returns whether anything
/// changed.
pub(crate) fn apply(rounds: &mut [RoundResult], convention: Convention) -> bool {
    let mut changed = false;
    for round in rounds.iter_mut() {
        let mut touched = false;
        for (_, row) in round.requests.iter_mut() {
            let counted = row.is_success() && row.input_tokens().is_some();
            let before = row.cached_tokens();
            row.omit(convention.omission_is_zero && counted);
            touched |= row.cached_tokens() != before;
        }
        if touched {
            Hits::of_rows(&round.requests).stand_in(&mut round.summary);
            cost::settle(&round.requests, &mut round.summary);
            changed = true;
        }
    }
    changed
}
