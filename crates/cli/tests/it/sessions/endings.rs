//! Sessions that end before their last turn, and why.

use super::made::{chats, ran};
use crate::common::{adds_up, engine, engine_with, json, run, stderr};
use crate::schema::valid;
use serde_json::{Value, json};
use simllm::{Fault, FaultOn, FaultRule, SimConfig};

#[test]
fn a_turn_that_fails_ends_its_session_in_all_rounds() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    chats(dir, 8, 3);
    // One after the other, so that the fifth request is the second turn of the second session.
    let sim = engine_with(SimConfig {
        faults: vec![FaultRule {
            on: FaultOn::Request(4),
            fault: Fault::Status {
                code: 500,
                body: None,
                retry_after: None,
            },
        }],
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let shown = ran(
        dir,
        &format!(
            "--dataset chats.jsonl --turns all --endpoint {base} --concurrency 1 --seed 1 \
             --max-output-tokens 5 --output-dir out --progress none --no-probe --warmup 0 --lang en"
        ),
    );
    for (round, failed, lost) in [(1, 1, 1), (2, 0, 2)] {
        let file = json(&dir.join(format!("out/concurrency_1_round_{round}.json")));
        adds_up(&file);
        let summary = &file["summary"];
        assert_eq!(summary["planned_requests"], 24);
        assert_eq!(summary["failed_requests"], failed);
        assert_eq!(summary["not_started_requests"], lost, "{summary}");
        let told =
            format!("round {round}: 1 of 8 sessions ended early, {lost} turns were not sent");
        assert!(shown.contains(&told), "{shown}");
    }
    let comparison = json(&dir.join("out/comparison.json"));
    let sessions = &comparison["levels"][0]["sessions"];
    assert_eq!(sessions["rounds"][0]["ended_early"], 1, "{sessions}");
    assert_eq!(sessions["rounds"][1]["ended_early"], 1);
    assert_eq!(sessions["left_out"], 0);
    assert!(shown.contains("1 of 8 sessions ended early"), "{shown}");
    assert_eq!(sim.truth().requests.len(), 23 + 22);
}

#[test]
fn a_context_that_is_too_long_ends_a_session_and_is_told_by_the_servers_code() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    chats(dir, 8, 3);
    let refusal = |error: Value| FaultRule {
        on: FaultOn::Request(4),
        fault: Fault::Status {
            code: 400,
            body: Some(json!({ "error": error }).to_string()),
            retry_after: None,
        },
    };
    let told = json!({"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"});
    let in_words = json!({"message": "maximum context length is 12 tokens", "code": 400});
    for (error, kind, words) in [
        (
            told,
            "context_overflow",
            "(1 by a context that was too long)",
        ),
        (in_words, "http_400", "1 of 8 sessions ended early, 1 turns"),
    ] {
        let sim = engine_with(SimConfig {
            faults: vec![refusal(error)],
            ..SimConfig::default()
        });
        let shown = ran(
            dir,
            &format!(
                "--dataset chats.jsonl --turns all --endpoint {} --concurrency 1 --seed 1 --overwrite \
                 --max-output-tokens 5 --output-dir out --progress none --no-probe --warmup 0 --lang en",
                sim.base_url()
            ),
        );
        assert!(shown.contains(words), "{shown}");
        let file = json(&dir.join("out/concurrency_1_round_1.json"));
        valid("concurrency_round", &file);
        assert_eq!(file["summary"]["failures"][kind], 1, "{}", file["summary"]);
        let level = json(&dir.join("out/comparison.json"))["levels"][0].clone();
        let overflowed = u64::from(kind == "context_overflow");
        assert_eq!(level["sessions"]["rounds"][0]["overflowed"], overflowed);
    }
}

#[test]
fn a_turn_that_states_more_than_the_context_is_not_sent_and_ends_its_session() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    // The third turn of the second session, and the first of the last one.
    let mut rows = String::new();
    for session in 0..8 {
        for turn in 1..=3 {
            let content = format!("question {turn} of {session}");
            let mut row = json!({"session_id": format!("s{session}"), "turn": turn, "message_mode": "delta",
                "messages": [{"role": "user", "content": content}]});
            if [(1, 3), (7, 1)].contains(&(session, turn)) {
                row["input_tokens"] = json!(99_000_000);
            }
            rows += &format!("{row}\n");
        }
    }
    std::fs::write(dir.join("long.jsonl"), rows).unwrap();
    let shown = ran(
        dir,
        &format!(
            "--dataset long.jsonl --turns all --endpoint {} --concurrency 2 --seed 1 \
             --max-output-tokens 5 --output-dir out --progress none --lang en",
            sim.base_url()
        ),
    );
    let level = json(&dir.join("out/comparison.json"))["levels"][0].clone();
    for round in level["sessions"]["rounds"].as_array().unwrap() {
        assert_eq!(round["sessions"], 7, "{round}");
        assert_eq!(
            (&round["ended_early"], &round["overflowed"]),
            (&json!(1), &json!(1)),
            "{round}"
        );
        assert_eq!(round["lost_turns"], 1 + 3, "{round}");
    }
    let told =
        "1 of 7 sessions ended early (1 by a context that was too long), 4 turns were not sent";
    assert!(shown.contains(told), "{shown}");
    assert!(sim.truth().requests.iter().all(|one| one.status == 200));
}

#[test]
fn a_level_that_goes_on_until_it_is_decided_asks_the_turns_of_its_first_round_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    chats(dir, 8, 3);
    let sim = engine_with(SimConfig {
        faults: vec![FaultRule {
            on: FaultOn::Request(5),
            fault: Fault::CloseEarly { after_tokens: 1 },
        }],
        ..SimConfig::default()
    });
    let line = |more: &str| {
        format!(
            "--dataset chats.jsonl --turns all --endpoint {} --until decided --concurrency 1 --seed 1 \
             --max-output-tokens 3 --no-probe --warmup 0 --progress none {more}",
            sim.base_url()
        )
    };
    let output = run(dir, &line("--budget 0.02 --output-dir out"));
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let output = run(dir, &line("--budget 60s --resume out"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let turns = |round: usize| -> Vec<_> {
        let file = json(&dir.join(format!("out/concurrency_1_round_{round}.json")));
        let requests = file["requests"].as_array().unwrap().clone();
        let ended = requests.iter().filter(|one| one["outcome"] == "success");
        let mut turns: Vec<_> = ended
            .map(|one| (one["session"].as_u64(), one["turn"].as_u64()))
            .collect();
        turns.sort_unstable();
        turns
    };
    let first = turns(1);
    assert!(first.len() < 24);
    for round in 2..=6 {
        assert_eq!(turns(round), first, "round {round}");
    }
}

#[test]
fn a_round_that_ends_cuts_sessions_short_and_none_of_them_failed() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    chats(dir, 8, 3);
    let shown = ran(
        dir,
        &format!(
            "--dataset chats.jsonl --turns all --endpoint {} --concurrency 2 --seed 1 --lang en \
             --think-time 0.3 --duration 0.5 --max-output-tokens 4 --output-dir out --progress none",
            sim.base_url()
        ),
    );
    let level = json(&dir.join("out/comparison.json"))["levels"][0].clone();
    valid("comparison", &json(&dir.join("out/comparison.json")));
    for round in level["sessions"]["rounds"].as_array().unwrap() {
        assert_eq!(round["ended_early"], 0, "{round}");
        assert!(round["cut_short"].as_u64().unwrap() >= 1, "{round}");
    }
    assert!(
        shown.contains("were cut short by the end of a round"),
        "{shown}"
    );
    assert!(!shown.contains("ended early"), "{shown}");
}
