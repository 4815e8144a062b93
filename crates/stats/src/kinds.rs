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
