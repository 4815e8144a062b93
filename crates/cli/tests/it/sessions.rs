//! Sessions: conversations whose turns are all asked, each when the one before has been answered.

use crate::{
    common::{adds_up, engine, engine_with, json, refused, run, scripted, stderr, stdout},
    schema::valid,
};
use serde_json::{Value, json};
use simllm::{Fault, FaultOn, FaultRule, SimConfig};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

/// A text of so many words that no other has.
fn words(name: &str, count: usize) -> String {
    (0..count).map(|at| format!("{name}{at} ")).collect()
}

/// Conversations of so many turns with recorded answers.
fn chats(dir: &Path, sessions: usize, turns: usize) {
    let row = |session: usize| {
        let mut messages = Vec::new();
        for turn in 0..turns {
            let asked = words(&format!("s{session}t{turn}w"), 60);
            messages.push(json!({"role": "user", "content": asked}));
            let answer = words(&format!("s{session}t{turn}a"), 20);
            messages.push(json!({"role": "assistant", "content": answer}));
        }
        json!({"id": format!("c{session}"), "messages": messages}).to_string() + "\n"
    };
    let rows: String = (0..sessions).map(row).collect();
    std::fs::write(dir.join("chats.jsonl"), rows).unwrap();
}

/// The same without answers; the second turn comes after a gap.
fn questions(dir: &Path, sessions: usize, turns: usize) {
    let row = |session: usize| {
        let turns: Vec<Value> = (0..turns)
            .map(|turn| {
                let text = words(&format!("q{session}t{turn}w"), 60);
                json!({"text": text, "delay_ms": if turn == 1 { 150 } else { 0 }})
            })
            .collect();
        json!({"session_id": format!("q{session}"), "turns": turns}).to_string() + "\n"
    };
    let rows: String = (0..sessions).map(row).collect();
    std::fs::write(dir.join("questions.jsonl"), rows).unwrap();
}

fn ran(dir: &Path, line: &str) -> String {
    let output = run(dir, line);
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    stdout(&output)
}

/// The requests of a round by session and turn.
fn by_turn(file: &Value) -> HashMap<(u64, u64), Value> {
    let requests = file["requests"].as_array().unwrap().iter();
    requests
        .map(|one| {
            let number = |key: &str| one[key].as_u64().unwrap();
            ((number("session"), number("turn")), one.clone())
        })
        .collect()
}

#[test]
fn every_turn_hits_what_its_session_has_sent() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    chats(dir, 8, 4);
    let base = sim.base_url();
    let shown = ran(
        dir,
        &format!(
            "--dataset chats.jsonl --turns all --endpoint {base} --concurrency 2 --seed 1 \
             --max-output-tokens 6 --output-dir out --progress none --lang en"
        ),
    );
    assert!(shown.contains("over 8 sessions"), "{shown}");
    let checked = ran(dir, "check dataset chats.jsonl --turns all --lang en");
    assert!(
        checked.contains("sessions: 8 with 32 turns (4 each); gaps up to 0.00 s"),
        "{checked}"
    );
    let comparison = json(&dir.join("out/comparison.json"));
    valid("comparison", &comparison);
    let level = &comparison["levels"][0];
    assert_eq!(level["prompts"], 8);
    assert_eq!(level["cold"]["verdict"], "cold", "{level}");
    let rounds = level["sessions"]["rounds"].as_array().unwrap();
    assert_eq!(level["sessions"]["left_out"], 0);
    let block = 16;
    for (round, kind) in rounds.iter().zip(["cold", "warm"]) {
        assert_eq!(
            (&round["kind"], &round["sessions"]),
            (&kind.into(), &8.into())
        );
        let turns = round["turns"].as_array().unwrap();
        assert_eq!(turns.len(), 4);
        for turn in turns {
            let tokens = |key: &str| turn[key].as_u64().unwrap();
            let (hit, reachable, requests) = (
                tokens("hit_tokens"),
                tokens("reachable_tokens"),
                tokens("requests"),
            );
            assert_eq!(requests, 8);
            // In whole blocks, and never the last token.
            assert!(
                hit <= reachable && reachable - hit <= requests * (block + 1),
                "{kind}: {turn}"
            );
        }
        let share = round["reached_share"].as_f64().unwrap();
        assert!((0.9..=1.0).contains(&share), "{kind}: {share}");
    }
    // A turn is never sent before the one it follows has ended.
    for round in 1..=2 {
        let file = json(&dir.join(format!("out/concurrency_2_round_{round}.json")));
        valid("concurrency_round", &file);
        adds_up(&file);
        let turns = by_turn(&file);
        assert_eq!(turns.len(), 32);
        for ((session, turn), one) in &turns {
            let Some(before) = turns.get(&(*session, turn - 1)) else {
                continue;
            };
            let ms = |one: &Value, key: &str| one[key].as_f64().unwrap();
            let ended = ms(before, "start_ms") + ms(before, "latency");
            assert!(ms(one, "start_ms") >= ended - 0.01, "{one} {before}");
        }
        assert_eq!(turns[&(0, 2)]["id"], "c0/2");
    }
    // No more sessions at once than were asked for.
    assert!(sim.truth().peak_in_flight <= 2);
}

