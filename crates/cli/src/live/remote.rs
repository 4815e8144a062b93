//! Remote write 1.0: the page's samples as snappy-compressed protobuf, every few seconds and once
//! more at the end. <https://prometheus.io/docs/specs/prw/remote_write_spec/>

use crate::{load_words::load_words, ticking::Ticking};
use dualround_loadgen::{Clock, LoadError, Network, Poster, mask_secrets};
use dualround_model::{Plan, Secret};
use dualround_wire::parse_exposition;
use prometheus_client::registry::Registry;
use prost::Message;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Between two pushes.
const EVERY: Duration = Duration::from_secs(5);
/// How long one push may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Characters of what a receiver says.
const WORDS: usize = 2000;

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<SeriesLabel>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<SeriesSample>,
}

#[derive(Clone, PartialEq, Message)]
struct SeriesLabel {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct SeriesSample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// Pushes the run's metrics every few seconds, and once more when what is returned is dropped; says at
/// the end what failed.
///
/// # Errors
/// [`LoadError`] for a certificate that cannot be used.
pub(super) fn push_to(
    url: &str,
    run: &str,
    plan: &Plan,
    registry: &Arc<Registry>,
) -> Result<Ticking, LoadError> {
    let (run, registry) = (run.to_owned(), Arc::clone(registry));
    let plan = plan.clone();
    let mut receiver = Receiver {
        url: url.to_owned(),
        network: Network::new(&plan.request.network, Clock::start())?,
        poster: None,
    };
    let (mut tried, mut failed, mut reason) = (0_u32, 0_u32, String::new());
    Ok(Ticking::start(EVERY, move |last| {
        tried += 1;
        if let Err(error) = receiver.push(&super::page(&registry), &run) {
            failed += 1;
            reason = error.to_string();
        }
        if last && failed > 0 {
            let url = &receiver.url;
            let shown = dualround_loadgen::redact_url(url);
            let reason = mask_secrets(&plan, url, std::mem::take(&mut reason));
            crate::screen::note(&format!(
                "warning: --remote-write {shown}: {failed} of {tried} pushes failed: {reason}"
            ));
        }
    }))
}

/// Why a push failed.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error(transparent)]
    Packing(#[from] snap::Error),
    #[error("{}", reason_of(.0))]
    Load(#[from] LoadError),
    #[error("HTTP {status}: {words}")]
    Refused {
        status: u16,
        /// The receiver's.
        words: String,
    },
}

/// The URL is named already.
fn reason_of(error: &LoadError) -> String {
    match error {
        LoadError::Unanswered { reason, .. } => reason.clone(),
        error => load_words(error),
    }
}

/// Who takes the metrics.
struct Receiver {
    url: String,
    network: Network,
    /// Made when it is first needed, and anew where it failed: the receiver may have moved.
    poster: Option<Poster>,
}

impl Receiver {
    fn push(&mut self, page: &str, run: &str) -> Result<(), PushError> {
        let body = request(page, run, now_ms()).encode_to_vec();
        let body = snap::raw::Encoder::new().compress_vec(&body)?;
        let mut poster = match self.poster.take() {
            Some(poster) => poster,
            None => Poster::to(&self.url, &self.network, &headers(), LIMIT)?,
        };
        let answer = poster.post(&body)?;
        self.poster = Some(poster);
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&answer.body);
        let words = words.trim().chars().take(WORDS).collect();
        let status = answer.status;
        Err(PushError::Refused { status, words })
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// What remote write 1.0 says of its bodies.
fn headers() -> Vec<(String, Secret)> {
    let fields = [
        ("Content-Encoding", "snappy"),
        ("Content-Type", "application/x-protobuf"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ];
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), Secret::new(value)))
        .collect()
}

/// The samples of a page at one instant, labelled as a scrape of this run would be.
fn request(page: &str, run: &str, now: i64) -> WriteRequest {
    let series = parse_exposition(page.as_bytes())
        .samples
        .into_iter()
        .map(|sample| {
            let own = [
                ("__name__", sample.name.as_str()),
                ("job", "dualround"),
                ("instance", run),
            ];
            let mut labels: Vec<SeriesLabel> = own
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .chain(sample.labels.clone())
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| SeriesLabel { name, value })
                .collect();
            // Receivers want them sorted.
            labels.sort_by(|a, b| a.name.cmp(&b.name));
            let samples = vec![SeriesSample {
                value: sample.value,
                timestamp: now,
            }];
            TimeSeries { labels, samples }
        });
    WriteRequest {
        timeseries: series.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_labelled_and_sorted() {
        let found = request("a_total{z=\"1\",b=\"\"} 2\n", "r1", 7);
        let one = &found.timeseries[0];
        let labels: Vec<(&str, &str)> = one
            .labels
            .iter()
            .map(|label| (label.name.as_str(), label.value.as_str()))
            .collect();
        let expected = [
            ("__name__", "a_total"),
            ("instance", "r1"),
            ("job", "dualround"),
            ("z", "1"),
        ];
        assert_eq!(labels, expected);
        assert_eq!(
            one.samples,
            [SeriesSample {
                value: 2.0,
                timestamp: 7
            }]
        );
    }
}
