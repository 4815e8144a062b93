//! Keys that a server sends back in everything that is no answer: pages, versions, resets, refusals.

use crate::common::{dataset, dualround, in_no_file, path_of, scripted, stderr, stdout};
use std::{path::Path, process::Output};

const KEY: &str = "sk-LeakMe-0123456789abcdef";

fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// An engine whose page is `page` and which says the key wherever it can.
fn leaky(page: &'static str) -> String {
    scripted(
        move |head| match path_of(head).split('?').next().unwrap_or("") {
            "/v1/models" => answer("200 OK", r#"{"data":[{"id":"m","owned_by":"sglang"}]}"#),
            // It knows what it is sent.
            "/get_server_info" if head.contains(KEY) => {
                answer("200 OK", &format!(r#"{{"version":"0.5.1 {KEY}"}}"#))
            }
            "/get_server_info" => answer("200 OK", r#"{"version":"0.5.1"}"#),
            "/v1/chat/completions" => answer(
                "200 OK",
                "data: {\"choices\":[{\"delta\":{\"content\":\"A\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
            ),
            "/metrics" => answer("200 OK", &page.replace("KEY", KEY)),
            "/refused" => answer("401 Unauthorized", &format!("bad key {KEY}")),
            _ => answer("403 Forbidden", &format!("no {KEY}")),
        },
    )
}

fn run(dir: &Path, base: &str, more: &[&str]) -> Output {
    dualround()
        .current_dir(dir)
        .args(["--dataset", "data.jsonl", "--endpoint", base, "--overwrite"])
        .args(["--output-dir", "out", "--progress", "none", "--lang", "en"])
        .args(more)
        .output()
        .unwrap()
}

fn kept(output: &Output, dir: &Path, what: &str) -> String {
    let said = stdout(output) + &stderr(output);
    assert!(!said.contains("LeakMe"), "{what}: {said}");
    if dir.join("out").exists() {
        in_no_file(&dir.join("out"), "LeakMe");
    }
    said
}

#[test]
fn f016_what_pages_and_engines_say_is_masked() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 4);
    let pages = [
        "words KEY",
        r#"{"k":"KEY"}"#,
        "<html><title>key KEY</title></html>",
        "# TYPE a counter\na{x=\"KEY\"} 5\n",
        "other words KEY",
    ];
    for (at, page) in pages.into_iter().enumerate() {
        let base = leaky(page);
        let header = format!("Authorization: Bearer {KEY}");
        // Each serves one connection at a time.
        let other = leaky(page);
        let with_query = format!("{other}/metrics?token={KEY}");
        let plain = format!("{other}/metrics");
        let ways = [
            vec!["--prometheus-url", &plain, "--prometheus-header", &header],
            vec!["--prometheus-url", &with_query],
            vec!["--prometheus-url", &plain, "--api-key", KEY],
        ];
        let more = [
            &ways[at % 3][..],
            &["--prometheus-metrics", "a", "--rounds", "C"],
        ]
        .concat();
        let output = run(dir.path(), &base, &more);
        kept(&output, dir.path(), page);
        let mut check = dualround();
        let output = check
            .args(["check", "metrics", &with_query])
            .output()
            .unwrap();
        kept(&output, dir.path(), page);
        let mut check = dualround();
        let check = check.args(["check", "endpoint", &base, "--api-key", KEY]);
        let said = kept(&check.output().unwrap(), dir.path(), page);
        assert!(said.contains("0.5.1 ***"), "{said}");
    }
}

#[test]
fn f016_what_is_said_to_a_reset_or_a_push_is_masked() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 4);
    let base = leaky("");
    let reset = format!("{base}/reset?key={KEY}");
    let output = run(
        dir.path(),
        &base,
        &["--cold", "reset", "--reset-cache-url", &reset],
    );
    let said = kept(&output, dir.path(), "reset");
    assert!(said.contains("HTTP 403: no ***"), "{said}");
    for more in [
        vec!["--remote-write", &format!("{base}/push?key={KEY}")],
        vec!["--remote-write", &format!("{base}/push"), "--api-key", KEY],
    ] {
        let output = run(dir.path(), &base, &more);
        let said = kept(&output, dir.path(), "push");
        assert!(said.contains("no ***"), "{said}");
    }
    let refused = format!("{base}/refused?token={KEY}");
    let output = dualround()
        .args(["check", "metrics", &refused])
        .output()
        .unwrap();
    let said = kept(&output, dir.path(), "check metrics");
    assert!(said.contains("HTTP 401: bad key ***"), "{said}");
}

#[test]
fn b151_secrets_of_bodies_are_not_stored() {
    let dir = tempfile::tempdir().unwrap();
    let row = format!(
        r#"{{"custom_id":"r","body":{{"messages":[{{"role":"user","content":"hi"}}],"api_key":"{KEY}","top_p":0.5}}}}"#
    );
    std::fs::write(dir.path().join("data.jsonl"), row + "\n").unwrap();
    // A server that echoes what the row holds.
    let base = scripted(|head| match path_of(head) {
        "/v1/models" => answer("200 OK", r#"{"data":[{"id":"m"}]}"#),
        _ => answer("500 Error", &format!("no such key: {KEY}")),
    });
    let output = run(dir.path(), &base, &["--no-probe", "--store-text", "full"]);
    let said = kept(&output, dir.path(), "row");
    assert!(said.contains("no such key: ***"), "{said}");
    let output = dualround()
        .current_dir(dir.path())
        .args(["check", "dataset", "data.jsonl"])
        .output()
        .unwrap();
    let said = kept(&output, dir.path(), "check dataset");
    assert!(said.contains("\"api_key\": \"***\""), "{said}");
    let base = leaky("");
    let body = format!(r#"{{"headers":{{"Authorization":"Bearer {KEY}"}},"seed":1}}"#);
    let output = run(dir.path(), &base, &["--extra-body", &body, "--no-probe"]);
    assert!(output.status.success(), "{}", stderr(&output));
    kept(&output, dir.path(), "body");
    let plan = std::fs::read_to_string(dir.path().join("out/run.json")).unwrap();
    assert!(
        plan.contains("\"Authorization\": \"***\"") && plan.contains("\"seed\": 1"),
        "{plan}"
    );
    let output = run(
        dir.path(),
        &base,
        &["--extra-body", &body, "--print-config"],
    );
    let said = kept(&output, dir.path(), "--print-config");
    assert!(said.contains("seed"), "{said}");
}

#[test]
fn f016_words_that_are_no_secrets_stay() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let words =
        "the python docs of ollama in production, default for qwen2.5-7b-instruct, 2023-06-01";
    let base = scripted(move |head| match path_of(head) {
        "/v1/models" => answer("200 OK", r#"{"data":[{"id":"m"}]}"#),
        _ => answer("500 Error", words),
    });
    let headers = [
        "X-Stainless-Lang: python",
        "X-Environment: production",
        "X-Tenant: default",
        "X-Model: qwen2.5-7b-instruct",
        "anthropic-version: 2023-06-01",
    ];
    let headers = headers.iter().flat_map(|header| ["--header", header]);
    let more: Vec<&str> = headers
        .chain(["--api-key", "ollama", "--no-probe"])
        .collect();
    let output = run(dir.path(), &base, &more);
    assert!(stdout(&output).contains(words), "{}", stdout(&output));
}
