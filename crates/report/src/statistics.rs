//! The eight statistics of a distribution, in the order of every output.

use dualround_model::{Lang, Stat};

/// One statistic of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    Avg,
    P50,
    P90,
    P95,
    P99,
    Min,
    Max,
    Stddev,
}

impl Statistic {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Avg,
        Self::P50,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::Min,
        Self::Max,
        Self::Stddev,
    ];

    /// Those of the guide's tables and of server metrics.
    pub(crate) const SEVEN: [Self; 7] = [
        Self::Avg,
        Self::P50,
        Self::P90,
        Self::P99,
        Self::Min,
        Self::Max,
        Self::Stddev,
    ];

    /// The name in the files: alone in `metrics_tidy.csv`, before the metric's in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Min => "min",
            Self::Max => "max",
            Self::Stddev => "stddev",
        }
    }

    /// The name in the CSV files for people.
    pub(crate) fn label(self, lang: Lang) -> &'static str {
        lang.pick(match self {
            Self::Avg => ["avg", "平均值"],
            Self::P50 => ["p50", "中位数"],
            Self::P90 => ["p90", "P90"],
            Self::P95 => ["p95", "P95"],
            Self::P99 => ["p99", "P99"],
            Self::Min => ["min", "最小值"],
            Self::Max => ["max", "最大值"],
            Self::Stddev => ["stddev", "标准差"],
        })
    }

    /// The head of its column on the terminal, as the guide has it in every language.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Avg => "Avg",
            Self::P50 => "P50",
            Self::P90 => "P90",
            Self::P95 => "P95",
            Self::P99 => "P99",
            Self::Min => "Min",
            Self::Max => "Max",
            Self::Stddev => "Stddev",
        }
    }

    /// Its value, in the unit of the metric.
    pub(crate) fn of(self, stat: &Stat) -> Option<f64> {
        match self {
            Self::Avg => stat.avg,
            Self::P50 => stat.p50,
            Self::P90 => stat.p90,
            Self::P95 => stat.p95,
            Self::P99 => stat.p99,
            Self::Min => stat.min,
            Self::Max => stat.max,
            Self::Stddev => stat.stddev,
        }
    }
}
