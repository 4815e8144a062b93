//! Server metrics: tracks over a round to summaries, and the readings around each request.

use crate::numbers::quantile::stat;
use dualround_model::{
    MetricKind, MetricSummary, MetricTrack, RequestMetricSample, RequestRecord, RequestRows,
    Resolved, RoundMeta, SeriesTrack, Stat, TrackPoint,
};
use std::collections::{BTreeMap, BTreeSet};

/// First request's t0 and last request's end of a round, ns.
type Window = (u64, u64);

/// The growth of counters over a round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
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
fn growth(points: &[TrackPoint], (started_ns, ended_ns): Window) -> Growth {
    if points.iter().all(|point| point.value.is_none()) {
        return Growth::NoNumber;
    }
    if is_reset(points) {
        return Growth::Reset;
    }
    let before = points.partition_point(|point| point.at_ns <= started_ns);
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
    let after = points
        .iter()
        .rev()
        .take_while(|point| point.asked_ns() >= ended_ns);
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
fn total_growth(series: &[&SeriesTrack], window: Window) -> Growth {
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
    /// By how much, where it is known.
    fn known(self) -> Option<f64> {
        match self {
            Self::By(value) => Some(value),
            Self::NoNumber | Self::NotCovered | Self::Reset => None,
        }
    }

    /// The same, with what hides it noted in the summary.
    fn noted(self, summary: &mut MetricSummary) -> Option<f64> {
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

/// All instants at which any of the series was read, in order.
fn instants(series: &[&SeriesTrack]) -> Vec<u64> {
    let all = series
        .iter()
        .flat_map(|one| one.points.iter().map(|point| point.at_ns));
    all.collect::<BTreeSet<u64>>().into_iter().collect()
}

/// When the reading that was answered at `at_ns` was asked for. One on its way while requests ran
/// may be of before or after their end.
fn asked_ns(series: &[&SeriesTrack], at_ns: u64) -> u64 {
    let points = series.iter().filter_map(|one| {
        let at = one.points.binary_search_by_key(&at_ns, |point| point.at_ns);
        at.ok().map(|at| one.points[at].asked_ns())
    });
    points.min().unwrap_or(at_ns)
}

/// Between readings that a rate is computed of at least, ns: what is counted within less is one
/// event, not a rate.
const SPACE_NS: u64 = 100_000_000;

/// The first and the last instant, and those between that are [`SPACE_NS`] apart from each other.
fn spaced(at: &[u64]) -> Vec<u64> {
    let [first, between @ .., last] = at else {
        return at.to_vec();
    };
    let mut kept = vec![*first];
    for one in between {
        if one - kept[kept.len() - 1] >= SPACE_NS && last - one >= SPACE_NS {
            kept.push(*one);
        }
    }
    kept.push(*last);
    kept
}

/// Values of the series at an instant.
fn values_at<'a>(series: &'a [&SeriesTrack], at_ns: u64) -> impl Iterator<Item = f64> + 'a {
    series.iter().filter_map(move |one| {
        let at = one
            .points
            .binary_search_by_key(&at_ns, |point| point.at_ns)
            .ok()?;
        one.points[at].value
    })
}

/// The value of the whole metric at an instant: the sum of counters, the mean of gauges.
fn value_at(series: &[&SeriesTrack], kind: MetricKind, at_ns: u64) -> Option<f64> {
    let values: Vec<f64> = values_at(series, at_ns).collect();
    let sum: f64 = values.iter().sum();
    match kind {
        _ if values.is_empty() => None,
        MetricKind::Counter | MetricKind::Histogram | MetricKind::Summary | MetricKind::Ratio => {
            Some(sum)
        }
        MetricKind::Gauge | MetricKind::Untyped => Some(sum / values.len() as f64),
    }
}

fn label_text(series: &SeriesTrack) -> String {
    let labels: Vec<String> = series
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v:?}"))
        .collect();
    format!("{{{}}}", labels.join(","))
}

/// The summary of one asked metric over a round, whose first request began and last one ended at
/// `window`.
pub(crate) fn summarise(
    track: &MetricTrack,
    window: Window,
    seconds: Option<f64>,
) -> MetricSummary {
    let all: Vec<&SeriesTrack> = track.series.iter().collect();
    let points = all.iter().flat_map(|one| {
        let absent = |point: &&TrackPoint| point.value.is_none() && !point.nan;
        one.points.iter().skip_while(absent)
    });
    let mut summary = MetricSummary {
        kind: track.kind,
        resolved: track.resolved.clone(),
        stat: Stat::default(),
        increase: None,
        rate: None,
        value: None,
        before: None,
        after: None,
        counter_reset: track.other_process,
        not_covered: false,
        nan_samples: points.filter(|point| point.value.is_none()).count() as u64,
        series: BTreeMap::new(),
    };
    match track.kind {
        MetricKind::Counter => counter(&all, window, &mut summary),
        MetricKind::Histogram => histogram(&all, window, &mut summary),
        MetricKind::Summary => quantiles(&all, window, &mut summary),
        MetricKind::Ratio => ratio(&all, &track.resolved, window, &mut summary),
        MetricKind::Gauge | MetricKind::Untyped => {
            gauge(&all, track.kind, window, &mut summary);
        }
    }
    // Readings on both sides of a reset, or of two processes, have nothing to do with each other, and
    // a part of a round is not the round.
    if summary.counter_reset || summary.not_covered {
        summary.stat = Stat::default();
        (summary.value, summary.increase) = (None, None);
        summary.series.clear();
    }
    summary.rate = summary
        .increase
        .zip(seconds)
        .map(|(increase, seconds)| increase / seconds);
    summary
}

