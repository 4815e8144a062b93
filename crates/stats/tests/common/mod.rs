//! Rounds made by hand.
#![cfg(test)]

use dualround_model::{
    ClientProbe, ColdAction, ColdMethod, Outcome, RequestRecord, RoundMeta, RoundSpec, StreamFacts,
    Timeline, Usage,
};

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
        user: 0,
        outcome: Outcome::Success,
        timeline: Timeline {
            queued_ns: 0,
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
        concurrency: 1,
        spec,
        planned: planned as u32,
        not_started: 0,
        started_ns: 0,
        ended_ns: ns(1000.0),
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        probe_requests: 0,
        warmup_requests: 0,
        cold: (spec.kind == dualround_model::RoundKind::Cold).then_some(cold),
        cut: None,
        content_digest: String::new(),
        wire_digest: String::new(),
        peak_in_flight: 1,
        client: ClientProbe::default(),
        metrics: Vec::new(),
        engines: Vec::new(),
        interrupted: false,
        unfinished: false,
        warnings: Vec::new(),
    }
}
