//! What is told of sessions: which are one observation, what could be reached, by what name.

use super::made::{chats, ran, streamed, words};
use crate::common::{engine, engine_with, json, run, scripted, stderr, stdout};
use serde_json::json;
use simllm::{Fault, FaultOn, FaultRule, SimConfig};
use std::sync::{Arc, Mutex};

#[test]
fn sessions_that_say_the_same_or_fork_off_another_are_one_observation() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    let row = |at: usize, text: &str| {
        let turns = [
            json!({"text": words(text, 60)}),
            json!({"text": words("more", 60)}),
        ];
        json!({"session_id": format!("s{at}"), "turns": turns}).to_string() + "\n"
    };
    let same: String = (0..8).map(|at| row(at, "same")).collect();
    std::fs::write(dir.join("same.jsonl"), same).unwrap();
    let seven: String = (0..8)
        .map(|at| row(at, &format!("own{}", at.max(1))))
        .collect();
    std::fs::write(dir.join("seven.jsonl"), seven).unwrap();
    let shown = |name: &str| {
        let output = run(
            dir,
            &format!(
                "--dataset {name}.jsonl --turns all --endpoint {} --concurrency 1 --seed 1 --lang en \
                 --max-output-tokens 4 --output-dir {name} --progress none",
                sim.base_url()
            ),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let (text, notes) = shown("same");
    assert!(
        text.contains("different sessions with a TTFT in both rounds: 1"),
        "{text}"
    );
    assert!(notes.contains("7 say what another one says"), "{notes}");
    let (text, notes) = shown("seven");
    assert!(text.contains("over 7 sessions"), "{text}");
    assert!(notes.contains("1 says what another one says"), "{notes}");
}

#[test]
fn what_could_be_reached_is_told_where_it_is_known() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    chats(dir, 24, 2);
    let line = |more: &str| {
        format!(
            "--dataset chats.jsonl --turns all --endpoint {} --seed 1 --lang en --max-output-tokens 4 \
             --progress none {more}",
            sim.base_url()
        )
    };
    // Half of a mixed round is behind a value that was never sent.
    ran(
        dir,
        &line("--concurrency 2 --rounds CWM --output-dir mixed"),
    );
    let rounds =
        json(&dir.join("mixed/comparison.json"))["levels"][0]["sessions"]["rounds"].clone();
    assert!(
        rounds[1]["reached_share"].as_f64().unwrap() > 0.9,
        "{rounds}"
    );
    assert!(rounds[2]["reached_share"].is_null(), "{}", rounds[2]);
    assert!(rounds[2]["turns"][0]["reachable_tokens"].is_null());
    // What failed cold was perhaps never computed; what was not sent was not.
    let sim = engine_with(SimConfig {
        faults: vec![FaultRule {
            on: FaultOn::Request(24 * 2 + 5),
            fault: Fault::CloseEarly { after_tokens: 1 },
        }],
        ..SimConfig::default()
    });
    let shown = ran(
        dir,
        &format!(
            "--dataset chats.jsonl --turns all --endpoint {} --seed 1 --lang en --max-output-tokens 4 \
             --progress none --no-probe --warmup 0 --concurrency 1 --rounds NCW --output-dir failed",
            sim.base_url()
        ),
    );
    let level = json(&dir.join("failed/comparison.json"))["levels"][0].clone();
    assert_eq!(level["sessions"]["left_out_inside"], 1, "{level}");
    assert!(
        shown.contains("1 session has other turns without reuse than cold, and is in no ratio"),
        "{shown}"
    );
    let warm = &level["sessions"]["rounds"][2];
    assert!(warm["turns"][1]["reachable_tokens"].is_null(), "{warm}");
    assert!(warm["reached_share"].as_f64().unwrap() > 0.9, "{warm}");
}

#[test]
fn a_header_tells_sessions_apart_whatever_they_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let row =
        |name: &str, text: &str| json!({"id": name, "turns": [{"text": text}]}).to_string() + "\n";
    let rows =
        row("用户", "a") + &row("a b", "b") + &row("dup", "c") + &row("dup", "d") + &row("5%", "e");
    std::fs::write(dir.join("named.jsonl"), rows).unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let heads = Arc::clone(&seen);
    let base = scripted(move |head| {
        let name = head
            .lines()
            .find_map(|line| line.strip_prefix("x-session: "));
        heads.lock().unwrap().extend(name.map(str::to_owned));
        let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"so\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        streamed(body)
    });
    ran(
        dir,
        &format!(
            "--dataset named.jsonl --turns all --endpoint {base}/v1 --model m --seed 1 --concurrency 1 --no-probe \
             --warmup 0 --cold none --rounds C --session-header x-session --progress none --output-dir out"
        ),
    );
    let mut names = seen.lock().unwrap().clone();
    names.sort();
    assert_eq!(
        names,
        ["%E7%94%A8%E6%88%B7", "5%25", "a%20b", "dup", "dup~2"]
    );
}