/// The first reading, if it was before the round, and the last one, if it was after it.
fn ends(
    all: &[&SeriesTrack],
    kind: MetricKind,
    (started_ns, ended_ns): Window,
    summary: &mut MetricSummary,
) {
    let at = instants(all);
    let first = at.first().filter(|at| **at <= started_ns);
    let last = at.last().filter(|at| asked_ns(all, **at) >= ended_ns);
    summary.before = first.and_then(|at| value_at(all, kind, *at));
    summary.after = last.and_then(|at| value_at(all, kind, *at));
}

/// Readings before the round's first request belong to `before`, those after its last to `after`.
/// A round too short for a reading of its own has the first one after it.
fn gauge(all: &[&SeriesTrack], kind: MetricKind, window: Window, summary: &mut MetricSummary) {
    let (started_ns, ended_ns) = window;
    let at = instants(all);
    let from = at.partition_point(|at| *at < started_ns);
    let upto = at.partition_point(|at| *at <= ended_ns);
    let upto = upto.max((from + 1).min(at.len()));
    let inside = at.get(from..upto).unwrap_or_default();
    summary.stat = stat(inside.iter().filter_map(|at| value_at(all, kind, *at)));
    ends(all, kind, window, summary);
    if all.len() > 1 {
        for one in all {
            let points = one
                .points
                .iter()
                .filter(|point| inside.contains(&point.at_ns));
            let mean = stat(points.filter_map(|point| point.value)).avg;
            summary.series.insert(label_text(one), mean);
        }
    }
}

fn counter(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    ends(all, MetricKind::Counter, window, summary);
    summary.increase = total_growth(all, window).noted(summary);
    let at = spaced(&instants(all));
    // Increases per second between neighbouring readings.
    summary.stat = stat(at.windows(2).filter_map(|pair| {
        let a = value_at(all, MetricKind::Counter, pair[0]).unwrap_or(0.0);
        let b = value_at(all, MetricKind::Counter, pair[1])?;
        (b >= a).then(|| (b - a) / ((pair[1] - pair[0]) as f64 / 1e9))
    }));
    if all.len() > 1 {
        for one in all {
            summary
                .series
                .insert(label_text(one), growth(&one.points, window).known());
        }
    }
}

/// The quotient of the increases over the round; the statistics are over the quotients between
/// neighbouring readings in which the denominator grew.
fn ratio(all: &[&SeriesTrack], resolved: &Resolved, window: Window, summary: &mut MetricSummary) {
    let Resolved::Ratio {
        numerator,
        denominator,
    } = resolved
    else {
        return;
    };
    let of = |name: &String| -> Vec<&SeriesTrack> {
        all.iter()
            .filter(|one| one.name == *name)
            .copied()
            .collect()
    };
    let (top, bottom) = (of(numerator), of(denominator));
    let grown = [&top, &bottom].map(|series| total_growth(series, window).noted(summary));
    if let [Some(top), Some(bottom)] = grown
        && bottom > 0.0
    {
        summary.value = Some(top / bottom);
    }
    let total = |series: &[&SeriesTrack], at| value_at(series, MetricKind::Counter, at);
    summary.stat = stat(instants(&bottom).windows(2).filter_map(|pair| {
        let grown = |series: &[&SeriesTrack]| {
            Some(total(series, pair[1])? - total(series, pair[0]).unwrap_or(0.0))
        };
        let bottom = grown(&bottom).filter(|grown| *grown > 0.0)?;
        Some(grown(&top).unwrap_or(0.0) / bottom)
    }));
}

fn ending<'a>(all: &[&'a SeriesTrack], suffix: &str) -> Vec<&'a SeriesTrack> {
    let named = all.iter().filter(|one| one.name.ends_with(suffix));
    named.copied().collect()
}

/// Mean and number of a family's observations in the round, from the increases of sum and count.
fn observations(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    let sum = total_growth(&ending(all, "_sum"), window).noted(summary);
    let count = total_growth(&ending(all, "_count"), window).noted(summary);
    summary.increase = count;
    summary.value = sum
        .zip(count.filter(|n| *n > 0.0))
        .map(|(sum, count)| sum / count);
    summary.stat.n = count.map_or(0, |n| format!("{n:.0}").parse().unwrap_or(0));
    summary.stat.avg = summary.value;
}

