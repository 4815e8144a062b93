//! Rounds with fresh text of their own, held against the log of the engine that answered them.
#![cfg(test)]

mod common;

use common::{metrics, plan, run, samples};
use dualround_loadgen::{Cancel, RoundEvent, Session};
use dualround_model::{Arm, ColdPolicy, MixedPlace, RoundKind, RoundRun};
use simllm::{Sim, SimConfig, TruthRequest};
use std::collections::HashSet;

/// An engine that answers soon, and keeps what it was sent.
fn engine() -> Sim {
    Sim::start(SimConfig {
        prefill_base_ms: 2.0,
        prefill_ms_per_token: 0.01,
        itl_ms: 1.0,
        log_bodies: true,
        ..SimConfig::default()
    })
    .unwrap()
}

/// What a round sent, in the order of its arrival at the engine.
fn sent<'a>(log: &'a [TruthRequest], rounds: &[RoundRun], at: usize) -> &'a [TruthRequest] {
    let before: usize = rounds[..at].iter().map(|round| round.records.len()).sum();
    let own = rounds[at].records.len();
    // Nothing but the rounds was sent.
    &log[before..before + own]
}

fn body(request: &TruthRequest) -> &str {
    request.body.as_deref().unwrap()
}

fn place(round: &RoundRun, index: usize) -> MixedPlace {
    round.records[index].mixed.unwrap()
}

#[test]
fn a_mixed_round_sends_bytes_of_its_epoch_or_the_same_behind_one_fresh_value() {
    let sim = engine();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.schedule = "CMM".parse().unwrap();
    let rounds = run(&plan, samples(12));
    let log = sim.truth();
    let cold: HashSet<&str> = sent(&log.requests, &rounds, 0).iter().map(body).collect();
    for (at, round) in rounds.iter().enumerate().skip(1) {
        let known = sent(&log.requests, &rounds, at)
            .iter()
            .filter(|r| cold.contains(body(r)));
        assert_eq!(known.count(), 6, "half of the blocks are hits");
        for (index, record) in round.records.iter().enumerate() {
            let is_hit = place(round, index).arm == Arm::Hit;
            let cached = record.usage.cached_tokens.unwrap();
            assert!(metrics(record).ttft_ms.is_some());
            assert_eq!(cached > 0, is_hit, "request {index} of round {}", at + 1);
        }
        assert_eq!(round.meta.content_digest, rounds[0].meta.content_digest);
        assert_ne!(round.meta.wire_digest, rounds[0].meta.wire_digest);
    }
    // Each round has its own coin, and its own fresh value.
    let arms = |at: usize| {
        (0..12)
            .map(|index| place(&rounds[at], index).arm == Arm::Hit)
            .collect::<Vec<_>>()
    };
    assert_ne!(arms(1), arms(2));
    let marker = |at: usize| rounds[at].meta.cold.clone().unwrap().marker.unwrap();
    let markers: HashSet<String> = (0..3).map(marker).collect();
    assert_eq!(markers.len(), 3);
}

#[test]
fn nothing_is_in_flight_between_two_blocks() {
    let sim = engine();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.levels = vec![3.into()];
    plan.workers = 2;
    plan.schedule = "CM".parse().unwrap();
    let rounds = run(&plan, samples(36));
    let mixed = &rounds[1].records;
    let mut spans: Vec<(u32, u64, u64)> = Vec::new();
    for record in mixed {
        let (start, end) = (record.timeline.start_ns.unwrap(), record.timeline.end_ns);
        let block = record.mixed.unwrap().block;
        match spans.iter_mut().find(|span| span.0 == block) {
            Some(span) => (span.1, span.2) = (span.1.min(start), span.2.max(end)),
            None => spans.push((block, start, end)),
        }
    }
    spans.sort_unstable();
    assert_eq!(spans.len(), 3);
    for pair in spans.windows(2) {
        assert!(pair[0].2 <= pair[1].1, "{pair:?}");
    }
    // The wave that fills the queue is the ramp; within a block all users are busy.
    let ramp = mixed.iter().filter(|record| record.mixed.unwrap().ramp);
    assert_eq!(ramp.count(), 9);
    assert_eq!(rounds[1].meta.peak_in_flight, 3);
}

#[test]
fn all_rows_of_one_prompt_stand_in_one_block() {
    let sim = engine();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.schedule = "CM".parse().unwrap();
    let mut twice = samples(6);
    twice.extend(samples(6));
    let rounds = run(&plan, twice);
    for index in 0..6 {
        assert_eq!(
            place(&rounds[1], index).block,
            place(&rounds[1], index + 6).block
        );
    }
}

#[test]
fn without_reuse_no_request_hits_and_no_body_is_sent_twice() {
    let sim = engine();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.schedule = "NCN".parse().unwrap();
    // The same text in all of them: everything behind its beginning is shared.
    let mut shared = samples(8);
    shared.extend(samples(8));
    let rounds = run(&plan, shared);
    let log = sim.truth();
    let bodies: HashSet<&str> = [0, 2]
        .iter()
        .flat_map(|at| sent(&log.requests, &rounds, *at))
        .map(body)
        .collect();
    assert_eq!(bodies.len(), 32);
    let cached = |at: usize| {
        let records = rounds[at].records.iter();
        records
            .map(|record| record.usage.cached_tokens.unwrap())
            .sum::<u64>()
    };
    assert_eq!((cached(0), cached(2)), (0, 0));
    assert!(
        cached(1) > 1000,
        "the cold round reuses what its rows share"
    );
    assert!(
        rounds
            .iter()
            .all(|round| round.meta.content_digest == rounds[0].meta.content_digest)
    );
    assert_eq!(rounds[0].meta.spec.epoch, None);
    assert!(
        rounds[0]
            .records
            .iter()
            .all(|record| record.shared_chars == 0)
    );
}

#[test]
fn a_warm_round_repeats_its_epoch_whatever_stands_between() {
    let sim = engine();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.schedule = "CNMW".parse().unwrap();
    let rounds = run(&plan, samples(6));
    assert_eq!(rounds[0].meta.wire_digest, rounds[3].meta.wire_digest);
    let kinds: Vec<RoundKind> = rounds.iter().map(|round| round.meta.spec.kind).collect();
    assert_eq!(kinds[1..3], [RoundKind::NoReuse, RoundKind::Mixed]);
}

#[test]
fn a_round_that_is_cancelled_between_blocks_ends() {
    let sim = Sim::start(SimConfig {
        prefill_base_ms: 30.0,
        ..SimConfig::default()
    })
    .unwrap();
    let mut plan = plan(&sim.base_url());
    plan.cold.policy = ColdPolicy::Auto;
    plan.levels = vec![2.into()];
    plan.schedule = "CM".parse().unwrap();
    let cancel = Cancel::new();
    let mut session = Session::open(plan.clone(), vec![samples(32)], cancel.clone()).unwrap();
    let specs = plan.schedule.rounds();
    session.run_round(0, specs[0], &mut |_| {}).unwrap();
    let mut ended = 0;
    let meta = session.run_round(0, specs[1], &mut |event| {
        if let RoundEvent::Finished(_) = event {
            ended += 1;
            if ended == 5 {
                cancel.cancel();
            }
        }
    });
    let meta = meta.unwrap();
    assert!(meta.interrupted && meta.not_started > 0);
}
