//! What a running round has come to, put together from its records and its workers' reports.

use crate::{
    clock::Clock,
    events::RoundEvent,
    round::{job::RoundJob, lag_probe::LongestLag, worker::WorkerReport},
};
use dualround_model::{ClientProbe, RequestRecord, RoundStop, Standstill};
use std::sync::{atomic::Ordering::Relaxed, mpsc::Receiver};

/// What a round came to.
pub(crate) struct RoundOutput {
    /// Requests that ended.
    pub(crate) ended: u32,
    pub(crate) started_ns: u64,
    pub(crate) ended_ns: u64,
    /// How long requests waited for readings of the server's metrics, ns.
    pub(crate) paused_ns: u64,
    pub(crate) peak_in_flight: u32,
    /// By how much draining put off what was due later, ns.
    pub(crate) drained_ns: u64,
    pub(crate) client: ClientProbe,
    pub(crate) stopped: Option<RoundStop>,
}

/// The output of a round as it builds up.
pub(super) struct RoundTally {
    /// Requests that ended.
    ended: u32,
    started_ns: u64,
    /// When the last of them had ended, ns.
    ended_ns: u64,
    client: ClientProbe,
}

impl RoundTally {
    /// That of a round in which nothing has ended.
    pub(super) fn new(started_ns: u64) -> Self {
        Self {
            ended: 0,
            started_ns,
            ended_ns: started_ns,
            client: ClientProbe::default(),
        }
    }

    /// Hands the records on that have come.
    pub(super) fn take(
        &mut self,
        records: &Receiver<Box<RequestRecord>>,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) {
        let before = self.ended;
        for record in records.try_iter() {
            self.ended += 1;
            self.ended_ns = self.ended_ns.max(record.timeline.end_ns);
            watch(RoundEvent::Finished(&record));
        }
        if self.ended > before {
            watch(RoundEvent::Taken);
        }
    }

    /// Adds how a worker did.
    pub(super) fn add_worker(&mut self, report: WorkerReport, clock: Clock) {
        let client = &mut self.client;
        client.kernel_stamps += report.counts.kernel;
        client.read_stamps += report.counts.read;
        client.connection_stamps += report.counts.connection;
        client.rejected_stamps += report.counts.rejected;
        client.lags_ns.extend(report.lags.lags_ns);
        let longest = report.lags.longest.map(|lag| standstill(lag, clock));
        let both = [client.longest, longest].into_iter().flatten();
        client.longest = both.max_by_key(|one| one.lag_ns);
        let loads = [client.busiest_worker, report.load].into_iter().flatten();
        client.busiest_worker = loads.max_by_key(|load| load.cpu_ns);
    }

    /// The output of the round, which has ended.
    pub(super) fn into_output(mut self, job: &RoundJob) -> RoundOutput {
        self.client.lags_ns.sort_unstable();
        RoundOutput {
            ended: self.ended,
            started_ns: self.started_ns,
            ended_ns: self.ended_ns,
            paused_ns: job.counters.paused_ns.load(Relaxed),
            peak_in_flight: job.counters.peak.load(Relaxed),
            drained_ns: job.counters.drained_ns.load(Relaxed),
            client: self.client,
            stopped: job.stopped(),
        }
    }
}

fn standstill(longest: LongestLag, clock: Clock) -> Standstill {
    Standstill {
        lag_ns: longest.lag_ns,
        suspended_ns: longest.suspended_ns,
        woken_ns: clock.at(longest.woken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::instant_now, round::lag_probe::Lags};
    use dualround_model::WorkerLoad;

    fn report(lag_ns: u64, cpu_ns: u64) -> WorkerReport {
        let longest = LongestLag {
            lag_ns,
            suspended_ns: 0,
            woken: instant_now(),
        };
        WorkerReport {
            lags: Lags {
                lags_ns: vec![lag_ns, 1],
                longest: Some(longest),
            },
            load: Some(WorkerLoad {
                cpu_ns,
                wall_ns: 100,
            }),
            ..WorkerReport::default()
        }
    }

    #[test]
    fn of_all_workers_the_latest_and_the_busiest_are_told() {
        let mut tally = RoundTally::new(0);
        for worker in [report(5, 60), report(9, 20), report(7, 40)] {
            tally.add_worker(worker, Clock::start());
        }
        assert_eq!(tally.client.longest.map(|longest| longest.lag_ns), Some(9));
        let busiest = tally.client.busiest_worker;
        assert_eq!(busiest.map(|load| load.cpu_ns), Some(60));
        assert_eq!(tally.client.lags_ns.len(), 6);
    }
}
