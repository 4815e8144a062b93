//! Running the program as a user would.

use serde_json::Value;
use simllm::{Sim, SimConfig};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::Output,
};

/// The program with a clean environment.
pub(crate) fn dualround() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("dualround").unwrap();
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("LANG", "C");
    command
}

/// Runs it in `dir` with words separated by spaces.
pub(crate) fn run(dir: &Path, line: &str) -> Output {
    dualround()
        .current_dir(dir)
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a line that is to be refused, with all of these words in what is said.
pub(crate) fn refused(dir: &Path, line: &str, words: &[&str]) {
    let output = run(dir, line);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{line}: {said}");
    for word in words {
        assert!(said.contains(word), "{line}: {word}: {said}");
    }
}

/// Whether a character is Chinese.
pub(crate) fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Whether a text has Chinese in it.
pub(crate) fn is_chinese(text: &str) -> bool {
    text.contains(is_han)
}

pub(crate) fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// An engine that answers quickly.
pub(crate) fn engine() -> Sim {
    engine_with(SimConfig::default())
}

/// An engine that prefills one prompt after the other, and does nothing else: its capacity is known.
pub(crate) fn serial(base_ms: f64, ms_per_token: f64) -> Sim {
    Sim::start(SimConfig {
        prefill_base_ms: base_ms,
        prefill_ms_per_token: ms_per_token,
        prefill_serial: true,
        itl_ms: 0.0,
        itl_ms_per_running: 0.0,
        max_batch: 4096,
        ..SimConfig::default()
    })
    .unwrap()
}

pub(crate) fn engine_with(config: SimConfig) -> Sim {
    Sim::start(SimConfig {
        prefill_base_ms: 1.0,
        prefill_ms_per_token: 0.02,
        itl_ms: 1.0,
        ..config
    })
    .unwrap()
}

/// A server of its own that answers each request, given its head, with the bytes of `answer`.
pub(crate) fn scripted(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    scripted_by_body(move |head, _| answer(head))
}

/// The same, given the request's body too.
pub(crate) fn scripted_by_body(answer: impl Fn(&str, &[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap_or(0) > 2 {}
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            // What is not read would reset the connection when it is closed.
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            let whole = reader.read_exact(&mut body).is_ok();
            // A client that has seen enough may be gone.
            let _ = stream.write_all(&answer(&head, &body[..if whole { body.len() } else { 0 }]));
        }
    });
    base
}

/// The path that a request's head asks for.
pub(crate) fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or("")
}

/// A dataset of `rows` prompts of some hundred words in `dir/data.jsonl`.
pub(crate) fn dataset(dir: &Path, rows: usize) {
    let row = |i: usize| {
        let text = format!("Story {i}: ") + &format!("word{i} and more of it ").repeat(40);
        serde_json::json!({"id": format!("r{i}"), "text": text}).to_string() + "\n"
    };
    std::fs::write(
        dir.join("data.jsonl"),
        (0..rows).map(row).collect::<String>(),
    )
    .unwrap();
}

/// Every summary adds up: planned = success + failed + cancelled + not started, and the requests of
/// the file are those that ended.
pub(crate) fn adds_up(file: &Value) {
    let summary = &file["summary"];
    let count = |key: &str| summary[key].as_u64().unwrap();
    let ended =
        count("successful_requests") + count("failed_requests") + count("cancelled_requests");
    assert_eq!(
        ended + count("not_started_requests"),
        count("planned_requests"),
        "{summary}"
    );
    assert_eq!(file["requests"].as_array().unwrap().len() as u64, ended);
}

/// No file of a run, whatever its kind, holds these bytes.
pub(crate) fn in_no_file(dir: &Path, secret: &str) {
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let held = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!held, "{}", path.display());
    }
}
