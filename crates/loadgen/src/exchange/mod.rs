//! One measured request on one connection: t0, write, read to the end, within its time limits.

mod answer;
pub(crate) mod answer_reading;
mod deadlines;
mod http1;
pub(crate) mod replay;
pub(crate) mod response;
pub(crate) mod retry;

mod http2;

use crate::{
    LoadError,
    cancel::Cancel,
    clock::Clock,
    exchange::response::Response,
    request::{
        head::RequestHead,
        prepare::{self, RequestBytes},
    },
    transport::{Conn, ConnectError, Http2, Link, Network, StampCounts, Target},
};
pub(crate) use deadlines::TimeLimit;
use deadlines::{Deadlines, Seen};
use dualround_model::{FailureKind, Phase, Plan, Timeouts};
use std::{
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::{select, time::sleep_until};

/// How long the rest of a body may take after `[DONE]`, so that the connection can be used again.
const DRAIN: Duration = Duration::from_millis(200);

/// A connection that is closed without a byte of an answer so soon after the request was a kept one
/// whose close crossed the request on the way: the server did not take it.
const CROSSED: Duration = Duration::from_millis(50);

/// The client of a level: the target, clock and time limits that its requests share.
pub(crate) struct Client {
    pub(crate) target: Target,
    /// The head of each of them.
    pub(crate) head: RequestHead,
    pub(crate) clock: Clock,
    pub(crate) timeouts: Timeouts,
    pub(crate) http2: bool,
}

/// The end of an attempt to have one request answered, apart from what its response holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It ended by itself; the response knows how.
    Finished,
    /// A time limit ended it, which the response has as its failure.
    TimedOut(TimeLimit),
    /// The run's cancel signal ended it.
    Cancelled,
    /// The server did not take it: the connection had been closed, or was being closed while the
    /// request was on its way.
    NotAccepted,
}

