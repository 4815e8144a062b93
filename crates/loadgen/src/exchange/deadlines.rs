//! The time limits of an exchange as instants: pure, so that they can be looked at without a clock.

use dualround_model::{FailureKind, Timeouts};
use std::time::Duration;

/// A time limit that an exchange may miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// Of the whole exchange (`--timeout`).
    Total,
    /// Until the first token (`--first-token-timeout`).
    FirstToken,
    /// Without a byte (`--idle-timeout`).
    Idle,
}

impl TimeLimit {
    /// The kind of failure that a request which missed it has.
    pub(super) fn failure(self) -> FailureKind {
        match self {
            Self::Total => FailureKind::TimeoutTotal,
            Self::FirstToken => FailureKind::TimeoutFirstToken,
            Self::Idle => FailureKind::TimeoutIdle,
        }
    }

    /// Its name in a failure's message.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::FirstToken => "first token",
            Self::Idle => "idle",
        }
    }

    /// What the plan allows.
    pub(super) fn allowed(self, timeouts: &Timeouts) -> Duration {
        let ms = match self {
            Self::Total => timeouts.total_ms,
            Self::FirstToken => timeouts.first_token_ms,
            Self::Idle => timeouts.idle_ms,
        };
        Duration::from_millis(ms.unwrap_or(0))
    }
}

/// How far an exchange has come, as its deadlines see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The last byte was read then, ns on the run's clock; t0 before any.
    pub(super) last_read_ns: u64,
    /// A token has come.
    pub(super) has_token: bool,
    /// The answer is complete: what is read behind `[DONE]` has a limit of its own.
    pub(super) is_complete: bool,
}

/// The deadlines of one exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    total_ns: Option<u64>,
    first_token_ns: Option<u64>,
    /// Allowed since the last read.
    idle_ns: Option<u64>,
}

impl Deadlines {
    /// Those of an exchange that began at `t0`, ns on the run's clock.
    pub(super) fn of(timeouts: &Timeouts, t0: u64) -> Self {
        let ns = |ms: Option<u64>| ms.map(|ms| ms.saturating_mul(1_000_000));
        let at = |ms: Option<u64>| ns(ms).map(|limit| t0.saturating_add(limit));
        Self {
            total_ns: at(timeouts.total_ms),
            first_token_ns: at(timeouts.first_token_ms),
            idle_ns: ns(timeouts.idle_ms),
        }
    }

    /// The next one and when it is met; `None` where there is none.
    pub(super) fn next(&self, seen: Seen) -> Option<(u64, TimeLimit)> {
        if seen.is_complete {
            return None;
        }
        let first_token = if seen.has_token {
            None
        } else {
            self.first_token_ns
        };
        let idle = self
            .idle_ns
            .map(|limit| seen.last_read_ns.saturating_add(limit));
        let all = [
            (self.total_ns, TimeLimit::Total),
            (first_token, TimeLimit::FirstToken),
            (idle, TimeLimit::Idle),
        ];
        let set = all.into_iter().filter_map(|(at, limit)| Some((at?, limit)));
        set.min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn next(timeouts: Timeouts, seen: Seen) -> Option<(u64, TimeLimit)> {
        Deadlines::of(&timeouts, 100 * MS).next(seen)
    }

    fn limits(total: u64, first_token: u64, idle: u64) -> Timeouts {
        Timeouts {
            connect_ms: None,
            first_token_ms: Some(first_token),
            idle_ms: Some(idle),
            total_ms: Some(total),
        }
    }

    #[test]
    fn the_earliest_limit_that_still_holds_is_the_next() {
        let waiting = Seen {
            last_read_ns: 100 * MS,
            has_token: false,
            is_complete: false,
        };
        let all = limits(900, 300, 500);
        assert_eq!(next(all, waiting), Some((400 * MS, TimeLimit::FirstToken)));
        // A token has come: silence is what is waited for, then the end of all.
        let streaming = Seen {
            last_read_ns: 350 * MS,
            has_token: true,
            ..waiting
        };
        assert_eq!(next(all, streaming), Some((850 * MS, TimeLimit::Idle)));
        let late = Seen {
            last_read_ns: 990 * MS,
            ..streaming
        };
        assert_eq!(next(all, late), Some((1000 * MS, TimeLimit::Total)));
        assert_eq!(
            next(
                Timeouts {
                    connect_ms: None,
                    first_token_ms: None,
                    idle_ms: None,
                    total_ms: None
                },
                late
            ),
            None
        );
    }

    #[test]
    fn v22_a_complete_answer_has_no_deadline() {
        let complete = Seen {
            last_read_ns: 100 * MS,
            has_token: true,
            is_complete: true,
        };
        assert_eq!(next(limits(1, 1, 1), complete), None);
    }
}
