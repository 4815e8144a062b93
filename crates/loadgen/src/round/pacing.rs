//! Who takes the next request of a round, and when.

use dualround_model::{ArrivalRate, Replay};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, Gamma};
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
        /// Most requests in flight.
        max_in_flight: Option<u32>,
    },
}

impl Pacing {
    /// When the request at this place of the sequence is due, ns after the round's start; `None`:
    /// as soon as somebody is free.
    pub(crate) fn due_ns(&self, place: usize) -> Option<u64> {
        match self {
            Self::Closed => None,
            Self::Open { due_ns, .. } => due_ns.get(place).copied(),
        }
    }

    /// Most requests in flight that an open loop may hold.
    pub(crate) fn max_in_flight(&self) -> Option<u32> {
        match self {
            Self::Closed => None,
            Self::Open { max_in_flight, .. } => *max_in_flight,
        }
    }
}

/// The instants at which so many requests arrive, ns after the start; the first one at once, and the
/// last one when the rate says, however the times between them fall: so every seed offers the same.
/// Of a Poisson process that leaves one whose arrivals within the time are known in number.
pub(crate) fn arrivals(rate: ArrivalRate, requests: usize, seed: u64) -> Vec<u64> {
    let gap_ns = 1e9 / rate.per_second;
    match rate
        .arrivals
        .shape()
        .and_then(|shape| Gamma::new(shape, 1.0).ok())
    {
        // By its place, and not by adding gaps: what a gap is rounded by does not add up.
        None => (0..requests)
            .map(|place| whole(place as f64 * gap_ns))
            .collect(),
        Some(gamma) => {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let gaps = (1..requests).map(|_| gamma.sample(&mut random));
            let sums = gaps.scan(0.0, |sum: &mut f64, gap| {
                *sum += gap;
                Some(*sum)
            });
            let places: Vec<f64> = std::iter::once(0.0).chain(sums).take(requests).collect();
            let all = places.last().copied().unwrap_or(0.0);
            let whole_ns = requests.saturating_sub(1) as f64 * gap_ns;
            let scale = if all > 0.0 { whole_ns / all } else { 0.0 };
            places
                .into_iter()
                .map(|place| whole(place * scale))
                .collect()
        }
    }
}

/// The instants of a replay, ns after the first of them, from those of the trace in their order.
pub(crate) fn replayed(replay: Replay, times_ns: impl Iterator<Item = u64>) -> Vec<u64> {
    let cap_ns = replay.gap_cap_s.map_or(f64::INFINITY, |cap| cap * 1e9);
    let (mut at, mut before) = (0.0, None);
    let instants = times_ns.map(|time| {
        let gap = before.map_or(0, |before| time.saturating_sub(before));
        before = Some(time);
        at += (gap as f64).min(cap_ns) / replay.speed;
        whole(at)
    });
    instants.collect()
}

/// The largest number of them within a second: what connections are opened for.
pub(crate) fn busiest_second(due_ns: &[u64]) -> usize {
    let mut from = 0;
    let within = (0..due_ns.len()).map(|at| {
        while due_ns[at] - due_ns[from] >= 1_000_000_000 {
            from += 1;
        }
        at + 1 - from
    });
    within.max().unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an instant is not negative, and far below 2^52 ns"
)]
fn whole(ns: f64) -> u64 {
    ns.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::Arrivals;

    fn rate(per_second: f64, arrivals: Arrivals) -> ArrivalRate {
        ArrivalRate {
            per_second,
            arrivals,
        }
    }

    #[test]
    fn constant_arrivals_keep_their_rate_however_many_there_are() {
        let due = arrivals(rate(3.0, Arrivals::Constant), 3_000_001, 1);
        assert_eq!(due[..3], [0, 333_333_333, 666_666_667]);
        assert_eq!(due[3_000_000], 1_000_000_000_000_000);
        let open = Pacing::Open {
            due_ns: due,
            max_in_flight: Some(8),
        };
        assert_eq!(
            (open.due_ns(1), open.max_in_flight()),
            (Some(333_333_333), Some(8))
        );
        let closed = Pacing::Closed;
        assert_eq!((closed.due_ns(1), closed.max_in_flight()), (None, None));
    }

    /// Coefficient of variation of the gaps, and their correlation with the next ones.
    fn of_gaps(due: &[u64]) -> (f64, f64) {
        let gaps: Vec<f64> = due.windows(2).map(|two| (two[1] - two[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        let both = gaps.windows(2).map(|two| (two[0] - mean) * (two[1] - mean));
        let covariance = both.sum::<f64>() / gaps.len() as f64;
        (variance.sqrt() / mean, covariance / variance)
    }

    #[test]
    fn gaps_vary_as_their_distribution_says() {
        for (process, varies) in [
            (Arrivals::Poisson, 1.0),
            (Arrivals::Gamma { shape: 0.25 }, 2.0),
            (Arrivals::Gamma { shape: 4.0 }, 0.5),
            (Arrivals::Constant, 0.0),
        ] {
            let due = arrivals(rate(200.0, process), 40_001, 7);
            assert_eq!(
                due[40_000], 200_000_000_000,
                "{process:?}: as many as were asked for"
            );
            assert!(due.is_sorted());
            let (variation, correlation) = of_gaps(&due);
            assert!(
                (variation - varies).abs() < 0.05,
                "{process:?}: {variation}"
            );
            assert!(
                correlation.abs() < 0.03 || varies == 0.0,
                "{process:?}: {correlation}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_instants_and_another_gives_others() {
        let of = |seed| arrivals(rate(8.0, Arrivals::Poisson), 50, seed);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        for few in [0, 1] {
            let due = arrivals(rate(8.0, Arrivals::Poisson), few, 1);
            assert_eq!(due, vec![0; few]);
        }
    }

    #[test]
    fn a_replay_keeps_ties_scales_time_and_cuts_long_gaps() {
        let times = [5_000, 5_000, 7_000, 107_000].map(|ms: u64| ms * 1_000_000);
        let replay = |speed, gap_cap_s| {
            let due = replayed(Replay { speed, gap_cap_s }, times.into_iter());
            due.into_iter().map(|ns| ns / 1_000_000).collect::<Vec<_>>()
        };
        assert_eq!(replay(1.0, None), [0, 0, 2_000, 102_000]);
        assert_eq!(replay(4.0, None), [0, 0, 500, 25_500]);
        assert_eq!(replay(2.0, Some(10.0)), [0, 0, 1_000, 6_000]);
    }

    #[test]
    fn the_busiest_second_is_found_wherever_it_begins() {
        let due = [0, 900, 1_100, 1_200, 1_800, 2_150].map(|ms: u64| ms * 1_000_000);
        assert_eq!(busiest_second(&due), 4);
        assert_eq!(busiest_second(&[]), 0);
    }
}
