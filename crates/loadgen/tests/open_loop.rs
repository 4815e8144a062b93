//! Requests that arrive at instants of their own, whatever is still running.
#![cfg(test)]

mod common;

use common::{metrics, plan, run, samples};
use dualround_model::{
    ArrivalRate, Arrivals, Load, Plan, Replay, RequestRecord, RoundRun, Sample, Timeline,
};
use simllm::{Sim, SimConfig};

/// Every answer takes so long, however many there are.
fn engine(ttft_ms: f64) -> Sim {
    Sim::start(SimConfig {
        cache_blocks: 0,
        fixed_ttft_ms: Some(ttft_ms),
        itl_ms: 0.0,
        itl_ms_per_running: 0.0,
        max_batch: 4096,
        prefill_serial: false,
        ..SimConfig::default()
    })
    .unwrap()
}

fn at_rate(base: &str, per_second: f64) -> Plan {
    arriving(base, per_second, Arrivals::Constant)
}

fn arriving(base: &str, per_second: f64, arrivals: Arrivals) -> Plan {
    let rate = ArrivalRate {
        per_second,
        arrivals,
    };
    at_load(base, Load::Rate(rate))
}

fn at_load(base: &str, load: Load) -> Plan {
    Plan {
        levels: vec![load],
        workers: 2,
        ..plan(base)
    }
}

fn ms_after_start(timeline: &Timeline, at: Option<u64>) -> f64 {
    (at.unwrap() - timeline.queued_ns) as f64 / 1e6
}

#[test]
fn constant_arrivals_come_when_they_are_due_whatever_is_running() {
    // Answers take 20 gaps, and there are connections for a second at first: more are opened.
    let sim = engine(2000.0);
    let rounds = run(&at_rate(&sim.base_url(), 10.0), samples(12));
    assert_eq!(rounds.len(), 2);
    for round in &rounds {
        assert_eq!(round.records.len(), 12);
        assert_eq!(round.meta.load.concurrency(), None);
        for record in &round.records {
            assert!(record.outcome.is_success(), "{:?}", record.outcome);
            let time = &record.timeline;
            let due = ms_after_start(time, time.due_ns);
            let sent = ms_after_start(time, time.start_ns);
            assert!((due - 100.0 * f64::from(record.index)).abs() < 0.001);
            assert!(sent >= due, "{} sent before it was due", record.index);
            assert!(sent < due + 500.0, "{sent} ms, due after {due} ms");
            let ttft = metrics(record).ttft_ms.unwrap();
            assert!((2000.0..2500.0).contains(&ttft), "{ttft} ms from t0");
        }
        // All of them, the last one begins 1.1 s after the first, which takes 2 s.
        assert_eq!(round.meta.peak_in_flight, 12);
        let mut users: Vec<u32> = round.records.iter().map(|record| record.user).collect();
        users.sort_unstable();
        users.dedup();
        assert_eq!(users.len(), 12, "one a connection: {users:?}");
    }
    // The server saw the same.
    let requests = sim.settled_truth().requests;
    assert_eq!(requests.len(), 24);
}

#[test]
fn a_free_connection_is_used_again() {
    let sim = engine(0.0);
    let rounds = run(&at_rate(&sim.base_url(), 40.0), samples(20));
    for record in rounds.iter().flat_map(|round| &round.records) {
        assert!(record.outcome.is_success(), "{:?}", record.outcome);
        assert_eq!(record.timeline.connect_ns, None, "opened before the round");
    }
}

/// Instants at which requests were due, ms after the start, in the order of the data set.
fn due_ms(round: &RoundRun) -> Vec<f64> {
    let due = round.records.iter().map(|record| &record.timeline);
    due.map(|time| ms_after_start(time, time.due_ns)).collect()
}

#[test]
fn a_duration_cuts_the_schedule_of_all_rounds_alike() {
    let sim = engine(10.0);
    let mut plan = at_rate(&sim.base_url(), 1.0);
    plan.limits.duration_ms = Some(1500);
    let rounds = run(&plan, samples(30));
    for round in &rounds {
        assert_eq!(round.records.len(), 2, "those due after 0 s and 1 s");
        assert_eq!((round.meta.stopped, round.meta.planned), (None, 2));
        assert_eq!(round.meta.not_started, 0);
    }
}

#[test]
fn random_arrivals_are_the_same_in_all_rounds_of_a_level() {
    let sim = engine(1.0);
    for arrivals in [Arrivals::Poisson, Arrivals::Gamma { shape: 0.3 }] {
        let plan = arriving(&sim.base_url(), 60.0, arrivals);
        let rounds = run(&plan, samples(31));
        let (cold, warm) = (due_ms(&rounds[0]), due_ms(&rounds[1]));
        assert_eq!(cold, warm);
        assert!(cold.is_sorted(), "{cold:?}");
        assert!((cold[30] - 500.0).abs() < 0.001, "{}", cold[30]);
        let gaps = cold.windows(2).map(|two| two[1] - two[0]);
        assert!(gaps.clone().any(|gap| gap < 8.0) && gaps.clone().any(|gap| gap > 25.0));
        let open = rounds[0].meta.open.unwrap();
        assert_eq!((open.last_due_ns, open.max_in_flight), (500_000_000, None));
    }
}

#[test]
fn a_replay_keeps_the_times_of_its_rows() {
    let sim = engine(1.0);
    let replay = Replay {
        speed: 10.0,
        gap_cap_s: Some(3.0),
    };
    let plan = at_load(&sim.base_url(), Load::Replay(replay));
    let times = [100_000, 101_000, 101_000, 102_500, 300_000];
    let samples = samples(5).into_iter().zip(times).map(|(sample, ms)| {
        let arrival_ns = Some(ms * 1_000_000);
        let sample = Sample::clone(&sample);
        Sample {
            arrival_ns,
            ..sample
        }
        .into()
    });
    let rounds = run(&plan, samples.collect());
    for round in &rounds {
        for (due, expected) in due_ms(round).iter().zip([0.0, 100.0, 100.0, 250.0, 550.0]) {
            assert!((due - expected).abs() < 0.001, "{due} {expected}");
        }
    }
}

fn start_of(record: &RequestRecord) -> u64 {
    record.timeline.start_ns.unwrap()
}

#[test]
fn no_more_are_in_flight_than_allowed_and_the_rest_waits_in_its_order() {
    // Twenty a second of 200 ms each need four places; two are given.
    let sim = engine(200.0);
    let mut plan = at_rate(&sim.base_url(), 20.0);
    plan.max_concurrency = Some(2);
    let rounds = run(&plan, samples(20));
    for round in &rounds {
        assert_eq!(round.meta.peak_in_flight, 2);
        assert!(
            round
                .records
                .iter()
                .all(|record| record.outcome.is_success())
        );
        let waited = |record: &&RequestRecord| record.timeline.freed_ns.is_some();
        assert!(round.records.iter().filter(waited).count() >= 15);
        for record in round.records.iter().filter(waited) {
            let time = &record.timeline;
            assert!(time.freed_ns > time.due_ns && time.start_ns >= time.freed_ns);
        }
        // The last one is due after 0.95 s and can begin after some 1.8 s.
        let last = round.records.last().unwrap();
        assert!(start_of(last) - last.timeline.due_ns.unwrap() > 500_000_000);
        // Two by two they wait for both workers' places in turn: nobody overtakes by more.
        let starts: Vec<u64> = round.records.iter().map(start_of).collect();
        assert!(
            starts
                .windows(3)
                .all(|three| three[0] <= three[2] + 100_000_000)
        );
    }
}
