//! Who takes the next request of a round, and when.

use dualround_model::{ArrivalRate, Arrivals};
use serde::{Deserialize, Serialize};

/// When the requests of a round may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pacing {
    /// Each virtual user takes the next request as soon as its last one has ended.
    Closed,
    /// Each request goes when it is due, by a connection that is free or a new one.
    Open {
        /// Instants of the requests in the sequence of sending, ns after the round's start.
        due_ns: Vec<u64>,
    },
}

impl Pacing {
    /// When the request at this place of the sequence is due, ns after the round's start; `None`:
    /// as soon as somebody is free.
    pub(crate) fn due_ns(&self, place: usize) -> Option<u64> {
        match self {
            Self::Closed => None,
            Self::Open { due_ns } => due_ns.get(place).copied(),
        }
    }
}

/// The instants at which so many requests arrive, ns after the start; the first one at once.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a position and an instant are far below 2^52"
)]
pub(crate) fn arrivals(rate: ArrivalRate, requests: usize) -> Vec<u64> {
    let gap_ns = 1e9 / rate.per_second;
    let at = |place: usize| match rate.arrivals {
        // By its place, and not by adding gaps: what a gap is rounded by does not add up.
        Arrivals::Constant => (place as f64 * gap_ns) as u64,
    };
    (0..requests).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_keep_their_rate_however_many_there_are() {
        let rate = ArrivalRate {
            per_second: 3.0,
            arrivals: Arrivals::Constant,
        };
        let due = arrivals(rate, 3_000_001);
        assert_eq!(due[..3], [0, 333_333_333, 666_666_666]);
        assert_eq!(due[3_000_000], 1_000_000_000_000_000);
        let open = Pacing::Open { due_ns: due };
        assert_eq!(open.due_ns(1), Some(333_333_333));
        assert_eq!(Pacing::Closed.due_ns(1), None);
    }
}
