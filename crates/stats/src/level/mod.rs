//! The rounds of a level against each other.

pub(crate) mod answers;
pub(crate) mod kinds;
pub(crate) mod pairs;

mod apart;
mod arithmetic;
mod changed;
mod classes;
pub(crate) mod design;
pub(crate) mod estimate;
mod lengths;
mod lost;
mod mixed;
pub(crate) mod no_reuse;
pub(crate) mod overload;
mod sessions;

use crate::{
    cache::cold,
    cache::expected,
    cache::hits::Hits,
    cache::knowledge,
    cache::prefill,
    cache::response_cache,
    cache::reuse_seen::reuse_seen,
    cache::server,
    cost,
    decision::LevelEvidence,
    decision::conclusion,
    diagnosis,
    level::kinds::of_kind,
    level::pairs::{UNEQUAL_SHARE, matched, pairs, unequal},
};
use apart::{external, partial};
use changed::mark_changed_prompts;
use classes::classes;
use design::{Design, repeats_its_bytes};
use dualround_model::{
    CacheHit, Conclusion, ConclusionKind, Judging, LevelComparison, Load, MetricComparison,
    PrefillModel, RequestRow, RoundKind, RoundResult, RunEvidence, Withheld,
};
use estimate::{estimate_all, withhold};
use lengths::lengths;
use lost::{lost, too_many};
use mixed::mixed;
use no_reuse::inside_reuse;
use sessions::sessions;

/// Compares the rounds of a level, but for their answers, whose texts are not in memory. Requests
/// whose prompt tokens changed are marked.
pub fn compare(
    rounds: &mut [RoundResult],
    judging: &Judging,
    known: &RunEvidence,
) -> LevelComparison {
    mark_changed_prompts(rounds);
    // How silence is read comes before everything that speaks of hits.
    let convention = knowledge::of_level(rounds, known);
    knowledge::apply(rounds, convention);
    let rounds = &*rounds;
    let noise = judging.allowance();
    let design = Design::of(rounds);
    let ttft = estimate_all(&design, RequestRow::ttft_ms, noise);
    let mut itl = estimate_all(&design, RequestRow::itl_ms, noise).metric;
    let mut latency = estimate_all(&design, RequestRow::latency_ms, noise).metric;
    let unequal_outputs = withhold_unequal(&design, [&mut itl, &mut latency]);
    let hit_rate = hit_rate(rounds, &design, known);
    let replayed = response_cache::found(rounds);
    let cold = cold::verdict(rounds, known, judging.same_samples, replayed);
    let classes = classes(&design, noise);
    let mixed = mixed(
        rounds,
        known,
        replayed.is_some_and(response_cache::explains),
    );
    let reuse = reuse_seen(replayed, &design, known, mixed.as_ref());
    let lost_pairs = lost(&design);
    let basis = LevelEvidence {
        judging,
        design: &design,
        warm_round: of_kind(rounds, RoundKind::Warm).next().is_some(),
        primed: is_primed(rounds),
        cold_repeats: of_kind(rounds, RoundKind::Cold).any(|cold| repeats_its_bytes(rounds, cold)),
        ttft: &ttft,
        classes: &classes,
        mixed: mixed.as_ref(),
        overload: overload::overload(&design),
        lost: too_many(lost_pairs).then_some(lost_pairs),
        hit_rate: &hit_rate,
        reuse,
        cold: &cold,
    };
    let conclusion = conclusion::conclude(&basis);
    let diagnosis = diagnosis::of(rounds, known, &basis, &conclusion);
    let mut prefill = prefill::fit(rounds);
    prefill.efficiency = efficiency(&prefill, &design);
    let pairs = design.cycles.iter();
    let pairs = pairs.map(|(cold, warm)| matched(cold, warm).count() as u64);
    LevelComparison {
        // Behind cold rounds that only fill the cache, others have the load of the level.
        load: rounds
            .last()
            .map_or(Load::Concurrency(0), |round| round.meta.load),
        level: rounds.first().map_or(0, |round| round.meta.level),
        pairs: pairs.sum(),
        prompts: ttft.metric.prompts,
        lost_pairs,
        cycles: u32::try_from(design.cycles.len()).unwrap_or(u32::MAX),
        itl,
        latency,
        classes,
        hit_rate,
        answers: None,
        external: external(rounds, noise),
        partial: partial(rounds, noise),
        inside_reuse: inside_reuse(rounds, known, &cold, noise),
        mixed,
        until: design.until(is_decided(&conclusion)),
        sessions: sessions(rounds, &design, known),
        buckets: lengths(&design, noise),
        prefill,
        unequal_outputs,
        conclusion,
        diagnosis,
        cost: cost::compare(rounds),
        cold,
        ttft: ttft.metric,
    }
}

/// Cold rounds only filled the cache: they have another load than the warm ones.
fn is_primed(rounds: &[RoundResult]) -> bool {
    let loads = |kind| of_kind(rounds, kind).map(|round| round.meta.load);
    let warm = loads(RoundKind::Warm).next();
    warm.is_some_and(|warm| loads(RoundKind::Cold).all(|cold| cold != warm))
}

/// An effect, or that there is none.
fn is_decided(conclusion: &Conclusion) -> bool {
    matches!(
        conclusion.kind,
        ConclusionKind::Effect | ConclusionKind::NoEffect
    )
}

/// Takes ratios back that depend on the length of answers, where these differ; how many pairs do.
fn withhold_unequal(design: &Design<'_>, metrics: [&mut MetricComparison; 2]) -> u64 {
    let (mut differ, mut all) = (0, 0);
    for (cold, warm) in &design.cycles {
        let pairs = pairs(cold, warm);
        differ += unequal(&pairs);
        all += pairs.len();
    }
    if differ as f64 > UNEQUAL_SHARE * all as f64 {
        let reason = Withheld::UnequalAnswers {
            pairs: differ,
            of: all as u64,
        };
        for metric in metrics {
            withhold(metric, reason);
        }
    }
    differ
}

/// The share of prompt tokens from the cache, as each of those tells it who may.
fn hit_rate(rounds: &[RoundResult], design: &Design<'_>, known: &RunEvidence) -> CacheHit {
    let warm = Hits::of_rounds(design.warm_rounds());
    let cold = Hits::of_rounds(design.cold_rounds());
    let reuse = expected::reuse_of_all(rounds, known);
    CacheHit {
        usage: warm.rate(),
        usage_cold: cold.rate(),
        usage_cold_known: cold.known,
        usage_cold_of: cold.of,
        usage_known: warm.known,
        usage_of: warm.of,
        server: server::rate(design.warm_rounds()),
        tiers: server::tiers(rounds, RoundKind::Warm),
        theory: reuse.map(|reuse| reuse.warm),
        model_lru: reuse.and_then(|reuse| reuse.lru_warm),
    }
}

/// What was saved over what computing nothing at all in the warm round would save, by the line.
fn efficiency(model: &PrefillModel, design: &Design<'_>) -> Option<f64> {
    let per_token = model.ms_per_token?;
    let (mut saved, mut ideal) = (0.0, 0.0);
    let cycles = design.cycles.iter();
    for (_, cold, warm) in cycles.flat_map(|(cold, warm)| matched(cold, warm)) {
        let times = (cold.ttft_ms(), warm.ttft_ms(), cold.input_tokens());
        let (Some(a), Some(b), Some(input)) = times else {
            continue;
        };
        saved += a - b;
        ideal += per_token * input.saturating_sub(cold.cached_tokens().unwrap_or(0)) as f64;
    }
    (ideal > 0.0).then(|| saved / ideal)
}
