//! The evidence of a level, and the rule that an interval is held against a margin by.

pub(crate) mod conclusion;
pub(crate) mod remarks;

use crate::{
    cache::reuse_seen::ReuseSeen,
    level::{design::Design, estimate::Estimate},
};
use dualround_model::{
    CacheHit, ClassComparison, ColdVerdict, ConclusionKind, Judging, LostPairs, MetricComparison,
    MixedFinding, Overload, Reason, Source,
};

/// A spread within ± 25 % says "no effect" where hits are known to be few.
const LOOSE_MARGIN: f64 = 0.25;
/// An effect that cannot be excluded above this factor is no "no effect".
const WIDEST_BOUND: f64 = 1.35;

/// Effects within ± 5 % are none that anybody should act on.
pub const MARGIN: f64 = 0.05;

/// The evidence that a level's conclusion rests on.
pub(crate) struct LevelEvidence<'a> {
    pub(crate) judging: &'a Judging,
    pub(crate) design: &'a Design<'a>,
    /// A warm round was run.
    pub(crate) warm_round: bool,
    /// Cold rounds only filled the cache, by another load.
    pub(crate) primed: bool,
    /// A later cold round repeats the bytes of the first, with nothing done before it.
    pub(crate) cold_repeats: bool,
    pub(crate) ttft: &'a Estimate,
    pub(crate) classes: &'a [ClassComparison],
    /// Hits against misses inside mixed rounds, where there are any.
    pub(crate) mixed: Option<&'a MixedFinding>,
    /// The side that could not hold the rate of an open loop.
    pub(crate) overload: Option<Overload>,
    /// Pairs that one side lost, where they are too many.
    pub(crate) lost: Option<LostPairs>,
    pub(crate) hit_rate: &'a CacheHit,
    pub(crate) reuse: ReuseSeen,
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

/// A decision before it is put into a conclusion.
pub(crate) struct Decision {
    pub(crate) kind: ConclusionKind,
    pub(crate) bound: Option<f64>,
    pub(crate) reason: Option<Reason>,
}

impl Decision {
    /// No claim, for this reason.
    pub(crate) fn nothing(kind: ConclusionKind, reason: Reason) -> Self {
        Self {
            kind,
            bound: None,
            reason: Some(reason),
        }
    }

    /// The same, with the row of the table that it comes from.
    pub(crate) fn by(self, source: Source) -> SourcedDecision {
        SourcedDecision {
            kind: self.kind,
            source,
            bound: self.bound,
            reason: self.reason,
        }
    }
}

/// A decision, and what decided.
pub(crate) struct SourcedDecision {
    pub(crate) kind: ConclusionKind,
    pub(crate) source: Source,
    pub(crate) bound: Option<f64>,
    pub(crate) reason: Option<Reason>,
}

/// What the interval of a ratio says. `by_cycles`: what rounds differ by as a whole is in it, and no
/// allowance; `known_few`: hits are known to be few.
pub(crate) fn by_interval(metric: &MetricComparison, by_cycles: bool, known_few: bool) -> Decision {
    use ConclusionKind::{CannotTell, Effect, NoEffect};
    let (low, high) = (metric.interval_low, metric.interval_high);
    if decide(low, high, MARGIN) == Effect {
        return Decision {
            kind: Effect,
            bound: None,
            reason: None,
        };
    }
    let bound = low.zip(high).map(|(low, high)| high.max(1.0 / low));
    let (true, Some(bound)) = (rounds_agree(metric, by_cycles, known_few), bound) else {
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
fn rounds_agree(metric: &MetricComparison, by_cycles: bool, known_few: bool) -> bool {
    let (low, high) = (metric.interval_low, metric.interval_high);
    if is_within(low, high, MARGIN) {
        return true;
    }
    if by_cycles {
        return false;
    }
    let holds_one = low <= Some(1.0) && high >= Some(1.0);
    let (low, high) = (metric.spread_low, metric.spread_high);
    is_within(low, high, MARGIN) || (holds_one && known_few && is_within(low, high, LOOSE_MARGIN))
}

fn is_within(low: Option<f64>, high: Option<f64>, margin: f64) -> bool {
    decide(low, high, margin) == ConclusionKind::NoEffect
}
