//! One measured request on one connection: t0, write, read to the end, within its time limits.

pub(crate) mod answer;
pub(crate) mod answer_reading;
pub(crate) mod replay;
pub(crate) mod response;
pub(crate) mod retry;

mod http2;

use crate::{
    cancel::Cancel,
    clock::Clock,
    exchange::response::Response,
    transport::{Conn, ConnectError, Http2, Link, StampCounts, Target},
};
use dualround_model::{FailureKind, Phase, Timeouts};
use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{select, time::sleep_until};
use tokio_rustls::TlsConnector;

/// How long the rest of a body may take after `[DONE]`, so that the connection can be used again.
const DRAIN: Duration = Duration::from_millis(200);

/// A connection that is closed without a byte of an answer so soon after the request was a kept one
/// whose close crossed the request on the way: the server did not take it.
const CROSSED: Duration = Duration::from_millis(50);

/// The client of a level: the target, clock and time limits that its requests share.
pub(crate) struct Client {
    pub(crate) target: Target,
    pub(crate) tls: Option<TlsConnector>,
    pub(crate) clock: Clock,
    pub(crate) timeouts: Timeouts,
    pub(crate) http2: bool,
}

/// The end of an exchange, apart from what its response holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExchangeEnd {
    /// By itself; the response knows how.
    Itself,
    /// By the run's cancel signal.
    Cancelled,
    /// Not at all: the connection had been closed, and no byte of the request was accepted.
    NothingAccepted,
}

/// What the watchdog needs to know, shared with the reader.
#[derive(Default)]
struct Activity {
    last_read_ns: AtomicU64,
    has_token: AtomicBool,
}

impl Activity {
    /// Something has been read into `response`.
    fn note(&self, response: &Response, at: u64) {
        self.last_read_ns.store(at, Relaxed);
        if response.answer.facts.token_events > 0 || response.done() {
            self.has_token.store(true, Relaxed);
        }
    }
}

/// A request ready to be sent, with the connection it goes out on.
enum Sending<'a> {
    Http1(&'a mut Conn, &'a [u8]),
    Http2(&'a mut Http2, http2::Prepared),
}

impl Client {
    /// An open connection: the one given if it is still usable, else a new one.
    pub(crate) async fn connect(&self, slot: &mut Option<Link>) -> Result<bool, ConnectError> {
        if slot.as_ref().is_some_and(|link| !link.is_stale()) {
            return Ok(false);
        }
        *slot = None;
        let limit = self.timeouts.connect_ms.map(Duration::from_millis);
        let tls = self.tls.as_ref();
        let link = Link::open(&self.target, tls, self.clock, limit, self.http2).await?;
        *slot = Some(link);
        Ok(true)
    }

    /// Sends `bytes` and reads the response into `response`. The connection stays in `slot` only
    /// when it can be used again.
    pub(crate) async fn exchange(
        &self,
        slot: &mut Option<Link>,
        bytes: &Arc<[u8]>,
        response: &mut Response,
        cancel: &Cancel,
        counts: &mut StampCounts,
    ) -> ExchangeEnd {
        match self.connect(slot).await {
            Ok(fresh) => {
                let took = slot.as_ref().map(Link::connect_ns);
                response.answer.timeline.connect_ns = if fresh { took } else { None };
            }
            Err(error) => {
                response.answer.timeline.end_ns = self.clock.now();
                response
                    .answer
                    .fail_in(error.kind, Phase::Connect, error.message);
                return ExchangeEnd::Itself;
            }
        }
        let Some(mut link) = slot.take() else {
            return ExchangeEnd::Itself;
        };
        let before = link.stamp_counts();
        // What HTTP/2 needs is made of the bytes before t0.
        let sending = match &mut link {
            Link::Http1(conn) => Sending::Http1(conn, bytes),
            Link::Http2(link) => match link.prepare(bytes).await {
                Ok(request) => Sending::Http2(link, request),
                Err(_) if response.answer.timeline.connect_ns.is_none() => {
                    return ExchangeEnd::NothingAccepted;
                }
                Err(message) => {
                    response.answer.timeline.end_ns = self.clock.now();
                    response
                        .answer
                        .fail_in(FailureKind::Connect, Phase::Connect, message);
                    return ExchangeEnd::Itself;
                }
            },
        };
        let activity = Activity::default();
        let t0 = self.clock.now();
        response.answer.timeline.start_ns = Some(t0);
        activity.last_read_ns.store(t0, Relaxed);
        let ended = {
            let mut talk = pin!(self.talk(sending, response, &activity));
            let mut watch = pin!(self.watch(t0, &activity));
            select! {
                biased;
                accepted = &mut talk => accepted.then_some(None),
                limit = &mut watch => Some(Some(Err(limit))),
                () = cancel.cancelled() => Some(Some(Ok(()))),
            }
        };
        *counts += link.stamp_counts().since(before);
        let Some(ended) = ended else {
            return ExchangeEnd::NothingAccepted;
        };
        let reused = response.answer.timeline.connect_ns.is_none();
        if ended.is_none() && reused && response.answer.closed_unanswered() {
            let waited = self.clock.now().saturating_sub(t0);
            if waited < crate::clock::nanos(CROSSED) {
                return ExchangeEnd::NothingAccepted;
            }
        }
        match ended {
            None => {
                if response.reusable() {
                    *slot = Some(link);
                }
                ExchangeEnd::Itself
            }
            Some(Ok(())) => {
                response.answer.timeline.end_ns = self.clock.now();
                ExchangeEnd::Cancelled
            }
            Some(Err(kind)) => {
                let now = self.clock.now();
                response.answer.timeline.end_ns = now;
                let message = self.limit_message(kind, response, now);
                response.answer.fail(kind, message);
                ExchangeEnd::Itself
            }
        }
    }

