//! The one decision rule: docs/methodology.md has it as a table.

use crate::{
    decision::remarks::remarks,
    decision::{Decision, LevelEvidence, MARGIN, decide},
    numbers::intervals::FEWEST,
};
use dualround_model::{
    Conclusion, ConclusionKind, LostPairs, MetricComparison, Reason, Source, Verdict,
};

/// A spread within ± 25 % says "no effect" where hits are known to be few.
const LOOSE_MARGIN: f64 = 0.25;
/// An effect that cannot be excluded above this factor is no "no effect".
const WIDEST_BOUND: f64 = 1.35;

/// Whether the cache works, decided from the evidence of a level.
pub(crate) fn conclude(basis: &LevelEvidence<'_>) -> Conclusion {
    let decision = decision(basis);
    Conclusion {
        kind: decision.kind,
        source: basis.design.source,
        cache_evidence: basis.reuse.evidence,
        margin: MARGIN,
        allowance: basis.ttft.metric.allowance,
        bound: decision.bound,
        reason: decision.reason,
        witness: basis.reuse.witness,
        cold_hits: basis.reuse.cold,
        remarks: remarks(basis, &decision),
    }
}

/// The first row of the table in docs/methodology.md that holds: each one needs what those before
/// it ask for.
fn decision(basis: &LevelEvidence<'_>) -> Decision {
    use ConclusionKind::{CannotTell, Effect, Withheld};
    let ttft = &basis.ttft.metric;
    if basis.cold.verdict == Verdict::Contaminated {
        return Decision::nothing(Withheld, Reason::Contaminated);
    }
    if !basis.warm_round {
        return Decision::nothing(CannotTell, Reason::NoWarmRound);
    }
    if ttft.pairs == 0 {
        return Decision::nothing(CannotTell, Reason::NoPairs);
    }
    if ttft.prompts < FEWEST as u64 {
        let prompts = ttft.prompts;
        return Decision::nothing(CannotTell, Reason::FewPrompts { prompts });
    }
    if let Some(LostPairs { cold, warm, of }) = basis.lost {
        return Decision::nothing(CannotTell, Reason::LostPairs { cold, warm, of });
    }
    if decide(ttft.interval_low, ttft.interval_high, MARGIN) == Effect {
        return match drift(basis) {
            Some(reason) => Decision::nothing(Withheld, reason),
            None => Decision {
                kind: Effect,
                bound: None,
                reason: None,
            },
        };
    }
    no_effect(basis, ttft)
}

/// Repeats so far apart that what would be an effect may be the same drift.
fn drift(basis: &LevelEvidence<'_>) -> Option<Reason> {
    let apart = basis.ttft.apart?;
    let effect = basis.ttft.metric.ratio?.ln().abs();
    (apart.ln.abs() >= effect / 2.0).then(|| Reason::Drift {
        rounds: apart.rounds,
        ratio: apart.ln.exp(),
    })
}

/// The rounds agree, as far as an effect of more than the bound is excluded.
fn no_effect(basis: &LevelEvidence<'_>, ttft: &MetricComparison) -> Decision {
    use ConclusionKind::{CannotTell, NoEffect};
    let far = ttft.interval_low.zip(ttft.interval_high);
    let far = far.map(|(low, high)| high.max(1.0 / low));
    let (true, Some(bound)) = (rounds_agree(basis, ttft), far) else {
        return Decision::nothing(CannotTell, Reason::AcrossMargin);
    };
    if bound > WIDEST_BOUND {
        return Decision::nothing(CannotTell, Reason::WideBound { bound });
    }
    Decision {
        kind: NoEffect,
        bound: Some(bound),
        reason: None,
    }
}

/// The interval lies within the margin. Where it was widened by an allowance, the spread within the
/// rounds may do so instead, and within a looser margin where hits are known to be few.
fn rounds_agree(basis: &LevelEvidence<'_>, ttft: &MetricComparison) -> bool {
    let (low, high) = (ttft.interval_low, ttft.interval_high);
    if is_within(low, high, MARGIN) {
        return true;
    }
    if basis.design.source == Source::Cycles {
        return false;
    }
    let holds_one = low <= Some(1.0) && high >= Some(1.0);
    let (low, high) = (ttft.spread_low, ttft.spread_high);
    is_within(low, high, MARGIN)
        || (holds_one && basis.reuse.known_few && is_within(low, high, LOOSE_MARGIN))
}

fn is_within(low: Option<f64>, high: Option<f64>, margin: f64) -> bool {
    decide(low, high, margin) == ConclusionKind::NoEffect
}