/// A connection with what it needs to send the request at t0.
enum ReadyLink<'a> {
    Http1(&'a mut Conn),
    Http2(&'a mut Http2, http2::Prepared),
}

/// What the watchdog needs to know, shared with the reader.
#[derive(Default)]
struct Activity {
    last_read_ns: AtomicU64,
    has_token: AtomicBool,
    is_complete: AtomicBool,
}

impl Activity {
    /// Something has been read into `response`.
    fn note(&self, response: &Response, at: u64) {
        self.last_read_ns.store(at, Relaxed);
        if response.has_token() {
            self.has_token.store(true, Relaxed);
        }
        if response.done() {
            self.is_complete.store(true, Relaxed);
        }
    }

    fn seen(&self) -> Seen {
        Seen {
            last_read_ns: self.last_read_ns.load(Relaxed),
            has_token: self.has_token.load(Relaxed),
            is_complete: self.is_complete.load(Relaxed),
        }
    }
}

impl Client {
    /// The client that a plan asks for.
    ///
    /// # Errors
    /// [`LoadError`] when its endpoint cannot be used.
    pub(crate) fn of(plan: &Plan, network: &Network) -> Result<Self, LoadError> {
        let target = network.target(&plan.endpoint)?;
        Ok(Self {
            head: prepare::head(plan, &target),
            target,
            clock: network.clock,
            timeouts: plan.timeouts,
            http2: plan.request.network.http2,
        })
    }

    /// Makes sure of an open connection: the one given if it is still usable, else a new one. Returns
    /// whether it is a new one.
    pub(crate) async fn connect(&self, slot: &mut Option<Link>) -> Result<bool, ConnectError> {
        if slot.as_ref().is_some_and(|link| !link.is_stale()) {
            return Ok(false);
        }
        *slot = None;
        let limit = self.timeouts.connect_ms.map(Duration::from_millis);
        let link = Link::open(&self.target, self.clock, limit, self.http2).await?;
        *slot = Some(link);
        Ok(true)
    }

    /// Sends `request` and reads the response into `response`. The connection stays in `slot` only
    /// when it can be used again.
    pub(crate) async fn exchange(
        &self,
        slot: &mut Option<Link>,
        request: &RequestBytes,
        response: &mut Response,
        cancel: &Cancel,
        counts: &mut StampCounts,
    ) -> Attempt {
        match self.connect(slot).await {
            Ok(true) => response.opened(slot.as_ref().map(Link::connect_ns)),
            Ok(false) => {}
            Err(error) => {
                response.fail_at(self.clock.now(), error.kind, Phase::Connect, error.message);
                return Attempt::Finished;
            }
        }
        let Some(mut link) = slot.take() else {
            return Attempt::Finished;
        };
        let before = link.stamp_counts();
        let attempt = self.attempt(&mut link, request, response, cancel).await;
        *counts += link.stamp_counts().since(before);
        if attempt == Attempt::Finished && response.reusable() {
            *slot = Some(link);
        }
        attempt
    }

    /// One attempt on an open connection.
    async fn attempt(
        &self,
        link: &mut Link,
        request: &RequestBytes,
        response: &mut Response,
        cancel: &Cancel,
    ) -> Attempt {
        // What HTTP/2 needs is made of the bytes before t0.
        let ready = match link {
            Link::Http1(conn) => ReadyLink::Http1(conn),
            Link::Http2(link) => match link.prepare(&self.head, request).await {
                Ok(prepared) => ReadyLink::Http2(link, prepared),
                Err(_) if response.is_reused() => return Attempt::NotAccepted,
                Err(message) => {
                    let now = self.clock.now();
                    response.fail_at(now, FailureKind::Connect, Phase::Connect, message);
                    return Attempt::Finished;
                }
            },
        };
        let activity = Activity::default();
        let t0 = self.clock.now();
        response.sent_at(t0);
        activity.last_read_ns.store(t0, Relaxed);
        let attempt = {
            let talk = async {
                match ready {
                    ReadyLink::Http1(conn) => {
                        http1::talk(self, conn, &request.bytes, response, &activity).await
                    }
                    ReadyLink::Http2(link, prepared) => {
                        http2::talk(self, link, prepared, response, &activity).await
                    }
                }
            };
            let mut talk = pin!(talk);
            let mut watch = pin!(self.watch(t0, &activity));
            select! {
                biased;
                attempt = &mut talk => attempt,
                limit = &mut watch => Attempt::TimedOut(limit),
                () = cancel.cancelled() => Attempt::Cancelled,
            }
        };
        self.settle(attempt, t0, self.clock.now(), response)
    }

    /// What an attempt comes to with what its response holds.
    fn settle(&self, attempt: Attempt, t0: u64, now: u64, response: &mut Response) -> Attempt {
        // What is read behind a complete answer takes nothing from it.
        if response.done() && attempt != Attempt::Finished {
            response.close_at_done();
            return Attempt::Finished;
        }
        match attempt {
            Attempt::Finished if response.is_reused() && response.closed_unanswered() => {
                let waited = now.saturating_sub(t0);
                if waited < crate::clock::nanos(CROSSED) {
                    return Attempt::NotAccepted;
                }
            }
            Attempt::Cancelled => response.end_at(now),
            Attempt::TimedOut(limit) => {
                response.time_out(limit, limit.allowed(&self.timeouts), now);
            }
            Attempt::Finished | Attempt::NotAccepted => {}
        }
        attempt
    }

    #[expect(clippy::disallowed_methods, reason = "it waits beside the reader")]
    /// Sleeps until the first time limit is met; one timer a request, however many reads.
    async fn watch(&self, t0: u64, activity: &Activity) -> TimeLimit {
        let deadlines = Deadlines::of(&self.timeouts, t0);
        loop {
            let Some((at, limit)) = deadlines.next(activity.seen()) else {
                return std::future::pending().await;
            };
            if self.clock.now() >= at {
                return limit;
            }
            sleep_until(self.clock.instant(at).into()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::response::tests::{DONE, HEAD, TOKEN, fed};

    const MS: u64 = 1_000_000;
    const T0: u64 = 100;

    fn client() -> Client {
        let plan = Plan::new("http://127.0.0.1:9/v1/chat/completions", "none");
        Client::of(&plan, &Network::plain()).unwrap()
    }

    fn settled(attempt: Attempt, after_ns: u64, response: &mut Response) -> Attempt {
        client().settle(attempt, T0, T0 + after_ns, response)
    }

    #[test]
    fn a_kept_connection_that_closes_at_once_had_not_taken_the_request() {
        let settle = |after| settled(Attempt::Finished, after, &mut fed(&[""]));
        assert_eq!(settle(10 * MS), Attempt::NotAccepted);
        // The server had time to take it.
        assert_eq!(settle(60 * MS), Attempt::Finished);
        // A connection of its own was open for nobody else.
        let mut opened = fed(&[""]);
        opened.opened(Some(5));
        assert_eq!(
            settled(Attempt::Finished, 10 * MS, &mut opened),
            Attempt::Finished
        );
    }

    #[test]
    fn a_limit_fails_what_is_not_complete() {
        let mut response = fed(&[HEAD, TOKEN]);
        let attempt = Attempt::TimedOut(TimeLimit::Total);
        assert_eq!(settled(attempt, 400_000 * MS, &mut response), attempt);
        let failure = response.outcome().failure().cloned();
        assert_eq!(
            failure.map(|failure| failure.kind),
            Some(TimeLimit::Total.failure())
        );
        let time = response.into_answered().timeline;
        assert_eq!(time.end_ns, T0 + 400_000 * MS);
    }

    #[test]
    fn neither_limit_nor_cancellation_fails_a_complete_answer() {
        for attempt in [Attempt::TimedOut(TimeLimit::Total), Attempt::Cancelled] {
            let mut response = fed(&[HEAD, TOKEN, DONE]);
            assert_eq!(settled(attempt, 150 * MS, &mut response), Attempt::Finished);
            assert!(response.outcome().is_success());
            assert_eq!(response.into_answered().timeline.end_ns, 400, "at [DONE]");
        }
    }

    #[test]
    fn a_cancelled_answer_ends_when_it_is_cancelled() {
        let mut response = fed(&[HEAD, TOKEN]);
        let attempt = settled(Attempt::Cancelled, 7 * MS, &mut response);
        assert_eq!(attempt, Attempt::Cancelled);
        assert_eq!(response.into_answered().timeline.end_ns, T0 + 7 * MS);
    }
}
