//! The records of a round of arrivals, and what is true of them.

use super::{play::PlayedRequest, scenario::BacklogTruth};
pub(super) use crate::draw::records::ns;
use crate::draw::records::{DrawnRequest, OUTPUT_TOKENS, cached_tokens, record};
use dualround_model::{MixedPlace, RequestRecord, RoundKind, RoundRun, Timeline};

/// Tokens of prompts, by turns.
const TOKENS: [u64; 3] = [500, 1000, 2000];
/// The share of the time at the server that passes before the first token.
const PREFILL: f64 = 0.6;

/// One request of a round, as it was played.
pub(super) struct PlayedRow {
    pub(super) at: usize,
    pub(super) played: PlayedRequest,
    /// It was due at an instant of its own.
    pub(super) is_open: bool,
    pub(super) hit: bool,
    pub(super) fails: bool,
    pub(super) place: Option<MixedPlace>,
    pub(super) round: u32,
}

/// The record that a run would have left of it.
pub(super) fn record_of(row: &PlayedRow) -> RequestRecord {
    let tokens = TOKENS[row.at % TOKENS.len()];
    let hit = if row.hit { cached_tokens(tokens) } else { 0 };
    let drawn = record(&DrawnRequest {
        index: row.at,
        prompt: row.at,
        start_ms: row.played.start_ms,
        ttft_ms: (!row.fails).then_some(1.0),
        tokens: Some(tokens),
        whole: false,
        cached: Some(hit),
        tiers: None,
        shared_chars: 0,
        response_id: None,
        round: row.round,
        mixed: row.place,
    });
    RequestRecord {
        timeline: timeline(row),
        ..drawn
    }
}

/// Its instants. One that fails held its place as any other, and has no token.
fn timeline(row: &PlayedRow) -> Timeline {
    let played = row.played;
    let start = ns(played.start_ms);
    let first = ns(played.begin_ms + PREFILL * (played.end_ms - played.begin_ms));
    let end = ns(played.end_ms);
    // The end of the answer comes a gap behind its last token.
    let gap = (end - first) / u64::from(OUTPUT_TOKENS);
    let gaps = OUTPUT_TOKENS as usize - 1;
    let answered = !row.fails;
    let due = row.is_open.then(|| ns(played.due_ms));
    Timeline {
        queued_ns: 0,
        due_ns: due,
        freed_ns: due.filter(|due| *due < start).map(|_| start),
        start_ns: Some(start),
        head_ns: Some(start),
        first_token_ns: answered.then_some(first),
        first_content_ns: answered.then_some(first),
        last_token_ns: answered.then_some(first + gap * gaps as u64),
        end_ns: end,
        connect_ns: None,
        gaps_ns: if answered {
            vec![gap; gaps]
        } else {
            Vec::new()
        },
        first_token_width_ns: 0,
    }
}

/// Requests that were due and had not ended, counted from one instant to the next.
pub(super) fn backlog(records: &[RequestRecord]) -> BacklogTruth {
    let mut due: Vec<u64> = records
        .iter()
        .filter_map(|record| record.timeline.due_ns)
        .collect();
    let mut ends: Vec<u64> = records
        .iter()
        .map(|record| record.timeline.end_ns)
        .collect();
    due.sort_unstable();
    ends.sort_unstable();
    let (mut ended, mut truth) = (0, BacklogTruth::default());
    for (at, instant) in due.iter().enumerate() {
        while ends.get(ended).is_some_and(|end| end <= instant) {
            ended += 1;
        }
        truth.end = (at + 1).saturating_sub(ended) as u64;
        truth.most = truth.most.max(truth.end);
        if at == due.len() / 2 {
            truth.middle = truth.end;
        }
    }
    truth
}

/// exp of the mean of ln(cold / warm) of TTFT over the prompts that the first cold and the first warm
/// round answered.
pub(super) fn seen_ratio(rounds: &[RoundRun]) -> Option<f64> {
    let of = |kind: RoundKind| rounds.iter().find(|round| round.meta.spec.kind == kind);
    let (cold, warm) = of(RoundKind::Cold).zip(of(RoundKind::Warm))?;
    let pairs = cold.records.iter().zip(&warm.records);
    let logs = pairs.filter_map(|(cold, warm)| Some((ttft(cold)? / ttft(warm)?).ln()));
    let logs: Vec<f64> = logs.collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    (!logs.is_empty()).then(|| mean.exp())
}

fn ttft(record: &RequestRecord) -> Option<f64> {
    let (start, first) = record
        .timeline
        .start_ns
        .zip(record.timeline.first_token_ns)?;
    Some((first - start) as f64)
}
