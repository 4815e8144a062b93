//! What explains a level's result, and what to look at next. Each rule has preconditions of its
//! own; none is said because nothing else was.

mod beside;
mod few_hits;
mod gap;

use crate::{
    cache::hits::Hits,
    decision::{LevelEvidence, MARGIN},
    level::kinds::of_kind,
};
use dualround_model::{
    CanaryReport, Class, Conclusion, ConclusionKind, Diagnosis, Reason, RoundKind, RoundResult,
    RunEvidence, Source, Warning, Witness,
};

/// A warm hit rate below this counts as no reuse.
const NO_REUSE: f64 = 0.05;
/// Hits below this share of the possible ones want an explanation.
const FAR_BELOW: f64 = 0.5;

/// A level that is to be explained.
struct LevelCase<'a> {
    rounds: &'a [RoundResult],
    known: &'a RunEvidence,
    basis: &'a LevelEvidence<'a>,
    conclusion: &'a Conclusion,
    /// Whether the canary's repetition was found again.
    found: Option<bool>,
    /// Share of the warm prompt tokens from the cache, by the witness that may speak.
    warm: Option<f64>,
}

/// A rule: what holds of a level, where it does.
type DiagnosisRule = fn(&LevelCase<'_>) -> Option<Diagnosis>;

/// Why few hits were seen, or why they did not show in TTFT: the first that holds.
const EXPLAINS: [DiagnosisRule; 6] = [
    cache_off,
    few_hits::lost,
    few_hits::never_found,
    found_once_only,
    hits_unseen,
    not_followed,
];

/// Every cause that holds of a level.
pub(crate) fn of(
    rounds: &[RoundResult],
    known: &RunEvidence,
    basis: &LevelEvidence<'_>,
    conclusion: &Conclusion,
) -> Vec<Diagnosis> {
    if !basis.warm_round && basis.mixed.is_none() {
        return not_compared(rounds, basis).into_iter().collect();
    }
    let by_blocks = conclusion.source == Source::Mixed;
    let no_arms = basis
        .mixed
        .is_none_or(|mixed| mixed.reason == Some(Reason::NoPairs));
    if basis.ttft.metric.pairs == 0 && (!by_blocks || no_arms) {
        return vec![Diagnosis::NoPairs];
    }
    let case = LevelCase {
        rounds,
        known,
        basis,
        conclusion,
        found: known.canary.as_ref().and_then(CanaryReport::found),
        warm: match basis.reuse.witness {
            Witness::Usage | Witness::Partly => basis.hit_rate.usage,
            Witness::Counters { warm, .. } => Some(warm),
            Witness::Contradicted | Witness::ResponseCache(_) | Witness::Nobody => None,
        },
    };
    let mut out = beside::of(&case);
    if works(&case) {
        // It works, but less than it could.
        out.extend(few_hits::lost(&case));
        out.extend(gap::reasons(&case));
        return out;
    }
    out.extend(EXPLAINS.iter().find_map(|rule| rule(&case)));
    out.extend(gap::reasons(&case));
    out.extend(changed(rounds));
    out.extend(warm_failures(rounds));
    out
}

/// Why neither a warm round nor a mixed one was run; nothing where cold rounds were held against
/// rounds without reuse.
fn not_compared(rounds: &[RoundResult], basis: &LevelEvidence<'_>) -> Option<Diagnosis> {
    let ran = |kind: RoundKind| of_kind(rounds, kind).next().is_some();
    if ran(RoundKind::NoReuse) && ran(RoundKind::Cold) {
        return None;
    }
    let schedule = &basis.judging.schedule;
    let planned = schedule.has_pair();
    Some(if planned {
        Diagnosis::EndedBeforeWarm
    } else {
        Diagnosis::NoWarmRound
    })
}

/// The ratio that the conclusion rests on: that of blocks where they decide.
fn concluded_ratio(case: &LevelCase<'_>) -> Option<f64> {
    match (case.conclusion.source, case.basis.mixed) {
        (Source::Mixed, Some(mixed)) => mixed.ratio,
        _ => case.basis.ttft.metric.ratio,
    }
}

/// The cache works, as far as can be told.
fn works(case: &LevelCase<'_>) -> bool {
    let faster = concluded_ratio(case).is_some_and(|ratio| ratio > 1.0);
    case.conclusion.kind == ConclusionKind::Effect && faster && case.conclusion.cache_evidence
}

/// Every engine says that its prefix cache is off, and no hits were seen.
fn cache_off(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let engines = case.known.engines.iter();
    let engines = engines.filter(|engine| engine.kind.answers_prompts());
    let said: Vec<Option<bool>> = engines.map(|engine| engine.prefix_caching).collect();
    let off = !said.is_empty() && said.iter().all(|on| *on == Some(false));
    (off && !case.conclusion.cache_evidence).then_some(Diagnosis::CacheOff)
}

/// A text sent twice is found again, and the warm round hit almost nothing.
fn found_once_only(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let few = case.warm.is_some_and(|rate| rate < NO_REUSE);
    (case.found == Some(true) && few).then_some(Diagnosis::FoundOnceOnly)
}

/// Nobody reports hits.
fn hits_unseen(case: &LevelCase<'_>) -> Option<Diagnosis> {
    if case.basis.reuse.witness != Witness::Nobody {
        return None;
    }
    let rounds = case.rounds.iter();
    let impossible = rounds.map(|round| Hits::of_rows(&round.requests).impossible);
    Some(if impossible.sum::<u64>() > 0 {
        Diagnosis::HitsImpossible
    } else {
        Diagnosis::HitsUnseen
    })
}

/// Hits were seen, and TTFT is known not to have fallen: no effect was found, or the contrary of
/// one, also of those requests that hit.
fn not_followed(case: &LevelCase<'_>) -> Option<Diagnosis> {
    if !case.basis.reuse.evidence {
        return None;
    }
    let rate = case.warm?;
    let ratio = concluded_ratio(case);
    let slower = case.conclusion.kind == ConclusionKind::Effect && ratio.is_some_and(|r| r < 1.0);
    let mut classes = case.basis.classes.iter();
    let hits = classes.find(|class| class.class == Class::Hit);
    let hits_faster = hits.is_some_and(|class| class.ratio.is_some_and(|r| r > 1.0 + MARGIN));
    let known = slower || case.conclusion.kind == ConclusionKind::NoEffect;
    (known && !hits_faster).then_some(Diagnosis::NotFollowed { rate })
}

/// The server counted other prompt tokens for the same bytes.
fn changed(rounds: &[RoundResult]) -> Option<Diagnosis> {
    let mut warnings = rounds.iter().flat_map(|round| &round.summary.warnings);
    warnings
        .any(|warning| matches!(warning, Warning::PromptTokensChanged { .. }))
        .then_some(Diagnosis::PromptTokensChanged)
}

/// Requests failed in a warm round.
fn warm_failures(rounds: &[RoundResult]) -> Option<Diagnosis> {
    of_kind(rounds, RoundKind::Warm)
        .any(|round| round.summary.failed_requests > 0)
        .then_some(Diagnosis::WarmFailures)
}