#[test]
fn answers_of_the_first_round_are_pinned_and_stand_in_every_other() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let sim = engine_with(SimConfig {
        log_bodies: true,
        ..SimConfig::default()
    });
    questions(dir, 6, 3);
    let base = sim.base_url();
    ran(
        dir,
        &format!(
            "--dataset questions.jsonl --turns all --endpoint {base} --concurrency 3 --seed 1 \
             --max-output-tokens 5 --output-dir out --progress none --no-probe --warmup 0 \
             --cold none --rounds CW"
        ),
    );
    let pinned = std::fs::read_to_string(dir.join("out/answers.jsonl")).unwrap();
    let pinned: Vec<Value> = pinned
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // The answers to the last turns are nobody's history.
    assert_eq!(pinned.len(), 12);
    // The same bodies in both rounds, with the answers in them.
    let bodies: Vec<String> = sim
        .truth()
        .requests
        .iter()
        .map(|one| one.body.clone().unwrap())
        .collect();
    let (mut cold, mut warm) = (bodies[..18].to_vec(), bodies[18..].to_vec());
    cold.sort_unstable();
    warm.sort_unstable();
    assert_eq!(cold, warm);
    for answer in &pinned {
        let message = answer["messages"][0].to_string();
        let content = answer["messages"][0]["content"].as_str().unwrap();
        assert!(!content.is_empty());
        let session = answer["session"].as_u64().unwrap();
        let turn = answer["turn"].as_u64().unwrap();
        let next = format!("q{session}t{turn}w0 ");
        let built: Vec<&String> = warm.iter().filter(|body| body.contains(&next)).collect();
        assert!(!built.is_empty());
        for body in built {
            let body: Value = serde_json::from_str(body).unwrap();
            let messages = body["messages"].as_array().unwrap();
            let at = usize::try_from(2 * turn - 1).unwrap();
            assert_eq!(messages[at].to_string(), message, "{body}");
        }
    }
    let digests: Vec<Value> = [1, 2]
        .map(|round| json(&dir.join(format!("out/concurrency_3_round_{round}.json"))))
        .iter()
        .map(|file| file["configuration"]["wire_digest"].clone())
        .collect();
    assert_eq!(digests[0], digests[1]);
    // The gap before the second turn, from the answer's end.
    let turns = by_turn(&json(&dir.join("out/concurrency_3_round_1.json")));
    let ms = |one: &Value, key: &str| one[key].as_f64().unwrap();
    for session in 0..6 {
        let (one, two) = (&turns[&(session, 1)], &turns[&(session, 2)]);
        let gap = ms(two, "start_ms") - ms(one, "start_ms") - ms(one, "latency");
        assert!((149.9..1000.0).contains(&gap), "{gap}");
    }
}

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
fn a_budget_of_tokens_ends_a_run_before_the_round_that_would_go_beyond() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    chats(dir, 8, 3);
    let line = |budget: &str| {
        format!(
            "--dataset chats.jsonl --turns all --endpoint {} --concurrency 2 --seed 1 --rounds CWCW \
             --max-output-tokens 5 --progress none --lang en --overwrite --output-dir out --budget {budget}",
            sim.base_url()
        )
    };
    ran(dir, &line("9Mtok"));
    let used: u64 = (1..=4)
        .map(|round| json(&dir.join(format!("out/concurrency_2_round_{round}.json"))))
        .flat_map(|file| file["requests"].as_array().unwrap().clone())
        .map(|one| one["input_tokens"].as_u64().unwrap() + one["output_tokens"].as_u64().unwrap())
        .sum();
    // Enough for three rounds, and not for the fourth.
    let output = run(dir, &line(&format!("{}tok", used - 10)));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("--budget") && said.contains("(W)"), "{said}");
    assert!(dir.join("out/concurrency_2_round_3.json").exists());
    assert!(!dir.join("out/concurrency_2_round_4.json").exists());
    // What is complete is compared.
    let level = json(&dir.join("out/comparison.json"))["levels"][0].clone();
    assert!(level["ttft"]["ratio"].is_number(), "{level}");
    for bad in ["0tok", "10m", "2tons"] {
        refused(dir, &line(bad), &["--budget"]);
    }
}

