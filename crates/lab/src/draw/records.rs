//! The records and the facts of rounds, as a run would have left them.

use dualround_model::{
    CanaryReport, ClientProbe, ColdAction, ColdMethod, Failure, FailureKind, MixedPlace, Outcome,
    Phase, RequestRecord, RoundKind, RoundMeta, RoundSpec, RunEvidence, StreamFacts, Timeline,
    Usage,
};

/// Output tokens of every answer.
pub(super) const OUTPUT_TOKENS: u32 = 4;
/// Time between output tokens, ms.
const GAP_MS: f64 = 10.0;
/// Time between them where an answer comes at once, ms.
const WHOLE_GAP_MS: f64 = 0.05;
/// Share of a prompt that a hit takes from the cache.
const CACHED: f64 = 0.98;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive and below 2^63 ns"
)]
pub(super) fn ns(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

/// Tokens of a prompt that a hit takes from the cache.
pub(super) fn cached_tokens(tokens: u64) -> u64 {
    whole(CACHED * tokens as f64)
}

/// One request of a world.
pub(super) struct DrawnRequest {
    pub(super) index: usize,
    /// Which prompt it asks.
    pub(super) prompt: usize,
    pub(super) start_ms: f64,
    /// `None`: it fails.
    pub(super) ttft_ms: Option<f64>,
    /// Prompt tokens as usage reports them.
    pub(super) tokens: Option<u64>,
    /// The answer comes at once.
    pub(super) whole: bool,
    /// Cached tokens as usage reports them.
    pub(super) cached: Option<u64>,
    /// The same by tier: local and external.
    pub(super) tiers: Option<(u64, u64)>,
    pub(super) shared_chars: u64,
    pub(super) response_id: Option<String>,
    pub(super) round: u32,
    /// Where it stands in a mixed round.
    pub(super) mixed: Option<MixedPlace>,
}

/// The record that a run would have left of it.
pub(super) fn record(request: &DrawnRequest) -> RequestRecord {
    let ttft = request.ttft_ms;
    RequestRecord {
        level: 0,
        round: request.round,
        index: u32::try_from(request.index).unwrap_or(u32::MAX),
        id: None,
        prompt: None,
        prompt_digest: format!("{:016x}", 0x5eed_0000 + request.prompt).into(),
        prompt_chars: 4 * request.tokens.unwrap_or(0),
        input_tokens: None,
        shared_chars: request.shared_chars,
        truncated: false,
        row_options: None,
        mixed: request.mixed,
        turn: None,
        answer: None,
        user: 0,
        outcome: match ttft {
            Some(_) => Outcome::Success,
            None => Outcome::Failed(busy()),
        },
        timeline: timeline(request),
        stream: StreamFacts {
            status: Some(if ttft.is_some() { 200 } else { 503 }),
            streamed: true,
            token_events: u64::from(ttft.map_or(0, |_| OUTPUT_TOKENS)),
            done: ttft.is_some(),
            finish_reason: ttft.map(|_| "length".to_owned()),
            ..StreamFacts::default()
        },
        usage: match ttft {
            Some(_) => Usage {
                prompt_tokens: request.tokens,
                completion_tokens: Some(u64::from(OUTPUT_TOKENS)),
                cached_tokens: request.cached,
                local_cached_tokens: request.tiers.map(|(local, _)| local),
                external_cached_tokens: request.tiers.map(|(_, outer)| outer),
                ..Usage::default()
            },
            None => Usage::default(),
        },
        response_id: request.response_id.clone().map(Into::into),
        resent: false,
        retries: Vec::new(),
        output: None,
    }
}

/// How long a request lasts, ms; a failed one has no TTFT, and ends like one with a TTFT of 1 ms.
pub(super) fn answer_ms(ttft_ms: Option<f64>) -> f64 {
    ttft_ms.unwrap_or(1.0) + GAP_MS * f64::from(OUTPUT_TOKENS)
}

/// When its tokens arrive. A failed one has none, and ends like one with a TTFT of 1 ms.
fn timeline(request: &DrawnRequest) -> Timeline {
    let ttft = request.ttft_ms;
    let start = ns(request.start_ms);
    let gap = if request.whole { WHOLE_GAP_MS } else { GAP_MS };
    let first = ttft.unwrap_or(1.0);
    let first_ns = start + ns(first);
    let last_ns = start + ns(first + gap * f64::from(OUTPUT_TOKENS - 1));
    let gaps = OUTPUT_TOKENS as usize - 1;
    Timeline {
        queued_ns: 0,
        due_ns: None,
        freed_ns: None,
        start_ns: Some(start),
        head_ns: Some(start),
        first_token_ns: ttft.map(|_| first_ns),
        first_content_ns: ttft.map(|_| first_ns),
        last_token_ns: ttft.map(|_| last_ns),
        end_ns: start + ns(first + gap * f64::from(OUTPUT_TOKENS)),
        connect_ns: None,
        gaps_ns: ttft.map_or_else(Vec::new, |_| vec![ns(gap); gaps]),
        first_token_width_ns: 0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token counts"
)]
pub(super) fn whole(tokens: f64) -> u64 {
    tokens as u64
}

fn busy() -> Failure {
    Failure {
        kind: FailureKind::Http(503),
        phase: Phase::Head,
        message: "busy".to_owned(),
        status: Some(503),
    }
}

/// A salt of its own for each epoch.
pub(super) fn salted(epoch: Option<u32>) -> ColdAction {
    ColdAction {
        method: ColdMethod::Salt,
        salt: Some((
            "cache_salt".to_owned(),
            format!("epoch-{}", epoch.unwrap_or(0)),
        )),
        ..ColdAction::default()
    }
}

/// The facts of a round.
pub(super) fn round_meta(
    concurrency: u32,
    spec: RoundSpec,
    planned: usize,
    started: usize,
    cold: ColdAction,
) -> RoundMeta {
    RoundMeta {
        level: 0,
        load: concurrency.into(),
        spec,
        planned: u32::try_from(planned).unwrap_or(u32::MAX),
        not_started: u32::try_from(planned - started).unwrap_or(u32::MAX),
        too_long: Vec::new(),
        prepared_ns: None,
        most_cycles: None,
        started_ns: 0,
        ended_ns: ns(5000.0 * planned as f64),
        paused_ns: 0,
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        probe_requests: 0,
        warmup_requests: 0,
        cold: (spec.kind == RoundKind::Cold).then_some(cold),
        cut: None,
        content_digest: "content".to_owned(),
        wire_digest: format!("wire-{}", spec.epoch.unwrap_or(0)),
        peak_in_flight: concurrency,
        open: None,
        client: ClientProbe::default(),
        metrics: Vec::new(),
        engines: Vec::new(),
        interrupted: started < planned,
        unfinished: false,
        stopped: None,
        warnings: Vec::new(),
    }
}

/// A canary that showed a cache which reports its hits.
pub(super) fn known() -> RunEvidence {
    RunEvidence {
        canary: Some(CanaryReport {
            prompt_tokens: Some(800),
            first: Some(0),
            repeated: Some(784),
            other_marker: Some(0),
            salt_field: Some("cache_salt".to_owned()),
            other_counted: true,
            other_text: None,
            replayed: false,
            written: None,
            control: None,
            unasked: false,
        }),
        ..RunEvidence::default()
    }
}
