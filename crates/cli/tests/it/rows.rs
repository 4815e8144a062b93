//! What becomes of the rows of a dataset: ids, settings, fields that are not sent, prompts that are cut.

use crate::{
    common::{dualround, json, stderr, stdout},
    vendors::{plain, run_with, server},
};
use serde_json::Value;

#[test]
fn v00i_rows_with_equal_ids_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{{\"id\":\"same\",\"text\":\"Story {i} of many\"}}\n");
    let rows: String = (0..3).map(row).collect();
    std::fs::write(dir.path().join("data.jsonl"), rows).unwrap();
    let (base, _) = server(plain);
    let output = run_with(dir.path(), &base, &["--lang", "en"], &[]);
    let said = stdout(&output) + &stderr(&output);
    assert!(
        said.contains("2 rows with the id of an earlier row"),
        "{said}"
    );
    for round in [1, 2] {
        let file = json(
            &dir.path()
                .join(format!("out/concurrency_1_round_{round}.json")),
        );
        let requests = file["requests"].as_array().unwrap();
        let ids: Vec<&Value> = requests.iter().map(|request| &request["id"]).collect();
        assert_eq!(ids, ["same", "same#2", "same#3"]);
    }
}

#[test]
fn v18_flags_win_over_rows_and_the_record_tells_what_a_row_got() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [
        r#"{"text":"one","temperature":1.3,"top_p":0.5,"max_tokens":7}"#,
        r#"{"text":"two"}"#,
    ];
    std::fs::write(dir.path().join("data.jsonl"), rows.join("\n")).unwrap();
    let (base, seen) = server(plain);
    let flags = [
        "--temperature",
        "0",
        "--max-output-tokens",
        "64",
        "--extra-body",
        r#"{"seed":3}"#,
    ];
    let output = run_with(dir.path(), &base, &flags, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let seen = seen.lock().unwrap();
    let bodies = seen
        .iter()
        .filter(|(head, _)| head.starts_with("POST /v1/chat"));
    let bodies: Vec<Value> = bodies
        .map(|(_, body)| serde_json::from_slice(body).unwrap())
        .filter(|body: &Value| body["seed"] == 3 && body["temperature"] == 0)
        .collect();
    // Two rounds of two rows; what is not measured leaves settings of the answer out.
    assert_eq!(bodies.len(), 4);
    let of_row: Vec<&Value> = bodies.iter().filter(|body| body["top_p"] == 0.5).collect();
    assert_eq!(of_row.len(), 2);
    assert!(of_row.iter().all(|body| body["max_tokens"] == 7));
    let round = json(&dir.path().join("out/concurrency_1_round_2.json"));
    assert_eq!(round["configuration"]["temperature"], 0.0);
    let expected = serde_json::json!({"max_tokens": 7, "top_p": 0.5});
    assert_eq!(round["requests"][0]["row_options"], expected);
    assert_eq!(round["requests"][1]["row_options"], Value::Null);
    let again = dualround()
        .current_dir(dir.path())
        .args(["report", "out"])
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", stderr(&again));
    let remade = json(&dir.path().join("out/concurrency_1_round_2.json"));
    assert_eq!(remade["requests"][0]["row_options"], expected);
}

#[test]
fn v18_a_row_that_sets_the_field_of_cache_salts_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        let text = format!("Story {i} ") + &"with many words ".repeat(60);
        format!(
            "{{\"custom_id\":\"r{i}\",\"body\":{{\"model\":\"x\",\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}],\"cache_salt\":\"tenant\"}}}}\n"
        )
    };
    std::fs::write(
        dir.path().join("data.jsonl"),
        (0..6).map(row).collect::<String>(),
    )
    .unwrap();
    let sim = crate::common::engine_with(simllm::SimConfig {
        log_bodies: true,
        ..simllm::SimConfig::default()
    });
    let output = run_with(
        dir.path(),
        &sim.base_url(),
        &["--max-output-tokens", "3"],
        &[],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let truth = sim.truth();
    let bodies = truth.requests.iter().filter_map(|one| one.body.as_deref());
    let measured: Vec<Value> = bodies
        .map(|body| serde_json::from_str(body).unwrap())
        .filter(|body: &Value| body["messages"].to_string().contains("Story"))
        .collect();
    assert!(measured.len() >= 12);
    assert!(measured.iter().all(|body| body["cache_salt"] == "tenant"));
    let round = json(&dir.path().join("out/concurrency_1_round_2.json"));
    assert_eq!(round["requests"][0]["row_options"]["cache_salt"], "tenant");
}

#[test]
fn f022_what_is_not_sent_is_said_by_run_and_check() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        format!(
            "{{\"prompt\":\"How many animals, {i}?\",\"image_files\":[\"a.jpg\"],\"answer\":{i}}}\n"
        )
    };
    std::fs::write(
        dir.path().join("data.jsonl"),
        (0..3).map(row).collect::<String>(),
    )
    .unwrap();
    let (base, _) = server(plain);
    for (lang, words) in [
        (
            "en",
            "fields of rows that are not sent: `image_files` (3 rows), `answer` (3 rows): no image or sound in them reaches the model",
        ),
        (
            "zh",
            "未发送的字段：`image_files`（3 行）、`answer`（3 行）：其中的图片或声音不会到达模型",
        ),
    ] {
        let output = run_with(dir.path(), &base, &["--lang", lang, "--overwrite"], &[]);
        let said = stdout(&output);
        let said: String = said.split_whitespace().collect();
        assert!(said.contains(&words.replace(' ', "")), "{said}");
    }
    let output = dualround()
        .current_dir(dir.path())
        .args(["check", "dataset", "data.jsonl"])
        .output()
        .unwrap();
    let said = stdout(&output);
    assert!(
        said.contains(
            "not sent: `image_files` (3 rows), `answer` (3 rows): no image or sound in them reaches the model"
        ),
        "{said}"
    );
}

/// Prompts that differ in their images alone are different prompts.
#[test]
fn f022_prompts_of_one_text_and_different_images_are_several() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        serde_json::json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "Describe the image."},
            {"type": "image_url", "image_url": {"url": format!("http://h/{i}.png")}},
        ]}]})
        .to_string()
            + "\n"
    };
    std::fs::write(
        dir.path().join("data.jsonl"),
        (0..8).map(row).collect::<String>(),
    )
    .unwrap();
    let (base, _) = server(plain);
    let output = run_with(dir.path(), &base, &["--lang", "en"], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let comparison = json(&dir.path().join("out/comparison.json"));
    assert_eq!(
        comparison["levels"][0]["ttft"]["prompts"], 8,
        "{}",
        comparison["levels"][0]["ttft"]
    );
}

#[test]
fn b083_a_record_says_that_its_prompt_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("data.jsonl"),
        "{\"text\":\"日本語テキストです\"}\n{\"text\":\"短い\"}\n",
    )
    .unwrap();
    let (base, _) = server(plain);
    let output = run_with(dir.path(), &base, &["--max-input-length", "5"], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    let flags = |at: usize| round["requests"][at]["flags"].to_string();
    assert!(flags(0).contains("truncated_input") && !flags(1).contains("truncated_input"));
    assert_eq!(round["summary"]["flags"]["truncated_input"], 1);
    assert_eq!(
        round["requests"][0]["prompt"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        5
    );
}
