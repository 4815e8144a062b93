//! What servers, gateways and users send that the plain case does not have.

use crate::common::{
    dataset, dualround, engine, in_no_file, json, path_of, scripted, scripted_by_body, stderr,
    stdout,
};
use serde_json::Value;
use std::{
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
};

/// What a server was sent.
pub(crate) type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n";

/// A list of one model, and for chat requests `answer`, a whole response.
pub(crate) fn server(answer: impl Fn(usize) -> String + Send + 'static) -> (String, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let base = scripted_by_body(move |head, body| {
        let chat = head.starts_with("POST /v1/chat");
        let number = {
            let mut log = log.lock().unwrap();
            log.push((head.to_owned(), body.to_vec()));
            log.iter()
                .filter(|(head, _)| head.starts_with("POST /v1/chat"))
                .count()
        };
        if chat {
            return answer(number).into_bytes();
        }
        let models = r#"{"data":[{"id":"m"}]}"#;
        let (head, body) = match path_of(head) {
            "/v1/models" => (HEAD, models),
            _ => ("HTTP/1.1 404 Not Found\r\nConnection: close\r\n", "{}"),
        };
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    (base, seen)
}

fn stream(events: &[&str]) -> String {
    let events: String = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    format!("{HEAD}Content-Type: text/event-stream\r\n\r\n{events}")
}

/// An answer of two tokens.
pub(crate) fn plain(_: usize) -> String {
    stream(&[
        r#"{"choices":[{"delta":{"content":"A"}}]}"#,
        r#"{"choices":[{"delta":{"content":"B"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":2}}"#,
        "[DONE]",
    ])
}

pub(crate) fn run_with(
    dir: &Path,
    base: &str,
    args: &[&str],
    environment: &[(&str, &str)],
) -> Output {
    let mut command = dualround();
    command
        .current_dir(dir)
        .args(["--dataset", "data.jsonl", "--endpoint", base])
        .args(["--progress", "none", "--output-dir", "out"])
        .args(args);
    for (name, value) in environment {
        command.env(name, value);
    }
    command.output().unwrap()
}

fn lines_of<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let prefix = format!("{}:", name.to_ascii_lowercase());
    let lines = head.lines();
    lines
        .filter(|line| line.to_ascii_lowercase().starts_with(&prefix))
        .collect()
}

#[test]
fn f016_a_key_with_a_line_end_is_trimmed_or_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let (base, seen) = server(plain);
    let evil = "sk-test-1234\r\nX-Evil: 1";
    for (args, environment, named) in [
        (vec![], vec![("OPENAI_API_KEY", evil)], "OPENAI_API_KEY"),
        (vec!["--api-key", evil], vec![], "--api-key"),
        (vec![], vec![("DUALROUND_API_KEY", evil)], "--api-key"),
        (
            vec!["--header", "X-Token: a\nb"],
            vec![],
            "--header X-Token",
        ),
        (
            vec!["--prometheus-header", "X: a\nb"],
            vec![],
            "--prometheus-header X",
        ),
    ] {
        let output = run_with(dir.path(), &base, &args, &environment);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = stderr(&output);
        assert!(said.contains(named) && !said.contains("sk-test"), "{said}");
    }
    assert!(seen.lock().unwrap().is_empty());
    let output = run_with(
        dir.path(),
        &base,
        &[],
        &[("OPENAI_API_KEY", "sk-test-1234\r\n")],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty());
    for (head, _) in seen.iter() {
        assert_eq!(
            lines_of(head, "authorization"),
            ["Authorization: Bearer sk-test-1234"]
        );
        assert!(head.ends_with("\r\n\r\n") && head.lines().all(|line| !line.ends_with('\r')));
    }
}

