//! Everything that can go wrong with a server, by the simulator: the right record for each.

use crate::common::{adds_up, dataset, engine_with, json, run, stderr};
use serde_json::Value;
use simllm::{FaultRule, PageFault, PageFaultKind, SimConfig};
use std::path::Path;

/// One request a fault, in order, one at a time; the cold round's records.
fn records(dir: &Path, faults: &[&str]) -> Vec<Value> {
    dataset(dir, faults.len());
    let rule = |(at, fault): (usize, &&str)| {
        let text = format!("request={at}:{fault}");
        text.parse::<FaultRule>().unwrap()
    };
    let sim = engine_with(SimConfig {
        faults: faults.iter().enumerate().map(rule).collect(),
        ..SimConfig::default()
    });
    let line = format!(
        "--dataset data.jsonl --endpoint {} --max-output-tokens 6 --no-probe --warmup 0 --model sim-1 --seed 1 \
         --idle-timeout 0.6 --output-dir out",
        sim.base_url()
    );
    let output = run(dir, &line);
    // Where every request failed when cold there is no pair.
    let pairs = &json(&dir.join("out/comparison.json"))["levels"][0]["pairs"];
    let code = if *pairs == 0 { 5 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    let file = json(&dir.join("out/concurrency_1_round_1.json"));
    adds_up(&file);
    file["requests"].as_array().unwrap().clone()
}

#[test]
fn every_fault_ends_in_its_kind_of_failure() {
    let dir = tempfile::tempdir().unwrap();
    let faults = [
        ("status=503", "http_503"),
        ("status=429,2", "http_429"),
        ("status=404", "http_404"),
        ("error_event=2", "stream_error"),
        ("reset=3", "connection_reset"),
        ("reset_at_byte=600", "connection_reset"),
        ("close_early=2", "incomplete_stream"),
        ("cut_body=2", "truncated_event"),
        ("garbage=1", "bad_event"),
        ("stall=2,3000", "timeout_idle"),
        ("stall=0,3000", "timeout_idle"),
        ("empty_output", "empty_output"),
        ("endless_line=40000000", "event_too_large"),
    ];
    let records = records(dir.path(), &faults.map(|(fault, _)| fault));
    for ((fault, kind), record) in faults.iter().zip(&records) {
        assert_eq!(record["error"]["kind"], *kind, "{fault}: {record}");
        assert!(
            record["ttft"].is_null() || record["success"] == false,
            "{fault}"
        );
        let message = record["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty(), "{fault}");
    }
}

#[test]
fn what_is_odd_but_right_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let faults = [
        ("drip=40,1", ""),
        ("split=1", ""),
        ("split=7", ""),
        ("merge=3", ""),
        ("crlf", ""),
        ("cr", ""),
        ("bom", ""),
        ("no_space", ""),
        ("comments", ""),
        ("missing_done", "done_missing"),
        ("not_streamed", "not_streamed"),
        ("usage=1", "usage_mismatch"),
        ("late=50", ""),
        ("buffered", "coalesced"),
    ];
    let records = records(dir.path(), &faults.map(|(fault, _)| fault));
    for ((fault, flag), record) in faults.iter().zip(&records) {
        assert_eq!(record["success"], true, "{fault}: {record}");
        assert_eq!(record["output_tokens"], 6, "{fault}: {record}");
        let flags = record["flags"].as_array().unwrap();
        assert!(
            flag.is_empty() || flags.contains(&(*flag).into()),
            "{fault}: {record}"
        );
    }
}

#[test]
fn a_metrics_page_that_breaks_costs_readings_and_nothing_else() {
    for fault in [
        PageFaultKind::Status(500),
        PageFaultKind::Html,
        PageFaultKind::Garbage,
        PageFaultKind::Cut,
        PageFaultKind::Stall(200),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        dataset(dir, 12);
        let sim = engine_with(SimConfig {
            metrics_fault: Some(PageFault {
                every: 3,
                fault: fault.clone(),
            }),
            ..SimConfig::default()
        });
        let base = sim.base_url();
        let line = format!(
            "--dataset data.jsonl --endpoint {base} --max-output-tokens 4 --seed 1 --output-dir out \
             --prometheus-url {base}/metrics --prometheus-metrics vllm:prefix_cache_hits_total --prometheus-interval 0.05"
        );
        let output = run(dir, &line);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{fault:?}: {}",
            stderr(&output)
        );
        let file = json(&dir.join("out/concurrency_1_round_2.json"));
        assert_eq!(file["summary"]["successful_requests"], 12, "{fault:?}");
        let metric = &file["summary"]["prometheus"]["vllm:prefix_cache_hits_total"];
        assert!(
            metric["increase"].as_f64().unwrap() > 0.0,
            "{fault:?}: {metric}"
        );
    }
}

#[test]
fn the_example_of_faults_is_an_engine() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/faults.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let config: SimConfig = serde_saphyr::from_str(&text).unwrap();
    assert!(config.faults.len() > 20 && config.metrics_fault.is_some() && config.reset_lies);
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), "simulate --fault all:explode");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("reset_at_byte=BYTES"),
        "{}",
        stderr(&output)
    );
}
