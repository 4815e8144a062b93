//! What requests would hit of several replicas, each of which keeps what it was sent, if a router
//! picked one at random for each.

use super::{
    expected::{MarkedIds, SentRequest, sent_requests},
    prefix_tree::{PrefixTree, SharedRun},
};
use dualround_model::{ChanceHits, RequestRow, RoundKind, RoundResult};
use std::ops::Range;

/// Hits by chance of each cold round and of the warm ones behind it, one of `replicas` at random for
/// each request. A token is hit where any of the requests before, which have it behind the same
/// beginning, met the same replica: of n by 1 - (1 - 1/replicas)^n.
pub fn chance(rounds: &[RoundResult], ids: &MarkedIds, replicas: u32) -> Vec<ChanceHits> {
    let prompts: Vec<&[u32]> = ids.prompts.iter().map(Vec::as_slice).collect();
    let mut epoch: Option<SentEpoch> = None;
    let mut found = Vec::new();
    for round in rounds {
        match round.meta.spec.kind {
            RoundKind::Cold => {
                epoch = Some(SentEpoch {
                    tree: PrefixTree::of(&prompts),
                    markers: ids.markers(round),
                    other_replica: 1.0 - 1.0 / f64::from(replicas.max(1)),
                });
            }
            RoundKind::Warm => {}
            // It has values of its own.
            RoundKind::NoReuse => continue,
            // Some replicas lose what they had, or get other beginnings.
            RoundKind::External | RoundKind::Partial | RoundKind::Mixed => epoch = None,
        }
        if let Some(epoch) = &mut epoch {
            found.push(ChanceHits {
                round: round.meta.spec.number,
                replicas,
                tokens: epoch.hits(round, ids),
            });
        }
    }
    found
}

/// What the rounds of an epoch have sent so far.
struct SentEpoch {
    tree: PrefixTree,
    /// Tokens of its marker, and of the one that the ids have.
    markers: Option<(u64, u64)>,
    /// How likely a request is to meet another replica than one before it.
    other_replica: f64,
}

impl SentEpoch {
    /// The hits of one more round, by index.
    fn hits(&mut self, round: &RoundResult, ids: &MarkedIds) -> Vec<Option<f64>> {
        let mut by_end = sent_requests(round, &ids.prompts);
        let mut by_start: Vec<(Option<u64>, usize)> = by_end
            .iter()
            .map(|request| (request.row.start_ns(), request.index))
            .collect();
        by_start.sort_unstable();
        by_end.sort_by_key(|request| request.row.end_ns());
        let mut begun = by_start.into_iter().peekable();
        let mut hits = vec![None; ids.prompts.len()];
        for request in by_end {
            // As with what can be reached: what was sent before this one ended.
            let end = Some(request.row.end_ns());
            while let Some((_, index)) = begun.next_if(|(start, _)| *start < end) {
                self.tree.add_sent(index);
            }
            let answer = own_answer(round, ids, &request);
            let tokens = self.tokens(request.index, &answer);
            // A journal of many requests has no room for more.
            let tokens = (tokens * 100.0).round() / 100.0;
            hits[request.index] = Some(tokens);
        }
        for (_, index) in begun {
            self.tree.add_sent(index);
        }
        hits
    }

    /// Tokens that a prompt hits in the mean. `answer`: those that the request before it left in its
    /// replica behind its own prompt.
    fn tokens(&self, index: usize, answer: &Range<usize>) -> f64 {
        let mut sum = 0.0;
        for run in self.tree.runs(index) {
            let SharedRun { from, to, prompts } = run;
            let others = prompts.saturating_sub(1);
            let of_answer = to.min(answer.end).saturating_sub(from.max(answer.start));
            let rest = (to - from - of_answer) as f64 + self.more_of_marker(&run);
            sum += rest * self.hit(others) + of_answer as f64 * self.hit(others + 1);
        }
        sum
    }

    /// How likely any of `others` met the same replica.
    fn hit(&self, others: u32) -> f64 {
        1.0 - self.other_replica.powf(f64::from(others))
    }

    /// Tokens that this epoch's marker has more than that of the ids; all prompts begin with it.
    fn more_of_marker(&self, run: &SharedRun) -> f64 {
        match self.markers {
            Some((own, theirs)) if run.from == 0 && run.to > 0 => own as f64 - theirs as f64,
            _ => 0.0,
        }
    }
}

/// The tokens of a prompt that are the server's own answer to the turn before, which it generated
/// behind that turn's prompt: in the round whose answers are put back.
fn own_answer(round: &RoundResult, ids: &MarkedIds, request: &SentRequest<'_>) -> Range<usize> {
    let index = u32::try_from(request.index).unwrap_or(u32::MAX);
    let is_own = round.meta.spec.kind == RoundKind::Cold
        && round
            .requests
            .turn(index)
            .is_some_and(|turn| turn.on_pinned);
    if !is_own {
        return 0..0;
    }
    let before = round.requests.turn_before(index);
    let answer = before.and_then(RequestRow::output_tokens);
    let prompt = request.index.checked_sub(1);
    let prompt = prompt.and_then(|before| ids.prompts.get(before));
    let (Some(answer), Some(prompt)) = (answer, prompt) else {
        return 0..0;
    };
    let begin = prompt.len();
    begin..begin.saturating_add(usize::try_from(answer).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::expected::common;
    use proptest::prelude::*;

    /// The mean over all ways to spread requests over replicas, each of which gives the longest
    /// beginning that it was sent before.
    fn over_all_ways(prompts: &[&[u32]], own: usize, replicas: u32) -> f64 {
        let ways = replicas.pow(u32::try_from(own).unwrap());
        let mut sum = 0;
        for mut way in 0..ways {
            let mut best = 0;
            for other in prompts.iter().take(own) {
                // The own one goes to the first, which is as good as any.
                if way % replicas == 0 {
                    best = best.max(common(other, prompts[own]));
                }
                way /= replicas;
            }
            sum += best;
        }
        sum as f64 / f64::from(ways)
    }

    proptest! {
        #[test]
        fn it_is_the_mean_over_all_choices(
            prompts in proptest::collection::vec(proptest::collection::vec(0_u32..2, 0..6), 1..7),
            replicas in 1_u32..4,
        ) {
            let slices: Vec<&[u32]> = prompts.iter().map(Vec::as_slice).collect();
            let mut epoch = SentEpoch {
                tree: PrefixTree::of(&slices),
                markers: None,
                other_replica: 1.0 - 1.0 / f64::from(replicas),
            };
            for own in 0..prompts.len() {
                epoch.tree.add_sent(own);
                let told = epoch.tokens(own, &(0..0));
                let right = over_all_ways(&slices, own, replicas);
                prop_assert!((told - right).abs() < 1e-9, "{told} {right}");
            }
        }
    }

    #[test]
    fn the_answer_of_the_turn_before_stands_in_its_replica_alone() {
        // Ten tokens, then these, an answer of four and a new question of two.
        let first: Vec<u32> = (0..10).collect();
        let second: Vec<u32> = (0..16).collect();
        let mut epoch = SentEpoch {
            tree: PrefixTree::of(&[&first, &second]),
            markers: Some((5, 3)),
            other_replica: 0.5,
        };
        epoch.tree.add_sent(0);
        epoch.tree.add_sent(1);
        // The marker of this epoch has two tokens more than that of the ids.
        let told = epoch.tokens(1, &(10..14));
        assert!((told - 0.5 * (10.0 + 2.0 + 4.0)).abs() < 1e-9, "{told}");
    }
}
