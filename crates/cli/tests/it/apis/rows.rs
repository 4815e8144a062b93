//! Rows of one API's shape against another, and prompts of token ids.

use super::{measured, summary};
use crate::common::{dataset, engine_with, json, run, stderr, stdout};
use serde_json::{Value, json as made};
use simllm::SimConfig;
use std::path::Path;

fn write(dir: &Path, rows: &[Value]) {
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(dir.join("data.jsonl"), lines).unwrap();
}

/// The first request that would be sent, as `check dataset` shows it.
fn shown(dir: &Path, api: &str) -> Result<Value, String> {
    let output = run(
        dir,
        &format!("check dataset data.jsonl --api {api} --max-output-tokens 9"),
    );
    let text = stdout(&output);
    if !output.status.success() {
        return Err(stderr(&output));
    }
    let from = text.find('{').unwrap();
    let to = text.rfind('}').unwrap();
    Ok(serde_json::from_str(&text[from..=to]).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[test]
fn rows_of_each_shape_go_to_each_api() {
    let dir = tempfile::tempdir().unwrap();
    let chat = made!({"messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]});
    let messages = made!({"system": "Be brief.", "messages": [{"role": "user", "content": "Weather?"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let responses = made!({"instructions": "Be brief.", "input": [{"role": "user", "content": "Weather?"}],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]});
    for row in [chat, messages, responses] {
        write(dir.path(), std::slice::from_ref(&row));
        let body = shown(dir.path(), "chat").unwrap();
        assert_eq!(
            body["messages"][0],
            made!({"role": "system", "content": "Be brief."}),
            "{row}"
        );
        assert_eq!(body["tools"][0]["function"]["name"], "f", "{row}");
        let body = shown(dir.path(), "messages").unwrap();
        assert_eq!(
            (&body["system"], &body["max_tokens"]),
            (&made!("Be brief."), &made!(9)),
            "{row}"
        );
        assert_eq!(
            body["tools"][0]["input_schema"],
            made!({"type": "object"}),
            "{row}"
        );
        let body = shown(dir.path(), "responses").unwrap();
        assert_eq!(body["instructions"], "Be brief.", "{row}");
        assert_eq!(
            (&body["store"], &body["max_output_tokens"]),
            (&made!(false), &made!(9))
        );
        assert_eq!(body["tools"][0]["name"], "f", "{row}");
        assert!(body.get("stream_options").is_none());
    }
}

#[test]
fn what_an_api_has_no_place_for_is_exit_code_2_with_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    for (row, api, words) in [
        (made!({"text": "hi", "seed": 3}), "messages", "`seed`"),
        (made!({"text": "hi", "stop": "x"}), "responses", "`stop`"),
        (
            made!({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]}),
            "completions",
            "2 messages",
        ),
        (made!({"prompt_token_ids": [1, 2, 3]}), "chat", "token ids"),
        (
            made!({"prompt_token_ids": [1, 2, 3]}),
            "responses",
            "token ids",
        ),
    ] {
        write(dir.path(), &[made!({"text": "fine"}), row.clone()]);
        let error = shown(dir.path(), api).unwrap_err();
        assert!(
            error.contains("row 2") && error.contains(words),
            "{row} {api}: {error}"
        );
    }
    write(dir.path(), &[made!({"prompt_token_ids": [1, "x"]})]);
    let output = run(dir.path(), "check dataset data.jsonl --api completions");
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("list of whole numbers"), "{said}");
}

#[test]
fn prompts_of_token_ids_have_exact_lengths_and_a_marker_of_ids() {
    let dir = tempfile::tempdir().unwrap();
    let row = |at: u32| made!({"prompt_token_ids": (0..200 + at).map(|id| at * 7 + id).collect::<Vec<_>>()});
    write(dir.path(), &(0..8).map(row).collect::<Vec<_>>());
    let sim = engine_with(SimConfig {
        log_bodies: true,
        honour_cache_salt: false,
        ..SimConfig::default()
    });
    measured(dir.path(), &sim, "completions", "--shared-prefix 50");
    let (cold, warm) = (
        summary(dir.path(), "completions", 1),
        summary(dir.path(), "completions", 2),
    );
    // The marker's ids, the same number for all, and nothing of a template.
    let file = json(&dir.path().join("completions/concurrency_2_round_1.json"));
    let marker = file["configuration"]["cold_action"]["marker_tokens"]
        .as_u64()
        .unwrap();
    let lengths: Vec<u64> = file["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["input_tokens"].as_u64().unwrap())
        .collect();
    assert_eq!(
        lengths,
        (0..8).map(|at| 200 + at + marker).collect::<Vec<_>>()
    );
    assert_eq!(cold["cached_tokens"], 0);
    assert!(warm["cache_hit_rate"].as_f64() > Some(0.9), "{warm}");
    let half = summary(dir.path(), "completions", 3);
    let rate = half["cache_hit_rate"].as_f64().unwrap();
    assert!((0.4..0.6).contains(&rate), "{rate}");
    let level = &json(&dir.path().join("completions/comparison.json"))["levels"][0];
    assert_eq!(level["cold"]["verdict"], "cold", "{}", level["cold"]);
}

#[test]
fn a_row_that_cannot_be_sent_is_told_before_anything_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let row = made!({"system": "Be brief.", "messages": [{"role": "user", "content": "Hi"}]});
    write(dir.path(), &[row]);
    // Nothing listens there.
    let output = run(
        dir.path(),
        "run --endpoint http://127.0.0.1:9/v1/completions --model m --dataset data.jsonl",
    );
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("dataset row 1: `system` has no counterpart"),
        "{words}"
    );
}

#[test]
fn text_becomes_token_ids_by_the_engines_own_tokenizer() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    let sim = engine_with(SimConfig {
        log_bodies: true,
        ..SimConfig::default()
    });
    measured(
        dir.path(),
        &sim,
        "completions",
        "--prompt-token-ids --max-input-length 150 --cold none",
    );
    let file = json(&dir.path().join("completions/concurrency_2_round_1.json"));
    let lengths = file["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["input_tokens"].as_u64().unwrap());
    assert!(lengths.into_iter().all(|length| length == 150), "{file}");
    let bodies = sim.truth().requests;
    let last: Value =
        serde_json::from_str(bodies.last().unwrap().body.as_deref().unwrap()).unwrap();
    assert_eq!(last["prompt"].as_array().unwrap().len(), 150);
    // Without a tokenizer there are no ids.
    let sim = engine_with(SimConfig {
        tokenize: false,
        ..SimConfig::default()
    });
    let output = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {} --api completions --prompt-token-ids",
            sim.base_url()
        ),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--tokenizer"),
        "{}",
        stderr(&output)
    );
}
