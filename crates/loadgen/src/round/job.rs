//! A round under way: its order, what its requests need, and what its users share.

use crate::{
    cancel::Cancel,
    exchange::Client,
    exchange::answer_reading::AnswerReading,
    round::{blocks::SessionBlock, order::RoundOrder, timer::DueTimer},
    secrets::Secrets,
    sessions::{SessionOrder, TurnMaker},
    telemetry::Sampler,
};
use dualround_model::{
    MixedPlace, Outcome, PreparedEpoch, PreparedRequest, RequestRecord, RoundStop,
};
use std::sync::{
    Arc, OnceLock,
    atomic::{
        AtomicU32, AtomicU64, AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
    mpsc::Sender,
};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// What all users of a round share.
pub(crate) struct RoundJob {
    pub(crate) order: RoundOrder,
    pub(crate) client: Arc<Client>,
    pub(crate) epoch: Arc<PreparedEpoch>,
    /// Makes the bodies of sessions, whose epoch holds none.
    pub(crate) turns: Option<Arc<TurnMaker>>,
    pub(crate) reading: AnswerReading,
    /// What may not stand in a record.
    pub(crate) secrets: Secrets,
    pub(crate) cancel: Cancel,
    /// The round's start, ns.
    pub(crate) started_ns: u64,
    /// Scrape between requests.
    pub(crate) between: Option<Arc<[Sampler]>>,
    /// Boxed: as it stands each would be copied into the channel and out of it.
    pub(crate) records: Sender<Box<RequestRecord>>,
    pub(crate) counters: RoundCounters,
    /// Places in flight of an open loop, where their number is limited.
    pub(crate) places: Option<Arc<Semaphore>>,
}

/// What a round has come to so far.
#[derive(Debug, Default)]
pub(crate) struct RoundCounters {
    /// The place in the sequence of what is taken next.
    next: AtomicUsize,
    begun: AtomicUsize,
    failures: AtomicU64,
    pub(crate) in_flight: AtomicU32,
    pub(crate) peak: AtomicU32,
    /// How long requests waited for readings of the server's metrics, ns.
    pub(crate) paused_ns: AtomicU64,
    /// No new request is to be started, for this reason.
    stop: OnceLock<RoundStop>,
    /// Users that there are; an open loop adds to them.
    pub(crate) users: AtomicU32,
    /// Requests that have ended, where the round has blocks.
    ended: AtomicUsize,
    /// Of these, those before the last block that may begin.
    released: AtomicUsize,
    /// By how much draining between blocks has put off what is due later, ns.
    pub(crate) drained_ns: AtomicU64,
    /// Wakes the users that wait for a block to end, or for the end of the round.
    block_ended: Notify,
    /// Requests of sessions that ended before them.
    lost: AtomicUsize,
}

/// A request that somebody has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenRequest {
    /// Its position in the epoch.
    position: usize,
    /// When it is due, ns on the run's clock; `None`: now.
    pub(crate) due_ns: Option<u64>,
    /// When a place in flight was free for it, where it had to wait for one, ns.
    pub(crate) freed_ns: Option<u64>,
    /// Where it stands in a mixed round.
    pub(crate) mixed: Option<MixedPlace>,
    /// Requests that must have ended before it may go.
    ended_before: usize,
}

/// A place among those in flight.
#[derive(Debug, Default)]
pub(crate) struct PlaceInFlight {
    /// What holds it; `None` where their number is not limited.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    /// When it was free, ns on the run's clock, where it had to be waited for.
    pub(crate) freed_ns: Option<u64>,
}

/// A session that somebody has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenSession {
    /// The place of its script.
    pub(crate) script: u32,
    /// The block that it is played in, in a mixed round.
    pub(crate) block: Option<SessionBlock>,
    /// When its first turn is due, ns on the run's clock; `None`: now.
    pub(crate) due_ns: Option<u64>,
}

impl TakenRequest {
    /// A turn of a session, which its user has waited for.
    pub(crate) fn of_turn(
        position: u32,
        due_ns: Option<u64>,
        freed_ns: Option<u64>,
        mixed: Option<MixedPlace>,
    ) -> Self {
        Self {
            position: position as usize,
            due_ns,
            freed_ns,
            mixed,
            ended_before: 0,
        }
    }
}

