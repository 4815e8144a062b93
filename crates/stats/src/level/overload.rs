//! Which side of a level could not hold the rate at which requests arrived.

use super::design::{Cycle, Design};
use dualround_model::{Backlog, Overload, RoundResult};

/// The server could not hold the rate of this round.
pub(crate) fn is_overloaded(round: &RoundResult) -> bool {
    backlog_grew(round) == Some(true)
}

/// One of the rounds of a design could not hold it, in a pair or not.
pub(super) fn is_in(design: &Design<'_>) -> bool {
    let pairs = design.cycles.iter().flat_map(|(cold, warm)| [*cold, *warm]);
    let beside = design.cold_rounds().chain(design.warm_rounds());
    pairs.chain(beside).any(is_overloaded)
}

/// Whether either side of a design could not hold it; `None` where both could, or it is a closed
/// loop, or nobody knows.
pub(crate) fn overload(design: &Design<'_>) -> Option<Overload> {
    of_sides(any(design.cold_rounds()), any(design.warm_rounds()))
}

/// The same of pairs of rounds.
pub(crate) fn of_pairs(pairs: &[Cycle<'_>]) -> Option<Overload> {
    let cold = pairs.iter().map(|(cold, _)| *cold);
    let warm = pairs.iter().map(|(_, warm)| *warm);
    of_sides(any(cold), any(warm))
}

fn of_sides(cold: Option<bool>, warm: Option<bool>) -> Option<Overload> {
    [cold, warm]
        .contains(&Some(true))
        .then_some(Overload { cold, warm })
}

/// Nobody can tell it of a side, since too few requests arrived.
pub(crate) fn is_unknown(design: &Design<'_>) -> bool {
    let mut rounds = design.cold_rounds().chain(design.warm_rounds());
    rounds.any(|round| round.summary.arrivals.is_some() && backlog_grew(round).is_none())
}

/// The round of a side in which the backlog grew most, by more than chance, where nobody can tell
/// whether the server held the rate.
pub(crate) fn grown<'a>(side: impl Iterator<Item = &'a RoundResult>) -> Option<&'a Backlog> {
    let backlogs = side.filter_map(|round| Some(&round.summary.arrivals.as_ref()?.backlog));
    let untold = backlogs.filter(|backlog| backlog.overloaded.is_none());
    untold
        .filter(|backlog| growth(backlog) > backlog.limit)
        .max_by_key(|backlog| growth(backlog))
}

fn growth(backlog: &Backlog) -> u64 {
    backlog.end.saturating_sub(backlog.middle)
}

fn backlog_grew(round: &RoundResult) -> Option<bool> {
    round.summary.arrivals.as_ref()?.backlog.overloaded
}

/// One of them was; `None` where that of none is known.
fn any<'a>(rounds: impl Iterator<Item = &'a RoundResult>) -> Option<bool> {
    rounds
        .filter_map(backlog_grew)
        .reduce(|one, other| one || other)
}
