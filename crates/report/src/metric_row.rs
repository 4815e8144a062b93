//! A server metric as a row of seven statistics, by its kind.

use crate::labels::Labels;
use dualround_model::{MetricKind, MetricSummary};

/// Name and values in the order avg, P50, P90, P99, min, max, stddev.
pub(crate) fn metric_row(
    name: &str,
    metric: &MetricSummary,
    labels: &Labels,
) -> (String, [Option<f64>; 7]) {
    let stat = &metric.stat;
    let rest = [
        stat.p50,
        stat.p90,
        stat.p99,
        stat.min,
        stat.max,
        stat.stddev,
    ];
    match metric.kind {
        MetricKind::Counter => {
            let name = format!("{name} ({})", labels.increase);
            (name, [metric.increase, None, None, None, None, None, None])
        }
        MetricKind::Ratio | MetricKind::Histogram | MetricKind::Summary => {
            let [p50, p90, p99, min, max, stddev] = rest;
            (
                name.to_owned(),
                [metric.value, p50, p90, p99, min, max, stddev],
            )
        }
        MetricKind::Gauge | MetricKind::Untyped => {
            let [p50, p90, p99, min, max, stddev] = rest;
            (name.to_owned(), [stat.avg, p50, p90, p99, min, max, stddev])
        }
    }
}