impl RoundCounters {
    /// Those of a round that so many users are seated for.
    pub(crate) fn of_users(users: u32) -> Self {
        Self {
            users: AtomicU32::new(users),
            ..Self::default()
        }
    }
}

impl RoundJob {
    /// Every request of the round has been begun, but for those whose session ended before them.
    pub(crate) fn all_begun(&self) -> bool {
        let counters = &self.counters;
        let done = counters.begun.load(Relaxed) + counters.lost.load(Relaxed);
        done >= self.order.requests.len()
    }

    /// Ends the round early; the first reason stays.
    pub(crate) fn stop(&self, reason: RoundStop) {
        let _ = self.counters.stop.set(reason);
        self.counters.block_ended.notify_waiters();
        if let Some(places) = &self.places {
            places.close();
        }
    }

    /// Why the round ended before all its requests were begun; `None` where they were.
    pub(crate) fn stopped(&self) -> Option<RoundStop> {
        if self.all_begun() {
            return None;
        }
        self.counters.stop.get().copied()
    }

    /// No new request is to be started.
    pub(crate) fn is_over(&self) -> bool {
        self.counters.stop.get().is_some() || self.cancel.is_cancelled()
    }

    /// Takes the next request of the sequence.
    pub(crate) fn take(&self) -> Option<TakenRequest> {
        if self.is_over() {
            return None;
        }
        let place = self.counters.next.fetch_add(1, Relaxed);
        let position = usize::try_from(*self.order.requests.get(place)?).ok()?;
        let due_ns = self.order.pacing.due_ns(place);
        Some(TakenRequest {
            position,
            due_ns: due_ns.map(|due| self.started_ns.saturating_add(due)),
            freed_ns: None,
            mixed: self
                .order
                .blocks
                .as_ref()
                .and_then(|blocks| blocks.place(place)),
            ended_before: (self.order.blocks.as_ref())
                .map_or(0, |blocks| blocks.ended_before(place)),
        })
    }

    /// Takes the next session.
    pub(crate) fn take_session(&self) -> Option<TakenSession> {
        if self.is_over() {
            return None;
        }
        let sessions = self.order.sessions.as_ref()?;
        let place = self.counters.next.fetch_add(1, Relaxed);
        let script = *sessions.roots.get(place)?;
        let due_ns = self.order.pacing.due_ns(place);
        // The first turns of those that begin next are made meanwhile.
        let ahead = self.counters.users.load(Relaxed) as usize;
        for next in [place, place.saturating_add(ahead)] {
            self.order_first(sessions, next);
        }
        Some(TakenSession {
            script,
            block: self.block_of_session(sessions, script),
            due_ns: due_ns.map(|due| self.started_ns.saturating_add(due)),
        })
    }

    /// The block that a session is played in, where the round has blocks.
    fn block_of_session(&self, sessions: &SessionOrder, script: u32) -> Option<SessionBlock> {
        let blocks = self.order.blocks.as_ref()?;
        let first = sessions.first_position(script)?;
        let mut requests = self.order.requests.iter();
        blocks.of_session(requests.position(|position| *position == first)?)
    }

    fn order_first(&self, sessions: &SessionOrder, place: usize) {
        let script = sessions.roots.get(place);
        let first = script.and_then(|script| sessions.first_position(*script));
        if let (Some(position), Some(turns)) = (first, &self.turns) {
            turns.order_ahead(position);
        }
    }

    /// Waits until an instant, ns on the run's clock. Returns whether the round goes on then.
    pub(crate) async fn wait_until(&self, due_ns: u64, timer: &DueTimer) -> bool {
        loop {
            let ended = self.counters.block_ended.notified();
            if self.is_over() {
                return false;
            }
            let left = Duration::from_nanos(due_ns.saturating_sub(self.client.clock.now()));
            if left.is_zero() {
                return true;
            }
            tokio::select! {
                () = timer.wait(left) => {}
                () = ended => {}
                () = self.cancel.cancelled() => return false,
            }
        }
    }

