//! What requests of a round may hit of requests of their own round: prompts share beginnings, and a
//! cache that works gives them back in a cold round too.

use dualround_model::{Expected, RequestRow, Reuse, RoundResult, RunEvidence};
use std::collections::BTreeSet;

/// A group of prompts shares a beginning when it is so long, tokens; shorter ones are templates.
const GROUP: usize = 32;

/// Token ids of what one epoch of a level sent.
#[derive(Clone, Debug, Default)]
pub struct MarkedIds {
    /// Of each request, in the order of the index; none of one that was not sent.
    pub prompts: Vec<Vec<u32>>,
    /// Tokens of the epoch's marker; `None` where it has none, or they are not known. In another epoch
    /// each prompt is longer by what its own marker has more.
    pub marker_tokens: Option<u64>,
}

impl MarkedIds {
    /// Tokens of the marker of a round's epoch, and of this one, where both are known.
    pub(super) fn markers(&self, round: &RoundResult) -> Option<(u64, u64)> {
        let own = round.meta.cold.as_ref();
        let own = own.and_then(|action| action.marker_tokens);
        own.zip(self.marker_tokens)
    }
}

/// What each request may hit of its own round, by the ids of the tokens that were sent: the longest
/// beginning of any other request that was sent before it ended.
pub fn expected(round: &RoundResult, sent_ids: &MarkedIds) -> Expected {
    let (ids, markers) = (&sent_ids.prompts, sent_ids.markers(round));
    let mut sent = sent_requests(round, ids);
    // In the order of their tokens the closest relatives are neighbours.
    sent.sort_by(|a, b| a.ids.cmp(b.ids));
    let found = found_of_others(&sent);
    let mut tokens = vec![None; ids.len()];
    for (request, found) in sent.iter().zip(&found) {
        tokens[request.index] = u32::try_from(with_marker(*found as u64, markers)).ok();
    }
    Expected {
        epoch: round.meta.spec.epoch,
        tokens,
        computed: computed(&found, |a, b| common(sent[a].ids, sent[b].ids)),
        unseen: unseen(&sent, markers),
    }
}

/// A request that was sent, with the ids of its prompt.
pub(super) struct SentRequest<'a> {
    pub(super) index: usize,
    pub(super) row: &'a RequestRow,
    pub(super) ids: &'a [u32],
}

/// The requests that were sent, in the order of their index.
pub(super) fn sent_requests<'a>(
    round: &'a RoundResult,
    ids: &'a [Vec<u32>],
) -> Vec<SentRequest<'a>> {
    let mut sent = Vec::new();
    for (index, row) in round.requests.iter() {
        let index = index as usize;
        // Of a turn that was never answered no ids are asked for.
        let ids = ids.get(index).filter(|ids| !ids.is_empty());
        if let (Some(_), Some(ids)) = (row.start_ns(), ids) {
            sent.push(SentRequest { index, row, ids });
        }
    }
    sent
}

/// Tokens in this round of a beginning that has `tokens` in another epoch, whose marker is of
/// another length. `markers`: tokens of this round's, and of theirs.
pub(super) fn with_marker(tokens: u64, markers: Option<(u64, u64)>) -> u64 {
    match markers {
        Some((own, theirs)) if tokens > 0 => (tokens + own).saturating_sub(theirs),
        _ => tokens,
    }
}

/// Tokens that two prompts begin with.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// For each of these requests, in the order of their tokens, the longest beginning that it shares
/// with one that was sent before it ended.
fn found_of_others(sent: &[SentRequest<'_>]) -> Vec<usize> {
    let mut by_start: Vec<usize> = (0..sent.len()).collect();
    by_start.sort_by_key(|at| sent[*at].row.start_ns());
    let mut by_end: Vec<usize> = (0..sent.len()).collect();
    by_end.sort_by_key(|at| sent[*at].row.end_ns());
    let mut begun = by_start.into_iter().peekable();
    let mut there: BTreeSet<usize> = BTreeSet::new();
    let mut found = vec![0_usize; sent.len()];
    for own in by_end {
        let end = sent[own].row.end_ns();
        while let Some(next) = begun.next_if(|next| sent[*next].row.start_ns() < Some(end)) {
            there.insert(next);
        }
        let below = there.range(..own).next_back();
        let above = there.range(own + 1..).next();
        for other in [below, above].into_iter().flatten() {
            found[own] = found[own].max(common(sent[own].ids, sent[*other].ids));
        }
    }
    found
}

/// What a prefix cache could give, where the token ids are all of the prompts.
pub(crate) fn reuse_of_all(rounds: &[RoundResult], known: &RunEvidence) -> Option<Reuse> {
    let mut expected = rounds.iter().filter_map(|round| round.expected.as_ref());
    if expected.all(|one| one.unseen == 0) {
        known.reuse
    } else {
        None
    }
}

/// Prompt tokens that the server counts beyond the ids, at most.
fn unseen(sent: &[SentRequest<'_>], markers: Option<(u64, u64)>) -> u64 {
    let more = sent.iter().filter_map(|request| {
        let counted = request.row.input_tokens()?;
        Some(counted.saturating_sub(with_marker(request.ids.len() as u64, markers)))
    });
    more.max().unwrap_or(0)
}

/// Of each group whose members all expect its beginning, that beginning, once: requests that were
/// in flight together expect it of each other, and one of them had to compute it. `found` is in the
/// order of their tokens, in which `common` tells what two of them share.
fn computed(found: &[usize], common: impl Fn(usize, usize) -> usize) -> u64 {
    let mut sum = 0;
    let mut at = 0;
    while at < found.len() {
        let mut share = usize::MAX;
        let mut end = at + 1;
        while end < found.len() {
            let both = common(end - 1, end);
            if both < GROUP {
                break;
            }
            share = share.min(both);
            end += 1;
        }
        let all_expect = found[at..end].iter().all(|found| *found >= share);
        if end - at > 1 && all_expect {
            sum += share as u64;
        }
        at = end;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::computed;

    #[test]
    fn one_of_a_group_computes() {
        // Three that share 40 tokens, two that share 100, one alone; all expect what they share.
        let common = |a: usize, b: usize| match (a, b) {
            (0, 1) | (1, 2) => 40,
            (3, 4) => 100,
            _ => 3,
        };
        assert_eq!(computed(&[40, 40, 40, 100, 100, 3], common), 140);
        // One after the other, the first of each expects nothing.
        assert_eq!(computed(&[0, 40, 40, 0, 100, 3], common), 0);
        assert_eq!(computed(&[], common), 0);
    }
}
