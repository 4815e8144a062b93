//! What a request may hit of requests of its own round: prompts share beginnings.

use dualround_model::{RequestRow, RoundKind, RoundResult};

/// Bytes of a marker per token, where no tokenizer counted them: fewer than in any real one.
const MARKER_BYTES: u64 = 2;
/// Characters of a shared beginning that a token may stand for, at most.
const CHARS_A_TOKEN: u64 = 8;
/// Tokens that a character of it may be, at most.
const TOKENS_A_CHAR: u64 = 2;

/// Hits that a request may have of its own round, tokens. By token ids both ends are the same, but
/// for what the tokenizer does not show; by characters they are an interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnHits {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

/// What one request may hit of its own round; `prompt`: its prompt tokens as the server counted
/// them.
pub(crate) fn own_hits(round: &RoundResult, index: u32, row: &RequestRow, prompt: u64) -> OwnHits {
    let answer = answer_before(round, index);
    if let Some(expected) = &round.expected {
        let tokens = expected.tokens.get(index as usize).copied().flatten();
        let tokens = u64::from(tokens.unwrap_or(0)) + answer;
        // What the tokenizer does not show may be shared too.
        let most = tokens + expected.unseen;
        return OwnHits {
            least: tokens.min(prompt),
            most: most.min(prompt),
        };
    }
    let shared = row.shared_chars();
    if shared == RequestRow::SHARED_UNKNOWN {
        return OwnHits {
            least: 0,
            most: prompt,
        };
    }
    let least = shared / CHARS_A_TOKEN + answer;
    // Of turns only whole steps are known to be shared.
    let step = round.requests.turn(index).map(|_| RequestRow::SHARED_STEP);
    let most_shared = shared + step.map_or(0, |step| step - 1);
    let most = TOKENS_A_CHAR * most_shared + marker_tokens(round) + answer;
    OwnHits {
        least: least.min(prompt),
        most: most.min(prompt),
    }
}

/// Prompt tokens of a request that a prefix cache which forgets nothing could give it in its round: in
/// a warm round all of them, where the cold one had it `answered`; `None` where nobody tells, as of what
/// no tokenizer shows, of outer tiers, and of arms that are mixed. What the server has answered itself and
/// gets again is among them.
pub(crate) fn reachable(
    round: &RoundResult,
    index: u32,
    prompt: u64,
    answered: bool,
) -> Option<u64> {
    match round.meta.spec.kind {
        RoundKind::NoReuse => return Some(0),
        RoundKind::Warm => return answered.then_some(prompt),
        RoundKind::Cold => {}
        RoundKind::External | RoundKind::Partial | RoundKind::Mixed => return None,
    }
    let expected = round.expected.as_ref()?;
    let tokens = expected.tokens.get(index as usize).copied().flatten()?;
    let is_own = round
        .requests
        .turn(index)
        .is_some_and(|turn| turn.on_pinned);
    // The server generated the answer right behind the prompt.
    let answer = if is_own {
        answer_before(round, index)
    } else {
        0
    };
    Some((u64::from(tokens) + answer).min(prompt))
}

/// Tokens of the answer to the turn before, which the engine generated behind that turn's prompt: where
/// the answer that stands in the history is the same, they are in its cache too.
fn answer_before(round: &RoundResult, index: u32) -> u64 {
    let before = round.requests.turn_before(index);
    before.and_then(RequestRow::output_tokens).unwrap_or(0)
}

/// Tokens of a round's marker, which all of its prompts begin with.
fn marker_tokens(round: &RoundResult) -> u64 {
    let action = round.meta.cold.as_ref();
    action.map_or(0, |action| {
        let marker = action.marker.as_ref();
        let bytes = marker.map_or(0, |marker| marker.len() as u64);
        action.marker_tokens.unwrap_or(bytes / MARKER_BYTES)
    })
}
