//! Whether a server held the rate at which requests arrived.

use crate::round::facts::RoundFacts;
use dualround_model::{
    ArrivalSummary, Backlog, Load, OpenLoopRound, RequestRows, RoundMeta, whole_up,
};

/// Arrivals of each half of a round below which growth is not told from chance.
const FEWEST: usize = 400;
/// A backlog that grows by this share of what arrived meanwhile is none of a server that keeps up.
const GROWTH: f64 = 0.05;
/// Prompts that an engine works on at once, where it does not tell.
const SLOTS: u64 = 8;

/// The arrivals of a round; `None` in a closed loop. `slots`: prompts that the engines work on at
/// once, where they tell.
pub(crate) fn arrivals(
    meta: &RoundMeta,
    rows: &RequestRows,
    facts: &RoundFacts,
    slots: Option<u64>,
) -> Option<ArrivalSummary> {
    let open = meta.open?;
    let mut due: Vec<u64> = rows.iter().filter_map(|(at, _)| rows.due_ns(at)).collect();
    due.sort_unstable();
    let starts = || rows.iter().filter_map(|(_, row)| row.start_ns());
    let begun = starts().count() as u64;
    let span = starts().max().zip(starts().min());
    let span_s = span.map(|(last, first)| (last - first) as f64 / 1e9);
    let planned = u64::from(meta.planned);
    let open = of_turns(open, rows, &due);
    let scheduled_s = (open.last_due_ns.saturating_add(open.drained_ns)) as f64 / 1e9;
    Some(ArrivalSummary {
        scheduled_rate: rate(planned, open.last_due_ns as f64 / 1e9),
        begun_rate: span_s.and_then(|seconds| rate(begun, seconds)),
        begun,
        schedule_error: match span_s {
            Some(span_s) if scheduled_s > 0.0 && begun == planned => {
                Some((span_s - scheduled_s) / scheduled_s)
            }
            _ => None,
        },
        connections: u64::from(open.connections),
        connections_opened: facts.connections_opened,
        waited_for_place: facts.waited_for_place,
        drained_seconds: open.drained_ns as f64 / 1e9,
        backlog: backlog(
            &due,
            rows,
            is_whole(meta, &open),
            slots,
            steady_gap_ns(meta, &open, !rows.has_turns()),
        ),
    })
}

/// Of sessions the rate is that at which they begin: when their later turns are due is known when they
/// are.
fn of_turns(open: OpenLoopRound, rows: &RequestRows, due: &[u64]) -> OpenLoopRound {
    match due.first().zip(due.last()) {
        Some((first, last)) if rows.has_turns() => OpenLoopRound {
            last_due_ns: last - first,
            ..open
        },
        _ => open,
    }
}

/// The intervals between so many instants over a time.
fn rate(instants: u64, seconds: f64) -> Option<f64> {
    let gaps = instants.checked_sub(1).filter(|gaps| *gaps > 0)?;
    (seconds > 0.0).then(|| gaps as f64 / seconds)
}

/// All of its requests were due when they were to be: none was put off, and none was left out.
fn is_whole(meta: &RoundMeta, open: &OpenLoopRound) -> bool {
    !meta.interrupted && !meta.unfinished && open.drained_ns == 0
}

/// Mean time between two arrivals of a rate, ns; `None` of a trace, and of turns, which have no one rate.
fn steady_gap_ns(meta: &RoundMeta, open: &OpenLoopRound, is_steady: bool) -> Option<f64> {
    let gaps = meta.planned.checked_sub(1).filter(|gaps| *gaps > 0)?;
    if !is_steady {
        return None;
    }
    matches!(meta.load, Load::Rate(_)).then(|| open.last_due_ns as f64 / f64::from(gaps))
}

fn backlog(
    due: &[u64],
    rows: &RequestRows,
    whole: bool,
    slots: Option<u64>,
    gap_ns: Option<f64>,
) -> Backlog {
    let mut ends: Vec<u64> = rows.iter().map(|(_, row)| row.end_ns()).collect();
    ends.sort_unstable();
    let waiting = |(at, due_ns): (usize, &u64)| {
        let ended = ends.partition_point(|end| end <= due_ns);
        (at + 1).saturating_sub(ended) as u64
    };
    let backlog: Vec<u64> = due.iter().enumerate().map(waiting).collect();
    let half = backlog.len() / 2;
    let (earlier, later) = backlog.split_at(half);
    let (middle, end) = (later.first().copied(), later.last().copied());
    let limit = u64::from(whole_up(GROWTH * later.len() as f64));
    let limit = limit.max(slots.unwrap_or(SLOTS));
    let grew = end.unwrap_or(0).saturating_sub(middle.unwrap_or(0)) > limit;
    Backlog {
        middle: middle.unwrap_or(0),
        end: end.unwrap_or(0),
        most: backlog.iter().copied().max().unwrap_or(0),
        limit,
        overloaded: if whole && half >= FEWEST {
            let last_quarter = &due[half + later.len() / 2..];
            let is_overloaded = grew
                && stays_grown(earlier, later)
                && gap_ns.is_none_or(|gap_ns| is_slower(&ends, last_quarter, gap_ns));
            // What a server refuses, or a client gives up, is not in the backlog, and was not served.
            (is_overloaded || lost(rows) <= limit).then_some(is_overloaded)
        } else {
            None
        },
    }
}

/// Requests that ended without an answer.
fn lost(rows: &RequestRows) -> u64 {
    rows.iter().filter(|(_, row)| !row.is_success()).count() as u64
}

/// In the last quarter of the round fewer requests ended than arrive in as much time on average: a
/// burst makes a queue grow at a server that works it off faster than that.
fn is_slower(ends: &[u64], last_quarter: &[u64], gap_ns: f64) -> bool {
    let Some((from, to)) = last_quarter.first().zip(last_quarter.last()) else {
        return false;
    };
    let until = |instant: &u64| ends.partition_point(|end| end <= instant);
    let ended = until(to).saturating_sub(until(from)) as f64;
    ended * gap_ns < (to - from) as f64
}

/// A queue that a server keeps up with is long at times, and falls back. One that it does not keep up
/// with was, in the last quarter of the round, always longer than in nine tenths of the first half.
fn stays_grown(earlier: &[u64], later: &[u64]) -> bool {
    let mut earlier = earlier.to_vec();
    earlier.sort_unstable();
    let usual = earlier.get(earlier.len() * 9 / 10);
    let last_quarter = later.get(later.len() / 2..).unwrap_or_default();
    last_quarter.iter().min() > usual
}