#[test]
fn f017_the_users_headers_win_and_stand_once() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let (base, seen) = server(plain);
    let args = [
        "--header",
        "Host: llama.models.example",
        "--header",
        "authorization: Bearer for-this-host",
        "--header",
        "Content-Type: application/json; charset=utf-8",
        "--header",
        "User-Agent: bench",
    ];
    let key = [("OPENAI_API_KEY", "sk-of-another-host")];
    let output = run_with(dir.path(), &base, &args, &key);
    assert!(output.status.success(), "{}", stderr(&output));
    for (head, body) in seen.lock().unwrap().iter() {
        assert_eq!(lines_of(head, "host"), ["Host: llama.models.example"]);
        assert_eq!(
            lines_of(head, "authorization"),
            ["authorization: Bearer for-this-host"]
        );
        assert_eq!(lines_of(head, "user-agent"), ["User-Agent: bench"]);
        assert_eq!(lines_of(head, "content-type").len(), 1);
        assert!(lines_of(head, "content-length").len() <= 1);
        assert!(!head.contains("sk-of-another-host"));
        assert!(!head.starts_with("POST") || !body.is_empty());
    }
    in_no_file(&dir.path().join("out"), "for-this-host");
    for (header, word) in [
        ("Content-Length: 5", "frames"),
        ("Transfer-Encoding: chunked", "frames"),
    ] {
        let output = run_with(dir.path(), &base, &["--header", header], &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    let both = ["--api-key", "sk-1", "--header", "Authorization: Bearer b"];
    assert_eq!(
        run_with(dir.path(), &base, &both, &[]).status.code(),
        Some(2)
    );
}

#[test]
fn f019_a_proxy_that_refuses_is_named() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let proxy = [("HTTP_PROXY", "http://127.0.0.1:9")];
    let output = run_with(dir.path(), "http://gpu.example:8000", &[], &proxy);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(
        said.contains("proxy http://127.0.0.1:9") && said.contains("--no-proxy"),
        "{said}"
    );
    let output = run_with(
        dir.path(),
        "http://gpu.example:8000",
        &["--no-probe", "--model", "m"],
        &proxy,
    );
    let said = stdout(&output) + &stderr(&output);
    assert!(said.contains("proxy http://127.0.0.1:9"), "{said}");
    for (endpoint, name, proxy) in [
        ("https://gpu.example", "HTTPS_PROXY", "http://127.0.0.1:9"),
        ("http://gpu.example", "ALL_PROXY", "socks5h://127.0.0.1:9"),
        ("https://gpu.example", "ALL_PROXY", "socks5h://127.0.0.1:9"),
    ] {
        let output = run_with(dir.path(), endpoint, &["--overwrite"], &[(name, proxy)]);
        let said = stderr(&output);
        assert!(said.contains(&format!("proxy {proxy}")), "{said}");
    }
}

#[test]
fn f005_check_endpoint_says_what_came_and_fails() {
    let page = "<html><head><title>Sign in</title></head></html>";
    let told = |body: &'static str, head: &'static str| {
        let (base, _) = server(move |_| format!("{head}Connection: close\r\n\r\n{body}"));
        let output = dualround()
            .args(["check", "endpoint", &base])
            .output()
            .unwrap();
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let (code, said) = told(page, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n");
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("HTML page") && said.contains("Sign in"),
        "{said}"
    );
    let error = r#"{"error":{"message":"request (19185 tokens) exceeds the context"}}"#;
    let (code, said) = told(
        error,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n",
    );
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("19185 tokens"), "{said}");
    let (code, said) = told(error, "HTTP/1.1 400 Bad Request\r\n");
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("HTTP 400") && said.contains("19185 tokens"),
        "{said}"
    );
    assert!(!said.contains("hint:"), "{said}");
}

#[test]
fn f026_what_is_no_page_of_metrics_is_said() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let sim = engine();
    for (body, words) in [
        (r#"{"metrics":[]}"#, "JSON"),
        ("<html><title>Grafana</title></html>", "HTML page: Grafana"),
        ("\u{28}zstd", "compressed (zstd)"),
        ("\u{1f}\u{8b}gzip", "unreadable"),
        ("not found here", "`not found here`"),
    ] {
        let mut bytes = body.as_bytes().to_vec();
        if body.contains("gzip") {
            bytes = [&[0x1f, 0x8b, 8][..], b"gzip"].concat();
        }
        if body.contains("zstd") {
            bytes = b"\x28\xb5\x2f\xfd\x04".to_vec();
        }
        let words = if body.contains("gzip") {
            "compressed (gzip)"
        } else {
            words
        };
        let page = scripted(move |_| [HEAD.as_bytes(), b"\r\n", &bytes].concat());
        let output = dualround()
            .args(["check", "metrics", &page])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        let metrics = [
            "--prometheus-url",
            &page,
            "--prometheus-metrics",
            "kv_cache_hit_rate",
        ];
        let output = run_with(
            dir.path(),
            &sim.base_url(),
            &[&metrics[..], &["--overwrite"]].concat(),
            &[],
        );
        let said = stdout(&output) + &stderr(&output);
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("is not on the page"), "{said}");
    }
}

