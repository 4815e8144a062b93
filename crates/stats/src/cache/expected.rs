//! What requests of a round may hit of requests of their own round: prompts share beginnings, and a
//! cache that works gives them back in a cold round too.

use dualround_model::{Expected, RequestRow, Reuse, RoundResult, RunEvidence};
use std::collections::BTreeSet;

/// A group of prompts shares a beginning when it is so long, tokens; shorter ones are templates.
const GROUP: usize = 32;

/// By the ids of the tokens that were sent, in the order of the index: for each request the longest
/// beginning of any other one that was sent before it ended. They are those of one epoch, whose marker
/// had `marker_tokens`: in another one each prompt is longer by what its own marker has more.
pub fn expected(round: &RoundResult, ids: &[Vec<u32>], marker_tokens: Option<u64>) -> Expected {
    let own = round.meta.cold.as_ref();
    let own = own.and_then(|action| action.marker_tokens);
    let longer = |tokens: u64| match own.zip(marker_tokens) {
        Some((own, theirs)) if tokens > 0 => (tokens + own).saturating_sub(theirs),
        _ => tokens,
    };
    let sent: Vec<(usize, &RequestRow)> = round
        .requests
        .iter()
        .filter(|(_, row)| row.start_ns().is_some())
        .map(|(index, row)| (index as usize, row))
        .filter(|(index, _)| *index < ids.len())
        .collect();
    // In the order of their tokens the closest relatives are neighbours.
    let mut order: Vec<usize> = (0..sent.len()).collect();
    order.sort_by(|a, b| ids[sent[*a].0].cmp(&ids[sent[*b].0]));
    let mut rank = vec![0; sent.len()];
    for (at, which) in order.iter().enumerate() {
        rank[*which] = at;
    }
    let common = |a: usize, b: usize| {
        let (a, b) = (&ids[sent[order[a]].0], &ids[sent[order[b]].0]);
        a.iter().zip(b).take_while(|(a, b)| a == b).count()
    };
    let mut by_start: Vec<usize> = (0..sent.len()).collect();
    by_start.sort_by_key(|which| sent[*which].1.start_ns());
    let mut by_end: Vec<usize> = (0..sent.len()).collect();
    by_end.sort_by_key(|which| sent[*which].1.end_ns());
    let mut begun = by_start.into_iter().peekable();
    let mut there: BTreeSet<usize> = BTreeSet::new();
    let mut found = vec![0_usize; sent.len()];
    for which in by_end {
        let end = sent[which].1.end_ns();
        while let Some(next) = begun.next_if(|next| sent[*next].1.start_ns() < Some(end)) {
            there.insert(rank[next]);
        }
        let own = rank[which];
        let below = there.range(..own).next_back();
        let above = there.range(own + 1..).next();
        let neighbours = [below, above].into_iter().flatten();
        found[which] = neighbours
            .map(|other| common(own, *other))
            .max()
            .unwrap_or(0);
    }
    let mut tokens = vec![None; ids.len()];
    for (which, (index, _)) in sent.iter().enumerate() {
        tokens[*index] = u32::try_from(longer(found[which] as u64)).ok();
    }
    Expected {
        epoch: round.meta.spec.epoch,
        tokens,
        computed: computed(&order, &found, common),
        unseen: unseen(&sent, |index| longer(ids[index].len() as u64)),
    }
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
fn unseen(sent: &[(usize, &RequestRow)], tokens: impl Fn(usize) -> u64) -> u64 {
    let more = sent.iter().filter_map(|(index, row)| {
        let counted = row.input_tokens()?;
        Some(counted.saturating_sub(tokens(*index)))
    });
    more.max().unwrap_or(0)
}

/// Of each group whose members all expect its beginning, that beginning, once: requests that were in
/// flight together expect it of each other, and one of them had to compute it.
fn computed(order: &[usize], found: &[usize], common: impl Fn(usize, usize) -> usize) -> u64 {
    let mut sum = 0;
    let mut at = 0;
    while at < order.len() {
        let mut share = usize::MAX;
        let mut end = at + 1;
        while end < order.len() {
            let both = common(end - 1, end);
            if both < GROUP {
                break;
            }
            share = share.min(both);
            end += 1;
        }
        let all_expect = order[at..end].iter().all(|which| found[*which] >= share);
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
        let order = [0, 1, 2, 3, 4, 5];
        assert_eq!(computed(&order, &[40, 40, 40, 100, 100, 3], common), 140);
        // One after the other, the first of each expects nothing.
        assert_eq!(computed(&order, &[0, 40, 40, 0, 100, 3], common), 0);
        assert_eq!(computed(&[], &[], common), 0);
    }
}
