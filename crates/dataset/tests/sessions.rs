//! Sessions out of the shapes that conversations and agents come in.
#![cfg(test)]

use dualround_dataset::load_bytes;
use dualround_model::{
    AnswerSource, DatasetPlan, GapFrom, NoAnswers, PinnedAnswers, Sample, Selection, SessionPlan,
    SessionTurn, ThinkTime, TimestampUnit,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn plan() -> DatasetPlan {
    DatasetPlan {
        seed: 1,
        sessions: Some(SessionPlan::default()),
        ..DatasetPlan::new("made")
    }
}

fn lines(rows: &[Value]) -> Vec<u8> {
    let lines = rows.iter().map(|row| format!("{row}\n"));
    lines.collect::<String>().into_bytes()
}

fn loaded(rows: &[Value], plan: &DatasetPlan) -> Selection {
    load_bytes("made.jsonl", &lines(rows), plan).unwrap()
}

fn refused(rows: &[Value], plan: &DatasetPlan, words: &[&str]) {
    let said = load_bytes("made.jsonl", &lines(rows), plan)
        .unwrap_err()
        .to_string();
    for word in words {
        assert!(said.contains(word), "{said}: no {word}");
    }
}

/// Stands for whatever the first round answered.
struct Pinned;

impl PinnedAnswers for Pinned {
    fn answer(&self, _: u32, turn: u32) -> Option<Vec<Value>> {
        Some(vec![
            json!({"role": "assistant", "content": format!("pinned {turn}")}),
        ])
    }
}

fn turn(sample: &Arc<Sample>) -> &SessionTurn {
    sample.turn.as_deref().unwrap()
}

/// The texts that each turn sends.
fn sent(selection: &Selection) -> Vec<Vec<String>> {
    let samples = selection.of_level(0).iter();
    let texts = samples.map(|sample| {
        let whole = sample.whole(&Pinned).unwrap();
        whole.texts().into_iter().map(str::to_owned).collect()
    });
    texts.collect()
}

fn places(selection: &Selection) -> Vec<(u32, u32)> {
    let samples = selection.of_level(0).iter();
    samples
        .map(|sample| (turn(sample).session, turn(sample).turn))
        .collect()
}

fn says(role: &str, text: &str) -> Value {
    json!({"role": role, "content": text})
}

#[test]
fn messages_are_cut_behind_each_answer() {
    let rows = [
        json!({"id": "a", "messages": [
            says("system", "brief"), says("user", "one"), says("assistant", "1"),
            says("user", "two"), says("user", "and"), says("assistant", "2"), says("user", "three"),
        ], "max_tokens": 5}),
        json!({"messages": [says("user", "alone")]}),
    ];
    let selection = loaded(&rows, &plan());
    assert_eq!(places(&selection), [(0, 1), (0, 2), (0, 3), (1, 1)]);
    assert_eq!(
        sent(&selection),
        [
            vec!["brief", "one"],
            vec!["brief", "one", "1", "two", "and"],
            vec!["brief", "one", "1", "two", "and", "2", "three"],
            vec!["alone"],
        ]
    );
    let samples = selection.of_level(0);
    assert!(
        samples[..3]
            .iter()
            .all(|sample| sample.output_tokens == Some(5))
    );
    assert_eq!(
        (&*turn(&samples[2]).name, &*turn(&samples[3]).name),
        ("a", "row-2")
    );
    let facts = selection.sessions.unwrap();
    assert_eq!(
        (
            facts.sessions,
            facts.turns,
            facts.most_turns,
            facts.pinned_turns
        ),
        (2, 4, 3, 0)
    );
    // Of live answers only what is asked is kept.
    let live = DatasetPlan {
        sessions: Some(SessionPlan {
            answers: AnswerSource::Live,
            ..SessionPlan::default()
        }),
        ..plan()
    };
    let selection = loaded(&rows, &live);
    assert_eq!(
        sent(&selection)[2],
        [
            "brief", "one", "pinned 1", "two", "and", "pinned 2", "three"
        ]
    );
    assert_eq!(selection.sessions.unwrap().pinned_turns, 2);
    assert_eq!(selection.of_level(0)[1].whole_messages(&NoAnswers), None);
}

#[test]
fn sharegpt_begins_with_the_first_question() {
    let says = |from: &str, value: &str| json!({"from": from, "value": value});
    let rows = [json!({"id": "x", "conversations": [
        says("gpt", "hello?"), says("system", "kind"), says("human", "one"), says("gpt", "1"),
        says("human", "two"), says("gpt", "2"),
    ]})];
    assert_eq!(
        sent(&loaded(&rows, &plan())),
        [vec!["kind", "one"], vec!["kind", "one", "1", "two"]]
    );
    // Speakers without names take turns.
    let rows =
        [json!({"conversations": [{"content": "one"}, {"content": "1"}, {"content": "two"}]})];
    assert_eq!(sent(&loaded(&rows, &plan()))[1], ["one", "1", "two"]);
    let rows = [json!({"conversations": [says("human", "x"), says("observation", "y")]})];
    refused(&rows, &plan(), &["line 1", "turn 2", "observation"]);
}

#[test]
fn lists_of_turns_have_answers_or_get_them_pinned() {
    let rows = [
        json!({"session_id": "s", "system": "kind", "turns": [
            {"text": "one", "answer": "1", "output_tokens": 3},
            {"messages": [says("user", "two")], "delay_s": 0.5},
            {"text": "three", "delay_ms": 90000},
        ]}),
        json!({"user_messages": ["four", "five"]}),
        json!({"prompt_0": "six", "prompt_1": "seven", "output_tokens_count_1": 9}),
    ];
    let selection = loaded(&rows, &plan());
    assert_eq!(
        sent(&selection),
        [
            vec!["kind", "one"],
            vec!["kind", "one", "1", "two"],
            vec!["kind", "one", "1", "two", "pinned 2", "three"],
            vec!["four"],
            vec!["four", "pinned 1", "five"],
            vec!["six"],
            vec!["six", "pinned 1", "seven"],
        ]
    );
    let samples = selection.of_level(0);
    let lengths = [0, 1, 6].map(|at: usize| samples[at].output_tokens);
    assert_eq!(lengths, [Some(3), None, Some(9)]);
    let gaps = [1, 2].map(|at: usize| turn(&samples[at]).gap);
    assert_eq!((gaps[0].ns, gaps[0].cut), (500_000_000, false));
    assert_eq!((gaps[1].ns, gaps[1].cut), (60_000_000_000, true));
    let facts = selection.sessions.unwrap();
    assert_eq!((facts.pinned_turns, facts.gaps_cut), (3, 1));
    let fixed = DatasetPlan {
        sessions: Some(SessionPlan {
            think_time: ThinkTime::Fixed(7),
            ..SessionPlan::default()
        }),
        ..plan()
    };
    let selection = loaded(&rows, &fixed);
    assert!(
        selection.of_level(0)[1..3]
            .iter()
            .all(|sample| turn(sample).gap.ns == 7)
    );
    let rows = [json!({"turns": [{"text": "one"}, {"text": "two", "delay": 3}]})];
    refused(&rows, &plan(), &["line 1", "`delay`", "unit"]);
    let rows = [json!({"turns": [{"text": "one"}, {"answer": "?"}]})];
    refused(&rows, &plan(), &["line 1", "turn 2", "no text"]);
}

fn whole(session: &str, turn: u32, timestamp: u32, texts: &[&str]) -> Value {
    let messages: Vec<Value> = (0..)
        .zip(texts)
        .map(|(at, text)| says(if at % 2 == 0 { "user" } else { "assistant" }, text))
        .collect();
    json!({"session_id": session, "turn": turn, "timestamp": timestamp, "messages": messages})
}

#[test]
fn rows_of_one_turn_are_put_in_their_sessions() {
    let rows = [
        whole("a", 1, 0, &["one"]),
        whole("b", 1, 100, &["other"]),
        whole("a", 2, 3000, &["one", "1", "two"]),
        whole("b", 2, 90_000, &["other", "o", "next"]),
    ];
    let timed = DatasetPlan {
        timestamp_unit: Some(TimestampUnit::Milliseconds),
        ..plan()
    };
    let selection = loaded(&rows, &timed);
    assert_eq!(places(&selection), [(0, 1), (0, 2), (1, 1), (1, 2)]);
    assert_eq!(sent(&selection)[1], ["one", "1", "two"]);
    let samples = selection.of_level(0);
    // What was said before is held once.
    assert_eq!(samples[1].messages.len(), 2);
    let gaps = [1, 3].map(|at: usize| {
        let gap = turn(&samples[at]).gap;
        (gap.from, gap.ns / 1_000_000, gap.cut)
    });
    assert_eq!(
        gaps,
        [
            (GapFrom::Start, 3_000, false),
            (GapFrom::Start, 60_000, true)
        ]
    );
    // Times of an unknown unit are no gaps.
    refused(&rows, &plan(), &["line 1", "timestamp", "unit"]);
    let live = DatasetPlan {
        sessions: Some(SessionPlan {
            answers: AnswerSource::Live,
            ..SessionPlan::default()
        }),
        ..timed.clone()
    };
    refused(&rows, &live, &["line 1", "whole history"]);
    let mut gap = rows.to_vec();
    gap[2]["turn"] = json!(3);
    refused(
        &gap,
        &timed,
        &["line 3", "session a", "turn 3", "2 is missing"],
    );
    let mut modes = rows.to_vec();
    modes[3]["message_mode"] = json!("delta");
    refused(
        &modes,
        &timed,
        &["line 4", "only what is new", "whole history"],
    );
    modes[3]["message_mode"] = json!("both");
    refused(&modes, &timed, &["line 4", "message_mode", "both"]);
    let mixed = [rows[0].clone(), json!({"messages": [says("user", "x")]})];
    refused(
        &mixed,
        &timed,
        &["line 2", "whole conversation", "one turn"],
    );
}

#[test]
fn rows_of_what_is_new_build_on_answers() {
    let row = |session: u32, text: &str, more: Value| {
        let mut row = json!({"session_id": session, "text": text, "system": "kind"});
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        row
    };
    let rows = [
        row(7, "one", json!({"answer": "1"})),
        row(8, "x", json!({})),
        row(7, "two", json!({"delay_s": 2})),
        row(8, "y", json!({})),
        row(7, "three", json!({})),
    ];
    let selection = loaded(&rows, &plan());
    assert_eq!(
        sent(&selection),
        [
            vec!["kind", "one"],
            vec!["kind", "one", "1", "two"],
            vec!["kind", "one", "1", "two", "pinned 2", "three"],
            vec!["kind", "x"],
            vec!["kind", "x", "pinned 1", "y"],
        ]
    );
    assert_eq!(turn(&selection.of_level(0)[1]).gap.ns, 2_000_000_000);
    let delta = [
        json!({"session_id": 1, "messages": [says("user", "a")], "message_mode": "delta"}),
        json!({"session_id": 1, "messages": [says("user", "b")], "message_mode": "delta"}),
    ];
    assert_eq!(sent(&loaded(&delta, &plan()))[1], ["a", "pinned 1", "b"]);
    // Turns are counted from 0 or from 1; a later first one has lost its history.
    let numbered = |first: u64| [0, 1].map(|at| row(7, "x", json!({"turn": first + at})));
    for first in [0, 1] {
        assert_eq!(sent(&loaded(&numbered(first), &plan())).len(), 2);
    }
    refused(
        &numbered(2),
        &plan(),
        &[
            "line 1",
            "session 7",
            "turn 2",
            "what came before is missing",
        ],
    );
}

#[test]
fn a_draw_takes_sessions_whole_and_the_same_ones_again() {
    let rows: Vec<Value> = (0..60)
        .map(|at| json!({"session_id": at % 20, "text": format!("s{} t{}", at % 20, at / 20)}))
        .collect();
    let of = |seed, n| {
        let plan = DatasetPlan {
            seed,
            num_samples: vec![n],
            ..plan()
        };
        let selection = loaded(&rows, &plan);
        assert_eq!(selection.rows, 20);
        assert_eq!(selection.sessions.unwrap().sessions, n);
        places(&selection)
    };
    let five = of(3, 5);
    assert_eq!(five.len(), 15);
    assert!(five.chunks(3).all(|turns| {
        let numbers: Vec<u32> = turns.iter().map(|(_, turn)| *turn).collect();
        numbers == [1, 2, 3] && turns.iter().all(|(session, _)| *session == turns[0].0)
    }));
    assert_eq!(of(3, 5), five);
    assert_ne!(of(4, 5), five);
    // A smaller draw is the beginning of a larger one.
    let ten = of(3, 10);
    assert!(five.iter().all(|place| ten.contains(place)));
}

fn chat(own: u32, parent: i32, at: f64, ids: &[u32]) -> Value {
    json!({
        "chat_id": own, "parent_chat_id": parent, "timestamp": at, "type": "text", "turn": 1,
        "input_length": 16 * ids.len(), "output_length": 4, "hash_ids": ids,
    })
}

#[test]
fn chats_of_a_trace_follow_their_parents_and_fork() {
    let rows = [
        chat(1, -1, 0.0, &[1, 2]),
        chat(2, -1, 1.0, &[9]),
        chat(3, 1, 5.0, &[1, 2, 3]),
        chat(4, 1, 7.0, &[1, 2, 4]),
        chat(5, 4, 9.0, &[1, 2, 4, 5]),
    ];
    let selection = loaded(&rows, &plan());
    assert_eq!(places(&selection), [(0, 1), (0, 2), (2, 1), (2, 2), (1, 1)]);
    let samples = selection.of_level(0);
    let fork = turn(&samples[2]).fork.unwrap();
    assert_eq!((fork.session, fork.turn), (0, 1));
    assert_eq!(
        (turn(&samples[1]).gap.ns, turn(&samples[2]).gap.ns),
        (5_000_000_000, 7_000_000_000)
    );
    let texts = sent(&selection);
    assert!(texts[1][0].starts_with(&texts[0][0]) && texts[3][0].starts_with(&texts[2][0]));
    assert!(texts[2][0].starts_with(&texts[0][0]) && !texts[2][0].starts_with(&texts[1][0]));
    // The text of a prompt that grows is held once.
    assert!(samples[3].text().len() * 2 < texts[3][0].len());
    assert_eq!(selection.sessions.unwrap().forks, 1);
    // Other traces do not say what belongs together.
    let rows = [json!({"timestamp": 0, "input_length": 512, "output_length": 4, "hash_ids": [1]})];
    refused(&rows, &plan(), &["line 1", "Mooncake", "session_id"]);
}

#[test]
fn sub_agents_fork_and_are_waited_for_where_the_trace_waited() {
    let ask = |t: f64, ids: &[u32], more: Value| {
        let mut row = json!({"t": t, "type": "n", "in": 64 * ids.len(), "out": 4, "hash_ids": ids});
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        row
    };
    let rows = [json!({"id": "w", "block_size": 64, "requests": [
        ask(0.0, &[1], json!({"api_time": 1.0})),
        {"t": 2.0, "agent_id": "sub", "duration_ms": 8000, "requests": [
            ask(2.0, &[1, 7], json!({"api_time": 1.0})),
            ask(4.0, &[1, 7, 8], json!({"think_time": 0.25})),
        ]},
        ask(5.0, &[1, 2], json!({"api_time": 1.0})),
        ask(12.0, &[1, 2, 3], json!({})),
    ]})];
    let selection = loaded(&rows, &plan());
    assert_eq!(places(&selection), [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]);
    let turns: Vec<&SessionTurn> = selection.of_level(0).iter().map(turn).collect();
    let seconds = |turn: &SessionTurn| turn.gap.ns / 1_000_000;
    // From the first answer's end at 1 s: the sub-agent after 1 s, the next request after 4 s.
    assert_eq!((seconds(turns[3]), seconds(turns[1])), (1_000, 4_000));
    assert_eq!((seconds(turns[4]), seconds(turns[2])), (250, 6_000));
    let fork = turns[3].fork.unwrap();
    assert_eq!((fork.session, fork.turn, &*turns[3].name), (0, 1, "w/sub"));
    // At 5 s it was still running, at 12 s it had ended for 2 s.
    assert!(turns[1].joins.is_empty());
    assert_eq!(
        (turns[2].joins[0].session, turns[2].joins[0].gap_ns),
        (1, 2_000_000_000)
    );
    let texts = sent(&selection);
    assert!(texts[2][0].starts_with(&texts[1][0]) && texts[4][0].starts_with(&texts[0][0]));
}

#[test]
fn a_turn_that_cannot_be_asked_ends_its_session() {
    let rows = [
        json!({"session_id": 1, "text": "one"}),
        json!({"session_id": 1, "text": "  "}),
        json!({"session_id": 1, "text": "three"}),
        json!({"session_id": 2, "text": "x"}),
    ];
    let selection = loaded(&rows, &plan());
    assert_eq!(places(&selection), [(0, 1), (1, 1)]);
    let skipped: Vec<(&str, u64)> = selection
        .skipped
        .iter()
        .map(|(why, n)| (&**why, *n))
        .collect();
    assert_eq!(
        skipped,
        [("empty prompt", 1), ("behind a turn that is left out", 1)]
    );
}

#[test]
fn the_digest_holds_what_is_sent_and_when() {
    let rows = |text: &str, gap: f64| {
        [json!({"turns": [{"text": "one", "answer": "1"}, {"text": text, "delay_s": gap}]})]
    };
    let of = |text: &str, gap: f64| loaded(&rows(text, gap), &plan()).digest;
    assert_eq!(of("two", 1.0), of("two", 1.0));
    assert_ne!(of("two", 1.0), of("two", 2.0));
    assert_ne!(of("two", 1.0), of("too", 1.0));
}

#[test]
fn what_would_be_read_as_something_else_is_refused_with_its_line() {
    let hi = |id: Value| json!({"session_id": id, "text": "hi"});
    for id in [json!(true), json!([1]), json!({"x": 1})] {
        refused(
            &[hi(json!("a")), hi(id)],
            &plan(),
            &["line 2", "`session_id`", "a text or a number"],
        );
    }
    let chat = |own: i64, parent: i64| {
        json!({"chat_id": own, "parent_chat_id": parent, "timestamp": 1.0, "input_length": 16,
            "output_length": 2, "type": "text", "turn": 1, "hash_ids": [own]})
    };
    for (rows, words) in [
        (
            vec![chat(1, -1), chat(1, -1)],
            "chat 1 stands in a row before, too",
        ),
        (vec![chat(1, 1)], "chat 1 names itself as its parent"),
        (
            vec![chat(2, 1), chat(1, -1)],
            "chat 1 comes after a chat that names it as its parent",
        ),
    ] {
        refused(&rows, &plan(), &[words]);
    }
    // An excerpt has chats whose parents are not in it.
    let found = loaded(&[chat(7, 3), chat(8, 7)], &plan());
    assert_eq!(found.sessions.unwrap().sessions, 1);
    assert!(
        found.notes[0].contains("1 chats follow one that is not in the file"),
        "{:?}",
        found.notes
    );
    let agent = |request: Value| json!({"id": "s", "models": ["m"], "block_size": 64, "hash_id_scope": "local", "requests": [request]});
    for (key, t, took) in [
        ("api_time", json!(0), json!(-5)),
        ("t", json!(-1), json!(0.5)),
    ] {
        let request = json!({"t": t, "type": "n", "model": "m", "in": 64, "out": 5, "hash_ids": [1], "api_time": took});
        refused(&[agent(request)], &plan(), &["line 1", key]);
    }
    refused(
        &[json!({"prompt_0": "a", "prompt_2": "c"})],
        &plan(),
        &["line 1", "numbered 0, then 2"],
    );
    refused(
        &[json!({"turns": [{"text": "a"}, {"text": "b", "delay_s": 1, "delay_ms": 5}]})],
        &plan(),
        &["line 1", "`delay_s` and `delay_ms`"],
    );
    let both = json!({"text": "a", "messages": [{"role": "user", "content": "b"}]});
    refused(
        &[json!({"turns": [both]})],
        &plan(),
        &["line 1", "turn 1", "one of both"],
    );
    let turn = |turn: u32| json!({"session_id": "a", "turn": turn, "text": "hi"});
    for next in [1, 2] {
        let words = format!("turn {next} of session a comes after turn 2");
        refused(
            &[turn(1), turn(2), turn(next)],
            &plan(),
            &["line 3", &words],
        );
    }
    refused(&[turn(1), turn(3)], &plan(), &["line 2", "2 is missing"]);
}

#[test]
fn a_session_may_be_longer_than_a_stack_is_deep() {
    let turns: Vec<Value> = (0..60_000)
        .map(|at| json!({"text": format!("q{at}")}))
        .collect();
    let found = loaded(&[json!({"turns": turns})], &plan());
    let last = found.levels[0].last().unwrap();
    assert!(last.needs_pinned());
    let all = last.whole_messages(&Pinned).unwrap();
    assert_eq!(all.len(), 2 * 60_000 - 1);
    drop(found);
}

#[test]
fn sessions_of_one_name_have_names_of_their_own() {
    let row = |text: &str| json!({"id": "dup", "turns": [{"text": text}]});
    let found = loaded(&[row("a"), row("b"), row("a")], &plan());
    let turns = found.levels[0].iter().map(turn);
    let names: Vec<&str> = turns.map(|turn| &*turn.name).collect();
    assert_eq!(names, ["dup", "dup~2", "dup~3"]);
    let facts = found.sessions.unwrap();
    assert_eq!((facts.sessions, facts.repeats), (3, 1));
}
