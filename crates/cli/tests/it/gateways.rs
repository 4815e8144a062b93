//! What gateways and engines behind them show of themselves.

use crate::common::{dataset, dualround, path_of, run, scripted, stderr, stdout};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n";

fn page(body: &str) -> Vec<u8> {
    format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn missing() -> Vec<u8> {
    b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}".to_vec()
}

/// An answer of one token, with these counts.
fn answer(usage: &str) -> Vec<u8> {
    let end = if usage.is_empty() {
        String::new()
    } else {
        format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n")
    };
    format!(
        "{HEAD}Content-Type: text/event-stream\r\n\r\ndata: {{\"choices\":[{{\"delta\":{{\"content\":\"A\"}},\"finish_reason\":\"stop\"}}]}}\n\n{end}data: [DONE]\n\n"
    )
    .into_bytes()
}

fn check(base: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = dualround()
        .args(["check", "endpoint", base])
        .args(more)
        .output()
        .unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

/// A server without a page, of these models.
fn plain(models: &'static str, usage: &'static str) -> String {
    scripted(move |head| match path_of(head) {
        "/v1/models" => page(models),
        "/v1/chat/completions" => answer(usage),
        _ => missing(),
    })
}

#[test]
fn g12_what_a_canary_was_not_told_is_not_known() {
    let one = r#"{"data":[{"id":"m"}]}"#;
    let (code, said) = check(&plain(one, ""), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("bear no usage"), "{said}");
    assert!(
        said.contains("what the text takes is not reported"),
        "{said}"
    );
    let counts = r#"{"prompt_tokens":900,"completion_tokens":1}"#;
    let (_, said) = check(&plain(one, counts), &[]);
    assert!(
        said.contains("what the text takes is not reported"),
        "{said}"
    );
    assert!(said.contains("--admin-url"), "{said}");
    let zero = r#"{"prompt_tokens":900,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":0}}"#;
    let (_, said) = check(&plain(one, zero), &[]);
    assert!(said.contains("the text took 0 tokens"), "{said}");
}

/// nginx asks for a client's certificate so.
#[test]
fn g12_the_words_in_the_place_of_a_list_are_told() {
    let body = "<html><head><title>400 No required SSL certificate was sent</title></head></html>";
    let base = scripted(move |_| {
        let head = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length:";
        format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let (code, said) = check(&base, &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("No required SSL certificate"), "{said}");
    assert!(said.contains("--client-cert"), "{said}");
}

#[test]
fn g12_a_pattern_is_no_model() {
    let (code, said) = check(&plain(r#"{"data":[{"id":"*"}]}"#, ""), &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("patterns of models, not models (*): give --model"),
        "{said}"
    );
    let many: Vec<String> = (0..30).map(|at| format!("{{\"id\":\"m{at}\"}}")).collect();
    let many: &str = Box::leak(format!("{{\"data\":[{}]}}", many.join(",")).into_boxed_str());
    let (code, said) = check(&plain(many, ""), &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("serves 30 models: m0,") && said.contains("and 10 more"),
        "{said}"
    );
    let (code, said) = check(&plain(r#"{"data":["m","m"]}"#, ""), &[]);
    assert!(code == Some(0) && said.contains("model: m"), "{said}");
    let (code, said) = check(&plain(r#"{"data":[{"id":""}]}"#, ""), &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("lists no model: give --model"), "{said}");
    let both = r#"{"data":[{"id":"openai/*"},{"id":"m"}]}"#;
    let (code, said) = check(&plain(both, ""), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("model: m\n"), "{said}");
}

/// Engines take a request off their gauges some time after its answer.
#[test]
fn g09_a_gauge_that_is_late_is_no_other_traffic() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    for (late, told) in [(3, false), (u32::MAX, true)] {
        let shown = AtomicU32::new(0);
        let sent = AtomicU32::new(0);
        let base = scripted(move |head| match path_of(head) {
            "/v1/models" => page(r#"{"data":[{"id":"m","owned_by":"vllm"}]}"#),
            "/v1/chat/completions" => {
                shown.store(0, SeqCst);
                sent.fetch_add(1, SeqCst);
                answer(r#"{"prompt_tokens":900,"completion_tokens":1}"#)
            }
            "/metrics" => {
                let running = u32::from(shown.fetch_add(1, SeqCst) < late);
                let sent = sent.load(SeqCst);
                page(&format!(
                    "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running {running}\n\
                     # TYPE vllm:prompt_tokens_total counter\nvllm:prompt_tokens_total {}\n",
                    sent * 900
                ))
            }
            _ => missing(),
        });
        let output = run(
            dir.path(),
            &format!(
                "--dataset data.jsonl --endpoint {base} --lang en --output-dir out --overwrite \
                 --progress none"
            ),
        );
        let said = stdout(&output);
        let traffic = said.contains("requests running or waiting before the round");
        assert_eq!(traffic, told, "{said} {}", stderr(&output));
    }
}

/// A check says of the canary's answers what a run would say of its own.
#[test]
fn g12_a_check_says_what_it_did_not_understand() {
    let base = scripted(|head| match path_of(head) {
        "/v1/models" => page(r#"{"data":[{"id":"m"}]}"#),
        "/v1/chat/completions" => {
            let chunk = r#"{"choices":[{"delta":{"plan":"A"}}]}"#;
            let end = r#"{"choices":[{"delta":{},"finish_reason":"because"}]}"#;
            let usage = r#"{"choices":[],"usage":{"prompt_tokens":900,"completion_tokens":1}}"#;
            format!(
                "{HEAD}Content-Type: text/event-stream\r\n\r\ndata: {chunk}\n\ndata: {end}\n\ndata: {usage}\n\ndata: [DONE]\n\n"
            )
            .into_bytes()
        }
        _ => missing(),
    });
    let (_, said) = check(&base, &[]);
    assert!(
        said.contains("`plan`") && said.contains("because"),
        "{said}"
    );
}

#[test]
fn g08_a_gateway_is_named() {
    for (header, path, body, named) in [
        (
            "x-litellm-version: 1.84.0\r\nserver: nginx",
            "",
            "",
            "LiteLLM",
        ),
        ("server: envoy", "", "", "Envoy"),
        ("via: 1.1 Caddy", "", "", "Caddy"),
        (
            "x-a: b",
            "/metrics",
            "# TYPE vllm_router_requests_total counter\nvllm_router_requests_total 5\n",
            "vllm-router",
        ),
    ] {
        let base = scripted(move |head| match path_of(head) {
            "/v1/models" => {
                let body = r#"{"data":[{"id":"m"}]}"#;
                format!(
                    "{HEAD}{header}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .into_bytes()
            }
            "/v1/chat/completions" => answer(""),
            at if at == path => page(body),
            _ => missing(),
        });
        let (code, said) = check(&base, &["--no-canary"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains(&format!("a gateway answers: {named};")),
            "{said}"
        );
    }
}
