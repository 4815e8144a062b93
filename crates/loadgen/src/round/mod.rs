//! One round: everybody starts at once, records are handed on as they come, and the facts of the
//! round are put together at its end.

pub(crate) mod suspension;
pub(crate) mod user;
pub(crate) mod worker;

use crate::{
    cancel::Cancel, exchange::Client, exchange::answer_reading::AnswerReading,
    round::user::RoundJob, round::worker::Workers, secrets::Secrets, telemetry::Sampler,
};
use dualround_model::{
    ClientProbe, LimitsPlan, Plan, PreparedEpoch, RequestRecord, RoundMeta, RoundStop, Standstill,
    WorkerLoad,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// How often records are taken over while a round runs. Taking each one at once would wake this
/// thread for every request, on cores that the workers need.
const TAKE: Duration = Duration::from_millis(2);
/// Between two ticks.
const TICK: Duration = Duration::from_millis(20);

/// An event of a running round, as its watcher gets it.
#[derive(Debug)]
#[non_exhaustive]
pub enum RoundEvent<'a> {
    /// Warm-up requests are being sent.
    WarmingUp {
        /// How many.
        requests: u32,
    },
    /// The cold action is being taken.
    MakingCold,
    /// The round has begun.
    Started {
        /// What is known of it: nothing has been sent yet, so every request is not started.
        begun: &'a RoundMeta,
    },
    /// A request has ended.
    Finished(&'a RequestRecord),
    /// All that had ended are handed over: time to put them where a crash does not reach them.
    Taken,
    /// Time has passed.
    Tick {
        /// Requests in flight.
        in_flight: u32,
    },
}

/// What a round is made of.
pub(crate) struct RoundSetup<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) client: &'a Arc<Client>,
    pub(crate) epoch: &'a Arc<PreparedEpoch>,
    pub(crate) order: Vec<usize>,
    pub(crate) level: u32,
    pub(crate) round: u32,
    pub(crate) cancel: &'a Cancel,
    /// What may not stand in a record.
    pub(crate) secrets: Secrets,
    pub(crate) between: Option<Arc<[Sampler]>>,
}

/// What came of it.
pub(crate) struct RoundOutput {
    /// Requests that ended.
    pub(crate) ended: u32,
    pub(crate) started_ns: u64,
    pub(crate) ended_ns: u64,
    /// How long requests waited for readings of the server's metrics, ns.
    pub(crate) paused_ns: u64,
    pub(crate) peak_in_flight: u32,
    pub(crate) client: ClientProbe,
    pub(crate) stopped: Option<RoundStop>,
}

