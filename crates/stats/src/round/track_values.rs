//! What the series of a server's metric come to at an instant.

use dualround_model::{MetricKind, SeriesTrack};
use std::collections::BTreeSet;

/// All instants at which any of the series was read, in order.
pub(super) fn instants(series: &[&SeriesTrack]) -> Vec<u64> {
    let all = series
        .iter()
        .flat_map(|one| one.points.iter().map(|point| point.at_ns));
    all.collect::<BTreeSet<u64>>().into_iter().collect()
}

/// When the reading that was answered at `at_ns` was asked for. One on its way while requests ran
/// may be of before or after their end.
pub(super) fn asked_ns(series: &[&SeriesTrack], at_ns: u64) -> u64 {
    let points = series.iter().filter_map(|one| {
        let at = one.points.binary_search_by_key(&at_ns, |point| point.at_ns);
        at.ok().map(|at| one.points[at].asked_ns())
    });
    points.min().unwrap_or(at_ns)
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
pub(super) fn value_at(series: &[&SeriesTrack], kind: MetricKind, at_ns: u64) -> Option<f64> {
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
