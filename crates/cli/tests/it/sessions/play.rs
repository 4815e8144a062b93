//! Sessions in a closed loop, at a rate and in blocks, and what does not go with them.

use super::made::{by_turn, chats, questions, ran};
use crate::common::{adds_up, engine, json, refused, run, stderr};
use crate::schema::valid;
use serde_json::Value;
use std::collections::HashMap;

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
