//! The one decision rule: docs/methodology.md has it as a table.

use crate::{
    conclusion_words::words,
    level::{Design, Estimate},
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
/// A warm hit rate below this is no evidence of a cache.
const HIT_RATE: f64 = 0.05;
/// Prompts that any decision needs.
const FEWEST: u64 = 6;

/// What a conclusion rests on.
pub(crate) struct Basis<'a> {
    pub(crate) judging: &'a Judging,
    pub(crate) design: &'a Design<'a>,
    /// A warm round was run.
    pub(crate) warm_round: bool,
    pub(crate) ttft: &'a Estimate,
    pub(crate) classes: &'a [ClassComparison],
    /// Pairs that one side lost, where they are too many.
    pub(crate) lost: Option<LostPairs>,
    pub(crate) hit_rate: &'a CacheHit,
    pub(crate) server_cold: Option<f64>,
    pub(crate) cold: &'a ColdVerdict,
}

impl Basis<'_> {
    /// Hits in the warm rounds, well above those of the cold ones.
    pub(crate) fn cache_evidence(&self) -> bool {
        let above = |warm: Option<f64>, cold: Option<f64>| {
            warm.is_some_and(|warm| warm >= HIT_RATE && warm >= 2.0 * cold.unwrap_or(0.0))
        };
        above(self.hit_rate.usage, self.hit_rate.usage_cold)
            || above(self.hit_rate.server, self.server_cold)
    }

    /// Every warm request says what it hit, and it is hardly more than the cold ones hit.
    fn hits_known_few(&self) -> bool {
        let hits = self.hit_rate;
        let more = hits
            .usage
            .zip(hits.usage_cold)
            .map(|(warm, cold)| warm - cold);
        hits.usage_of > 0
            && hits.usage_known == hits.usage_of
            && more.is_some_and(|more| more < HIT_RATE)
    }
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

/// What was decided, before any word.
struct Decision {
    kind: ConclusionKind,
    bound: Option<f64>,
    reason: Option<Reason>,
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

/// Decides and says it.
pub(crate) fn conclude(basis: &Basis<'_>) -> Conclusion {
    let decision = decision(basis);
    let mut conclusion = Conclusion {
        kind: decision.kind,
        source: basis.design.source,
        cache_evidence: basis.cache_evidence(),
        margin: MARGIN,
        allowance: basis.ttft.metric.allowance,
        bound: decision.bound,
        reason: decision.reason,
        text: String::new(),
        text_zh: String::new(),
    };
    (conclusion.text, conclusion.text_zh) = words(basis, &conclusion);
    conclusion
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
    if ttft.prompts < FEWEST {
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
    let agree = within(ttft.interval_low, ttft.interval_high, MARGIN)
        || (allowed && spread(MARGIN))
        || (allowed && basis.hits_known_few() && spread(LOOSE_MARGIN));
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
