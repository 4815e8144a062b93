//! What is computed from the records of a round.

use crate::{
    ArrivalSummary, ChanceHits, Expected, Flag, MetricKind, RequestRows, Resolved, RoundCost,
    RoundMeta, StampSource, TokenSource, Warning, WrittenTokens,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::Range};

/// The statistics of one metric. Percentiles by linear interpolation (type 7, numpy's default),
/// stddev of the sample (n − 1). All `None` when n = 0; stddev also when n = 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stat {
    /// Number of values.
    pub n: u64,
    /// Arithmetic mean.
    pub avg: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Sample standard deviation.
    pub stddev: Option<f64>,
}

/// Upper ends of one-sided 95 % intervals of percentiles, by order statistics: how high the
/// percentile may be, as far as this round tells. `None` where the round has too few requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Of P90; needs 29 requests.
    pub p90: Option<f64>,
    /// Of P95; needs 59.
    pub p95: Option<f64>,
    /// Of P99; needs 299.
    pub p99: Option<f64>,
}

impl Tail {
    /// Each with its percentile's name, as in the files.
    pub fn named(&self) -> [(&'static str, Option<f64>); 3] {
        [("p90", self.p90), ("p95", self.p95), ("p99", self.p99)]
    }
}

/// The tails of a round's times, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tails {
    /// TTFT.
    pub ttft: Tail,
    /// TTFO.
    pub ttfo: Tail,
    /// ITL.
    pub itl: Tail,
    /// Latency.
    pub latency: Tail,
}

impl Tails {
    /// Each with its metric's name, as in the files.
    pub fn named(&self) -> [(&'static str, Tail); 4] {
        [
            ("ttft", self.ttft),
            ("ttfo", self.ttfo),
            ("itl", self.itl),
            ("latency", self.latency),
        ]
    }
}

/// A server metric around one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestMetricSample {
    /// Last reading before the request began.
    pub before: Option<f64>,
    /// First reading after it had ended.
    pub after: Option<f64>,
    /// `after − before`.
    pub delta: Option<f64>,
    /// Other requests ran between the two readings, so the difference is not this request's alone.
    pub overlapping: bool,
}

/// What is computed from one record. Times in ms; `None` is unknown or not applicable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestMetrics {
    /// First token-bearing event − t0.
    pub ttft_ms: Option<f64>,
    /// First answer event − t0.
    pub ttfo_ms: Option<f64>,
    /// (t_last − t_first)/(n − k): the per-request mean, also called TPOT.
    pub itl_ms: Option<f64>,
    /// End of the response − t0.
    pub latency_ms: Option<f64>,
    /// t0 − start of the round: the wait for a virtual user; in an open loop t0 − due instant.
    pub queue_wait_ms: Option<f64>,
    /// Opening the connection, if it was opened for this request.
    pub connect_ms: Option<f64>,
    /// t0 since the start of the round.
    pub start_ms: Option<f64>,
    /// Its times from when it was due; all unknown in a closed loop.
    pub from_due: FromDueMetrics,
    /// Prompt tokens.
    pub input_tokens: Option<u64>,
    /// Output tokens (n); for a failed request `None`.
    pub output_tokens: Option<u64>,
    /// Where n comes from.
    pub token_source: Option<TokenSource>,
    /// Output tokens of a request that failed or was cancelled.
    pub partial_output_tokens: Option<u64>,
    /// Prompt tokens from the server's cache; 0 also where a server that leaves the field out
    /// without a hit left it out.
    pub cached_tokens: Option<u64>,
    /// That 0 was left out.
    pub cached_omitted: bool,
    /// What the reader must know.
    pub flags: Vec<Flag>,
    /// Met every SLO; `None` without an SLO or for a request that is no success.
    pub good: Option<bool>,
    /// Server metrics around it, by asked name.
    pub prometheus: BTreeMap<String, RequestMetricSample>,
}

