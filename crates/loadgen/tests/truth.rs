//! What the client says against what the engine's own log says, never against nominal figures.
#![cfg(test)]

mod common;

use common::{metrics, plan, run, samples};
use dualround_model::{ColdPolicy, PrometheusPlan, ResetCall};
use simllm::{Sim, SimConfig, TruthRequest};

/// An engine that answers at once, for tests that are not about time.
fn quick() -> SimConfig {
    SimConfig {
        prefill_base_ms: 1.0,
        prefill_ms_per_token: 0.01,
        itl_ms: 1.0,
        itl_ms_per_running: 0.0,
        max_batch: 4096,
        prefill_serial: false,
        ..SimConfig::default()
    }
}

/// The middle one, which does not move when a shared machine delays a few of either side.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn close(client_ms: f64, server_ms: f64) -> bool {
    (client_ms - server_ms).abs() <= (0.05 * server_ms).max(5.0)
}

fn ms(from: u64, to: Option<u64>) -> f64 {
    to.unwrap().saturating_sub(from) as f64 / 1e6
}

/// Compares every request of every round with the log; both sides are in order of arrival.
fn check(config: SimConfig, levels: &[u32], count: u64) {
    let sim = Sim::start(config).unwrap();
    let mut plan = plan(&sim.base_url());
    plan.levels = levels
        .iter()
        .copied()
        .map(dualround_model::Load::from)
        .collect();
    let rounds = run(&plan, samples(count));
    let truth = sim.settled_truth();
    let mut records: Vec<_> = rounds.iter().flat_map(|round| &round.records).collect();
    assert_eq!(records.len(), truth.requests.len());
    records.sort_by_key(|record| record.timeline.start_ns);
    // The order of arrival may differ from that of sending by a hair: match by the nearest.
    let mut log: Vec<&TruthRequest> = truth.requests.iter().collect();
    log.sort_by_key(|request| request.t_recv_ns);
    let pairs: [(&str, f64, f64); 3] = [
        (
            "ttft",
            median(records.iter().map(|r| metrics(r).ttft_ms.unwrap())),
            median(log.iter().map(|t| ms(t.t_recv_ns, t.t_first_ns))),
        ),
        (
            "latency",
            median(records.iter().map(|r| metrics(r).latency_ms.unwrap())),
            median(log.iter().map(|t| ms(t.t_recv_ns, t.t_done_ns))),
        ),
        (
            "itl",
            median(records.iter().map(|r| metrics(r).itl_ms.unwrap())),
            median(
                log.iter()
                    .map(|t| ms(t.t_first_ns.unwrap(), t.t_last_ns) / (t.tokens - 1) as f64),
            ),
        ),
    ];
    for (name, client, server) in pairs {
        assert!(
            close(client, server),
            "{name}: client {client} server {server}"
        );
    }
    if levels == [1] {
        for (record, truth) in records.iter().zip(&log) {
            let metrics = metrics(record);
            assert_eq!(metrics.output_tokens, Some(truth.tokens));
            assert_eq!(metrics.cached_tokens, Some(truth.cached_tokens));
            assert_eq!(metrics.input_tokens, Some(truth.prompt_tokens));
        }
    }
}

#[test]
fn every_request_alone_is_as_the_engine_saw_it() {
    check(
        SimConfig {
            prefill_base_ms: 30.0,
            itl_ms: 8.0,
            ..SimConfig::default()
        },
        &[1],
        5,
    );
}

#[test]
fn many_at_once_are_as_the_engine_saw_them() {
    let config = SimConfig {
        prefill_base_ms: 30.0,
        itl_ms: 8.0,
        max_batch: 64,
        ..SimConfig::default()
    };
    check(config, &[16], 48);
}

