//! A plan with defaults, and a run of it.
#![cfg(test)]

use dualround_loadgen::{Cancel, Session};
use dualround_model::{
    ColdPlan, ColdPolicy, DatasetPlan, Lang, LimitsPlan, OutputPlan, Plan, PrometheusPlan,
    RequestPlan, RoundRun, Sample, StoreText, Timeouts, TokenSourceChoice,
};
use serde_json::{Map, json};
use std::sync::Arc;

/// A plan of one level and two rounds that sends nothing unasked.
pub(crate) fn plan(base: &str) -> Plan {
    Plan {
        endpoint: format!("{base}/v1/chat/completions"),
        endpoint_userinfo: None,
        model: "sim-1".to_owned(),
        dataset: DatasetPlan {
            path: "test".into(),
            text_key: None,
            skip_bad_rows: false,
            num_samples: None,
            oversample: false,
            max_input_length: None,
            seed: 1,
        },
        request: RequestPlan {
            max_output_tokens: Some(8),
            min_output_tokens: None,
            ignore_eos: false,
            temperature: None,
            top_p: None,
            max_tokens_field: "max_tokens".to_owned(),
            stream_options: true,
            extra_body: Map::new(),
            api_key: None,
            headers: Vec::new(),
            token_source: TokenSourceChoice::Auto,
            lenient: false,
            ca_cert: None,
            insecure: false,
        },
        levels: vec![1],
        schedule: "CW".parse().unwrap(),
        cold: ColdPlan {
            policy: ColdPolicy::None,
            ..ColdPlan::default()
        },
        shuffle_round2: false,
        warmup: Some(0),
        probe: false,
        round_gap_ms: 0,
        timeouts: Timeouts {
            connect_ms: Some(5000),
            first_token_ms: None,
            idle_ms: None,
            total_ms: Some(20_000),
        },
        limits: LimitsPlan::default(),
        prometheus: PrometheusPlan {
            urls: Vec::new(),
            metrics: Vec::new(),
            interval_ms: 1000,
            per_request: false,
        },
        slo: None,
        output: OutputPlan {
            dir: "unused".into(),
            overwrite: false,
            store_text: StoreText::Full,
            lang: Lang::En,
        },
        workers: 1,
        seed: 1,
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
        options: Map::new(),
        truncated: false,
    };
    (0..count).map(|i| Arc::new(sample(i))).collect()
}

/// Runs all levels and rounds of a plan.
pub(crate) fn run(plan: &Plan, samples: Vec<Arc<Sample>>) -> Vec<RoundRun> {
    let mut session = Session::open(plan.clone(), samples, Cancel::new()).unwrap();
    session.preflight().unwrap();
    let mut rounds = Vec::new();
    for (level, concurrency) in (0..).zip(plan.levels.clone()) {
        for spec in plan.schedule.rounds() {
            rounds.push(
                session
                    .run_round(level, concurrency, spec, &mut |_| {})
                    .unwrap(),
            );
        }
    }
    rounds
}

/// The metrics of a record.
pub(crate) fn metrics(record: &dualround_model::RequestRecord) -> dualround_model::RequestMetrics {
    dualround_stats::measure(record, TokenSourceChoice::Auto, None)
}
