//! One request of `concurrency_{c}_round_{r}.json`. There may be very many, so they are written
//! from borrowed fields, without a tree of values in between.

use crate::number::Rounded;
use dualround_model::{
    Failure, FailureKind, Flag, Outcome, Phase, RequestMetricSample, RequestMetrics, RequestRecord,
    Retry, TokenSource,
};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(crate) struct RequestJson<'a> {
    index: u32,
    id: Option<&'a str>,
    prompt: Option<&'a str>,
    prompt_digest: &'a str,
    ttft: Rounded,
    ttft_width: Rounded,
    ttfo: Rounded,
    itl: Rounded,
    latency: Rounded,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    success: bool,
    cancelled: bool,
    error: Option<ErrorJson<'a>>,
    flags: &'a [Flag],
    partial_output_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    local_cached_tokens: Option<u64>,
    external_cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    token_source: Option<TokenSource>,
    token_events: u64,
    finish_reason: Option<&'a str>,
    response_id: Option<&'a str>,
    streamed: bool,
    good: Option<bool>,
    connect_ms: Rounded,
    queue_wait_ms: Rounded,
    start_ms: Rounded,
    user: u32,
    row_options: Option<&'a RawValue>,
    retries: &'a [Retry],
    output: Option<&'a str>,
    #[serde(serialize_with = "samples")]
    prometheus: &'a BTreeMap<String, RequestMetricSample>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    kind: FailureKind,
    phase: Phase,
    message: &'a str,
    status: Option<u16>,
}

#[derive(Serialize)]
struct SampleJson {
    before: Rounded,
    after: Rounded,
    delta: Rounded,
    overlapping: bool,
}

impl<'a> RequestJson<'a> {
    pub(crate) fn new(record: &'a RequestRecord, metrics: &'a RequestMetrics) -> Self {
        Self {
            index: record.index,
            id: record.id.as_deref(),
            prompt: record.prompt.as_deref(),
            prompt_digest: &record.prompt_digest,
            ttft: Rounded(metrics.ttft_ms),
            ttft_width: Rounded(record.timeline.first_token_width_ms()),
            ttfo: Rounded(metrics.ttfo_ms),
            itl: Rounded(metrics.itl_ms),
            latency: Rounded(metrics.latency_ms),
            input_tokens: metrics.input_tokens,
            output_tokens: metrics.output_tokens,
            success: record.outcome.is_success(),
            cancelled: record.outcome == Outcome::Cancelled,
            error: record.outcome.failure().map(ErrorJson::new),
            flags: &metrics.flags,
            partial_output_tokens: metrics.partial_output_tokens,
            cached_tokens: metrics.cached_tokens,
            local_cached_tokens: record.usage.local_cached_tokens,
            external_cached_tokens: record.usage.external_cached_tokens,
            reasoning_tokens: record.usage.reasoning_tokens,
            token_source: metrics.token_source,
            token_events: record.stream.token_events,
            finish_reason: record.stream.finish_reason.as_deref(),
            response_id: record.response_id.as_deref(),
            streamed: record.stream.streamed,
            good: metrics.good,
            connect_ms: Rounded(metrics.connect_ms),
            queue_wait_ms: Rounded(metrics.queue_wait_ms),
            start_ms: Rounded(metrics.start_ms),
            user: record.user,
            // Made by the program as JSON, so that it is some.
            row_options: (record.row_options.as_deref())
                .and_then(|text| serde_json::from_str(text).ok()),
            retries: &record.retries,
            output: record.output.as_deref(),
            prometheus: &metrics.prometheus,
        }
    }
}

impl<'a> ErrorJson<'a> {
    fn new(failure: &'a Failure) -> Self {
        Self {
            kind: failure.kind,
            phase: failure.phase,
            message: &failure.message,
            status: failure.status,
        }
    }
}

fn samples<S: Serializer>(
    samples: &BTreeMap<String, RequestMetricSample>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(samples.iter().map(|(name, sample)| {
        let json = SampleJson {
            before: Rounded(sample.before),
            after: Rounded(sample.after),
            delta: Rounded(sample.delta),
            overlapping: sample.overlapping,
        };
        (name, json)
    }))
}