    /// A session has ended before so many of its requests, which nobody waits for any more.
    pub(crate) fn lose(&self, requests: usize) {
        self.counters.lost.fetch_add(requests, Relaxed);
        self.count_ended(requests);
    }

    /// Requests that have ended in a round of blocks.
    pub(crate) fn ended(&self) -> usize {
        self.counters.ended.load(Acquire)
    }

    fn count_ended(&self, requests: usize) {
        let Some(blocks) = &self.order.blocks else {
            return;
        };
        if requests == 0 {
            return;
        }
        let ended = self.counters.ended.fetch_add(requests, AcqRel) + requests;
        if blocks.begins_at(ended) {
            self.release(ended);
        }
    }

    /// A place in flight, where their number is limited; `None` where the round ended meanwhile.
    pub(crate) async fn place(&self) -> Option<PlaceInFlight> {
        let Some(places) = &self.places else {
            return Some(PlaceInFlight::default());
        };
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Some(PlaceInFlight {
                permit: Some(permit),
                freed_ns: None,
            });
        }
        let permit = tokio::select! {
            // An error: no place is given any more.
            permit = Arc::clone(places).acquire_owned() => permit.ok()?,
            () = self.cancel.cancelled() => return None,
        };
        Some(PlaceInFlight {
            permit: Some(permit),
            freed_ns: Some(self.client.clock.now()),
        })
    }

    /// Waits until everything before the block of a request has ended. Returns whether it may go:
    /// not where the round ended meanwhile.
    pub(crate) async fn may_go(&self, taken: TakenRequest) -> bool {
        self.have_ended(taken.ended_before).await
    }

    /// Waits until so many requests have ended, and with them a block. Returns whether the round goes
    /// on.
    pub(crate) async fn have_ended(&self, requests: usize) -> bool {
        loop {
            // Made before the count is read, so that no end in between is missed.
            let block_ended = self.counters.block_ended.notified();
            if self.counters.released.load(Acquire) >= requests {
                return true;
            }
            if self.is_over() {
                return false;
            }
            tokio::select! {
                () = block_ended => {}
                () = self.cancel.cancelled() => return false,
            }
        }
    }

    /// The request with its instant as late as draining before its block has made it.
    pub(crate) fn after_drains(&self, taken: TakenRequest) -> TakenRequest {
        let drained_ns = self.counters.drained_ns.load(Relaxed);
        let due_ns = taken.due_ns.map(|due| due.saturating_add(drained_ns));
        TakenRequest { due_ns, ..taken }
    }

    /// Lets the block begin before which so many requests had to end. What of an open loop is due by
    /// now, and all that follows, is put off: nobody was let wait by the server.
    fn release(&self, ended: usize) {
        if let Some(due) = self.order.pacing.due_ns(ended) {
            let since = self.client.clock.now().saturating_sub(self.started_ns);
            let late = since.saturating_sub(due);
            self.counters.drained_ns.fetch_max(late, Relaxed);
        }
        self.counters.released.store(ended, Release);
        self.counters.block_ended.notify_waiters();
    }

    /// The request as it was prepared.
    pub(crate) fn request(&self, taken: TakenRequest) -> Option<&PreparedRequest> {
        self.epoch.requests.get(taken.position)
    }

    /// A request has begun.
    pub(crate) fn begin(&self) {
        self.counters.begun.fetch_add(1, Relaxed);
        let in_flight = self.counters.in_flight.fetch_add(1, Relaxed) + 1;
        self.counters.peak.fetch_max(in_flight, Relaxed);
    }

    /// A request has ended in this way.
    pub(crate) fn end(&self, outcome: &Outcome) {
        self.counters.in_flight.fetch_sub(1, Relaxed);
        self.count_ended(1);
        if !matches!(outcome, Outcome::Failed(_)) {
            return;
        }
        let failures = self.counters.failures.fetch_add(1, Relaxed) + 1;
        if let Some(limit) = self.order.failure_limit
            && failures >= limit.failures
        {
            self.stop(limit.stop);
        }
    }

    /// Reads the server's metrics, where that is done between requests; returns how long it took, ns.
    pub(crate) async fn scrape(&self) -> u64 {
        let Some(samplers) = &self.between else {
            return 0;
        };
        let began = self.client.clock.now();
        for sampler in samplers.iter() {
            sampler.now().await;
        }
        self.client.clock.now().saturating_sub(began)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        round::{
            order::{FailureLimit, in_order},
            pacing::Pacing,
        },
        transport::Network,
    };
    use dualround_model::{Failure, FailureKind, LimitsPlan, Phase, Plan};
    use std::sync::mpsc;

    pub(in crate::round) fn prepared(index: u32) -> PreparedRequest {
        PreparedRequest::made(index, Arc::from(&b""[..]), 0)
    }

    pub(in crate::round) fn job(order: RoundOrder, epoch: u32) -> RoundJob {
        let plan = Plan::new("http://127.0.0.1:9/v1/chat/completions", "none");
        RoundJob {
            order,
            client: Arc::new(Client::of(&plan, &Network::plain()).unwrap()),
            epoch: Arc::new(PreparedEpoch {
                requests: (0..epoch).map(prepared).collect(),
                content_digest: String::new(),
                wire_digest: String::new(),
            }),
            turns: None,
            reading: AnswerReading::of(&plan),
            secrets: Secrets::of(&plan),
            cancel: Cancel::new(),
            started_ns: 1000,
            between: None,
            records: mpsc::channel().0,
            counters: RoundCounters::of_users(1),
            places: None,
        }
    }

    fn failure() -> Outcome {
        Outcome::Failed(Failure {
            kind: FailureKind::Http(500),
            phase: Phase::Head,
            message: String::new(),
            status: Some(500),
        })
    }

    #[test]
    fn requests_are_taken_in_the_sequence_of_the_order_and_once() {
        let order = RoundOrder::closed(vec![2, 0], &LimitsPlan::default());
        let job = job(order, 3);
        let taken = [job.take().unwrap(), job.take().unwrap()];
        let indexes = taken.map(|taken| job.request(taken).unwrap().index);
        assert_eq!((indexes, job.take()), ([2, 0], None));
        assert_eq!(taken[0].due_ns, None);
        // Taken is not begun: one that waits for its instant may never be sent.
        assert!(!job.all_begun());
        job.begin();
        job.begin();
        assert!(job.all_begun());
        assert_eq!(job.counters.peak.load(Relaxed), 2);
    }

    #[test]
    fn instants_of_an_open_loop_count_from_the_start_of_the_round() {
        let mut order = RoundOrder::closed(in_order(2), &LimitsPlan::default());
        order.pacing = Pacing::Open {
            due_ns: vec![0, 500],
            max_in_flight: None,
        };
        let job = job(order, 2);
        assert_eq!(job.take().unwrap().due_ns, Some(1000));
        assert_eq!(job.take().unwrap().due_ns, Some(1500));
    }

    #[test]
    fn the_failure_of_the_limit_ends_the_round() {
        let mut order = RoundOrder::closed(in_order(4), &LimitsPlan::default());
        order.failure_limit = Some(FailureLimit {
            failures: 2,
            stop: RoundStop::MaxFailures,
        });
        let job = job(order, 4);
        for outcome in [failure(), Outcome::Success, failure()] {
            assert!(job.take().is_some());
            job.begin();
            job.end(&outcome);
        }
        assert!(job.take().is_none());
        assert_eq!(job.stopped(), Some(RoundStop::MaxFailures));
        // The first reason stays.
        job.stop(RoundStop::Duration);
        assert_eq!(job.stopped(), Some(RoundStop::MaxFailures));
    }

    #[test]
    fn a_limit_that_is_reached_by_the_last_request_ends_nothing() {
        let mut order = RoundOrder::closed(in_order(1), &LimitsPlan::default());
        order.failure_limit = Some(FailureLimit {
            failures: 1,
            stop: RoundStop::MaxFailures,
        });
        let job = job(order, 1);
        assert!(job.take().is_some());
        job.begin();
        job.end(&failure());
        assert_eq!(job.stopped(), None);
    }

    #[test]
    fn a_cancelled_round_takes_nothing() {
        let job = job(RoundOrder::closed(in_order(1), &LimitsPlan::default()), 1);
        job.cancel.cancel();
        assert_eq!(job.take(), None);
    }
}
