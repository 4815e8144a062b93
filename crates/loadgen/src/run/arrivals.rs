//! The instants of an open loop, and the connections that it begins with.

use super::turn_samples::starts;
use crate::{
    LoadError,
    round::pacing::{Pacing, arrivals, busiest_second, replayed},
};
use dualround_model::{ArrivalRate, Arrivals, Load, RequestRecord, Sample, whole_up};
use std::sync::Arc;

/// A server whose latency is not known yet is taken to answer within so long, s.
const FIRST_LATENCY_S: f64 = 1.0;
/// Connections for each request that is in flight on average: arrivals come in bursts.
const SPARE: f64 = 2.0;
/// Connections of a worker at the least: it sends by its own, whatever the others have free.
const OF_A_WORKER: u32 = 4;

/// What a round of a replay comes to, by its trace alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaySpan {
    /// Requests that are sent.
    pub requests: usize,
    /// Requests that are left out, since they are due later than a round may take.
    pub cut: usize,
    /// From the first to the last instant, ns.
    pub span_ns: u64,
    /// The most requests that are due within a second.
    pub busiest_second: usize,
}

/// How long a round of a replay lasts at the least, and how dense it is; `None` of another load.
///
/// # Errors
/// [`LoadError::Body`] for a sample without a time.
pub fn replay_span(
    load: Load,
    samples: &[Arc<Sample>],
    duration_ms: Option<u64>,
) -> Result<Option<ReplaySpan>, LoadError> {
    let Load::Replay(_) = load else {
        return Ok(None);
    };
    // Later turns of sessions go when the ones before have ended.
    let samples = &starts(samples)[..];
    // A trace has instants of its own: no seed is asked.
    let arrivals = LevelArrivals::of(load, samples, 0, duration_ms)?;
    Ok(arrivals.map(|arrivals| ReplaySpan {
        requests: arrivals.due_ns.len(),
        cut: samples.len() - arrivals.due_ns.len(),
        span_ns: arrivals.due_ns.last().copied().unwrap_or(0),
        busiest_second: busiest_second(&arrivals.due_ns),
    }))
}

/// When the requests of a level arrive: the same in all of its rounds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LevelArrivals {
    /// Instants, ns after the start of a round, in the order of the samples that arrive.
    pub(super) due_ns: Vec<u64>,
    /// Requests a second that connections are held ready for.
    per_second: f64,
}

impl LevelArrivals {
    /// Those of a level; `None` for a closed loop. No request is due later than `duration_ms` after
    /// the start.
    ///
    /// # Errors
    /// [`LoadError::Body`] for a sample without a time that is to be replayed.
    pub(super) fn of(
        load: Load,
        samples: &[Arc<Sample>],
        seed: u64,
        duration_ms: Option<u64>,
    ) -> Result<Option<Self>, LoadError> {
        let mut all = match load {
            Load::Concurrency(_) => return Ok(None),
            Load::Rate(rate) => Self {
                due_ns: arrivals(rate, samples.len(), seed),
                per_second: rate.per_second,
            },
            Load::Replay(replay) => {
                let times = samples.iter().map(|sample| time_of(sample));
                let times: Vec<u64> = times.collect::<Result<_, _>>()?;
                let due_ns = replayed(replay, times.into_iter());
                let per_second = busiest_second(&due_ns) as f64;
                Self { due_ns, per_second }
            }
        };
        if let Some(most) = duration_ms {
            let most_ns = most.saturating_mul(1_000_000);
            all.due_ns.retain(|due| *due < most_ns);
        }
        Ok(Some(all))
    }

    /// Their instants as the pacing of a round.
    pub(super) fn pacing(&self, max_in_flight: Option<u32>) -> Pacing {
        Pacing::Open {
            due_ns: self.due_ns.clone(),
            max_in_flight,
        }
    }

    /// The pacing of so many other requests at the same rate.
    pub(super) fn evenly(&self, requests: u32, max_in_flight: Option<u32>) -> Pacing {
        let rate = ArrivalRate {
            per_second: self.per_second,
            arrivals: Arrivals::Constant,
        };
        Pacing::Open {
            due_ns: arrivals(rate, requests as usize, 0),
            max_in_flight,
        }
    }

    /// Requests of a second, at least one: as many warm a server up for a level.
    pub(super) fn of_a_second(&self) -> u32 {
        whole_up(self.per_second).max(1)
    }

