//! Rounds by their kind.

use dualround_model::{RoundKind, RoundResult};

/// The rounds of a kind.
pub(crate) fn of_kind(
    rounds: &[RoundResult],
    kind: RoundKind,
) -> impl Iterator<Item = &RoundResult> + Clone {
    rounds
        .iter()
        .filter(move |round| round.meta.spec.kind == kind)
}

/// The cold round of another round's epoch.
pub(crate) fn cold_of<'a>(
    rounds: &'a [RoundResult],
    round: &RoundResult,
) -> Option<&'a RoundResult> {
    let epoch = round.meta.spec.epoch;
    of_kind(rounds, RoundKind::Cold).find(|cold| cold.meta.spec.epoch == epoch)
}
