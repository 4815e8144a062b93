//! Mixed rounds and rounds without reuse, from the command line to the files.

use crate::common::{
    dataset, engine, engine_with, json, path_of, run, scripted_by_body, stderr, stdout,
};
use serde_json::{Value, json as object};
use simllm::{Sim, SimConfig};
use std::{path::Path, process::Output};

fn level(dir: &Path) -> Value {
    json(&dir.join("out/comparison.json"))["levels"][0].clone()
}

/// A run over the dataset of the folder that ends well.
fn measured(dir: &Path, sim: &Sim, flags: &str) -> Output {
    let base = sim.base_url();
    let output = run(
        dir,
        &format!(
            "--dataset data.jsonl --endpoint {base} --output-dir out --max-output-tokens 2 {flags}"
        ),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

#[test]
fn blocks_of_one_run_decide_over_the_rounds() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 16);
    let output = measured(dir.path(), &sim, "--rounds CWM");
    let level = level(dir.path());
    let mixed = &level["mixed"];
    assert_eq!(level["conclusion"]["source"], "mixed", "{level}");
    assert_eq!(
        (&mixed["blocks"], &mixed["hit_requests"]),
        (&object!(16), &object!(8))
    );
    assert_eq!(
        (&mixed["missed_share"], &mixed["descriptive"]),
        (&object!(0.0), &object!(false))
    );
    assert!(
        mixed["p"].as_f64().unwrap() < 0.01 && mixed["low"].as_f64().unwrap() > 1.05,
        "{mixed}"
    );
    let said = stdout(&output);
    assert!(
        said.contains("faster than misses inside the mixed rounds"),
        "{said}"
    );
    assert!(
        said.contains("cold rounds against warm rounds: TTFT"),
        "{said}"
    );
    // Its requests say their arm; those of other rounds have none.
    let arms = |round: u32| {
        let file = json(
            &dir.path()
                .join(format!("out/concurrency_1_round_{round}.json")),
        );
        let requests = file["requests"].as_array().unwrap().clone();
        requests
            .iter()
            .filter(|request| request["arm"] == "hit")
            .count()
    };
    assert_eq!((arms(1), arms(2), arms(3)), (0, 0, 8));
}

#[test]
fn too_few_blocks_are_told_before_anything_is_sent_and_decide_nothing() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 16);
    let output = measured(dir.path(), &sim, "--concurrency 2 --rounds CWM");
    let told = "M at 2: 2 blocks a round, 1 M round; 10 blocks are needed to say how sure it is: 6 M rounds or 80 samples";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));
    let level = level(dir.path());
    assert_eq!(level["mixed"]["p"], Value::Null);
    assert_eq!(level["mixed"]["reason"]["kind"], "few_blocks");
    assert_eq!(level["conclusion"]["source"], "cw");
}

#[test]
fn without_a_cache_the_arms_do_not_differ_and_the_rounds_decide() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine_with(SimConfig {
        cache_blocks: 0,
        ..SimConfig::default()
    });
    dataset(dir.path(), 16);
    measured(dir.path(), &sim, "--rounds CWM");
    let level = level(dir.path());
    assert_ne!(level["conclusion"]["kind"], "effect", "{level}");
    assert_ne!(level["mixed"]["kind"], "effect", "{level}");
}

#[test]
fn mixed_rounds_alone_are_enough() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 16);
    measured(dir.path(), &sim, "--rounds CM");
    let level = level(dir.path());
    let conclusion = &level["conclusion"];
    assert_eq!(
        (&conclusion["kind"], &conclusion["source"]),
        (&object!("effect"), &object!("mixed"))
    );
    assert_eq!(conclusion["cache_evidence"], true);
    assert_eq!(
        level["hit_rate"]["usage"],
        Value::Null,
        "an M round is no warm round"
    );
}

#[test]
fn reuse_inside_a_round_is_told_without_a_warm_round() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let shared = "The rules of the house are these. ".repeat(60);
    let row = |at: usize| object!({"text": format!("{shared} Question {at}: {}", format!("word{at} ").repeat(20))});
    let rows: String = (0..12).map(|at| row(at).to_string() + "\n").collect();
    std::fs::write(dir.path().join("data.jsonl"), rows).unwrap();
    let output = measured(dir.path(), &sim, "--rounds NC");
    let level = level(dir.path());
    let inside = &level["inside_reuse"];
    assert_eq!(inside["kind"], "effect", "{inside}");
    assert_eq!(
        (&inside["usage_without"], &inside["without"]["verdict"]),
        (&object!(0.0), &object!("cold"))
    );
    assert!(inside["usage"].as_f64().unwrap() > 0.5, "{inside}");
    let said = stdout(&output);
    assert!(
        said.contains("reuse inside the round works (without it → cold round): TTFT"),
        "{said}"
    );
    assert!(
        said.contains("no warm round was run, so cold and warm are not compared"),
        "{said}"
    );
}

/// A server whose cache finds every text again, whatever stands before it.
#[test]
fn a_server_on_which_fresh_text_does_not_separate_is_refused_for_letters_that_rest_on_it() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let base = scripted_by_body(|head, _| {
        let body = if path_of(head).ends_with("models") {
            r#"{"object":"list","data":[{"id":"m"}]}"#.to_owned()
        } else if head.starts_with("POST") {
            object!({"id": "a", "object": "chat.completion", "model": "m",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1000, "completion_tokens": 1, "total_tokens": 1001,
                    "prompt_tokens_details": {"cached_tokens": 990}}})
            .to_string()
        } else {
            String::new()
        };
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    for letters in ["CWM", "NC"] {
        let output = run(
            dir.path(),
            &format!("--dataset data.jsonl --endpoint {base} --rounds {letters} --output-dir out"),
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        for word in [
            "fresh text does not make a prompt cold",
            "990",
            "M and N of --rounds",
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn where_fresh_text_is_not_proven_that_is_said() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 8);
    let output = measured(dir.path(), &sim, "--rounds CM --no-probe");
    let said = stdout(&output);
    assert!(
        said.contains("M and N rest on fresh text making a prompt cold"),
        "{said}"
    );
}
