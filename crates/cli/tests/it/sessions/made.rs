//! Made conversations, and what their tests have in common.

use crate::common::{run, stderr, stdout};
use serde_json::{Value, json};
use std::{collections::HashMap, path::Path};

/// A text of so many words that no other has.
pub(super) fn words(name: &str, count: usize) -> String {
    (0..count).map(|at| format!("{name}{at} ")).collect()
}

/// Conversations of so many turns with recorded answers.
pub(super) fn chats(dir: &Path, sessions: usize, turns: usize) {
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
pub(super) fn questions(dir: &Path, sessions: usize, turns: usize) {
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

pub(super) fn ran(dir: &Path, line: &str) -> String {
    let output = run(dir, line);
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    stdout(&output)
}

/// The requests of a round by session and turn.
pub(super) fn by_turn(file: &Value) -> HashMap<(u64, u64), Value> {
    let requests = file["requests"].as_array().unwrap().iter();
    requests
        .map(|one| {
            let number = |key: &str| one[key].as_u64().unwrap();
            ((number("session"), number("turn")), one.clone())
        })
        .collect()
}

/// An answer of these events, behind which the connection is closed.
pub(super) fn streamed(events: &str) -> Vec<u8> {
    let length = events.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n";
    format!("{head}Content-Length: {length}\r\n\r\n{events}").into_bytes()
}
