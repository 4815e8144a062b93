//! `--retries`: which failures are worth another attempt, and after how long.
//!
//! Off by default: an attempt that failed is part of what a user of the server sees. Where it is
//! on, every attempt stands in the record.

use crate::answer::Answer;
use dualround_model::{FailureKind, Outcome};
use std::time::Duration;

/// The first wait; it doubles with every attempt.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait, also where a server asks for more.
const LONGEST: Duration = Duration::from_secs(30);

/// Why and after how long a request is worth another attempt; `None`: it is not. One that had
/// tokens has been served: sending it again would hide a broken stream.
pub(crate) fn wait(
    answer: &Answer,
    outcome: &Outcome,
    attempt: u32,
) -> Option<(FailureKind, Duration)> {
    let kind = outcome.failure()?.kind;
    let worth = match kind {
        FailureKind::Connect | FailureKind::TimeoutConnect | FailureKind::ConnectionReset => true,
        FailureKind::Http(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
        _ => false,
    };
    if !worth || answer.timeline.first_token_ns.is_some() {
        return None;
    }
    let asked = answer
        .head
        .as_ref()
        .and_then(|head| head.retry_after.as_deref());
    // Only seconds are understood; a date would need both clocks to agree.
    let asked = asked.and_then(|text| text.trim().parse().ok());
    let own = FIRST.saturating_mul(1 << attempt.min(10));
    let wait = asked.map_or(own, Duration::from_secs);
    Some((kind, wait.min(LONGEST)))
}
