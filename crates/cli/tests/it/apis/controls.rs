//! Fields that control a cache: breakpoints, keys, retention, and what the canary shows of them.

use super::{measured, summary};
use crate::common::{dataset, engine_with, json, run, stderr, stdout};
use serde_json::Value;
use simllm::SimConfig;
use std::path::Path;

/// An engine that keeps of Messages what it is asked to keep.
fn explicit(least: usize, clock: f64) -> SimConfig {
    SimConfig {
        explicit_cache: true,
        explicit_min_tokens: least,
        explicit_clock: clock,
        log_bodies: true,
        ..SimConfig::default()
    }
}

fn control(dir: &Path) -> Value {
    json(&dir.join("messages/run.json"))["canary"]["control"].clone()
}

#[test]
fn breakpoints_are_what_hits() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let sim = engine_with(explicit(100, 1.0));
    measured(dir.path(), &sim, "messages", "--cache-control 5m");
    let (cold, warm) = (
        summary(dir.path(), "messages", 1),
        summary(dir.path(), "messages", 2),
    );
    let prompt = 8.0 * cold["avg_input_tokens"].as_f64().unwrap();
    let written = cold["written_tokens"].as_f64().unwrap();
    assert!(
        written > 0.9 * prompt && written < prompt,
        "{written} of {prompt}"
    );
    assert_eq!(cold["written_known_requests"], 8);
    assert_eq!(cold["cached_tokens"], 0);
    assert_eq!(warm["cached_tokens"], cold["written_tokens"]);
    assert_eq!(warm["written_tokens"], 0);
    // With it alone.
    let control = control(dir.path());
    assert_eq!(control["fields"], serde_json::json!(["cache_control"]));
    assert!(control["with"].as_u64() > Some(1000), "{control}");
    assert_eq!(control["without"], 0, "{control}");
    let parquet = dir.path().join("messages/requests.parquet");
    assert!(parquet.exists());
    // Without breakpoints nothing is kept.
    let sim = engine_with(explicit(100, 1.0));
    let base = sim.base_url();
    let off = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {base} --api messages --concurrency 2 --output-dir off \
             --cache-control off --max-output-tokens 4 --progress none"
        ),
    );
    assert!(off.status.success(), "{}", stderr(&off));
    assert_eq!(summary(dir.path(), "off", 2)["cached_tokens"], 0);
}

#[test]
fn a_server_that_caches_by_itself_is_told_from_one_that_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let sim = engine_with(SimConfig::default());
    measured(dir.path(), &sim, "messages", "--cache-control 1h");
    let run = json(&dir.path().join("messages/run.json"));
    let round = summary(dir.path(), "messages", 1);
    let caveat = round["warnings"].as_array().unwrap().iter();
    let caveat = caveat
        .map(Value::to_string)
        .find(|text| text.contains("caches by itself"));
    assert!(caveat.is_some(), "{}", round["warnings"]);
    assert!(run["canary"]["control"]["without"].as_u64() > Some(1000));
    // Nothing is written that is told.
    assert_eq!(round["written_tokens"], Value::Null);
}

#[test]
fn an_engine_without_a_cache_ignores_breakpoints_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let sim = engine_with(SimConfig {
        cache_blocks: 0,
        ..SimConfig::default()
    });
    measured(dir.path(), &sim, "messages", "--cache-control 5m");
    let warnings = summary(dir.path(), "messages", 1)["warnings"].to_string();
    assert!(warnings.contains("ignored"), "{warnings}");
}

#[test]
fn prompts_below_the_minimum_are_told() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let sim = engine_with(explicit(3000, 1.0));
    let more = "--cache-control 5m --cache-min-tokens 3000";
    measured(dir.path(), &sim, "messages", more);
    let warnings = summary(dir.path(), "messages", 1)["warnings"].to_string();
    assert!(
        warnings.contains("8 of 8 prompts are shorter"),
        "{warnings}"
    );
    assert_eq!(summary(dir.path(), "messages", 2)["cached_tokens"], 0);
    // The canary's own text is made as long as it takes.
    assert!(control(dir.path())["with"].as_u64() > Some(3000));
}