#[test]
fn an_answer_counts_as_reachable_where_the_server_gave_it_in_the_round() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    questions(dir, 6, 3);
    // Every second answer is in each round another one.
    let asked = Arc::new(Mutex::new(0));
    let base = scripted(move |head| {
        let mut asked = asked.lock().unwrap();
        *asked += u32::from(head.starts_with("POST"));
        let text = match *asked % 2 {
            0 => "so".to_owned(),
            _ => format!("answer {asked}"),
        };
        let event =
            json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]});
        let body = format!("data: {event}\n\ndata: [DONE]\n\n");
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    ran(
        dir,
        &format!(
            "--dataset questions.jsonl --turns all --endpoint {base}/v1 --model m --concurrency 1 --seed 1 \
             --rounds CWC --no-probe --warmup 0 --think-time none --store-text full \
             --check-output --output-dir out --progress none"
        ),
    );
    let lines = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(dir.join("out").join(name)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let place = |turn: &Value| {
        (
            turn["session"].as_u64().unwrap(),
            turn["turn"].as_u64().unwrap(),
        )
    };
    let pinned: HashMap<_, Value> = lines("answers.jsonl")
        .into_iter()
        .map(|one| (place(&one), one["messages"][0]["content"].clone()))
        .collect();
    let records: Vec<Value> = lines("requests.jsonl")
        .into_iter()
        .filter_map(|line| line.get("request").cloned())
        .collect();
    let given: HashMap<_, &Value> = records
        .iter()
        .map(|one| ((one["round"].as_u64(), place(&one["turn"])), &one["output"]))
        .collect();
    let mut counts = [0, 0];
    for one in records
        .iter()
        .filter(|one| one["turn"]["turn"].as_u64() > Some(1))
    {
        let (session, turn) = place(&one["turn"]);
        let before = (session, turn - 1);
        let same = given[&(one["round"].as_u64(), before)] == &pinned[&before];
        assert_eq!(one["turn"]["on_pinned"] == true, same, "{one}");
        assert!(same || one["round"] != 1, "{one}");
        counts[usize::from(same)] += 1;
    }
    assert!(counts[0] >= 10 && counts[1] >= 16, "{counts:?}");
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
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
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

#[test]
fn what_was_thought_before_an_answer_is_in_no_history_and_not_reachable() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    questions(dir, 2, 2);
    let base = scripted(move |_| {
        let event = |delta: Value, more: Value| {
            let mut event =
                json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
            event
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            format!("data: {event}\n\n")
        };
        let usage =
            json!({"usage": {"prompt_tokens": 100, "completion_tokens": 300, "total_tokens": 400}});
        let body = event(json!({"content": "so"}), json!({}))
            + &event(json!({}), usage)
            + "data: [DONE]\n\n";
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    ran(
        dir,
        &format!(
            "--dataset questions.jsonl --turns all --endpoint {base}/v1 --model m --seed 1 --concurrency 1 --no-probe \
             --warmup 0 --cold none --rounds C --think-time none --progress none --output-dir out"
        ),
    );
    let journal = std::fs::read_to_string(dir.join("out/requests.jsonl")).unwrap();
    let turns = journal.lines().filter(|line| line.contains("\"turn\":2"));
    assert_eq!(turns.clone().count(), 2);
    assert!(
        turns.clone().all(|line| !line.contains("on_pinned")),
        "300 tokens are no \"so\""
    );
}

#[test]
fn sessions_arrive_at_a_rate_mix_in_blocks_and_reuse_nothing() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    questions(dir, 24, 3);
    let base = sim.base_url();
    let line = |more: &str| {
        format!(
            "--dataset questions.jsonl --turns all --endpoint {base} --seed 1 --max-output-tokens 4 \
             --progress none --lang en --think-time none {more}"
        )
    };
    ran(
        dir,
        &line("--request-rate 40 --rounds NCW --output-dir rate"),
    );
    let level = json(&dir.join("rate/comparison.json"))["levels"][0].clone();
    let rounds = level["sessions"]["rounds"].as_array().unwrap();
    let hits = |round: usize| {
        let turns = rounds[round]["turns"].as_array().unwrap().iter();
        turns
            .map(|turn| turn["hit_tokens"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(rounds[0]["kind"], "no_reuse");
    assert!(hits(0) < hits(1) / 20 && hits(1) < hits(2), "{rounds:?}");
    assert!(level["inside_reuse"].is_object());
    for round in 1..=3 {
        let file = json(&dir.join(format!("rate/rate_40_round_{round}.json")));
        adds_up(&file);
        let turns = by_turn(&file);
        for ((session, turn), one) in &turns {
            let ms = |one: &Value, key: &str| one[key].as_f64().unwrap();
            let due = ms(one, "scheduled_ms");
            assert!(ms(one, "start_ms") >= due - 0.001, "{one}");
            if let Some(before) = turns.get(&(*session, turn - 1)) {
                let ended = ms(before, "start_ms") + ms(before, "latency");
                assert!(
                    (due - ended).abs() < 0.01,
                    "due at the end of the one before: {one}"
                );
            }
        }
    }
    ran(
        dir,
        &line("--concurrency 2 --rounds CMM --output-dir mixed"),
    );
    let file = json(&dir.join("mixed/concurrency_2_round_2.json"));
    adds_up(&file);
    let mut arms: HashMap<u64, Value> = HashMap::new();
    for one in file["requests"].as_array().unwrap() {
        let session = one["session"].as_u64().unwrap();
        let of_session = arms.entry(session).or_insert_with(|| one["arm"].clone());
        assert_eq!(*of_session, one["arm"], "a session has one arm");
        let share = one["cached_tokens"].as_f64().unwrap() / one["input_tokens"].as_f64().unwrap();
        assert!(one["arm"] != "hit" || share > 0.6, "{one}");
    }
    let mixed = &json(&dir.join("mixed/comparison.json"))["levels"][0]["mixed"];
    assert!(mixed["blocks"].as_u64().unwrap() >= 16, "{mixed}");
}

#[test]
fn a_header_carries_the_session_and_a_run_goes_on_with_its_answers() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    questions(dir, 6, 2);
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let base = scripted(move |head| {
        let name = head
            .lines()
            .find_map(|line| line.strip_prefix("x-session: "));
        if head.starts_with("POST") {
            seen.lock().unwrap().push(name.map(str::to_owned));
        }
        let chunk = |delta: &str, end: &str| {
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{end}}}]}}\n\n"
            )
        };
        let body =
            chunk("{\"content\":\"so\"}", "null") + &chunk("{}", "\"stop\"") + "data: [DONE]\n\n";
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    let line = format!(
        "--dataset questions.jsonl --turns all --endpoint {base}/v1 --model m --seed 1 --concurrency 1 2 \
         --no-probe --warmup 0 --cold none --rounds C --session-header x-session --think-time none \
         --progress none"
    );
    ran(dir, &format!("{line} --output-dir out"));
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 24);
    assert!(heads.iter().all(Option::is_some));
    assert_eq!(
        heads
            .iter()
            .filter(|name| name.as_deref() == Some("q3"))
            .count(),
        4
    );
    // What had been pinned stands in the bodies of the level that goes on.
    let pinned = std::fs::read_to_string(dir.join("out/answers.jsonl")).unwrap();
    let journal = std::fs::read_to_string(dir.join("out/requests.jsonl")).unwrap();
    let first: Vec<&str> = journal
        .lines()
        .take_while(|line| !line.starts_with("{\"evidence\""))
        .collect();
    std::fs::write(dir.join("out/requests.jsonl"), first.join("\n") + "\n").unwrap();
    let mut info = json(&dir.join("out/run.json"));
    for key in ["finished_at", "exit_code"] {
        info[key] = Value::Null;
    }
    info["interrupted"] = true.into();
    std::fs::write(dir.join("out/run.json"), info.to_string()).unwrap();
    let other = pinned.replace("\"so\"", "\"as it was\"");
    std::fs::write(dir.join("out/answers.jsonl"), &other).unwrap();
    let output = run(dir, &format!("{line} --resume out"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        std::fs::read_to_string(dir.join("out/answers.jsonl")).unwrap(),
        other
    );
    let file = json(&dir.join("out/concurrency_2_round_1.json"));
    let old = json(&dir.join("out/concurrency_1_round_1.json"));
    let digest = |file: &Value| file["configuration"]["content_digest"].clone();
    assert_ne!(digest(&file), digest(&old), "other answers, other content");
    // A line that was cut off is answered again, behind the whole ones; an answer that is gone is missed.
    let whole: Vec<&str> = other.lines().collect();
    let without_last = whole[..whole.len() - 1].join("\n") + "\n";
    let answers = dir.join("out/answers.jsonl");
    let begin = |text: &str| {
        std::fs::write(dir.join("out/requests.jsonl"), first.join("\n") + "\n").unwrap();
        std::fs::write(dir.join("out/run.json"), info.to_string()).unwrap();
        std::fs::write(&answers, text).unwrap();
    };
    for text in [without_last.clone() + "{\"session\":2,\"tu", "".to_owned()] {
        begin(&text);
        refused(
            dir,
            &format!("{line} --resume out"),
            &[
                "--resume",
                "answers.jsonl",
                "lacks the answer",
                "begin it anew",
            ],
        );
    }
    begin(&other.replacen("{\"session\"", "garbage", 1));
    let output = run(dir, &format!("{line} --resume out"));
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("line 1 is no pinned answer"),
        "{}",
        stderr(&output)
    );
    // Where no text is kept, no answer is.
    let line = format!("{line} --store-text none");
    ran(dir, &format!("{line} --output-dir none"));
    assert!(!dir.join("none/answers.jsonl").exists());
    refused(
        dir,
        &format!("{line} --resume none"),
        &["--resume", "--store-text none"],
    );
}

