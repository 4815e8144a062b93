//! The files of a real run against the published JSON Schemas.

use crate::common::{dataset, engine_with, json, run, stderr};
use dualround_model::{FailureKind, Flag};
use serde_json::Value;
use simllm::{Fault, FaultOn, FaultRule, SimConfig};
use std::path::Path;

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join(format!("../../schema/{name}.schema.json"));
    jsonschema::validator_for(&json(&path)).unwrap()
}

pub(crate) fn valid(name: &str, value: &Value) {
    let errors: Vec<String> = schema(name)
        .iter_errors(value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

#[test]
fn every_file_keeps_its_schema() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    std::fs::write(dir.path().join("slo.yaml"), "slo: {ttft_ms: 1000}").unwrap();
    let fault = Fault::Status {
        code: 503,
        body: None,
        retry_after: None,
    };
    let faults = vec![FaultRule {
        on: FaultOn::Every(5),
        fault,
    }];
    let sim = engine_with(SimConfig {
        faults,
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let output = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {base} --concurrency 1 4 1 --rounds CWC \
             --max-output-tokens 4 --slo-file slo.yaml --no-probe --model sim-1 \
             --prometheus-url {base}/metrics --prometheus-metrics lmcache_hit_rate \
             kv_cache_eviction_count nothing vllm:time_to_first_token_seconds --output-dir out"
        ),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let out = dir.path().join("out");
    let (mut rounds, mut telemetry) = (0, 0);
    for entry in std::fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("concurrency_") {
            rounds += 1;
            valid("concurrency_round", &json(&path));
        }
        if name.starts_with("telemetry_") && name.ends_with(".json") {
            telemetry += 1;
            valid("telemetry", &json(&path));
        }
    }
    // Three levels of three rounds; the repeated concurrency has files of its own.
    assert_eq!((rounds, telemetry), (9, 9));
    assert!(out.join("concurrency_1_run_2_round_3.json").exists());
    valid("comparison", &json(&out.join("comparison.json")));
    valid("run", &json(&out.join("run.json")));
    let journal = std::fs::read_to_string(out.join("requests.jsonl")).unwrap();
    // Requests, two lines a round, and one a level of what was found out about it.
    assert_eq!(journal.lines().count(), 9 * 8 + 2 * 9 + 3);
    for line in journal.lines() {
        valid("journal_line", &serde_json::from_str(line).unwrap());
    }
    // A schema that lets everything through would be no check.
    let mut broken = json(&out.join("comparison.json"));
    broken["levels"][0]["cold"]["verdict"] = "lukewarm".into();
    assert!(!schema("comparison").is_valid(&broken));
    let mut broken = json(&out.join("concurrency_4_round_1.json"));
    broken["summary"]
        .as_object_mut()
        .unwrap()
        .remove("avg_ttft");
    assert!(!schema("concurrency_round").is_valid(&broken));
}

/// Rounds of every kind, fewer samples than rows, metrics of every kind.
#[test]
fn files_of_other_rounds_keep_their_schemas_too() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 400);
    let sim = engine_with(SimConfig::default());
    let base = sim.base_url();
    for (out, rounds) in [("n", "NCWE"), ("m", "CWM")] {
        let output = run(
            dir.path(),
            &format!(
                "--dataset data.jsonl --endpoint {base} --num-samples 10 --rounds {rounds} \
                 --shared-prefix 50 --max-output-tokens 2 --prometheus-url {base}/metrics \
                 --prometheus-metrics auto --output-dir {out}"
            ),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        let out = dir.path().join(out);
        let mut kinds = std::collections::BTreeSet::new();
        for entry in std::fs::read_dir(&out).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with(".json") {
                continue;
            }
            let file = json(&path);
            if name.starts_with("telemetry_") {
                kinds.insert(file["kind"].as_str().unwrap().to_owned());
                valid("telemetry", &file);
            } else if name.starts_with("concurrency_") {
                valid("concurrency_round", &file);
            }
        }
        assert_eq!(kinds.len(), rounds.len() + 1, "{kinds:?}");
        let info = json(&out.join("run.json"));
        assert!(info["dataset"]["usable_rows"].is_null(), "{info}");
        valid("run", &info);
        valid("comparison", &json(&out.join("comparison.json")));
    }
}

/// What a file may hold is what the program may write: every flag and every kind of failure.
#[test]
fn flags_and_failures_are_those_of_the_schemas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let round = json(&path.join("../../schema/concurrency_round.schema.json"));
    let names: Vec<Value> = Flag::ALL.iter().map(|flag| flag.name().into()).collect();
    let counted = &round["properties"]["summary"]["properties"]["flags"]["propertyNames"]["enum"];
    assert_eq!(counted.as_array(), Some(&names));
    let text = round.to_string();
    let all = serde_json::to_string(&names).unwrap();
    assert_eq!(text.matches(&format!("\"enum\":{all}")).count(), 2);
    for name in ["concurrency_round", "journal_line"] {
        let text = json(&path.join(format!("../../schema/{name}.schema.json"))).to_string();
        let patterns = text.split("\"pattern\":\"^(resolve|").skip(1);
        let patterns: Vec<&str> = patterns.filter_map(|rest| rest.split('"').next()).collect();
        assert!(!patterns.is_empty(), "{name}");
        for pattern in patterns {
            let pattern = serde_json::json!({"pattern": format!("^(resolve|{pattern}")});
            let kind = jsonschema::validator_for(&pattern).unwrap();
            assert!(!kind.is_valid(&"no_such_kind".into()));
            for known in FailureKind::named().chain([FailureKind::Http(503)]) {
                assert!(kind.is_valid(&known.to_string().into()), "{name}: {known}");
            }
        }
    }
}
