//! A plan with defaults, and a run of it.
#![cfg(test)]

use dualround_loadgen::{Cancel, Clock, RoundEvent, Session};
use dualround_model::{
    ColdPlan, ColdPolicy, OutputPlan, Plan, PrometheusPlan, RequestPlan, RoundRun, RoundSpec,
    Sample, StoreText, Timeouts,
};
use serde_json::{Map, json};
use std::sync::Arc;

/// A plan of one level and two rounds that sends nothing unasked.
pub(crate) fn plan(base: &str) -> Plan {
    Plan {
        model: "sim-1".to_owned(),
        request: RequestPlan {
            max_output_tokens: Some(8),
            ..RequestPlan::default()
        },
        cold: ColdPlan {
            policy: ColdPolicy::None,
            ..ColdPlan::default()
        },
        warmup: Some(0),
        probe: false,
        timeouts: Timeouts {
            connect_ms: Some(5000),
            total_ms: Some(20_000),
            ..Timeouts::default()
        },
        prometheus: PrometheusPlan {
            per_request: false,
            ..PrometheusPlan::default()
        },
        output: OutputPlan {
            store_text: StoreText::Full,
            ..OutputPlan::default()
        },
        seed: 1,
        ..Plan::new(format!("{base}/v1/chat/completions"), "test")
    }
}

/// `count` different prompts of some hundred words.
pub(crate) fn samples(count: u64) -> Vec<Arc<Sample>> {
    let sample = |i: u64| Sample {
        row: i + 1,
        id: Some(format!("s{i}")),
        messages: vec![json!({"role": "user",
            "content": format!("{i} tells a story. ") + &format!("word{i} and more text ").repeat(60)})],
        output_tokens: None,
        input_tokens: None,
        arrival_ns: None,
        options: Map::new(),
        truncated: false,
        turn: None,
    };
    (0..count).map(|i| Arc::new(sample(i))).collect()
}

/// Runs all levels and rounds of a plan.
pub(crate) fn run(plan: &Plan, samples: Vec<Arc<Sample>>) -> Vec<RoundRun> {
    run_on(plan, samples, Clock::start())
}

/// The same on a given clock.
pub(crate) fn run_on(plan: &Plan, samples: Vec<Arc<Sample>>, clock: Clock) -> Vec<RoundRun> {
    let mut session =
        Session::open_with(plan.clone(), vec![samples], Cancel::new(), clock).unwrap();
    session.preflight().unwrap();
    let mut rounds = Vec::new();
    for level in 0..u32::try_from(plan.levels.len()).unwrap() {
        for spec in plan.rounds() {
            rounds.push(run_round(&mut session, level, spec));
        }
    }
    rounds
}

/// The metrics of a record.
pub(crate) fn metrics(record: &dualround_model::RequestRecord) -> dualround_model::RequestMetrics {
    dualround_stats::request_metrics(record, &dualround_stats::SummaryOptions::default())
}

/// Runs one round and keeps its records, in order of their index.
pub(crate) fn run_round(session: &mut Session, level: u32, spec: RoundSpec) -> RoundRun {
    let mut records = Vec::new();
    let mut keep = |progress: RoundEvent<'_>| {
        if let RoundEvent::Finished(record) = progress {
            records.push(record.clone());
        }
    };
    let meta = session.run_round(level, spec, &mut keep);
    let meta = meta.unwrap();
    records.sort_by_key(|record| record.index);
    RoundRun { meta, records }
}