#[test]
fn an_entry_is_gone_when_its_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    // Five minutes in a second: the gap between the rounds outlives them.
    for (ttl, hits) in [("5m", false), ("1h", true)] {
        let sim = engine_with(explicit(100, 300.0));
        let more = format!("--cache-control {ttl} --round-gap 2 --overwrite");
        measured(dir.path(), &sim, "messages", &more);
        let warm = summary(dir.path(), "messages", 2);
        assert_eq!(
            warm["cached_tokens"].as_u64() > Some(0),
            hits,
            "{ttl}: {warm}"
        );
    }
}

/// The values of a field in the bodies that an engine got, in order.
fn sent(sim: &simllm::Sim, field: &str) -> Vec<Value> {
    let truth = sim.truth();
    let bodies = truth
        .requests
        .iter()
        .filter_map(|request| request.body.as_deref());
    bodies
        .map(|body| serde_json::from_str::<Value>(body).unwrap()[field].clone())
        .collect()
}

#[test]
fn a_key_is_one_an_epoch_or_fixed_and_the_marker_stays() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    for api in ["chat", "responses"] {
        let logged = || SimConfig {
            log_bodies: true,
            honour_cache_salt: false,
            ..SimConfig::default()
        };
        let sim = engine_with(logged());
        let more =
            "--prompt-cache-key per-epoch --prompt-cache-retention 24h --rounds CWCW --overwrite";
        measured(dir.path(), &sim, api, more);
        let keys = sent(&sim, "prompt_cache_key");
        let rounds: Vec<&[Value]> = keys[keys.len() - 24..].chunks(6).collect();
        assert!(
            rounds
                .iter()
                .all(|keys| keys.iter().all(|key| key == &keys[0]))
        );
        assert!(
            rounds[0][0].is_string() && rounds[0][0] == rounds[1][0],
            "{rounds:?}"
        );
        assert!(
            rounds[2][0] == rounds[3][0] && rounds[1][0] != rounds[2][0],
            "{rounds:?}"
        );
        assert!(
            sent(&sim, "prompt_cache_retention")
                .iter()
                .filter(|one| **one == "24h")
                .count()
                >= 24
        );
        let cold = json(&dir.path().join(format!("{api}/concurrency_2_round_1.json")));
        assert_eq!(
            cold["configuration"]["cold_method"], "marker",
            "{}",
            cold["configuration"]
        );
        let sim = engine_with(logged());
        measured(
            dir.path(),
            &sim,
            api,
            "--prompt-cache-key fixed:mine --overwrite",
        );
        let keys = sent(&sim, "prompt_cache_key");
        assert!(
            keys[keys.len() - 12..].iter().all(|key| key == "mine"),
            "{keys:?}"
        );
    }
}

#[test]
fn a_flag_that_the_api_has_no_field_for_names_the_api() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 1);
    for (api, flag, name) in [
        ("chat", "--cache-control 5m", "chat completions"),
        ("responses", "--ignore-eos", "Responses"),
        ("messages", "--min-output-tokens 3", "Messages"),
        ("messages", "--prompt-cache-key per-epoch", "Messages"),
        ("completions", "--prompt-cache-retention 24h", "completions"),
        ("chat", "--prompt-token-ids", "chat completions"),
    ] {
        let output = run(
            dir.path(),
            &format!("--dataset data.jsonl --endpoint http://127.0.0.1:9 --api {api} {flag}"),
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let flag = flag.split(' ').next().unwrap();
        assert!(
            said.contains(flag) && said.contains(name) && said.contains("--extra-body"),
            "{said}"
        );
    }
    assert!(stdout(&run(dir.path(), "explain written_tokens")).contains("written"));
}