/// What is computed of a request of an open loop from when it was due. Times in ms; `None` is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FromDueMetrics {
    /// When it was due since the start of the round.
    pub scheduled_ms: Option<f64>,
    /// First token-bearing event − due instant: what a user waits.
    pub ttft_ms: Option<f64>,
    /// End of the response − due instant, of a success.
    pub latency_ms: Option<f64>,
    /// t0 − the instant at which it could have been sent: when it was due, a place in flight was
    /// free, and its connection was open. `None` where it was sent again.
    pub client_lag_ms: Option<f64>,
}

/// Cached prompt tokens of a round by the tier that they came from, as usage tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedByTier {
    /// From the engine's own prefix cache.
    pub local: u64,
    /// From outer tiers.
    pub external: u64,
}

/// Requests and tokens that met the SLO.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goodput {
    /// Requests that met it.
    pub requests: u64,
    /// Requests sent (cancelled ones apart): the denominator of `request_rate`.
    pub sent: u64,
    /// `requests / sent`, 0 to 1; `None` when nothing was sent.
    pub request_rate: Option<f64>,
    /// Good requests per second of round; `None` without a duration.
    #[serde(default)]
    pub request_throughput: Option<f64>,
    /// Output tokens of good requests; `None` when those of one are not known.
    pub tokens: Option<u64>,
    /// Output tokens of all successes; `None` when those of one are not known.
    pub total_tokens: Option<u64>,
    /// `tokens / total_tokens`, 0 to 1.
    pub token_rate: Option<f64>,
    /// Good tokens per second of round.
    pub token_throughput: Option<f64>,
    /// Successes without ITL (one token): not a violation.
    pub itl_not_applicable: u64,
}

/// A server metric over a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// What it is.
    pub kind: MetricKind,
    /// What the asked name stands for.
    pub resolved: Resolved,
    /// Over the samples of the round (gauges: values; ratios: quotients between samples;
    /// counters: increases per second between samples).
    pub stat: Stat,
    /// Counters and histograms (count): increase over the round.
    pub increase: Option<f64>,
    /// Increase per second of round.
    pub rate: Option<f64>,
    /// Ratio: quotient of the increases over the whole round. Histogram: mean from the round's own
    /// sum and count.
    pub value: Option<f64>,
    /// First reading.
    pub before: Option<f64>,
    /// Last reading.
    pub after: Option<f64>,
    /// A counter went backwards: increase and rate are unknown.
    pub counter_reset: bool,
    /// It was not read, or was not there, before the round or after it: its increase is unknown.
    #[serde(default)]
    pub not_covered: bool,
    /// Samples that were not a number.
    pub nan_samples: u64,
    /// Increase (counters) or mean (gauges) of each series, when there are several.
    pub series: BTreeMap<String, Option<f64>>,
}

/// How much of an error the client itself may have added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientHealth {
    /// P99 of the timer probe's lag, ms.
    pub probe_lag_p99_ms: Option<f64>,
    /// Its longest lag, ms.
    #[serde(default)]
    pub probe_lag_max_ms: Option<f64>,
    /// Token events that arrived with others in one read, as a share of all.
    pub coalesced_share: Option<f64>,
    /// Who took most of the round's stamps.
    pub stamps: Option<StampSource>,
    /// Kernel stamps as a share of all reads.
    pub kernel_stamp_share: Option<f64>,
    /// CPU time of the busiest worker over the time of the round, 0 to 1.
    pub worker_cpu_share: Option<f64>,
    /// Time that the main thread spent on showing progress over the time of the round, 0 to 1.
    #[serde(default)]
    pub progress_share: Option<f64>,
    /// Widths of the intervals in which first tokens arrived, over the TTFTs, both summed over
    /// successes: how much of TTFT is not known better than "at the latest".
    pub ttft_width_share: Option<f64>,
    /// They are not small against what is measured.
    pub overloaded: bool,
}

