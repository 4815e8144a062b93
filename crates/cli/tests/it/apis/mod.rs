//! Every API that a cache is reached by: rounds, faults, keys, rows, breakpoints, token ids, prices.

mod controls;
mod faults;
mod prices;
mod rows;

use crate::common::{dataset, dualround, engine, engine_with, json, run, stderr, stdout};
use serde_json::Value;
use simllm::{Sim, SimConfig};
use std::path::Path;

/// The words of `--api`.
const APIS: [&str; 4] = ["chat", "completions", "messages", "responses"];

/// The summary of a round of concurrency 2.
fn summary(dir: &Path, out: &str, round: u32) -> Value {
    json(&dir.join(format!("{out}/concurrency_2_round_{round}.json")))["summary"].clone()
}

/// No answer bears a flag, but for events that came in one read.
fn nothing_odd(api: &str, round: &Value) {
    let flags = round["flags"].as_object().unwrap();
    assert!(
        flags.keys().all(|flag| flag == "coalesced"),
        "{api}: {flags:?}"
    );
}

/// A run of two rounds by an API; the folder is named after it.
fn measured(dir: &Path, sim: &Sim, api: &str, more: &str) {
    let base = sim.base_url();
    let output = run(
        dir,
        &format!(
            "--dataset data.jsonl --endpoint {base} --api {api} --concurrency 2 --seed 1 \
             --output-dir {api} --max-output-tokens 6 --progress none --lang en {more}"
        ),
    );
    assert!(output.status.success(), "{api}: {}", stderr(&output));
}

#[test]
fn each_api_measures_the_same_rounds_against_the_same_engine() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let mut hits = Vec::new();
    for api in APIS {
        let sim = engine();
        measured(dir.path(), &sim, api, "");
        let (cold, warm) = (summary(dir.path(), api, 1), summary(dir.path(), api, 2));
        for round in [&cold, &warm] {
            assert_eq!(round["successful_requests"], 8, "{api}: {round}");
            nothing_odd(api, round);
            assert_eq!(round["avg_output_tokens"], 6.0, "{api}");
        }
        assert_eq!(cold["cached_tokens"], 0, "{api}");
        // What the engine's own log says, request by request.
        let truth = sim.truth();
        let measured = &truth.requests[truth.requests.len() - 8..];
        let cached: u64 = measured.iter().map(|request| request.cached_tokens).sum();
        let prompt: u64 = measured.iter().map(|request| request.prompt_tokens).sum();
        assert_eq!(warm["cached_tokens"], cached, "{api}");
        let rate = warm["cache_hit_rate"].as_f64().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let right = cached as f64 / prompt as f64;
        assert!((rate - right).abs() < 1e-6, "{api}: {rate} {right}");
        assert!(rate > 0.9, "{api}: {rate}");
        let level = &json(&dir.path().join(format!("{api}/comparison.json")))["levels"][0];
        assert_eq!(level["cold"]["verdict"], "cold", "{api}");
        if api != "completions" {
            hits.push((prompt, cached));
        }
    }
    // The same rendered prompts in each API that has a template.
    assert!(hits.windows(2).all(|pair| pair[0] == pair[1]), "{hits:?}");
}

#[test]
fn reasoning_is_no_output_in_any_api() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    for api in ["chat", "messages", "responses"] {
        let sim = engine_with(SimConfig {
            reasoning_tokens: 3,
            itl_ms: 100.0,
            ..SimConfig::default()
        });
        measured(dir.path(), &sim, api, "--rounds C");
        let round = summary(dir.path(), api, 1);
        let file = json(&dir.path().join(format!("{api}/concurrency_2_round_1.json")));
        let requests = file["requests"].as_array().unwrap().iter();
        let gaps =
            requests.map(|one| one["ttfo"].as_f64().unwrap() - one["ttft"].as_f64().unwrap());
        // A machine that stalls makes the tokens of some answers come at once, not those of all.
        let most = gaps.fold(0.0, f64::max);
        assert!(most > 2.0, "{api}: {most}");
        nothing_odd(api, &round);
    }
}

#[test]
fn the_path_tells_the_api_and_a_flag_that_says_another_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let sim = engine();
    let base = sim.base_url();
    let by_path = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {base}/v1/messages --output-dir out --rounds C \
             --progress none"
        ),
    );
    assert!(by_path.status.success(), "{}", stderr(&by_path));
    assert!(
        stderr(&by_path).contains("max_tokens: 256"),
        "{}",
        stderr(&by_path)
    );
    let other = run(
        dir.path(),
        &format!("--dataset data.jsonl --endpoint {base}/v1/messages --api chat"),
    );
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("Messages"), "{}", stderr(&other));
}

#[test]
fn a_key_goes_by_the_header_of_its_api_and_as_bearer_where_that_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    for bearer_only in [false, true] {
        let sim = engine_with(SimConfig {
            api_key: Some("sk-own".to_owned()),
            bearer_only,
            ..SimConfig::default()
        });
        let base = sim.base_url();
        let line = format!(
            "--dataset data.jsonl --endpoint {base} --api messages --rounds C --output-dir out \
             --overwrite --progress none --lang en"
        );
        let with = |key: &str, value: &str| {
            dualround()
                .current_dir(dir.path())
                .args(line.split_whitespace())
                .env(key, value)
                .output()
                .unwrap()
        };
        let own = with("ANTHROPIC_API_KEY", "sk-own");
        assert!(own.status.success(), "{bearer_only}: {}", stderr(&own));
        let said = stderr(&own).contains("sent as `Authorization: Bearer`");
        assert_eq!(said, bearer_only, "{}", stderr(&own));
        // A key for another service goes to no one else.
        let other = with("OPENAI_API_KEY", "sk-own");
        assert_ne!(other.status.code(), Some(0));
        crate::common::in_no_file(&dir.path().join("out"), "sk-own");
    }
}

#[test]
fn commands_beside_a_run_take_an_api_too() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let sim = engine();
    let base = sim.base_url();
    let look = run(
        dir.path(),
        &format!("check endpoint {base} --api responses"),
    );
    let said = stdout(&look);
    assert!(
        look.status.success() && said.contains("/v1/responses"),
        "{said}"
    );
    assert!(said.contains("from the cache"), "{said}");
    let shown = stdout(&run(dir.path(), "check dataset data.jsonl --api messages"));
    assert!(shown.contains("no breakpoint"), "{shown}");
    let shown = stdout(&run(
        dir.path(),
        "check dataset data.jsonl --api messages --cache-control 1h",
    ));
    assert!(shown.contains("messages[0] (1h)"), "{shown}");
    assert!(shown.contains("\"ttl\": \"1h\""), "{shown}");
    let demo = run(
        dir.path(),
        "demo --api messages --concurrency 2 --num-samples 6 --output-dir demo --lang en",
    );
    assert!(demo.status.success(), "{}", stderr(&demo));
    let calibration = stdout(&run(
        dir.path(),
        "calibrate --api responses --concurrency 2 --ttft-ms 5 --itl-ms 1 --output-tokens 8 --json",
    ));
    let calibration: Value = serde_json::from_str(&calibration).unwrap();
    assert_eq!(calibration["api"], "responses");
    assert_eq!(calibration["levels"][0]["requests"], 8, "{calibration}");
}