    /// False when nothing of the request was accepted on a connection that had been used before.
    async fn talk(
        &self,
        sending: Sending<'_>,
        response: &mut Response,
        activity: &Activity,
    ) -> bool {
        let (conn, bytes) = match sending {
            Sending::Http1(conn, bytes) => (conn, bytes),
            Sending::Http2(link, request) => {
                return http2::talk(self, link, request, response, activity).await;
            }
        };
        if let Err((written, error)) = conn.write(bytes).await {
            if written == 0 && response.answer.timeline.connect_ns.is_none() {
                return false;
            }
            // The server may have answered and closed before it had read all; its answer counts.
            let message = format!("after {written} of {} bytes: {error}", bytes.len());
            self.read_all(conn, response, activity).await;
            if response.answer.facts.status.is_none() {
                response
                    .answer
                    .fail_in(FailureKind::Send, Phase::Send, message);
            }
            return true;
        }
        self.read_all(conn, response, activity).await;
        true
    }

    async fn read_all(&self, conn: &mut Conn, response: &mut Response, activity: &Activity) {
        let mut told = false;
        while !response.ended() {
            if response.answer.head.is_some() && !told {
                conn.acknowledge_at_once();
                told = true;
            }
            let reading = conn.read(|bytes, stamp| {
                response.feed(bytes, stamp);
                activity.note(response, stamp.at);
            });
            let result = reading.await;
            if let Err(error) = result {
                response.answer.timeline.end_ns = self.clock.now();
                let kind = match error.kind() {
                    io::ErrorKind::InvalidData => FailureKind::Tls,
                    _ => FailureKind::ConnectionReset,
                };
                response.answer.fail(kind, error.to_string());
                return;
            }
            if response.done() && !response.ended() {
                self.drain(conn, response).await;
                return;
            }
        }
    }

    /// Reads what stands behind `[DONE]`; a body that does not end soon costs the connection.
    async fn drain(&self, conn: &mut Conn, response: &mut Response) {
        let rest = async {
            while !response.ended() {
                if conn
                    .read(|bytes, stamp| response.feed(bytes, stamp))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN, rest).await;
        response.close_at_done();
    }

    /// Sleeps until the first time limit is met; one timer a request, however many reads.
    async fn watch(&self, t0: u64, activity: &Activity) -> FailureKind {
        let ms = |limit: Option<u64>| limit.map(|ms| ms.saturating_mul(1_000_000));
        let total = ms(self.timeouts.total_ms).map(|limit| t0.saturating_add(limit));
        let first = ms(self.timeouts.first_token_ms).map(|limit| t0.saturating_add(limit));
        let idle = ms(self.timeouts.idle_ms);
        loop {
            let first = if !activity.has_token.load(Relaxed) {
                first
            } else {
                None
            };
            let idle = idle.map(|limit| activity.last_read_ns.load(Relaxed).saturating_add(limit));
            let next = [
                (total, FailureKind::TimeoutTotal),
                (first, FailureKind::TimeoutFirstToken),
                (idle, FailureKind::TimeoutIdle),
            ];
            let next = next
                .into_iter()
                .filter_map(|(at, kind)| at.map(|at| (at, kind)));
            let Some((at, kind)) = next.min_by_key(|(at, _)| *at) else {
                return std::future::pending().await;
            };
            if self.clock.now() >= at {
                return kind;
            }
            sleep_until(self.clock.instant(at).into()).await;
        }
    }

    fn limit_message(&self, kind: FailureKind, response: &Response, now: u64) -> String {
        let (name, limit) = match kind {
            FailureKind::TimeoutFirstToken => ("first token", self.timeouts.first_token_ms),
            FailureKind::TimeoutIdle => ("idle", self.timeouts.idle_ms),
            _ => ("total", self.timeouts.total_ms),
        };
        let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
        let limit = Duration::from_millis(limit.unwrap_or(0)).as_secs_f64();
        let state = match (
            response.answer.timeline.last_token_ns,
            response.answer.facts.status,
        ) {
            (Some(last), _) => format!(
                "{} tokens received, the last {:.1} s ago",
                response.answer.facts.token_events,
                seconds(now.saturating_sub(last))
            ),
            (None, Some(status)) => format!("HTTP {status} received, but no token"),
            (None, None) => "no byte of a response received".to_owned(),
        };
        format!("{name} limit of {limit} s: {state}")
    }
}
