//! Pairs that one side alone lost: those left are no fair sample when they are many.

use super::design::{Cycle, Design};
use crate::numbers::share::share;
use dualround_model::{LostPairs, RequestRow};

/// Share of the pairs that may be lost on one side.
const MOST: f64 = 0.10;
/// How much more one side may lose than the other.
const APART: f64 = 0.05;

/// The pairs that one side alone lost, counted over the cycles that were run, also those that lost
/// so many that they do not count. What was cancelled or never started says nothing.
pub(crate) fn lost(design: &Design<'_>) -> LostPairs {
    lost_of(&design.run, has_ttft)
}

/// The same of other pairs of rounds; `counts`: a request that is not lost.
pub(crate) fn lost_of(cycles: &[Cycle<'_>], counts: impl Fn(&RequestRow) -> bool) -> LostPairs {
    let mut lost = LostPairs::default();
    for (cold, warm) in cycles {
        for (index, row) in cold.requests.iter() {
            let Some(other) = warm.requests.get(index) else {
                continue;
            };
            if row.is_cancelled() || other.is_cancelled() {
                continue;
            }
            let (in_cold, in_warm) = (counts(row), counts(other));
            lost.of += u64::from(in_cold || in_warm);
            lost.cold += u64::from(!in_cold && in_warm);
            lost.warm += u64::from(in_cold && !in_warm);
        }
    }
    lost
}

/// It succeeded, and its first token was seen.
pub(crate) fn has_ttft(row: &RequestRow) -> bool {
    row.is_success() && row.ttft_ms().is_some()
}

/// Whether so many pairs were lost, or so much more on one side, that nothing can be told from the
/// rest.
pub(crate) fn too_many(lost: LostPairs) -> bool {
    let shares = share(lost.cold, lost.of).zip(share(lost.warm, lost.of));
    let Some((cold, warm)) = shares else {
        return false;
    };
    cold.max(warm) > MOST || (cold - warm).abs() > APART
}
