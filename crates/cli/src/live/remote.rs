//! Remote write 1.0: the page's samples as snappy-compressed protobuf, every few seconds and once
//! more at the end. <https://prometheus.io/docs/specs/prw/remote_write_spec/>

use crate::ticking::Ticking;
use dualround_loadgen::mask_secrets;
use dualround_model::Plan;
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
pub(super) fn push_to(url: &str, run: &str, plan: &Plan, registry: &Arc<Registry>) -> Ticking {
    let (url, run, registry) = (url.to_owned(), run.to_owned(), Arc::clone(registry));
    let plan = plan.clone();
    let agent = agent();
    let (mut tried, mut failed, mut reason) = (0_u32, 0_u32, String::new());
    Ticking::start(EVERY, move |last| {
        tried += 1;
        if let Err(error) = push(&agent, &url, &super::page(&registry), &run) {
            failed += 1;
            reason = error.to_string();
        }
        if last && failed > 0 {
            let shown = dualround_loadgen::redact_url(&url);
            let reason = mask_secrets(&plan, &url, std::mem::take(&mut reason));
            crate::screen::note(&format!(
                "warning: --remote-write {shown}: {failed} of {tried} pushes failed: {reason}"
            ));
        }
    })
}

fn agent() -> ureq::Agent {
    let config = crate::hub::http().timeout_global(Some(LIMIT));
    config.build().into()
}

/// Why a push failed.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error(transparent)]
    Packing(#[from] snap::Error),
    #[error(transparent)]
    Http(#[from] ureq::Error),
    #[error("HTTP {status}: {}", words.trim())]
    Refused {
        status: u16,
        /// The receiver's.
        words: String,
    },
}

fn push(agent: &ureq::Agent, url: &str, page: &str, run: &str) -> Result<(), PushError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let body = request(page, run, now).encode_to_vec();
    let body = snap::raw::Encoder::new().compress_vec(&body)?;
    let mut answer = agent
        .post(url)
        .header("Content-Encoding", "snappy")
        .header("Content-Type", "application/x-protobuf")
        .header("X-Prometheus-Remote-Write-Version", "0.1.0")
        .send(&body[..])?;
    if answer.status().is_success() {
        return Ok(());
    }
    let words = answer.body_mut().with_config().limit(2000).read_to_string();
    let words = words.unwrap_or_default();
    Err(PushError::Refused {
        status: answer.status().as_u16(),
        words,
    })
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
