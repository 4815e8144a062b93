//! The crew of a run: all who send its rounds. Today they are the workers of this machine; a crew
//! is told an order, which is plain data, and answers with records as they come.

use crate::{
    LoadError,
    cancel::Cancel,
    clock::instant_now,
    events::RoundEvent,
    exchange::Client,
    exchange::answer_reading::AnswerReading,
    request::head::RequestHead,
    round::{
        job::{RoundCounters, RoundJob},
        order::RoundOrder,
        tally::{RoundOutput, RoundTally},
        worker::{self, Opened, WorkerCommand, WorkerReport},
    },
    secrets::Secrets,
    sessions::TurnMaker,
    telemetry::Sampler,
};
use dualround_model::{PreparedEpoch, RequestRecord, RoundStop};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::Semaphore;

/// How often records are taken over while a round runs. Taking each one at once would wake this
/// thread for every request, on cores that the workers need.
const TAKE: Duration = Duration::from_millis(2);
/// Between two ticks.
const TICK: Duration = Duration::from_millis(20);

/// All workers of a run.
#[derive(Debug)]
pub(crate) struct Crew {
    senders: Vec<mpsc::Sender<WorkerCommand>>,
    threads: Vec<JoinHandle<()>>,
    /// Users that are seated, those that an open loop added among them.
    users: AtomicU32,
}

/// What a round is served with, beside its order.
pub(crate) struct RoundSupplies<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) epoch: &'a Arc<PreparedEpoch>,
    /// Makes the bodies of sessions.
    pub(crate) turns: Option<Arc<TurnMaker>>,
    pub(crate) reading: AnswerReading,
    pub(crate) cancel: &'a Cancel,
    /// What may not stand in a record.
    pub(crate) secrets: Secrets,
    /// The server's metrics are read between two requests.
    pub(crate) between: Option<Arc<[Sampler]>>,
}

impl Crew {
    /// Starts `count` workers, at least one.
    pub(crate) fn start(count: u32) -> Result<Self, LoadError> {
        let mut crew = Self {
            senders: Vec::new(),
            threads: Vec::new(),
            users: AtomicU32::new(0),
        };
        for number in 0..count.max(1) {
            let (sender, thread) = worker::start(number)?;
            crew.senders.push(sender);
            crew.threads.push(thread);
        }
        Ok(crew)
    }

    /// Spreads so many users over the workers.
    pub(crate) fn seat(&self, users: u32) {
        self.users.store(users, Relaxed);
        let step = self.senders.len();
        for (first, sender) in (0_u32..).zip(&self.senders) {
            let share = (first..users).step_by(step).collect();
            // A worker ends only with the run.
            let _ = sender.send(WorkerCommand::Seat(share));
        }
    }

    /// Adds users, so that there are so many at least.
    pub(crate) fn seat_up_to(&self, users: u32) {
        let seated = self.users.fetch_max(users, Relaxed);
        let step = self.senders.len();
        for (first, sender) in (0_u32..).zip(&self.senders) {
            let more = (first..users).step_by(step).filter(|user| *user >= seated);
            let _ = sender.send(WorkerCommand::SeatMore(more.collect()));
        }
    }

    /// Users that there are.
    pub(crate) fn users(&self) -> u32 {
        self.users.load(Relaxed)
    }

    /// Opens every user's connection, and sends `prime` on it.
    pub(crate) fn open(&self, client: &Arc<Client>, prime: Option<&Arc<RequestHead>>) -> Opened {
        let (reply, replies) = mpsc::channel();
        for sender in &self.senders {
            let _ = sender.send(WorkerCommand::Open {
                client: Arc::clone(client),
                prime: prime.cloned(),
                reply: reply.clone(),
            });
        }
        drop(reply);
        Opened {
            primed: replies.iter().map(|opened| opened.primed).sum(),
        }
    }

    /// Serves a round to its end. Records go to `watch` as they come: a run of a million would not
    /// fit otherwise.
    pub(crate) fn serve(
        &self,
        order: RoundOrder,
        supplies: RoundSupplies<'_>,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> RoundOutput {
        let (sender, records) = mpsc::channel();
        let job = Arc::new(self.job(order, supplies, sender));
        let reports = self.begin(&job);
        let tally = follow(&job, &reports, &records, watch);
        self.users.store(job.counters.users.load(Relaxed), Relaxed);
        tally.into_output(&job)
    }

    fn job(
        &self,
        order: RoundOrder,
        supplies: RoundSupplies<'_>,
        records: mpsc::Sender<Box<RequestRecord>>,
    ) -> RoundJob {
        let places = order.pacing.max_in_flight();
        RoundJob {
            places: places.map(|most| Arc::new(Semaphore::new(most as usize))),
            order,
            client: Arc::clone(supplies.client),
            epoch: Arc::clone(supplies.epoch),
            turns: supplies.turns,
            reading: supplies.reading,
            secrets: supplies.secrets,
            cancel: supplies.cancel.clone(),
            started_ns: supplies.client.clock.now(),
            between: supplies.between,
            records,
            counters: RoundCounters::of_users(self.users.load(Relaxed)),
        }
    }

    /// Each worker reports when its users have no more to do.
    fn begin(&self, job: &Arc<RoundJob>) -> Receiver<WorkerReport> {
        let (reply, reports) = mpsc::channel();
        for sender in &self.senders {
            let _ = sender.send(WorkerCommand::Serve {
                job: Arc::clone(job),
                reply: reply.clone(),
            });
        }
        reports
    }
}

/// Takes records over until the last worker has reported.
fn follow(
    job: &RoundJob,
    reports: &Receiver<WorkerReport>,
    records: &Receiver<Box<RequestRecord>>,
    watch: &mut dyn FnMut(RoundEvent<'_>),
) -> RoundTally {
    let mut tally = RoundTally::new(job.started_ns);
    let began = instant_now();
    let until = job.order.duration_ms.map(Duration::from_millis);
    let mut ticked = began;
    loop {
        match reports.recv_timeout(TAKE) {
            Ok(report) => tally.add_worker(report, job.client.clock),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                tally.take(records, watch);
                if until.is_some_and(|until| began.elapsed() >= until) && !job.all_begun() {
                    job.stop(RoundStop::Duration);
                }
                if ticked.elapsed() >= TICK {
                    ticked = instant_now();
                    let in_flight = job.counters.in_flight.load(Relaxed);
                    watch(RoundEvent::Tick { in_flight });
                }
            }
        }
    }
    tally.take(records, watch);
    tally
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.senders.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
