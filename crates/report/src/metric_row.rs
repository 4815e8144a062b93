//! A server metric as a row of statistics, by its kind.

use crate::{labels::Labels, statistics::Statistic};
use dualround_model::{MetricKind, MetricSummary};

/// The name of the row of a server metric; that of a counter says that the row holds its
/// increase.
pub(crate) fn metric_name(name: &str, metric: &MetricSummary, labels: &Labels) -> String {
    match metric.kind {
        MetricKind::Counter => format!("{name} ({})", labels.increase),
        _ => name.to_owned(),
    }
}

/// The figure of a server metric under the head of a statistic. Under that of the mean a counter
/// has its increase, and what is a quotient of two increases has that of the whole round.
pub(crate) fn metric_cell(metric: &MetricSummary, statistic: Statistic) -> Option<f64> {
    // The mean of a counter's readings says nothing, and a mean of quotients is not that of the round.
    match (metric.kind, statistic) {
        (MetricKind::Counter, Statistic::Avg) => metric.increase,
        (MetricKind::Counter, _) => None,
        (MetricKind::Ratio | MetricKind::Histogram | MetricKind::Summary, Statistic::Avg) => {
            metric.value
        }
        _ => statistic.of(&metric.stat),
    }
}
