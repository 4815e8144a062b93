//! `--retries`: which failures are worth another attempt, and after how long.
//!
//! Off by default: an attempt that failed is part of what a user of the server sees. Where it is
//! on, every attempt stands in the record.

use crate::clock::wall_now;
use crate::exchange::answer::Answer;
use dualround_model::{FailureKind, Outcome};
use dualround_wire::ResponseHead;
use std::time::{Duration, SystemTime};

/// The first wait; it doubles with every attempt.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait, also where a server asks for more.
const LONGEST: Duration = Duration::from_secs(30);

/// Why and after how long a request is worth another attempt; `None`: it is not. One that had
/// tokens has been served: sending it again would hide a broken stream.
pub(super) fn wait(
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
    let asked = answer.head.as_ref().and_then(asked);
    let own = FIRST.saturating_mul(1 << attempt.min(10));
    Some((kind, asked.unwrap_or(own).min(LONGEST)))
}

/// The wait that a server asks for, in ms, seconds or until a date.
fn asked(head: &ResponseHead) -> Option<Duration> {
    let ms = head.retry_after_ms.as_deref().and_then(number);
    if let Some(ms) = ms {
        return Duration::try_from_secs_f64(ms / 1e3).ok();
    }
    let text = head.retry_after.as_deref()?.trim();
    match number(text) {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => until(text, head.date.as_deref()),
    }
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// Until a date by the server's own clock, which its `Date` tells; by this machine's without one.
fn until(text: &str, now: Option<&str>) -> Option<Duration> {
    let then = date(text)?;
    let now = now.and_then(|text| date(text.trim()));
    let now = now.unwrap_or_else(wall_now);
    Some(then.duration_since(now).unwrap_or(Duration::ZERO))
}

/// In the three forms that HTTP has had, and with another zone than GMT.
fn date(text: &str) -> Option<SystemTime> {
    let zoned = || Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().into());
    httpdate::parse_http_date(text).ok().or_else(zoned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(after: Option<&str>, ms: Option<&str>, date: Option<&str>) -> ResponseHead {
        ResponseHead {
            retry_after: after.map(str::to_owned),
            retry_after_ms: ms.map(str::to_owned),
            date: date.map(str::to_owned),
            ..ResponseHead::default()
        }
    }

    #[test]
    fn f027_the_wait_that_a_server_asks_for() {
        let date = Some("Thu, 26 Nov 2026 11:29:09 GMT");
        let ms = |head: ResponseHead| asked(&head).map(|wait| wait.as_millis());
        let later = Some("Thu, 26 Nov 2026 11:29:12 GMT");
        assert_eq!(ms(head(later, None, date)), Some(3000));
        let earlier = Some("Thu, 26 Nov 2026 11:29:01 GMT");
        assert_eq!(ms(head(earlier, None, date)), Some(0));
        for form in [
            "Thursday, 26-Nov-26 11:29:12 GMT",
            "Thu Nov 26 11:29:12 2026",
            "Thu, 26 Nov 2026 12:29:12 +0100",
        ] {
            assert_eq!(ms(head(Some(form), None, date)), Some(3000), "{form}");
        }
        assert_eq!(ms(head(Some("7"), Some("700"), None)), Some(700));
        assert_eq!(ms(head(Some(" 7 "), None, None)), Some(7000));
        assert_eq!(ms(head(Some("1.5"), None, None)), Some(1500));
        for nothing in ["soon", "-1", "", "NaN", "1e400"] {
            assert_eq!(ms(head(Some(nothing), None, date)), None, "{nothing}");
        }
        // Without `Date` the machine's own clock stands in.
        let past = Some("Thu, 26 Nov 2020 11:29:12 GMT");
        assert_eq!(ms(head(past, None, None)), Some(0));
    }
}