/// Runs a round to its end.
pub(crate) fn run(
    workers: &Workers,
    setup: RoundSetup<'_>,
    watch: &mut dyn FnMut(RoundEvent<'_>),
) -> RoundOutput {
    let clock = setup.client.clock;
    let (sender, records) = mpsc::channel();
    let started_ns = clock.now();
    let planned = setup.order.len() as u64;
    let until = setup.plan.limits.duration_ms.map(Duration::from_millis);
    let began = Instant::now();
    let job = Arc::new(RoundJob {
        client: Arc::clone(setup.client),
        epoch: Arc::clone(setup.epoch),
        order: setup.order,
        next: AtomicUsize::new(0),
        level: setup.level,
        round: setup.round,
        started_ns: AtomicU64::new(started_ns),
        reading: AnswerReading::of(setup.plan),
        secrets: setup.secrets,
        retries: setup.plan.limits.retries,
        cancel: setup.cancel.clone(),
        stop: OnceLock::new(),
        failures: AtomicU64::new(0),
        max_failures: failure_limit(&setup.plan.limits, planned),
        in_flight: AtomicU32::new(0),
        peak: AtomicU32::new(0),
        records: sender,
        between: setup.between,
        paused_ns: AtomicU64::new(0),
    });
    let finished = workers.run(&job);
    let mut client = ClientProbe::default();
    let (mut ended, mut ended_ns) = (0, started_ns);
    // Records go as they have come: a run of a million would not fit otherwise.
    let mut take = |watch: &mut dyn FnMut(RoundEvent<'_>)| {
        let before = ended;
        for record in records.try_iter() {
            ended += 1;
            ended_ns = ended_ns.max(record.timeline.end_ns);
            watch(RoundEvent::Finished(&record));
        }
        if ended > before {
            watch(RoundEvent::Taken);
        }
    };
    let mut ticked = Instant::now();
    loop {
        match finished.recv_timeout(TAKE) {
            Ok(late) => {
                client.kernel_stamps += late.counts.kernel;
                client.read_stamps += late.counts.read;
                client.connection_stamps += late.counts.connection;
                client.rejected_stamps += late.counts.rejected;
                client.lags_ns.extend(late.lags_ns);
                let longest = late.longest.map(|longest| Standstill {
                    lag_ns: longest.lag_ns,
                    suspended_ns: longest.suspended_ns,
                    woken_ns: job.client.clock.at(longest.woken),
                });
                let both = [client.longest, longest].into_iter().flatten();
                client.longest = both.max_by_key(|one| one.lag_ns);
                let busier = |a: &WorkerLoad, b: &WorkerLoad| a.cpu_ns.cmp(&b.cpu_ns);
                let loads = [client.busiest_worker, late.load];
                client.busiest_worker = loads.into_iter().flatten().max_by(busier);
            }
            Err(RecvTimeoutError::Timeout) => {
                take(watch);
                if until.is_some_and(|until| began.elapsed() >= until) && !job.all_begun() {
                    let _ = job.stop.set(RoundStop::Duration);
                }
                if ticked.elapsed() >= TICK {
                    ticked = Instant::now();
                    watch(RoundEvent::Tick {
                        in_flight: job.in_flight.load(Relaxed),
                    });
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    take(watch);
    client.lags_ns.sort_unstable();
    RoundOutput {
        ended,
        started_ns,
        ended_ns,
        paused_ns: job.paused_ns.load(Relaxed),
        peak_in_flight: job.peak.load(Relaxed),
        client,
        stopped: if !job.all_begun() {
            job.stop.get().copied()
        } else {
            None
        },
    }
}

/// The number of failures that ends a round: the one that was given, or the first that makes the
/// share too large whatever the rest does.
fn failure_limit(limits: &LimitsPlan, planned: u64) -> Option<(u64, RoundStop)> {
    let rate = limits.max_failure_rate;
    let rate = rate.map(|rate| (first_above(rate, planned), RoundStop::MaxFailureRate));
    let count = limits
        .max_failures
        .map(|count| (count, RoundStop::MaxFailures));
    count
        .into_iter()
        .chain(rate)
        .min_by_key(|(limit, _)| *limit)
}

/// The smallest count whose share of `planned` is above `rate`: the division is the one that the
/// share is told by, since 0.29 · 100 is below 29 in doubles.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a count is not negative and below it"
)]
fn first_above(rate: f64, planned: u64) -> u64 {
    let mut count = (rate * planned as f64).floor() as u64;
    while count as f64 / planned.max(1) as f64 <= rate {
        count += 1;
    }
    count
}

/// The order of sending: as in the dataset, or shuffled by a seed (Fisher–Yates).
pub(crate) fn order(len: usize, shuffle: Option<u64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    if let Some(seed) = shuffle {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for at in (1..len).rev() {
            // Below 2^32 samples the bias of the remainder is below 2^-32.
            let pick = usize::try_from(rng.next_u64() % (at as u64 + 1)).unwrap_or(0);
            order.swap(at, pick);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::first_above;

    #[test]
    fn a_share_is_exceeded_by_more_than_itself() {
        assert_eq!(first_above(0.29, 100), 30);
        assert_eq!(first_above(0.0, 100), 1);
        assert_eq!((first_above(0.5, 3), first_above(1.0, 3)), (2, 4));
    }
}
