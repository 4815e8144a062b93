//! A response cache in front of the engine gives whole answers back: the same id for the same prompt
//! in both rounds, or whole answers while the engines' counters stand still. That is no prefix cache,
//! and never "cache works".

use crate::{
    kinds::{cold_of, of_kind},
    pairs::matched,
    witness::{self, Looked},
};
use dualround_model::{Flag, Replayed, RequestRow, RoundKind, RoundResult, SeenBy};
use std::collections::HashMap;

/// Share of the answers that must have come whole.
const MOSTLY: f64 = 0.9;
/// An answer whose first token is so near to its end was there at once, ms.
const AT_ONCE_MS: f64 = 2.0;

/// Of a level: cold against each warm round of the epoch. `None` where answers have no ids of their
/// own: a server that gives the same id to different prompts of one round says nothing by it.
pub(crate) fn replayed(rounds: &[RoundResult]) -> Option<Replayed> {
    if rounds.iter().any(shares_ids) {
        return None;
    }
    let mut sum = Replayed::default();
    for warm in of_kind(rounds, RoundKind::Warm) {
        let cold = cold_of(rounds, warm).into_iter();
        for (_, a, b) in cold.flat_map(|cold| matched(cold, warm)) {
            if let Some((a, b)) = a.response().zip(b.response()) {
                sum.of += 1;
                sum.answers += u64::from(a == b);
            }
        }
    }
    (sum.of > 0).then_some(sum)
}

/// Different prompts of the round were answered under one id.
fn shares_ids(round: &RoundResult) -> bool {
    let mut prompts: HashMap<u32, u64> = HashMap::new();
    round.requests.successes().any(|(_, row)| {
        let Some(id) = row.response() else {
            return false;
        };
        *prompts.entry(id).or_insert(row.prompt()) != row.prompt()
    })
}

/// Answers that came whole while the engines' counters saw nothing of their round, though they see
/// all of the cold rounds: no request of it reached an engine.
fn not_computed(rounds: &[RoundResult]) -> Option<Replayed> {
    let mut colds = of_kind(rounds, RoundKind::Cold);
    if !colds.all(|cold| witness::of_round(cold).is_some()) {
        return None;
    }
    of_kind(rounds, RoundKind::Warm).find_map(|warm| {
        let Looked::Less { seen, sent } = witness::looked(warm)? else {
            return None;
        };
        let (mut whole, mut of) = (0, 0);
        for (_, row) in warm.requests.successes() {
            of += 1;
            whole += u64::from(came_whole(row));
        }
        let stood_still = seen <= witness::slack(sent) && 2.0 * witness::slack(sent) < sent;
        (stood_still && whole as f64 >= MOSTLY * of as f64).then_some(Replayed {
            answers: whole,
            of,
            seen_by: SeenBy::Counters,
        })
    })
}

/// An answer of several tokens that was there at once.
fn came_whole(row: &RequestRow) -> bool {
    let times = row.ttft_ms().zip(row.latency_ms());
    let at_once = times.is_some_and(|(ttft, latency)| latency - ttft < AT_ONCE_MS);
    row.output_tokens().is_some_and(|tokens| tokens > 1) && (at_once || row.has(Flag::NotStreamed))
}

/// Many enough that the figures are those of a response cache.
pub(crate) fn found(rounds: &[RoundResult]) -> Option<Replayed> {
    let by_ids = replayed(rounds).filter(|found| found.answers > 0);
    by_ids.or_else(|| not_computed(rounds))
}
