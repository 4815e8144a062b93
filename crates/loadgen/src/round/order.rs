//! The order of a round: which requests it sends, in which sequence, and when it ends early.
//! Plain data, so that whoever sends it needs no more than the order and the bodies.

use crate::{
    round::{blocks::Blocks, pacing::Pacing},
    sessions::SessionOrder,
};
use dualround_model::{LimitsPlan, RoundSpec, RoundStop};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The order of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoundOrder {
    /// 0-based position of the level in the plan.
    pub(crate) level: u32,
    /// 1-based number of the round in its level; 0 for warm-up requests.
    pub(crate) round: u32,
    /// Positions in the epoch, in the sequence of sending; of sessions, session after session.
    pub(crate) requests: Vec<u32>,
    /// Which of them follow one another, where they are turns of sessions.
    pub(crate) sessions: Option<SessionOrder>,
    /// When each of them may go.
    pub(crate) pacing: Pacing,
    /// Blocks between which nothing is in flight, in a mixed round.
    pub(crate) blocks: Option<Blocks>,
    /// How often a request is sent again that failed before its first token.
    pub(crate) retries: u32,
    /// The failures that end the round early.
    pub(crate) failure_limit: Option<FailureLimit>,
    /// No request is begun later than so long after the start, ms.
    pub(crate) duration_ms: Option<u64>,
}

impl RoundOrder {
    /// An order of these requests, which sends each as soon as a user is free, and ends early where
    /// the plan says so.
    pub(crate) fn closed(requests: Vec<u32>, limits: &LimitsPlan) -> Self {
        Self {
            level: 0,
            round: 0,
            failure_limit: FailureLimit::of(limits, requests.len() as u64),
            requests,
            sessions: None,
            pacing: Pacing::Closed,
            blocks: None,
            retries: limits.retries,
            duration_ms: limits.duration_ms,
        }
    }
}

/// A number of failures that ends a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailureLimit {
    /// The round ends at the failure of this number.
    pub(crate) failures: u64,
    /// The limit of the plan that says so.
    pub(crate) stop: RoundStop,
}

impl FailureLimit {
    /// The number that was given, or the first that makes the share too large whatever the rest of
    /// the round does.
    fn of(limits: &LimitsPlan, planned: u64) -> Option<Self> {
        let by_count = limits.max_failures.map(|failures| Self {
            failures,
            stop: RoundStop::MaxFailures,
        });
        let by_rate = limits.max_failure_rate.map(|rate| Self {
            failures: first_above(rate, planned),
            stop: RoundStop::MaxFailureRate,
        });
        let limits = by_count.into_iter().chain(by_rate);
        limits.min_by_key(|limit| limit.failures)
    }
}

/// The smallest count whose share of `planned` is above `rate`: the division is the one that the
/// share is told by, since 0.29 · 100 is below 29 in doubles.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a count is not negative and below it"
)]
fn first_above(rate: f64, planned: u64) -> u64 {
    let mut count = (rate * planned as f64).floor() as u64;
    while count as f64 / planned.max(1) as f64 <= rate {
        count += 1;
    }
    count
}

/// The sequence of sending as in the dataset.
pub(crate) fn in_order(requests: usize) -> Vec<u32> {
    (0..u32::try_from(requests).unwrap_or(u32::MAX)).collect()
}

/// The sequence shuffled by a seed (Fisher–Yates).
pub(crate) fn shuffled(requests: usize, seed: u64) -> Vec<u32> {
    let mut order = in_order(requests);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for at in (1..order.len()).rev() {
        // Below 2^32 samples the bias of the remainder is below 2^-32.
        let pick = usize::try_from(rng.next_u64() % (at as u64 + 1)).unwrap_or(0);
        order.swap(at, pick);
    }
    order
}

/// The seed by which a round is shuffled: each round of a run has its own.
pub(crate) fn shuffle_seed(run_seed: u64, spec: RoundSpec) -> u64 {
    run_seed ^ (u64::from(spec.number) << 32)
}

/// The seed of the arrivals of a level: all of its rounds have the same.
pub(crate) fn arrival_seed(run_seed: u64, level: u32) -> u64 {
    // Neither that of a shuffle nor that of a coin.
    const ARRIVALS: u64 = 0xa1 << 56;
    run_seed ^ ARRIVALS ^ u64::from(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exceeded_by_more_than_itself() {
        assert_eq!(first_above(0.29, 100), 30);
        assert_eq!(first_above(0.0, 100), 1);
        assert_eq!((first_above(0.5, 3), first_above(1.0, 3)), (2, 4));
    }

    #[test]
    fn the_limit_that_comes_first_ends_a_round() {
        let limits = LimitsPlan {
            max_failures: Some(5),
            max_failure_rate: Some(0.5),
            ..LimitsPlan::default()
        };
        let of = |planned| FailureLimit::of(&limits, planned).unwrap();
        assert_eq!((of(4).failures, of(4).stop), (3, RoundStop::MaxFailureRate));
        assert_eq!((of(40).failures, of(40).stop), (5, RoundStop::MaxFailures));
        assert_eq!(FailureLimit::of(&LimitsPlan::default(), 4), None);
    }

    #[test]
    fn a_shuffled_round_sends_every_request_once_and_the_same_way_again() {
        let order = shuffled(100, 7);
        assert_eq!(order, shuffled(100, 7));
        assert_ne!(order, shuffled(100, 8));
        assert_ne!(order, in_order(100));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, in_order(100));
    }

    #[test]
    fn an_order_is_plain_data() {
        let mut order = RoundOrder::closed(in_order(3), &LimitsPlan::default());
        order.pacing = Pacing::Open {
            due_ns: vec![0, 5, 10],
            max_in_flight: Some(2),
        };
        let text = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<RoundOrder>(&text).unwrap(), order);
    }
}
