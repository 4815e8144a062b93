//! One request of `concurrency_{c}_round_{r}.json`. There may be very many, so they are written
//! from borrowed fields, without a tree of values in between.

use crate::{
    metrics::{JsonGroup, RequestValue, request_metrics},
    number::Rounded,
};
use dualround_model::{
    Arm, Failure, FailureKind, Flag, Outcome, Phase, RequestMetricSample, RequestMetrics,
    RequestRecord, Retry, TokenSource,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A request as it stands in the file; its metrics stand in three groups between what is no
/// metric.
#[derive(Serialize)]
pub(crate) struct RequestJson<'a> {
    index: u32,
    id: Option<&'a str>,
    prompt: Option<&'a str>,
    prompt_digest: &'a str,
    #[serde(flatten)]
    answer: MetricsJson<'a>,
    success: bool,
    cancelled: bool,
    error: Option<ErrorJson<'a>>,
    flags: &'a [Flag],
    #[serde(flatten)]
    usage: MetricsJson<'a>,
    token_source: Option<TokenSource>,
    #[serde(flatten)]
    stream: StreamJson<'a>,
    good: Option<bool>,
    #[serde(flatten)]
    waiting: MetricsJson<'a>,
    #[serde(flatten)]
    arrival: Option<MetricsJson<'a>>,
    user: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<u32>,
    arm: Option<Arm>,
    block: Option<u32>,
    ramp: Option<bool>,
    row_options: Option<&'a RawValue>,
    retries: &'a [Retry],
    output: Option<&'a str>,
    #[serde(serialize_with = "samples")]
    prometheus: &'a BTreeMap<String, RequestMetricSample>,
}

/// The metrics of one group, in the order of the table.
struct MetricsJson<'a> {
    group: JsonGroup,
    record: &'a RequestRecord,
    metrics: &'a RequestMetrics,
}

/// What is told of the answer's stream.
#[derive(Serialize)]
struct StreamJson<'a> {
    token_events: u64,
    finish_reason: Option<&'a str>,
    response_id: Option<&'a str>,
    streamed: bool,
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
        let turn = record.turn.as_ref();
        Self {
            index: record.index,
            id: record.id.as_deref(),
            prompt: record.prompt.as_deref(),
            prompt_digest: &record.prompt_digest,
            answer: MetricsJson::new(JsonGroup::Answer, record, metrics),
            success: record.outcome.is_success(),
            cancelled: record.outcome == Outcome::Cancelled,
            error: record.outcome.failure().map(ErrorJson::new),
            flags: &metrics.flags,
            usage: MetricsJson::new(JsonGroup::Usage, record, metrics),
            token_source: metrics.token_source,
            stream: StreamJson {
                token_events: record.stream.token_events,
                finish_reason: record.stream.finish_reason.as_deref(),
                response_id: record.response_id.as_deref(),
                streamed: record.stream.streamed,
            },
            good: metrics.good,
            waiting: MetricsJson::new(JsonGroup::Waiting, record, metrics),
            arrival: (record.timeline.due_ns)
                .map(|_| MetricsJson::new(JsonGroup::Arrival, record, metrics)),
            user: record.user,
            session: turn.map(|turn| turn.session),
            session_id: turn.map(|turn| &*turn.name),
            turn: turn.map(|turn| turn.turn),
            arm: record.mixed.map(|place| place.arm),
            block: record.mixed.map(|place| place.block),
            ramp: record.mixed.map(|place| place.ramp),
            // Made by the program as JSON, so that it is some.
            row_options: (record.row_options.as_deref())
                .and_then(|text| serde_json::from_str(text).ok()),
            retries: &record.retries,
            output: record.output.as_deref(),
            prometheus: &metrics.prometheus,
        }
    }
}

impl<'a> MetricsJson<'a> {
    fn new(group: JsonGroup, record: &'a RequestRecord, metrics: &'a RequestMetrics) -> Self {
        Self {
            group,
            record,
            metrics,
        }
    }
}

impl Serialize for MetricsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (metric, of_request) in request_metrics() {
            if of_request.json != self.group {
                continue;
            }
            match of_request.value {
                RequestValue::Real(value) => {
                    map.serialize_entry(metric.key, &Rounded(value(self.record, self.metrics)))?;
                }
                RequestValue::Count(value) => {
                    map.serialize_entry(metric.key, &value(self.record, self.metrics))?;
                }
            }
        }
        map.end()
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
