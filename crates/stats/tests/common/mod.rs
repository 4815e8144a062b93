//! Rounds made by hand.
#![cfg(test)]
#![allow(dead_code, reason = "each test binary uses some")]

use dualround_model::{
    ClientProbe, ColdAction, ColdMethod, Failure, FailureKind, Outcome, Phase, RequestRecord,
    RoundMeta, RoundResult, RoundRun, RoundSpec, Schedule, StreamFacts, Timeline, Usage,
};
use dualround_stats::{SummaryOptions, summarise};

/// ms in ns.
pub(crate) fn ns(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

/// A success: t0 at `start` ms, tokens at these ms after it, end 1 ms after the last one.
pub(crate) fn success(index: u32, start: f64, tokens: &[f64], usage: Usage) -> RequestRecord {
    let at = |ms: f64| ns(start + ms);
    let last = tokens.last().copied().unwrap_or(0.0);
    RequestRecord {
        retries: Vec::new(),
        level: 0,
        round: 1,
        index,
        id: None,
        prompt: None,
        prompt_digest: format!("p{index}").into(),
        prompt_chars: 1000,
        input_tokens: None,
        shared_chars: 0,
        truncated: false,
        row_options: None,
        mixed: None,
        turn: None,
        answer: None,
        user: 0,
        outcome: Outcome::Success,
        timeline: Timeline {
            queued_ns: 0,
            due_ns: None,
            freed_ns: None,
            start_ns: Some(at(0.0)),
            head_ns: Some(at(0.0)),
            first_token_ns: tokens.first().map(|ms| at(*ms)),
            first_content_ns: tokens.first().map(|ms| at(*ms)),
            last_token_ns: tokens.last().map(|ms| at(*ms)),
            end_ns: at(last + 1.0),
            connect_ns: None,
            gaps_ns: tokens
                .windows(2)
                .map(|pair| ns(pair[1] - pair[0]))
                .collect(),
            first_token_width_ns: 0,
        },
        stream: StreamFacts {
            status: Some(200),
            streamed: true,
            token_events: tokens.len() as u64,
            done: true,
            finish_reason: Some("length".to_owned()),
            ..StreamFacts::default()
        },
        usage,
        response_id: None,
        resent: false,
        output: None,
    }
}

/// Usage with cached tokens.
pub(crate) fn usage(prompt: u64, completion: u64, cached: Option<u64>) -> Usage {
    Usage {
        prompt_tokens: Some(prompt),
        completion_tokens: Some(completion),
        cached_tokens: cached,
        ..Usage::default()
    }
}

/// A request with this TTFT, four tokens and these cached tokens of 1,000.
pub(crate) fn simple(index: u32, ttft: f64, cached: Option<u64>) -> RequestRecord {
    let tokens = [ttft, ttft + 10.0, ttft + 20.0, ttft + 30.0];
    success(index, 0.0, &tokens, usage(1000, 4, cached))
}

/// The facts of a round.
pub(crate) fn meta(spec: RoundSpec, planned: usize) -> RoundMeta {
    let cold = ColdAction {
        method: ColdMethod::Marker,
        marker: Some("able acid\n".to_owned()),
        salt: None,
        marker_tokens: Some(3),
        resets: Vec::new(),
        proof: None,
        proof_failed: None,
    };
    RoundMeta {
        stopped: None,
        level: 0,
        load: 1.into(),
        spec,
        planned: planned as u32,
        not_started: 0,
        too_long: Vec::new(),
        prepared_ns: None,
        most_cycles: None,
        started_ns: 0,
        ended_ns: ns(1000.0),
        paused_ns: 0,
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        probe_requests: 0,
        warmup_requests: 0,
        cold: (spec.kind == dualround_model::RoundKind::Cold).then_some(cold),
        cut: None,
        content_digest: String::new(),
        wire_digest: String::new(),
        peak_in_flight: 1,
        open: None,
        client: ClientProbe::default(),
        metrics: Vec::new(),
        engines: Vec::new(),
        interrupted: false,
        unfinished: false,
        warnings: Vec::new(),
    }
}

/// All rounds of a schedule from the records of each; fewer records: it ended early.
pub(crate) fn rounds(schedule: &str, records: Vec<Vec<RequestRecord>>) -> Vec<RoundResult> {
    let specs = schedule.parse::<Schedule>().unwrap().rounds();
    let round =
        |(spec, records): (_, Vec<RequestRecord>)| summarised(meta(spec, records.len()), records);
    specs.into_iter().zip(records).map(round).collect()
}

/// `n` requests of one TTFT; warm ones hit.
pub(crate) fn round(n: u32, ttft: f64, cached: u64) -> Vec<RequestRecord> {
    (0..n).map(|i| simple(i, ttft, Some(cached))).collect()
}

pub(crate) fn failed(index: u32) -> RequestRecord {
    let mut record = success(index, 0.0, &[], Usage::default());
    record.timeline.end_ns = ns(5.0);
    record.outcome = Outcome::Failed(Failure {
        kind: FailureKind::Http(503),
        phase: Phase::Head,
        message: "busy".to_owned(),
        status: Some(503),
    });
    record
}

pub(crate) fn near(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a / b - 1.0).abs() < 1e-5)
}

/// Makes it a request that the server refused.
pub(crate) fn fail(record: &mut RequestRecord) {
    record.outcome = failed(record.index).outcome;
}

/// One round by itself.
pub(crate) fn summarised(meta: RoundMeta, records: Vec<RequestRecord>) -> RoundResult {
    summarise(RoundRun { meta, records }, &SummaryOptions::default())
}

/// The value is known, and this one.
pub(crate) fn is(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 1e-6 * expected.abs().max(1.0))
}