#[test]
fn what_does_not_go_with_sessions_is_refused_before_anything_is_sent() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    chats(dir, 8, 2);
    let base = sim.base_url();
    let line = |more: &str| format!("--dataset chats.jsonl --endpoint {base} {more}");
    for (more, said) in [
        ("--turns some", &["--turns", "first", "all"][..]),
        ("--answers live", &["--answers", "--turns all"]),
        ("--think-time 3", &["--think-time", "--turns all"]),
        (
            "--session-header x-id",
            &["--session-header", "--turns all"],
        ),
        ("--gap-cap 3", &["--gap-cap", "--replay"]),
        (
            "--turns all --think-time soon",
            &["--think-time", "recorded, none"],
        ),
        ("--turns all --think-time=-1", &["--think-time"]),
        ("--turns all --gap-cap 0", &["--gap-cap 0", "above 0"]),
        (
            "--turns all --session-header a:b",
            &["--session-header a:b", "name of a header"],
        ),
        (
            "--turns all --session-header Content-Length",
            &["Content-Length", "another"],
        ),
        (
            "--turns all --max-input-length 9",
            &["--max-input-length", "--turns all"],
        ),
        ("--turns all --oversample", &["--oversample", "--turns all"]),
        (
            "--turns all --weight-key w",
            &["--weight-key", "--turns all"],
        ),
        (
            "--turns all --shuffle-round2",
            &["--shuffle-round2", "--turns all"],
        ),
        (
            "--turns all --shared-prefix 50",
            &["--shared-prefix", "--turns all"],
        ),
        (
            "--turns all --request-rate 2 --rounds CM",
            &["M", "--request-rate", "--turns all"],
        ),
        ("--turns all --api completions", &["messages"]),
    ] {
        refused(dir, &line(more), said);
    }
    assert!(sim.truth().requests.is_empty());
}
