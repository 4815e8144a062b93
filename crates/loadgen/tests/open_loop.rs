//! Requests that arrive at instants of their own, whatever is still running.
#![cfg(test)]

mod common;

use common::{metrics, plan, run, samples};
use dualround_model::{ArrivalRate, Arrivals, Load, Plan, RoundStop, Timeline};
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
    let rate = ArrivalRate {
        per_second,
        arrivals: Arrivals::Constant,
    };
    Plan {
        levels: vec![Load::Rate(rate)],
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

#[test]
fn an_open_loop_ends_with_its_time() {
    let sim = engine(10.0);
    let mut plan = at_rate(&sim.base_url(), 1.0);
    plan.limits.duration_ms = Some(1500);
    let rounds = run(&plan, samples(30));
    for round in &rounds {
        assert_eq!(round.records.len(), 2, "those due after 0 s and 1 s");
        assert_eq!(round.meta.stopped, Some(RoundStop::Duration));
        assert_eq!(round.meta.not_started, 28);
    }
}