#[test]
fn f001_text_in_an_unknown_field_is_told() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    let (base, _) = server(|_| {
        stream(&[
            r#"{"choices":[{"delta":{"plan":"first"}}]}"#,
            r#"{"choices":[{"delta":{"content":"A"}}]}"#,
            r#"{"choices":[{"delta":{"content":"B"},"finish_reason":"because"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":2,"total_tokens":500}}"#,
            "[DONE]",
        ])
    });
    let output = run_with(dir.path(), &base, &["--lang", "en"], &[]);
    let said = stdout(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for words in [
        "6 of 6 answers began with text in a field that is not known (`plan`)",
        "6 answers ended with a finish_reason that is not known (`because`)",
        "6 requests: usage does not add up",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    for flag in ["unknown_text", "unknown_finish", "usage_total_off"] {
        assert_eq!(round["summary"]["flags"][flag], 6, "{flag}");
    }
}

#[test]
fn x01_a_server_that_cuts_prompts_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        let text = format!("Story {i}. ") + &"a long tale of many words ".repeat(1500);
        serde_json::json!({ "text": text }).to_string() + "\n"
    };
    let rows: String = (0..6).map(row).collect();
    std::fs::write(dir.path().join("data.jsonl"), rows).unwrap();
    let (base, _) = server(|_| plain(0).replace("\"prompt_tokens\":90", "\"prompt_tokens\":2051"));
    let output = run_with(dir.path(), &base, &["--lang", "en"], &[]);
    let said = stdout(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(said.contains("it must have cut them"), "{said}");
}

#[test]
fn check_shows_the_very_request_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let rows = "{\"text\":\"one\",\"system\":\"be brief\",\"temperature\":1.3,\"max_tokens\":7}\n{\"text\":\"two\"}\n";
    std::fs::write(dir.path().join("data.jsonl"), rows).unwrap();
    let (base, seen) = server(plain);
    let flags = [
        "--temperature",
        "0",
        "--top-p",
        "0.9",
        "--extra-body",
        r#"{"seed":3,"guided":{"a":[1]}}"#,
        "--cold",
        "none",
        "--max-tokens-field",
        "max_completion_tokens",
        "--seed",
        "1",
    ];
    let output = run_with(dir.path(), &base, &flags, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let bodies: Vec<Value> = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(head, _)| head.starts_with("POST /v1/chat"))
        .map(|(_, body)| serde_json::from_slice(body).unwrap())
        .collect();
    for check in [
        vec!["check", "dataset", "data.jsonl", "--model", "m"],
        vec!["check", "endpoint", &base, "--dataset", "data.jsonl"],
    ] {
        let shown = dualround()
            .current_dir(dir.path())
            .args(check)
            .args(flags)
            .output()
            .unwrap();
        let said = stdout(&shown);
        let from = said.find("\n{\n").unwrap_or_else(|| panic!("{said}")) + 1;
        let to = said.rfind("\n}\n").unwrap() + 2;
        let body: Value = serde_json::from_str(&said[from..to]).unwrap();
        let of_run = bodies.iter().filter(|sent| **sent == body).count();
        assert_eq!(of_run, 2, "{said}");
    }
}

#[test]
fn g14_checks_take_the_flags_of_a_run() {
    let (base, seen) = server(plain);
    let output = dualround()
        .args([
            "check",
            "endpoint",
            &base,
            "--header",
            "Authorization: Bearer k",
        ])
        .args(["--header", "X-Tenant: blue", "--no-canary"])
        .env("DUALROUND_MODEL", "m2")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("model: m2"));
    for (head, _) in seen.lock().unwrap().iter() {
        assert_eq!(lines_of(head, "authorization"), ["Authorization: Bearer k"]);
        assert_eq!(lines_of(head, "x-tenant"), ["X-Tenant: blue"]);
    }
    // A page that wants a key.
    let page = scripted(|head| {
        let (status, body) = if head.contains("Bearer page-key") {
            ("200 OK", "up 1\n")
        } else {
            ("401 Unauthorized", "")
        };
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .into_bytes()
    });
    let check = |more: &[&str]| {
        dualround()
            .args(["check", "metrics", &page])
            .args(more)
            .output()
            .unwrap()
    };
    assert_eq!(check(&[]).status.code(), Some(2));
    let with_key = check(&["--prometheus-header", "Authorization: Bearer page-key"]);
    assert!(with_key.status.success(), "{}", stderr(&with_key));
    assert!(stdout(&with_key).contains("1 metrics"));
    // What a run would refuse is refused here.
    let bad = check(&["--temperature", "-1"]);
    assert_eq!(bad.status.code(), Some(2));
    for check in [vec!["check", "endpoint"], vec!["check", "dataset"]] {
        let output = dualround().args(&check).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{check:?}");
        assert!(stderr(&output).contains("give the"), "{}", stderr(&output));
    }
}

