//! The evidence of a level, and the rule that an interval is held against a margin by.

pub(crate) mod conclusion;
pub(crate) mod remarks;

use crate::{
    cache::reuse_seen::ReuseSeen,
    level::{design::Design, estimate::Estimate},
};
use dualround_model::{
    CacheHit, ClassComparison, ColdVerdict, ConclusionKind, Judging, LostPairs, Reason,
};

/// Effects within ± 5 % are none that anybody should act on.
pub const MARGIN: f64 = 0.05;

/// The evidence that a level's conclusion rests on.
pub(crate) struct LevelEvidence<'a> {
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
}
