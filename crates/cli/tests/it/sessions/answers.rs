//! Answers that later turns build on: pinned, kept, resumed, and in the server's cache.

use super::made::{by_turn, questions, ran, streamed};
use crate::common::{engine_with, json, refused, run, scripted, stderr};
use serde_json::{Value, json};
use simllm::SimConfig;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

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
        streamed(&body)
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
        streamed(&body)
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
        streamed(&body)
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
