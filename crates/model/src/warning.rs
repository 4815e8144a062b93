//! Caveats of a result, as data; `report` has their words in each language.

use crate::{BlockNeed, ControlEffect, ControlReport, Load};
use serde::{Deserialize, Serialize};

/// Something the reader of a round or run must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Warning {
    /// Fewer requests than asked for: the dataset is smaller.
    FewerSamples {
        /// Asked for.
        asked: u64,
        /// There are.
        available: u64,
    },
    /// The same prompt stands more than once in a round, so it cannot be cold throughout.
    DuplicatePrompts {
        /// Repetitions.
        count: u64,
    },
    /// A mixed round has too few blocks to tell hits from misses.
    FewBlocks {
        /// The load of the level.
        #[serde(flatten)]
        load: Load,
        /// What there is and what is needed.
        #[serde(flatten)]
        need: BlockNeed,
    },
    /// Rounds rest on fresh text making a prompt cold, which the canary did not prove.
    FreshUnproven,
    /// The canary did not show that the fields which control a cache do anything.
    CacheFields {
        /// What it showed.
        #[serde(flatten)]
        report: ControlReport,
        /// What that comes to.
        effect: ControlEffect,
    },
    /// Prompts are shorter than what the model caches.
    BelowCacheMinimum {
        /// How many.
        count: u64,
        /// Of how many whose tokens are known.
        of: u64,
        /// The shortest that it caches, tokens.
        least: u64,
    },
    /// Prompts were cut.
    TruncatedInput {
        /// How many.
        count: u64,
        /// To how many units.
        limit: u64,
        /// `characters` or `tokens`.
        unit: String,
    },
    /// The canary was not answered, so nothing is known of hits before the first round.
    CanaryFailed {
        /// What the server said.
        reason: String,
    },
    /// Requests that were to warm the server up failed.
    WarmUpFailed {
        /// How many.
        failed: u64,
        /// Of how many.
        of: u64,
        /// The first reason.
        example: String,
    },
    /// The server counts other prompt lengths than the rows state.
    OtherInputLength {
        /// Stated by the rows, tokens, sum.
        stated: u64,
        /// Counted by the server without the marker, tokens, sum over the same requests.
        counted: u64,
    },
    /// More than a million gaps: the percentiles of ICL are from a histogram, within 1 %.
    IclApproximate {
        /// Gaps in all.
        gaps: u64,
    },
    /// Too few successes for a P99 (at least 100 are needed to see one in a hundred).
    FewSamplesForP99 {
        /// Successes.
        n: u64,
    },
    /// The client sent the requests of an open loop late.
    ArrivalsLate {
        /// P99 of its own lag, ms.
        p99_ms: f64,
        /// The median TTFT beside it, ms.
        ttft_p50_ms: f64,
    },
    /// Requests of an open loop opened a connection: none was free, or the server had closed it.
    ConnectionsRanOut {
        /// How many.
        opened: u64,
        /// Of how many that were begun.
        of: u64,
        /// Connections that were ready when the round began.
        ready: u64,
    },
    /// Answers that were not streamed have no TTFT.
    NotStreamed {
        /// How many.
        count: u64,
    },
    /// Answers began with text in a field that is not known.
    UnknownText {
        /// How many.
        count: u64,
        /// Of how many successes.
        of: u64,
        /// The field, or the type of the event.
        place: String,
        /// The longest time from it to a known token, ms; unknown where there was none.
        lead_ms: Option<f64>,
    },
    /// Answers came compressed, as they were asked for.
    Compressed {
        /// How many.
        count: u64,
        /// Of how many successes.
        of: u64,
    },
    /// Answers ended with a `finish_reason` that is not known.
    UnknownFinish {
        /// How many.
        count: u64,
        /// The word.
        reason: String,
    },
    /// The server counted far fewer prompt tokens than were sent: it cuts prompts.
    PromptCut {
        /// Requests whose prompts were counted.
        requests: u64,
        /// Characters sent with them.
        chars: u64,
        /// Tokens that the server counted for them.
        tokens: u64,
    },
    /// Answers report more cached tokens than their prompt has.
    ImpossibleUsage {
        /// How many.
        count: u64,
        /// Of how many successes.
        of: u64,
    },
    /// `usage` does not add up to its own total.
    UsageTotalOff {
        /// In how many answers.
        count: u64,
    },
    /// `--prometheus-metrics auto` knows none of the metrics that are there.
    AutoFoundNothing {
        /// How many there are.
        metrics: u64,
        /// The first of them.
        names: Vec<String>,
    },
    /// A worker of this client did not run for a while.
    ClientStoodStill {
        /// How long, ms.
        ms: f64,
        /// Requests that were in flight meanwhile, on this worker or another.
        requests: u64,
    },
    /// A finished round lacks records of requests that it had sent.
    RecordsMissing {
        /// How many.
        missing: u64,
        /// Of how many planned.
        planned: u64,
    },
    /// Rows have fields that go into no request.
    RowFieldsUnsent {
        /// The fields, the most frequent first, with how many rows have them.
        fields: Vec<(String, u64)>,
    },
    /// Rows have the id of another row; repeats carry a number.
    EqualIds {
        /// Rows whose id another row had before.
        count: u64,
    },
    /// Output tokens were counted from events for these requests.
    TokensFromEvents {
        /// How many.
        count: u64,
        /// Successes.
        of: u64,
    },
    /// `usage` was not believed or disagrees with the events.
    UsageMismatch {
        /// How many.
        count: u64,
    },
    /// Streams that arrived in bursts.
    BufferedSuspected {
        /// How many.
        count: u64,
        /// Successes.
        of: u64,
    },
    /// The same request has other prompt token counts in the other round.
    PromptTokensChanged {
        /// Pairs.
        count: u64,
        /// Of so many.
        of: u64,
    },
    /// Requests failed.
    Failures {
        /// Failed.
        failed: u64,
        /// Sent.
        sent: u64,
        /// The most frequent kind with its first message.
        example: String,
    },
    /// Requests ran into a time limit: the guide's first entry of trouble. One for each limit.
    Timeouts {
        /// How many.
        count: u64,
        /// The limit, with its value.
        limit: String,
        /// The flag that sets it.
        #[serde(default = "total_timeout")]
        flag: String,
    },
    /// No request at all succeeded: the guide's second entry.
    AllFailed {
        /// Sent.
        sent: u64,
        /// The most frequent kind with its first message.
        example: String,
    },
    /// No request met the SLO: the guide's third entry.
    GoodputZero {
        /// Which limits were missed by how many, in English.
        detail: String,
        /// The same as data.
        #[serde(default)]
        missed: Vec<MissedLimit>,
    },
    /// TTFT is high: the guide's fourth entry.
    HighTtft {
        /// Median TTFT, ms.
        p50_ms: f64,
        /// Mean wait for nothing but queueing cannot be told apart; requests waiting on the server, if its metrics say.
        detail: String,
    },
    /// Somebody else uses the server too.
    OtherTraffic {
        /// What was counted.
        what: TrafficSign,
        /// What the server counted.
        seen: f64,
        /// What this program sent.
        ours: f64,
    },
    /// The client was too slow for what it measured.
    ClientOverloaded {
        /// P99 of the timer probe's lag, ms.
        probe_lag_p99_ms: f64,
        /// Share of coalesced token events.
        coalesced_share: Option<f64>,
        /// CPU time of the busiest worker over the time of the round.
        worker_cpu_share: Option<f64>,
    },
    /// An asked metric is not on the page.
    MetricMissing {
        /// The asked name.
        name: String,
        /// Close names.
        close: Vec<String>,
    },
    /// An asked metric is an alias here.
    MetricAlias {
        /// The asked name.
        name: String,
        /// What it was mapped to.
        mapping: String,
    },
    /// A round too short for the scrapes of a Prometheus server to say much about it.
    ShortWindow {
        /// The server, secrets removed.
        url: String,
        /// Length of the round, seconds.
        seconds: f64,
        /// Between its scrapes, seconds.
        interval_seconds: f64,
    },
    /// Scrapes failed.
    ScrapesFailed {
        /// The URL, secrets removed.
        url: String,
        /// Failed.
        failed: u64,
        /// Tried.
        tried: u64,
        /// Why the first one did.
        #[serde(default)]
        reason: String,
    },
    /// A counter went backwards during the round.
    CounterReset {
        /// The asked name.
        name: String,
    },
    /// A counter was not read, or was not there, before the round or after it.
    MetricNotCovered {
        /// The asked name.
        name: String,
    },
    /// Round 1 was meant to be cold and was not.
    NotCold {
        /// In English, from the evidence.
        detail: String,
    },
    /// The round ended early.
    Interrupted {
        /// Requests never sent.
        not_started: u64,
    },
    /// The run was killed in the round.
    Killed {
        /// Requests that are not in the journal.
        not_recorded: u64,
        /// Of these, as many may have been in flight.
        in_flight: u64,
    },
    /// A limit of the plan ended the round early.
    LimitReached {
        /// The flag.
        flag: String,
        /// Requests never sent.
        not_started: u64,
    },
    /// Requests were sent again after failures.
    Retried {
        /// Requests.
        count: u64,
        /// Attempts beyond the first.
        attempts: u64,
    },
    /// A server of `--admin-url` that cannot be reached; the run goes on without it.
    EngineUnreachable {
        /// The server, secrets removed.
        url: String,
        /// Why.
        reason: String,
    },
    /// A page of metrics that cannot be read; the run goes on without it.
    MetricsUnreadable {
        /// The page, secrets removed.
        url: String,
        /// Why.
        reason: String,
    },
    /// A free remark, in English, of folders that older versions wrote.
    Note {
        /// The remark.
        text: String,
    },
}

/// A limit of the SLO that requests missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissedLimit {
    /// `ttft_ms`, `itl_ms` or `latency_ms`.
    pub metric: String,
    /// The limit, ms.
    pub limit: f64,
    /// Successes that missed it.
    pub by: u64,
    /// Of so many.
    pub of: u64,
}

/// What shows other traffic on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrafficSign {
    /// Its gauges, just before the round.
    #[serde(rename = "requests running or waiting before the round")]
    BusyBefore,
    /// Its counter of finished requests.
    #[serde(rename = "requests finished")]
    Finished,
    /// Its counter of prompt tokens.
    #[serde(rename = "prompt tokens")]
    PromptTokens,
    /// Its counter of prompt tokens that it computed.
    #[serde(rename = "prompt tokens computed")]
    Computed,
    /// Its counter of prompt tokens that it looked up.
    #[serde(rename = "prompt tokens looked up in the cache")]
    LookedUp,
}

/// What older folders mean.
fn total_timeout() -> String {
    "--timeout".to_owned()
}
