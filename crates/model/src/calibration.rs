//! What the client adds to what it measures, found by measuring a server that logs the truth.

use crate::{ClientHealth, Stat};
use serde::{Deserialize, Serialize};

/// The times of one request in the server's own log, ms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrueTimes {
    /// Last byte of the request arrived → write of the first token-bearing event.
    pub ttft_ms: f64,
    /// Write of the first token-bearing event → write of the last one, over tokens − 1.
    pub itl_ms: Option<f64>,
    /// Last byte of the request arrived → write of the end of the answer.
    pub latency_ms: f64,
}

/// Errors of one metric over the requests of a level: reported − true, request by request, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricError {
    /// Requests with both values.
    pub n: u64,
    /// Mean error: what it adds to a reported mean.
    pub mean: Option<f64>,
    /// Median error.
    pub p50: Option<f64>,
    /// P99 of the errors' sizes.
    pub p99_size: Option<f64>,
    /// Largest size.
    pub max_size: Option<f64>,
}

/// The client at one concurrency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelCalibration {
    /// Requests in flight.
    pub concurrency: u32,
    /// Requests sent.
    pub requests: u64,
    /// Those that failed; they have no errors.
    pub failed: u64,
    /// Most requests in flight at once.
    pub peak_in_flight: u32,
    /// Mean TTFT in the server's log, ms.
    pub true_ttft_ms: Option<f64>,
    /// Errors of TTFT.
    pub ttft: MetricError,
    /// Errors of ITL (the mean of a request).
    pub itl: MetricError,
    /// Errors of latency.
    pub latency: MetricError,
    /// Output tokens per second of the level.
    pub token_throughput: Option<f64>,
    /// What the client noticed of itself.
    pub client: ClientHealth,
}

impl LevelCalibration {
    /// No request failed, and P99 of the sizes of all errors is within `limit_ms`.
    pub fn is_within(&self, limit_ms: f64) -> bool {
        let errors = [self.ttft, self.itl, self.latency];
        let within = |error: &MetricError| error.p99_size.is_none_or(|size| size <= limit_ms);
        self.failed == 0 && self.ttft.n > 0 && errors.iter().all(within)
    }
}

/// The client at one rate of arrivals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateCalibration {
    /// Requests a second, on average, of a Poisson process.
    pub request_rate: f64,
    /// Requests that were to be sent.
    pub planned: u64,
    /// Requests sent.
    pub requests: u64,
    /// Those that failed; they have no errors.
    pub failed: u64,
    /// How far the last request was begun behind its schedule, over the schedule.
    pub schedule_error: Option<f64>,
    /// How late the client sent, ms.
    pub client_lag: Stat,
    /// Errors of TTFT.
    pub ttft: MetricError,
    /// Errors of latency.
    pub latency: MetricError,
    /// Connections that were opened in the round, because none was free.
    pub connections_opened: u64,
    /// What the client noticed of itself.
    pub client: ClientHealth,
}

impl RateCalibration {
    /// Every request was sent and none failed, and P99 of the lag, and of the sizes of all errors,
    /// is within `limit_ms`.
    pub fn is_within(&self, limit_ms: f64) -> bool {
        let late = self.client_lag.p99.is_none_or(|lag| lag > limit_ms);
        let errors = [self.ttft, self.latency];
        let within = |error: &MetricError| error.p99_size.is_none_or(|size| size <= limit_ms);
        let all_sent = self.failed == 0 && self.requests == self.planned;
        all_sent && !late && errors.iter().all(within)
    }
}

/// The most this client takes from a server that does not pace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlatOut {
    /// Output tokens per second, one token an event.
    pub tokens_per_second: f64,
    /// CPU time of the busiest worker over the time of the round.
    pub worker_cpu_share: Option<f64>,
    /// The workers had time left, so the server set the pace and the client takes more than that.
    pub server_limited: bool,
}

/// A whole calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The API of the requests: `chat`, `completions`, `messages`, `responses`.
    pub api: String,
    /// Workers of the client.
    pub workers: u32,
    /// TTFT that the server was set to, ms.
    pub ttft_ms: f64,
    /// ITL that the server was set to, ms.
    pub itl_ms: f64,
    /// Output tokens of an answer.
    pub output_tokens: u64,
    /// One entry a level.
    pub levels: Vec<LevelCalibration>,
    /// One entry a rate.
    #[serde(default)]
    pub rates: Vec<RateCalibration>,
    /// The highest rate held, with every lower one, requests a second.
    #[serde(default)]
    pub held_rate: Option<f64>,
    /// The limit within which a level counts as held, ms.
    pub limit_ms: f64,
    /// The highest level held, with every lower one.
    pub held_level: Option<u32>,
    /// What it takes at most.
    pub flat_out: Option<FlatOut>,
}