/// A server's quantiles are those of a window of its own, not of the round: each is shown by
/// itself, as the mean of its readings.
fn quantiles(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    observations(all, window, summary);
    let quantile = |one: &&&SeriesTrack| one.labels.iter().any(|(key, _)| key == "quantile");
    for one in all.iter().filter(quantile) {
        let mean = stat(one.points.iter().filter_map(|point| point.value)).avg;
        summary.series.insert(label_text(one), mean);
    }
}

/// Quantiles by interpolation inside the bucket that holds them, as Prometheus'
/// `histogram_quantile` does.
fn histogram(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    observations(all, window, summary);
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for one in ending(all, "_bucket") {
        let le = one
            .labels
            .iter()
            .find(|(key, _)| key == "le")
            .map(|(_, value)| value.parse());
        let (Some(Ok(bound)), Some(grown)) = (le, growth(&one.points, window).known()) else {
            continue;
        };
        match buckets
            .iter_mut()
            .find(|(known, _)| f64::total_cmp(known, &bound).is_eq())
        {
            Some((_, total)) => *total += grown,
            None => buckets.push((bound, grown)),
        }
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    summary.stat.p50 = bucket_quantile(&buckets, 0.5);
    summary.stat.p90 = bucket_quantile(&buckets, 0.9);
    summary.stat.p95 = bucket_quantile(&buckets, 0.95);
    summary.stat.p99 = bucket_quantile(&buckets, 0.99);
}

fn bucket_quantile(cumulative: &[(f64, f64)], p: f64) -> Option<f64> {
    let total = cumulative
        .last()
        .map(|(_, count)| *count)
        .filter(|total| *total > 0.0)?;
    let rank = p * total;
    let at = cumulative.iter().position(|(_, count)| *count >= rank)?;
    let (low, below) = if at == 0 {
        (0.0, 0.0)
    } else {
        cumulative[at - 1]
    };
    let (high, upto) = cumulative[at];
    if high.is_infinite() {
        // Above the last bound nothing is known; the bound itself is a lower limit.
        return Some(low);
    }
    Some(low + (high - low) * (rank - below) / (upto - below))
}

/// The readings around single requests of a round.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    starts: Vec<u64>,
    stops: Vec<u64>,
    /// Each with the series that stand for it, and the instants of their readings.
    tracks: Vec<(&'a MetricTrack, Vec<&'a SeriesTrack>, Vec<u64>)>,
}

impl<'a> Around<'a> {
    pub(crate) fn new(meta: &'a RoundMeta, rows: &RequestRows) -> Self {
        let sent = || rows.iter().filter(|(_, row)| row.start_ns().is_some());
        let mut starts: Vec<u64> = sent().filter_map(|(_, row)| row.start_ns()).collect();
        let mut stops: Vec<u64> = sent().map(|(_, row)| row.end_ns()).collect();
        starts.sort_unstable();
        stops.sort_unstable();
        let tracks = meta.metrics.iter().map(|track| {
            let series: Vec<&SeriesTrack> = sampled(track);
            let at = instants(&series);
            (track, series, at)
        });
        Self {
            starts,
            stops,
            tracks: tracks.collect(),
        }
    }

    /// The last reading before it began, the first one after it ended. `overlapping` when another
    /// request was in flight between the two.
    pub(crate) fn of(&self, record: &RequestRecord) -> BTreeMap<String, RequestMetricSample> {
        let (mut samples, end) = (BTreeMap::new(), record.timeline.end_ns);
        let Some(start) = record.timeline.start_ns else {
            return samples;
        };
        for (track, series, at) in &self.tracks {
            let before = at[..at.partition_point(|at| *at <= start)].last().copied();
            let early = |at: &u64| asked_ns(series, *at) < end;
            let after = at.get(at.partition_point(early)).copied();
            let read = |at: Option<u64>| at.and_then(|at| value_at(series, track.kind, at));
            let (low, high) = (before.unwrap_or(0), after.unwrap_or(u64::MAX));
            // Requests that began before `high` and had not ended at `low`, this one among them.
            let begun = self.starts.partition_point(|start| *start < high);
            let ended = self.stops.partition_point(|stop| *stop <= low);
            let (before, after) = (read(before), read(after));
            let sample = RequestMetricSample {
                before,
                after,
                delta: before
                    .zip(after)
                    .map(|(before, after)| after - before)
                    .filter(|delta| !track.other_process && (*delta >= 0.0 || !grows(track.kind))),
                overlapping: begun - ended > 1,
            };
            samples.insert(track.asked.clone(), sample);
        }
        samples
    }
}

/// Whether what such a metric stands for at an instant only grows.
fn grows(kind: MetricKind) -> bool {
    !matches!(kind, MetricKind::Gauge | MetricKind::Untyped)
}

/// The series that stand for a metric's value at an instant: a histogram's count, a ratio's hits.
fn sampled(track: &MetricTrack) -> Vec<&SeriesTrack> {
    let keep = |one: &&SeriesTrack| match (&track.kind, &track.resolved) {
        (MetricKind::Histogram | MetricKind::Summary, _) => one.name.ends_with("_count"),
        (MetricKind::Ratio, Resolved::Ratio { numerator, .. }) => one.name == *numerator,
        _ => true,
    };
    track.series.iter().filter(keep).collect()
}