#[test]
fn b033_waiting_for_a_slot_is_neither_hidden_nor_mixed_in() {
    let config = SimConfig {
        fixed_ttft_ms: Some(100.0),
        itl_ms: 0.0,
        ..quick()
    };
    let sim = Sim::start(SimConfig {
        cache_blocks: 0,
        ..config
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.schedule = "C".parse().unwrap();
    let rounds = run(&plan, samples(4));
    let mut earlier = 0.0;
    for (at, record) in rounds[0].records.iter().enumerate() {
        let metrics = metrics(record);
        // Of its own 100 ms alone, however many were before it.
        let latency = metrics.latency_ms.unwrap();
        assert!((98.0..190.0).contains(&latency), "{metrics:?}");
        let wait = metrics.queue_wait_ms.unwrap();
        assert!((wait - earlier).abs() < 60.0, "{at}: {wait}");
        earlier += latency;
    }
}

#[test]
fn b034_opening_connections_is_no_part_of_round_1() {
    let config = SimConfig {
        accept_delay_ms: 80.0,
        cache_blocks: 0,
        fixed_ttft_ms: Some(50.0),
        itl_ms: 0.0,
        ..quick()
    };
    let sim = Sim::start(config).unwrap();
    let mut plan = plan(&sim.base_url());
    plan.levels = vec![10.into()];
    plan.probe = true;
    let rounds = run(&plan, samples(10));
    let typical = |at: usize| {
        let records = rounds[at].records.iter();
        median(records.map(|r| metrics(r).ttft_ms.unwrap()))
    };
    // 50 ms each; with the 80 ms of a new connection in round 1, the ratio would be 2.6.
    let ratio = typical(0) / typical(1);
    assert!((0.7..1.6).contains(&ratio), "{ratio}");
}

#[test]
fn b059_b061_connections_are_kept_and_the_level_is_reached() {
    let sim = Sim::start(SimConfig {
        fixed_ttft_ms: Some(200.0),
        ..quick()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.levels = vec![100.into()];
    plan.workers = 2;
    let rounds = run(&plan, samples(200));
    let truth = sim.settled_truth();
    assert_eq!(truth.peak_running, 100);
    assert!(truth.connections <= 200, "{}", truth.connections);
    assert_eq!(rounds[0].meta.peak_in_flight, 100);
    assert!(
        rounds
            .iter()
            .flat_map(|r| &r.records)
            .all(|r| r.outcome.is_success())
    );
}

#[test]
fn a_thousand_streams_have_no_failure() {
    let sim = Sim::start(SimConfig {
        fixed_ttft_ms: Some(300.0),
        itl_ms: 20.0,
        ..quick()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.levels = vec![1000.into()];
    plan.schedule = "C".parse().unwrap();
    let rounds = run(&plan, samples(1000));
    assert_eq!(rounds[0].records.len(), 1000);
    assert!(
        rounds[0]
            .records
            .iter()
            .all(|record| record.outcome.is_success())
    );
}

#[test]
fn b088_rounds_hold_the_same_bytes() {
    let sim = Sim::start(SimConfig {
        log_bodies: true,
        ..quick()
    })
    .unwrap();
    let rounds = run(&plan(&sim.base_url()), samples(6));
    assert_eq!(rounds[0].meta.wire_digest, rounds[1].meta.wire_digest);
    let truth = sim.settled_truth();
    let (one, two) = truth.requests.split_at(6);
    for (a, b) in one.iter().zip(two) {
        assert_eq!(a.body, b.body);
    }
}

#[test]
fn the_marker_makes_every_epoch_cold_and_every_warm_round_warm() {
    let sim = Sim::start(SimConfig {
        log_bodies: true,
        ..quick()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.levels = vec![1.into(), 2.into()];
    plan.schedule = "CWC".parse().unwrap();
    let rounds = run(&plan, samples(4));
    for round in &rounds {
        let cached: u64 = round
            .records
            .iter()
            .map(|r| r.usage.cached_tokens.unwrap())
            .sum();
        let warm = round.meta.spec.number == 2;
        assert_eq!(cached > 1000, warm, "{:?} {cached}", round.meta.spec);
    }
    let content: Vec<&String> = rounds
        .iter()
        .map(|round| &round.meta.content_digest)
        .collect();
    assert!(content.iter().all(|digest| *digest == content[0]));
    assert_ne!(rounds[0].meta.wire_digest, rounds[2].meta.wire_digest);
}

#[test]
fn b128_a_reset_empties_the_cache_and_a_failing_one_stops_the_run() {
    let sim = Sim::start(quick()).unwrap();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Reset;
    let url = format!("{}/reset_prefix_cache", sim.base_url());
    plan.cold.reset_calls = vec![ResetCall {
        method: "POST".to_owned(),
        url,
    }];
    plan.schedule = "CWCW".parse().unwrap();
    let rounds = run(&plan, samples(3));
    let cached = |at: usize| {
        rounds[at]
            .records
            .iter()
            .map(|r| r.usage.cached_tokens.unwrap())
            .sum::<u64>()
    };
    assert!(cached(0) == 0 && cached(1) > 0 && cached(2) == 0 && cached(3) > 0);
    let off = Sim::start(SimConfig {
        reset_enabled: false,
        ..quick()
    })
    .unwrap();
    plan.endpoint = format!("{}/v1/chat/completions", off.base_url());
    plan.cold.reset_calls[0].url = format!("{}/reset_prefix_cache", off.base_url());
    let cancel = dualround_loadgen::Cancel::new();
    let mut session =
        dualround_loadgen::Session::open(plan.clone(), vec![samples(1)], cancel).unwrap();
    let spec = plan.schedule.rounds()[0];
    let error = session.run_round(0, spec, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    assert!(off.truth().requests.is_empty());
}

#[test]
fn b131_no_measured_prompt_is_sent_before_round_1() {
    let sim = Sim::start(SimConfig {
        log_bodies: true,
        ..quick()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.probe = true;
    plan.warmup = Some(3);
    let samples = samples(5);
    let rounds = run(&plan, samples.clone());
    assert_eq!(
        (
            rounds[0].meta.warmup_requests,
            rounds[0].meta.probe_requests
        ),
        (3, 4)
    );
    let truth = sim.settled_truth();
    let before = &truth.requests[..6];
    for sample in &samples {
        let beginning: String = sample.text().chars().take(16).collect();
        assert!(
            before
                .iter()
                .all(|request| !request.body.as_ref().unwrap().contains(&beginning))
        );
    }
}

#[test]
fn b069_nothing_but_the_plain_fields_is_sent() {
    let sim = Sim::start(SimConfig {
        strict_fields: true,
        ..quick()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.request.temperature = Some(0.0);
    plan.request.top_p = Some(1.0);
    let rounds = run(&plan, samples(2));
    assert!(
        rounds
            .iter()
            .flat_map(|r| &r.records)
            .all(|r| r.outcome.is_success())
    );
}

#[test]
fn b125_samples_cover_the_whole_round() {
    let sim = Sim::start(SimConfig {
        fixed_ttft_ms: Some(150.0),
        ..quick()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.prometheus = PrometheusPlan {
        urls: vec![format!("{}/metrics", sim.base_url())],
        metrics: vec![
            "vllm:prefix_cache_queries_total".to_owned(),
            "nothing".to_owned(),
        ],
        interval_ms: 50,
        per_request: false,
        ..PrometheusPlan::default()
    };
    let rounds = run(&plan, samples(4));
    for round in &rounds {
        let points = &round.meta.metrics[0].series[0].points;
        assert!(points.len() >= 6, "{}", points.len());
        assert!(points[0].at_ns <= round.meta.started_ns);
        assert!(points.last().unwrap().at_ns >= round.meta.ended_ns);
        assert!(round.meta.metrics[1].series.is_empty());
    }
}