/// The summary of a round. Distributions hold successes only; counts and duration everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundSummary {
    /// Planned = success + failed + cancelled + not started.
    pub planned_requests: u64,
    /// Requests sent: success + failed.
    pub total_requests: u64,
    /// Successes.
    pub successful_requests: u64,
    /// Failures.
    pub failed_requests: u64,
    /// Ended by the user or a limit.
    pub cancelled_requests: u64,
    /// Never sent.
    pub not_started_requests: u64,
    /// First t0 to last end of any request, s; `None` when nothing was sent.
    pub duration_seconds: Option<f64>,
    /// TTFT, ms.
    pub ttft: Stat,
    /// TTFO, ms.
    pub ttfo: Stat,
    /// ITL (per-request mean), ms.
    pub itl: Stat,
    /// ICL (gaps between token-bearing chunks, pooled), ms.
    pub icl: Stat,
    /// Latency, ms.
    pub latency: Stat,
    /// TTFT from the due instant, ms, in an open loop.
    pub ttft_from_due: Stat,
    /// Latency from the due instant, ms, in an open loop.
    pub latency_from_due: Stat,
    /// How late the client itself sent, ms, in an open loop.
    pub client_lag: Stat,
    /// How its requests arrived, in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalSummary>,
    /// How high their percentiles may be.
    pub tails: Tails,
    /// Prompt tokens.
    pub input_tokens: Stat,
    /// Output tokens.
    pub output_tokens: Stat,
    /// Output tokens of successes per second of round.
    pub token_throughput: Option<f64>,
    /// Successes per second of round.
    pub request_throughput: Option<f64>,
    /// With an SLO.
    pub goodput: Option<Goodput>,
    /// Cached tokens, summed over the requests that report them.
    pub cached_tokens: Option<u64>,
    /// Σ cached / Σ prompt over the requests that report both.
    pub cache_hit_rate: Option<f64>,
    /// How many requests that is.
    pub cache_known_requests: u64,
    /// Of these, the ones that left the field out, as this server does without a hit.
    pub cache_omitted_requests: u64,
    /// The cached tokens by tier, where usage tells it of every request that hit.
    pub cached_by_tier: Option<CachedByTier>,
    /// Prompt tokens written into the cache, where any answer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenTokens>,
    /// What it cost, by the prices of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<RoundCost>,
    /// Failures by kind.
    pub failures: BTreeMap<String, u64>,
    /// Flags by name.
    pub flags: BTreeMap<String, u64>,
    /// Token-bearing events per output token could differ from 1: mean output tokens per event.
    pub tokens_per_event: Option<f64>,
    /// Server metrics by asked name.
    pub prometheus: BTreeMap<String, MetricSummary>,
    /// The client's own lateness.
    pub client: ClientHealth,
    /// Caveats.
    pub warnings: Vec<Warning>,
}

/// A round with everything computed from it. Its requests in detail stand in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundResult {
    /// The raw facts.
    pub meta: RoundMeta,
    /// The summary.
    pub summary: RoundSummary,
    /// What is kept in memory of its requests.
    pub requests: RequestRows,
    /// What its requests may hit of requests of their own round, where token ids tell it.
    pub expected: Option<Expected>,
    /// What they would hit of a replica each at random, where that is known.
    pub chance: Option<ChanceHits>,
    /// Where its requests stand in the journal, bytes.
    pub journal: Range<u64>,
}

impl RoundResult {
    /// Takes its hits by chance out of those of its level.
    pub fn take_chance(&mut self, of_level: &[ChanceHits]) {
        let number = self.meta.spec.number;
        let own = of_level.iter().find(|chance| chance.round == number);
        self.chance = own.cloned().or(self.chance.take());
    }

    /// Requests that ended, whatever way.
    pub fn ended(&self) -> u64 {
        self.summary.total_requests + self.summary.cancelled_requests
    }
}
