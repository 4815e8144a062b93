//! The one decision rule: docs/methodology.md has it as a table.

use crate::{
    intervals::FEWEST,
    level::{Design, Estimate},
    remarks::remarks,
    reuse_seen::Reuse,
};
use dualround_model::{
    CacheHit, ClassComparison, ColdVerdict, Conclusion, ConclusionKind, Judging, LostPairs,
    MetricComparison, Reason, Source, Verdict,
};

/// Effects within ± 5 % are none that anybody should act on.
pub const MARGIN: f64 = 0.05;
/// A spread within ± 25 % says "no effect" where hits are known to be few.
const LOOSE_MARGIN: f64 = 0.25;
/// An effect that cannot be excluded above this factor is no "no effect".
const WIDEST_BOUND: f64 = 1.35;

/// What a conclusion rests on.
pub(crate) struct Basis<'a> {
    pub(crate) judging: &'a Judging,
    pub(crate) design: &'a Design<'a>,
    /// A warm round was run.
    pub(crate) warm_round: bool,
    /// A later cold round repeats the bytes of the first, with nothing done before it.
    pub(crate) cold_repeats: bool,
    pub(crate) ttft: &'a Estimate,
    pub(crate) classes: &'a [ClassComparison],
    /// Pairs that one side lost, where they are too many.
    pub(crate) lost: Option<LostPairs>,
    pub(crate) hit_rate: &'a CacheHit,
    pub(crate) reuse: Reuse,
    pub(crate) cold: &'a ColdVerdict,
}

/// Whether an interval of a ratio lies wholly beyond ± `margin` (`effect`), wholly inside
/// (`no_effect`), or neither; without one it cannot be told.
pub fn decide(low: Option<f64>, high: Option<f64>, margin: f64) -> ConclusionKind {
    let Some((low, high)) = low.zip(high) else {
        return ConclusionKind::CannotTell;
    };
    let (slower, faster) = (1.0 / (1.0 + margin), 1.0 + margin);
    if low > faster || high < slower {
        ConclusionKind::Effect
    } else if low >= slower && high <= faster {
        ConclusionKind::NoEffect
    } else {
        ConclusionKind::CannotTell
    }
}

/// What was decided.
pub(crate) struct Decision {
    pub(crate) kind: ConclusionKind,
    bound: Option<f64>,
    pub(crate) reason: Option<Reason>,
}

impl Decision {
    fn nothing(kind: ConclusionKind, reason: Reason) -> Self {
        Self {
            kind,
            bound: None,
            reason: Some(reason),
        }
    }
}

/// Decides.
pub(crate) fn conclude(basis: &Basis<'_>) -> Conclusion {
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

fn decision(basis: &Basis<'_>) -> Decision {
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
fn drift(basis: &Basis<'_>) -> Option<Reason> {
    let apart = basis.ttft.apart?;
    let effect = basis.ttft.metric.ratio?.ln().abs();
    (apart.ln.abs() >= effect / 2.0).then(|| Reason::Drift {
        rounds: apart.rounds,
        ratio: apart.ln.exp(),
    })
}

/// The rounds agree, as far as an effect of more than the bound is excluded.
fn no_effect(basis: &Basis<'_>, ttft: &MetricComparison) -> Decision {
    use ConclusionKind::{CannotTell, NoEffect};
    let within =
        |low: Option<f64>, high: Option<f64>, margin: f64| decide(low, high, margin) == NoEffect;
    let spread = |margin: f64| within(ttft.spread_low, ttft.spread_high, margin);
    let allowed = basis.design.source != Source::Cycles;
    let holds_one = ttft.interval_low <= Some(1.0) && ttft.interval_high >= Some(1.0);
    let agree = within(ttft.interval_low, ttft.interval_high, MARGIN)
        || (allowed && spread(MARGIN))
        || (allowed && holds_one && basis.reuse.known_few && spread(LOOSE_MARGIN));
    let far = ttft.interval_low.zip(ttft.interval_high);
    let far = far.map(|(low, high)| high.max(1.0 / low));
    let Some(bound) = far.filter(|_| agree) else {
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
