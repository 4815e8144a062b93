//! What a server's counters grew by over a round.

use dualround_model::{MetricSummary, MetricTrack, RoundMeta, SeriesTrack, TrackPoint};

/// A round from its first request's t0 to its last request's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(super) started_ns: u64,
    pub(super) ended_ns: u64,
}

impl Window {
    pub(crate) fn of(meta: &RoundMeta) -> Self {
        Self {
            started_ns: meta.started_ns,
            ended_ns: meta.ended_ns,
        }
    }

    /// A reading at this instant holds nothing of the round.
    pub(super) fn is_before(self, at_ns: u64) -> bool {
        at_ns <= self.started_ns
    }

    /// A reading that was asked for at this instant holds all of the round.
    pub(super) fn is_after(self, asked_ns: u64) -> bool {
        asked_ns >= self.ended_ns
    }
}

/// The growth of counters over a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Growth {
    /// By so much.
    By(f64),
    /// No reading was a number.
    NoNumber,
    /// They were not read, or were not there, before the round's first request or after its last:
    /// what they grew by meanwhile is a part of the round.
    NotCovered,
    /// They went backwards, or were gone for a while: readings of different processes.
    Reset,
}

/// The growth of one series: from the last reading before the round to the last one after it. One
/// that was not there before counts from zero; one that was, and had no number yet, from its first.
pub(super) fn growth(points: &[TrackPoint], window: Window) -> Growth {
    if points.iter().all(|point| point.value.is_none()) {
        return Growth::NoNumber;
    }
    if is_reset(points) {
        return Growth::Reset;
    }
    let before = points.partition_point(|point| window.is_before(point.at_ns));
    let Some(base) = before.checked_sub(1).map(|at| points[at]) else {
        return Growth::NotCovered;
    };
    let mut leading = points.iter().take_while(|point| point.value.is_none());
    let base = if leading.any(|point| point.nan) {
        let numbers: Vec<f64> = points.iter().filter_map(|point| point.value).collect();
        if numbers.len() > 1 {
            numbers.first().copied()
        } else {
            None
        }
    } else {
        Some(base.value.unwrap_or(0.0))
    };
    // A reading that was on its way at the round's end may be of before it.
    let after = points
        .iter()
        .rev()
        .take_while(|point| window.is_after(point.asked_ns()));
    let last = after.filter_map(|point| point.value).next();
    match base.zip(last) {
        Some((base, last)) => Growth::By(last - base),
        None => Growth::NotCovered,
    }
}

/// A counter never falls, and its series does not go and come again.
fn is_reset(points: &[TrackPoint]) -> bool {
    let (mut highest, mut has_gone) = (None, false);
    for point in points {
        match (point.value, highest) {
            (Some(value), Some(known)) if value < known => return true,
            (Some(_), _) if has_gone => return true,
            (Some(value), _) => highest = Some(value),
            (None, Some(_)) if !point.nan => has_gone = true,
            (None, _) => {}
        }
    }
    false
}

/// The growth of all of these series together.
pub(super) fn total_growth(series: &[&SeriesTrack], window: Window) -> Growth {
    let mut total = Growth::NoNumber;
    for one in series {
        total = match (growth(&one.points, window), total) {
            (Growth::Reset, _) | (_, Growth::Reset) => Growth::Reset,
            (Growth::NotCovered, _) | (_, Growth::NotCovered) => Growth::NotCovered,
            (Growth::By(more), Growth::By(sum)) => Growth::By(sum + more),
            (Growth::NoNumber, known) => known,
            (grown, Growth::NoNumber) => grown,
        };
    }
    total
}

impl Growth {
    /// By how much a counter grew, where that is known.
    pub(super) fn known(self) -> Option<f64> {
        match self {
            Self::By(value) => Some(value),
            Self::NoNumber | Self::NotCovered | Self::Reset => None,
        }
    }

    /// By how much it grew, with what hides that noted in the summary.
    pub(super) fn noted(self, summary: &mut MetricSummary) -> Option<f64> {
        summary.counter_reset |= self == Self::Reset;
        summary.not_covered |= self == Self::NotCovered;
        self.known()
    }
}

/// The increase of the series of this name over a round; `None` where it is not known.
pub(crate) fn increase_of(track: &MetricTrack, name: &str, window: Window) -> Option<f64> {
    if track.other_process {
        return None;
    }
    let named = track.series.iter().filter(|series| series.name == name);
    total_growth(&named.collect::<Vec<_>>(), window).known()
}
