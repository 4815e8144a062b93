//! The same request cold and warm.

use dualround_model::{Flag, RequestRow, RoundResult};
use std::collections::HashSet;

/// Output lengths that differ by more than this make a pair unequal.
pub(crate) const LENGTH_SHARE: f64 = 0.05;
/// Latency and ITL ratios are withheld above this share of unequal pairs.
pub(crate) const UNEQUAL_SHARE: f64 = 0.10;

/// Which value of a request is compared.
pub(crate) type MetricOf = fn(&RequestRow) -> Option<f64>;
/// Which pairs are compared, by their cold and warm request.
pub(crate) type PairFilter<'f> = &'f dyn Fn(&RequestRow, &RequestRow) -> bool;

/// A request in one round and in the other.
pub(crate) type Pair<'a> = (&'a RequestRow, &'a RequestRow);

/// It succeeded, and at once: one that was sent again may hit what its own first attempt left.
pub(crate) fn is_whole(row: &RequestRow) -> bool {
    row.is_success() && !row.has(Flag::Retried)
}

/// Requests that succeeded in both rounds, with their index; of sessions those whose sides have the
/// same turns.
pub(crate) fn matched<'a>(
    one: &'a RoundResult,
    two: &'a RoundResult,
) -> impl Iterator<Item = (u32, &'a RequestRow, &'a RequestRow)> {
    let apart = sessions_apart(one, two);
    one.requests.successes().filter_map(move |(index, row)| {
        let other = two.requests.get(index)?;
        let session = one.requests.turn(index).map(|turn| turn.session);
        let is_whole = session.is_none_or(|session| !apart.contains(&session));
        (is_whole && other.is_success()).then_some((index, row, other))
    })
}

/// Sessions whose sides differ: a turn succeeded in one of two rounds alone. The mean over the rest of
/// their turns would be over others on each side.
pub(crate) fn sessions_apart(one: &RoundResult, two: &RoundResult) -> HashSet<u32> {
    let mut apart = HashSet::new();
    if !one.requests.has_turns() {
        return apart;
    }
    for (round, other) in [(one, two), (two, one)] {
        for (index, _) in round.requests.successes() {
            let there = other.requests.get(index);
            if there.is_some_and(RequestRow::is_success) {
                continue;
            }
            let turn = round.requests.turn(index);
            apart.extend(turn.map(|turn| turn.session));
        }
    }
    apart
}

/// Requests that succeeded in both rounds.
pub(crate) fn pairs<'a>(cold: &'a RoundResult, warm: &'a RoundResult) -> Vec<Pair<'a>> {
    matched(cold, warm)
        .map(|(_, cold, warm)| (cold, warm))
        .collect()
}

/// Pairs whose answers differ in length.
pub(crate) fn unequal(pairs: &[Pair<'_>]) -> u64 {
    let differ = pairs.iter().filter(|(a, b)| differ_in_length(a, b));
    differ.count() as u64
}

/// By more than a share of the longer answer.
fn differ_in_length(a: &RequestRow, b: &RequestRow) -> bool {
    let lengths = a.output_tokens().zip(b.output_tokens());
    lengths.is_some_and(|(a, b)| a.abs_diff(b) as f64 > LENGTH_SHARE * a.max(b) as f64)
}