    /// Connections that are opened before a round: for twice the requests that are in flight when
    /// each takes `latency_s`, and some for each worker; but for no more than there are requests, or
    /// may be in flight at once, at each worker.
    pub(super) fn connections(
        &self,
        latency_s: Option<f64>,
        max_in_flight: Option<u32>,
        workers: u32,
    ) -> u32 {
        let latency = latency_s.unwrap_or(FIRST_LATENCY_S);
        let all = u32::try_from(self.due_ns.len()).unwrap_or(u32::MAX);
        let most = max_in_flight.unwrap_or(u32::MAX).min(all).max(1);
        let wanted = whole_up(SPARE * self.per_second * latency);
        let wanted = wanted.max(OF_A_WORKER.saturating_mul(workers));
        wanted.min(most.saturating_mul(workers.max(1)))
    }
}

/// From t0 to the end of a request that was answered, ns; `None` of any other.
pub(super) fn latency_ns(record: &RequestRecord) -> Option<u64> {
    if !record.outcome.is_success() {
        return None;
    }
    let time = &record.timeline;
    Some(time.end_ns.saturating_sub(time.start_ns?))
}

/// Latencies of requests that were answered, as connections are counted by.
#[derive(Debug, Default)]
pub(super) struct SeenLatencies {
    ns: Vec<u64>,
}

impl SeenLatencies {
    /// Takes a request that has ended.
    pub(super) fn add(&mut self, record: &RequestRecord) {
        self.ns.extend(latency_ns(record));
    }

    /// What 99 % of them do not exceed, s; `None` where nothing was answered.
    pub(super) fn p99_s(&mut self) -> Option<f64> {
        let at = (self.ns.len() * 99).div_ceil(100).checked_sub(1)?;
        let (_, p99, _) = self.ns.select_nth_unstable(at);
        Some(*p99 as f64 / 1e9)
    }
}

fn time_of(sample: &Sample) -> Result<u64, LoadError> {
    sample.arrival_ns.ok_or_else(|| LoadError::Body {
        row: sample.row,
        reason: "it has no time to be replayed at".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::{ArrivalRate, Arrivals};

    fn level(per_second: f64, requests: usize, duration_ms: Option<u64>) -> LevelArrivals {
        let load = Load::Rate(ArrivalRate {
            per_second,
            arrivals: Arrivals::Constant,
        });
        let sample = Arc::new(Sample::default());
        let samples = vec![sample; requests];
        let level = LevelArrivals::of(load, &samples, 1, duration_ms);
        level.unwrap().unwrap()
    }

    #[test]
    fn connections_are_for_twice_what_is_in_flight_and_no_more_than_there_can_be() {
        let level = level(8.0, 1000, None);
        assert_eq!(level.connections(None, None, 1), 16);
        assert_eq!(level.connections(Some(2.5), None, 2), 40);
        // A worker may come to hold all that are in flight.
        assert_eq!(level.connections(Some(2.5), Some(12), 2), 24);
        assert_eq!(level.connections(Some(0.000_1), None, 2), 8);
        assert_eq!(self::level(8.0, 6, None).connections(None, None, 1), 6);
        assert_eq!(self::level(0.2, 6, None).of_a_second(), 1);
        assert_eq!(self::level(8.5, 6, None).of_a_second(), 9);
    }

    #[test]
    fn a_duration_cuts_what_is_due_then_or_later() {
        assert_eq!(level(2.0, 10, Some(2_000)).due_ns.len(), 4);
        assert_eq!(level(2.0, 10, Some(2_001)).due_ns.len(), 5);
        assert_eq!(level(2.0, 10, None).due_ns.len(), 10);
    }

    #[test]
    fn a_replay_needs_a_time_in_each_row_and_holds_its_busiest_second() {
        let timed = |row, arrival_ns| {
            Arc::new(Sample {
                row,
                arrival_ns,
                ..Sample::default()
            })
        };
        let load = Load::Replay(dualround_model::Replay {
            speed: 1.0,
            gap_cap_s: None,
        });
        let samples = [5_000, 5_001, 9_000].map(|ms: u64| timed(1, Some(ms * 1_000_000)));
        let level = LevelArrivals::of(load, &samples, 1, None).unwrap().unwrap();
        assert_eq!(level.due_ns, [0, 1_000_000, 4_000_000_000]);
        assert_eq!((level.of_a_second(), level.per_second), (2, 2.0));
        let span = |duration_ms| replay_span(load, &samples, duration_ms).unwrap().unwrap();
        let whole = ReplaySpan {
            requests: 3,
            cut: 0,
            span_ns: 4_000_000_000,
            busiest_second: 2,
        };
        assert_eq!(span(None), whole);
        assert_eq!((span(Some(4_000)).requests, span(Some(4_000)).cut), (2, 1));
        assert_eq!(replay_span(Load::from(4), &samples, None).unwrap(), None);
        let without = [timed(1, Some(0)), timed(2, None)];
        let error = LevelArrivals::of(load, &without, 1, None).unwrap_err();
        assert!(error.to_string().contains("row 2"), "{error}");
    }
}
