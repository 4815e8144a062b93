//! A response cache in front of the engine gives whole answers back: the same id for the same prompt
//! in both rounds. That is no prefix cache, and never "cache works".

use crate::{
    cold::note,
    kinds::{cold_of, of_kind},
    pairs::matched,
};
use dualround_model::{ColdEvidence, RoundKind, RoundResult};
use std::collections::HashMap;

/// Answers that came back under the id of an earlier answer to the same prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replayed {
    pub(crate) answers: u64,
    /// Of so many pairs in which both sides have an id.
    pub(crate) of: u64,
}

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

/// Many enough that the figures are those of a response cache.
pub(crate) fn found(rounds: &[RoundResult]) -> Option<Replayed> {
    replayed(rounds).filter(|found| found.answers > 0)
}

/// In words, for the evidence.
pub(crate) fn evidence(rounds: &[RoundResult]) -> Option<ColdEvidence> {
    let Replayed { answers, of } = found(rounds)?;
    let text = format!(
        "{answers} of {of} warm answers bear the id of the cold answer to the same prompt: a response cache gave them back, no engine"
    );
    Some(note("response_id", text))
}
