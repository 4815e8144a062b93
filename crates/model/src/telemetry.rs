//! Server metrics sampled during a round.

use serde::{Deserialize, Serialize};

/// What a metric is, which decides how it may be summarised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Goes up only: its increase over the round counts.
    Counter,
    /// Goes up and down: its samples are averaged.
    Gauge,
    /// Buckets, sum and count: the round's own increases count.
    Histogram,
    /// Quantiles of the server's own window, sum and count: the round's own increases of the
    /// last two count.
    Summary,
    /// A quotient of two counters' increases.
    Ratio,
    /// Not declared; treated as a gauge.
    Untyped,
}

/// What an asked name stands for on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolved {
    /// The family or sample of this name.
    Name(String),
    /// An alias: the increase of the first over the increase of the second.
    Ratio {
        /// Counter of hits.
        numerator: String,
        /// Counter of lookups.
        denominator: String,
    },
    /// Nothing of that name is on the page; close names for the user.
    Missing {
        /// Names on the page that look like it.
        close: Vec<String>,
    },
}

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackPoint {
    /// When the answer was complete, ns since the run's anchor.
    pub at_ns: u64,
    /// From asking to the answer, ns: the value is that of an instant in between.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub took_ns: u64,
    /// The value; `None` for NaN, or when the scrape failed or the series was not there.
    pub value: Option<f64>,
    /// The series was there, and its value was no finite number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nan: bool,
}

impl TrackPoint {
    /// When it was asked for, ns since the run's anchor.
    pub fn asked_ns(&self) -> u64 {
        self.at_ns.saturating_sub(self.took_ns)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for this shape"
)]
fn is_zero(took_ns: &u64) -> bool {
    *took_ns == 0
}

/// The readings of one series over a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesTrack {
    /// The name of the sample as it stands on the page (`x_total`, `t_bucket`, …).
    pub name: String,
    /// Labels in the order of the page.
    pub labels: Vec<(String, String)>,
    /// Readings in order of time.
    pub points: Vec<TrackPoint>,
}

/// All series of one asked metric over a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricTrack {
    /// The name as the user wrote it.
    pub asked: String,
    /// What it stands for.
    pub resolved: Resolved,
    /// What it is.
    pub kind: MetricKind,
    /// Its series. For a ratio: those of the numerator and of the denominator.
    pub series: Vec<SeriesTrack>,
    /// Scrapes that failed during the round.
    pub failed_scrapes: u64,
    /// Lines of the page that could not be read, in the worst scrape.
    pub bad_lines: u64,
    /// The process behind a page began anew between two readings, or several answered in turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_process: bool,
}