/// A key that comes back in every place of an answer, whole and cut, is nowhere.
#[test]
fn f016_a_key_that_a_server_sends_back_anywhere_is_masked() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 4);
    let key = "sk-ZQ9abcdefghijklmnop-0123456789";
    let (base, _) = server(move |number| match number % 3 {
        0 => stream(&[
            &format!(r#"{{"id":"{key}","choices":[{{"delta":{{"key {key}":"text"}}}}]}}"#),
            r#"{"choices":[{"delta":{"content":"A"}}]}"#,
            &format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"for {key}"}}]}}"#),
            "[DONE]",
        ]),
        1 => format!("{HEAD}\r\n\r\n{} {key}", "y".repeat(165)),
        _ => stream(&[&format!("{} {key}", "y".repeat(175))]),
    });
    let args = [
        "--api-key",
        key,
        "--no-probe",
        "--model",
        "m",
        "--rounds",
        "CWCWCW",
    ];
    let output = run_with(dir.path(), &base, &args, &[]);
    let said = stdout(&output) + &stderr(&output);
    let out = dir.path().join("out");
    for length in [key.len(), 12, 8] {
        assert!(!said.contains(&key[..length]), "{said}");
        in_no_file(&out, &key[..length]);
    }
    assert!(said.contains("***"), "{said}");
}

#[test]
fn f017_a_key_of_the_environment_gives_way_to_what_the_url_says() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let (base, seen) = server(plain);
    let key = [("OPENAI_API_KEY", "sk-of-another-host")];
    let with_userinfo = base.replace("http://", "http://al:pa55w0rd@");
    assert!(
        run_with(dir.path(), &with_userinfo, &[], &key)
            .status
            .success()
    );
    let azure = ["--header", "api-key: of-this-host", "--overwrite"];
    let output = run_with(dir.path(), &base, &azure, &key);
    assert!(output.status.success());
    // A request without the key may be refused: it is said why there is none.
    let said = stderr(&output);
    assert!(
        said.contains("OPENAI_API_KEY is not sent: --header api-key"),
        "{said}"
    );
    let mut check = dualround();
    let check = check
        .args([
            "check",
            "endpoint",
            &base,
            "--no-canary",
            "--header",
            azure[1],
        ])
        .env(key[0].0, key[0].1);
    let said = stderr(&check.output().unwrap());
    assert!(
        said.contains("OPENAI_API_KEY is not sent") && !said.contains("seed"),
        "{said}"
    );
    let seen = seen.lock().unwrap();
    assert!(
        seen.iter()
            .all(|(head, _)| !head.contains("sk-of-another-host"))
    );
    let basic = seen
        .iter()
        .filter(|(head, _)| head.contains("Authorization: Basic "));
    assert!(basic.count() > 4);
    let both = run_with(dir.path(), &with_userinfo, &["--api-key", "sk-1"], &[]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn f010_no_tokens_beside_events_are_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 3);
    let (base, _) =
        server(|_| plain(0).replace("\"completion_tokens\":2", "\"completion_tokens\":0"));
    let output = run_with(dir.path(), &base, &["--lang", "en"], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert_eq!(round["requests"][0]["output_tokens"], 2);
    assert_eq!(round["summary"]["flags"]["usage_mismatch"], 3);
}

#[test]
fn f009_impossible_hits_are_said() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let usage = "\"prompt_tokens\":12,\"cache_read_input_tokens\":1800";
    let (base, _) = server(move |_| plain(0).replace("\"prompt_tokens\":90", usage));
    let output = run_with(
        dir.path(),
        &base,
        &["--lang", "en", "--no-probe", "--model", "m"],
        &[],
    );
    let said = stdout(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        said.contains("8 of 8 answers report more cached tokens than their prompt has"),
        "{said}"
    );
    assert!(
        !said.contains("reports no cached tokens") && !said.contains("must have cut"),
        "{said}"
    );
}
