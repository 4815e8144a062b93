//! Null tests: where the server did nothing, nothing may be found. Each holds what the client says
//! against the server's own log: ratio of ratios, round 2 over round 1. The bounds are wide,
//! because the machine is shared; the figures are printed (`--no-capture`), and the tight ones stand
//! in docs/en/method/accuracy.md.
#![cfg(test)]

mod common;

use common::{metrics, plan, run, run_on, samples};
use dualround_loadgen::Clock;
use dualround_model::{ConclusionKind, Judging, Plan, RoundRun, RunEvidence, Sample};
use dualround_stats::{SummaryOptions, compare, summarise};
use serde_json::json;
use simllm::{Sim, SimConfig};
use std::sync::Arc;

/// How far a ratio of ratios may be from 1 on a busy machine.
const FAR: f64 = 0.1;

/// An engine without a cache that takes 100 ms for a first token.
fn fixed() -> SimConfig {
    SimConfig {
        cache_blocks: 0,
        fixed_ttft_ms: Some(100.0),
        itl_ms: 5.0,
        itl_ms_per_running: 0.0,
        max_batch: 4096,
        prefill_serial: false,
        ..SimConfig::default()
    }
}

/// Samples that name themselves to the engine's log.
fn named(count: u64) -> Vec<Arc<Sample>> {
    let mut list = samples(count);
    for (index, sample) in list.iter_mut().enumerate() {
        let sample = Arc::make_mut(sample);
        sample
            .options
            .insert("user".to_owned(), json!(index.to_string()));
    }
    list
}

struct Null {
    rounds: Vec<RoundRun>,
    ttft: f64,
    latency: f64,
}

/// Runs two rounds of 40 requests at concurrency 10, with preparations as in a real run.
fn null(config: SimConfig, clock: Option<Clock>, change: impl Fn(&mut Plan)) -> Null {
    let sim = Sim::start(config).unwrap();
    let mut plan = plan(&sim.base_url());
    plan.levels = vec![10.into()];
    plan.probe = true;
    change(&mut plan);
    let rounds = match clock {
        None => run(&plan, named(40)),
        Some(clock) => run_on(&plan, named(40), clock),
    };
    let mut truth: Vec<_> = sim
        .settled_truth()
        .requests
        .into_iter()
        .filter(|request| request.user.is_some())
        .collect();
    // The canary carries what the first row has beside its text, its user among it.
    assert!([80, 83].contains(&truth.len()), "{}", truth.len());
    truth.drain(..truth.len() - 80);
    let ms = |from: u64, to: Option<u64>| (to.unwrap() - from) as f64 / 1e6;
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let said = |round: usize, of: fn(&dualround_model::RequestMetrics) -> Option<f64>| {
        let records = rounds[round].records.iter();
        mean(records.map(|r| of(&metrics(r)).unwrap()).collect())
    };
    let is = |round: usize, of: &dyn Fn(&simllm::TruthRequest) -> f64| {
        mean(truth[round * 40..][..40].iter().map(of).collect())
    };
    let ttft = said(1, |m| m.ttft_ms)
        / said(0, |m| m.ttft_ms)
        / (is(1, &|t| ms(t.t_recv_ns, t.t_first_ns)) / is(0, &|t| ms(t.t_recv_ns, t.t_first_ns)));
    let latency = said(1, |m| m.latency_ms)
        / said(0, |m| m.latency_ms)
        / (is(1, &|t| ms(t.t_recv_ns, t.t_done_ns)) / is(0, &|t| ms(t.t_recv_ns, t.t_done_ns)));
    println!("ratio of ratios: ttft {ttft:.4}, latency {latency:.4}");
    assert!((ttft - 1.0).abs() < FAR, "ttft {ttft}");
    assert!((latency - 1.0).abs() < FAR, "latency {latency}");
    Null {
        rounds,
        ttft,
        latency,
    }
}

#[test]
fn b034_new_connections_served_late_are_no_cold_round() {
    let config = SimConfig {
        accept_delay_ms: 80.0,
        ..fixed()
    };
    null(config, None, |_| {});
}

#[test]
fn b133_no_cache_is_no_effect() {
    let found = null(fixed(), None, |_| {});
    let mut rounds: Vec<_> = found
        .rounds
        .into_iter()
        .map(|round| summarise(round, &SummaryOptions::default()))
        .collect();
    let level = compare(&mut rounds, &Judging::default(), &RunEvidence::default());
    let conclusion = level.conclusion;
    assert_ne!(conclusion.kind, ConclusionKind::Effect, "{conclusion:?}");
    assert!(!conclusion.cache_evidence);
    // On a quiet machine: no effect. On a busy one it may not be able to tell.
    println!("conclusion: {:?}", conclusion.kind);
}

#[test]
fn b133_a_tenfold_effect_is_tenfold() {
    let config = SimConfig {
        cache_blocks: 65_536,
        fixed_warm_ttft_ms: Some(10.0),
        ..fixed()
    };
    let found = null(config, None, |_| {});
    // The median: a machine that stands still for a moment moves a mean.
    let ttft = |round: usize| {
        let records = found.rounds[round].records.iter();
        let mut ms: Vec<f64> = records.map(|r| metrics(r).ttft_ms.unwrap()).collect();
        ms.sort_by(f64::total_cmp);
        ms[ms.len() / 2]
    };
    let ratio = ttft(0) / ttft(1);
    assert!((5.0..12.0).contains(&ratio), "{ratio}");
    assert!(found.ttft.is_finite() && found.latency.is_finite());
}

#[test]
fn b035_the_wall_clock_steps_in_the_middle() {
    for by_s in [-2, 2] {
        // Round 1 takes half a second: the step falls into it.
        let clock = Clock::start().with_wall_step(300_000_000, by_s * 1_000_000_000);
        let found = null(fixed(), Some(clock), |plan| plan.probe = false);
        let rejected: u64 = found
            .rounds
            .iter()
            .map(|round| round.meta.client.rejected_stamps)
            .sum();
        let kernel: u64 = found
            .rounds
            .iter()
            .map(|round| round.meta.client.kernel_stamps)
            .sum();
        // Each of ten connections meets the step once, and believes the kernel again after it.
        assert!((1..=20).contains(&rejected), "{rejected} rejected");
        assert!(kernel > 100, "{kernel} by the kernel");
        for record in found.rounds.iter().flat_map(|round| &round.records) {
            let metrics = metrics(record);
            assert!(metrics.ttft_ms.unwrap() >= 90.0, "{metrics:?}");
            assert!(metrics.latency_ms.unwrap() >= metrics.ttft_ms.unwrap());
        }
    }
}
