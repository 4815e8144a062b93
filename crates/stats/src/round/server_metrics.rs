//! Server metrics: tracks over a round to summaries.

use crate::{
    numbers::quantile::stat,
    round::counter_growth::{Window, growth, total_growth},
    round::track_values::{asked_ns, instants, value_at},
};
use dualround_model::{MetricKind, MetricSummary, MetricTrack, Resolved, SeriesTrack, Stat};
use std::collections::BTreeMap;

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

/// A series as its labels, the way Prometheus writes them.
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
        nan_samples: all.iter().map(|one| nan_samples(one)).sum(),
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
    // Readings on both sides of a reset, or of two processes, have nothing to do with each other,
    // and a part of a round is not the round.
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

/// Readings that were no number. Before a series was there for the first time it had none.
fn nan_samples(series: &SeriesTrack) -> u64 {
    let points = series.points.iter();
    let there = points.skip_while(|point| point.value.is_none() && !point.nan);
    there.filter(|point| point.value.is_none()).count() as u64
}

/// Fills in the first reading, if it was before the round, and the last one, if it was after it.
fn ends(all: &[&SeriesTrack], kind: MetricKind, window: Window, summary: &mut MetricSummary) {
    let at = instants(all);
    let first = at.first().filter(|at| window.is_before(**at));
    let last = at.last().filter(|at| window.is_after(asked_ns(all, **at)));
    summary.before = first.and_then(|at| value_at(all, kind, *at));
    summary.after = last.and_then(|at| value_at(all, kind, *at));
}

/// Statistics of a gauge's readings in the round. Those before its first request belong to
/// `before`, those after its last to `after`. A round too short for a reading of its own has the
/// first one after it.
fn gauge(all: &[&SeriesTrack], kind: MetricKind, window: Window, summary: &mut MetricSummary) {
    let at = instants(all);
    let from = at.partition_point(|at| *at < window.started_ns);
    let upto = at.partition_point(|at| *at <= window.ended_ns);
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

/// The increase of a counter; the statistics are over its rates between neighbouring readings.
fn counter(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    ends(all, MetricKind::Counter, window, summary);
    summary.increase = total_growth(all, window).noted(summary);
    let at = spaced(&instants(all));
    // Increases per second between neighbouring readings.
    summary.stat = stat(at.windows(2).filter_map(|pair| {
        let grown = grown_between(all, pair).filter(|grown| *grown >= 0.0)?;
        Some(grown / ((pair[1] - pair[0]) as f64 / 1e9))
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
    let (top, bottom) = (named(all, numerator), named(all, denominator));
    let grown = [&top, &bottom].map(|series| total_growth(series, window).noted(summary));
    if let [Some(top), Some(bottom)] = grown
        && bottom > 0.0
    {
        summary.value = Some(top / bottom);
    }
    summary.stat = stat(instants(&bottom).windows(2).filter_map(|pair| {
        let bottom = grown_between(&bottom, pair).filter(|grown| *grown > 0.0)?;
        Some(grown_between(&top, pair).unwrap_or(0.0) / bottom)
    }));
}

fn named<'a>(all: &[&'a SeriesTrack], name: &str) -> Vec<&'a SeriesTrack> {
    let named = all.iter().filter(|one| one.name == name);
    named.copied().collect()
}

/// What counters grew by between two instants; a series that was not there at the first counts from
/// zero.
fn grown_between(series: &[&SeriesTrack], instants: &[u64]) -> Option<f64> {
    let &[first, last] = instants else {
        return None;
    };
    let base = value_at(series, MetricKind::Counter, first).unwrap_or(0.0);
    Some(value_at(series, MetricKind::Counter, last)? - base)
}

/// The series of a family whose names end so.
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
    summary.stat.n = count.map_or(0, whole);
    summary.stat.avg = summary.value;
}

/// The quantiles that a server states. They are those of a window of its own, not of the round:
/// each is shown by itself, as the mean of its readings.
fn quantiles(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    observations(all, window, summary);
    for one in all {
        if !one.labels.iter().any(|(key, _)| key == "quantile") {
            continue;
        }
        let mean = stat(one.points.iter().filter_map(|point| point.value)).avg;
        summary.series.insert(label_text(one), mean);
    }
}

/// Quantiles of a histogram.
fn histogram(all: &[&SeriesTrack], window: Window, summary: &mut MetricSummary) {
    observations(all, window, summary);
    let buckets = buckets(all, window);
    summary.stat.p50 = bucket_quantile(&buckets, 0.5);
    summary.stat.p90 = bucket_quantile(&buckets, 0.9);
    summary.stat.p95 = bucket_quantile(&buckets, 0.95);
    summary.stat.p99 = bucket_quantile(&buckets, 0.99);
}

/// What a histogram's buckets grew by, each of them with all below it.
struct Bucket {
    /// Its upper end.
    bound: f64,
    count: f64,
}

/// The buckets over all series of a histogram, in the order of their bounds.
fn buckets(all: &[&SeriesTrack], window: Window) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    for one in ending(all, "_bucket") {
        let mut labels = one.labels.iter();
        let le = labels.find(|(key, _)| key == "le");
        let bound = le.and_then(|(_, value)| value.parse::<f64>().ok());
        let Some((bound, count)) = bound.zip(growth(&one.points, window).known()) else {
            continue;
        };
        let mut known = buckets.iter_mut();
        match known.find(|known| known.bound.total_cmp(&bound).is_eq()) {
            Some(bucket) => bucket.count += count,
            None => buckets.push(Bucket { bound, count }),
        }
    }
    buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    buckets
}

/// A quantile by interpolation inside the bucket that holds it, as Prometheus' `histogram_quantile`
/// does.
fn bucket_quantile(cumulative: &[Bucket], p: f64) -> Option<f64> {
    let total = cumulative.last()?.count;
    if total.is_nan() || total <= 0.0 {
        return None;
    }
    let rank = p * total;
    let at = cumulative.iter().position(|bucket| bucket.count >= rank)?;
    let (low, below) = match at.checked_sub(1) {
        Some(before) => (cumulative[before].bound, cumulative[before].count),
        None => (0.0, 0.0),
    };
    let Bucket { bound, count } = cumulative[at];
    if bound.is_infinite() {
        // Above the last bound nothing is known; the bound itself is a lower limit.
        return Some(low);
    }
    Some(low + (bound - low) * (rank - below) / (count - below))
}

/// The count that a counter tells as a float; 0 where it is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 2^64"
)]
fn whole(count: f64) -> u64 {
    /// The first double that is no `u64`, 2^64.
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    if !(0.0..BEYOND).contains(&count) {
        return 0;
    }
    count.round_ties_even() as u64
}
