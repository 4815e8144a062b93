//! Arrivals and backlog of an open loop over the time of a round, for the page.

use crate::{number::Rounded, telemetry_points::since_start};
use dualround_model::RoundResult;
use serde::Serialize;

/// Intervals that the time of a round is cut into, at the most and at the least.
const INTERVALS: (usize, usize) = (200, 10);
/// Requests that an interval has on average at the least: fewer make spikes.
const IN_AN_INTERVAL: usize = 10;

/// Arrivals and backlog at the end of each interval.
#[derive(Serialize)]
pub(super) struct OverTime {
    /// Ends of the intervals, s since the round began.
    t: Vec<Rounded>,
    /// Requests that became due in the interval, a second.
    arrivals: Vec<Rounded>,
    /// Requests that were due and had not ended.
    backlog: Vec<usize>,
}

/// The course of a round; `None` in a closed loop.
pub(super) fn over_time(round: &RoundResult) -> Option<OverTime> {
    round.summary.arrivals.as_ref()?;
    let began = round.meta.started_ns;
    let seconds = |ns: u64| since_start(ns, began) / 1e3;
    let rows = || round.requests.iter();
    let due = rows().filter_map(|(index, _)| round.requests.due_ns(index));
    let due = sorted(due.map(seconds));
    let ends = sorted(rows().map(|(_, row)| seconds(row.end_ns())));
    let last = ends.last().copied().filter(|last| *last > 0.0)?;
    let (most, least) = INTERVALS;
    let intervals = (due.len() / IN_AN_INTERVAL).clamp(least, most);
    let step = last / intervals as f64;
    let until = |times: &[f64], at: f64| times.partition_point(|time| *time <= at);
    let times: Vec<f64> = (1..=intervals).map(|at| at as f64 * step).collect();
    let arrived = |at: f64| until(&due, at);
    Some(OverTime {
        arrivals: times
            .iter()
            .map(|at| Rounded(Some((arrived(*at) - arrived(at - step)) as f64 / step)))
            .collect(),
        backlog: times
            .iter()
            .map(|at| arrived(*at).saturating_sub(until(&ends, *at)))
            .collect(),
        t: times.into_iter().map(|at| Rounded(Some(at))).collect(),
    })
}

fn sorted(times: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut times: Vec<f64> = times.collect();
    times.sort_unstable_by(f64::total_cmp);
    times
}
