//! What servers and gateways send that the format does not have: other carriers of text, endings by
//! force, labels that are wrong, words in the place of a stream.
#![cfg(test)]

mod common;
mod script;

use common::metrics;
use dualround_model::{Flag, Outcome, RequestRecord};
use script::{DONE, FIN, ROLE, SSE, Step, c, cu, scripted, u, write};

/// The kind and the words of a failure.
fn failure(record: &RequestRecord) -> (String, String) {
    match &record.outcome {
        Outcome::Failed(failure) => (failure.kind.to_string(), failure.message.clone()),
        other => (format!("{other:?}"), String::new()),
    }
}

fn one(parts: &[&str]) -> RequestRecord {
    scripted(vec![write(&parts.concat())])
}

fn delta(fields: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{fields}}}}}]}}\n\n")
}

fn end(reason: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\n")
}

#[test]
fn f001_thinking_in_parts_begins_the_answer() {
    let thinking = |text: &str| {
        delta(&format!(
            r#""content":[{{"type":"thinking","thinking":[{{"type":"text","text":"{text}"}}]}}]"#
        ))
    };
    let record = scripted(vec![
        write(SSE),
        Step::Wait(100),
        write(&thinking("a")),
        write(&thinking("b")),
        Step::Wait(300),
        write(&c("yes")),
        write(&[FIN, &u(5, 3), DONE].concat()),
    ]);
    let metrics = metrics(&record);
    let ttft = metrics.ttft_ms.unwrap();
    let ttfo = metrics.ttfo_ms.unwrap();
    assert!((90.0..250.0).contains(&ttft), "{ttft}");
    assert!(ttfo - ttft > 250.0, "{ttft} {ttfo}");
    assert_eq!(record.stream.token_events, 3);
    assert_eq!(record.output.as_deref(), Some("abyes"));
    assert!(!metrics.flags.contains(&Flag::UnknownText));
}

#[test]
fn f001_text_in_an_unknown_field_before_the_first_token_is_flagged() {
    let record = scripted(vec![
        write(&[SSE, &delta(r#""plan":"first""#)].concat()),
        Step::Wait(100),
        write(&[&c("A"), &delta(r#""plan":"second""#), FIN, &u(5, 1), DONE].concat()),
    ]);
    assert!(metrics(&record).flags.contains(&Flag::UnknownText));
    let seen = record.stream.unknown_text.unwrap();
    assert_eq!(seen.place, "plan");
    let lead = record.timeline.first_token_ns.unwrap() - seen.at_ns;
    assert!(lead > 80_000_000, "{lead}");
    // Continuous usage says that it is a token, so there is nothing to flag.
    let counted = delta(r#""plan":"x""#).replace(
        "}]}",
        r#"}],"usage":{"prompt_tokens":10,"completion_tokens":2}}"#,
    );
    let record = one(&[SSE, &cu("A", 1), &counted, &cu("B", 3), FIN, DONE]);
    assert_eq!(record.stream.token_events, 3);
    assert_eq!(record.stream.unknown_text, None);
    // Behind the first token it changes no TTFT.
    let later = one(&[SSE, &c("A"), &delta(r#""plan":"x""#), FIN, DONE]);
    assert_eq!(later.stream.unknown_text, None);
    // Alone it is neither an answer nor nothing.
    let (kind, message) = failure(&one(&[SSE, &delta(r#""plan":"x""#), FIN, DONE]));
    assert_eq!(kind, "empty_output");
    assert!(message.contains("`plan`"), "{message}");
}

#[test]
fn f003_endings_by_force_are_failures() {
    for reason in ["abort", "error", "ERROR", "cancelled", "network_error"] {
        let record = one(&[SSE, &c("A"), &c("B"), &end(reason), &u(5, 2), DONE]);
        let (kind, message) = failure(&record);
        assert_eq!(kind, "stream_error", "{reason}");
        assert!(
            message.contains(&format!("finish_reason `{reason}`"))
                && message.contains("after 2 tokens"),
            "{message}"
        );
    }
    for reason in ["stop", "length", "end_turn", "STOP", "content_filter"] {
        let record = one(&[SSE, &c("A"), &end(reason), DONE]);
        assert!(record.outcome.is_success(), "{reason}");
        assert!(!metrics(&record).flags.contains(&Flag::UnknownFinish));
    }
    let record = one(&[SSE, &c("A"), &end("because"), DONE]);
    assert!(record.outcome.is_success());
    assert!(metrics(&record).flags.contains(&Flag::UnknownFinish));
}

#[test]
fn f003_a_whole_body_that_was_broken_off_is_a_failure() {
    let body = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"abort"}]}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    assert_eq!(failure(&one(&[&head, body])).0, "stream_error");
}

#[test]
fn f004_an_error_field_fails_the_request_with_its_words() {
    let error = "error: {\"code\":500,\"message\":\"context shift is disabled\"}\n\n";
    for parts in [
        vec![SSE, &c("A"), &c("B"), error, DONE],
        vec![SSE, error, DONE],
        vec![SSE, error],
    ] {
        let (kind, message) = failure(&one(&parts));
        assert_eq!(kind, "stream_error");
        assert!(message.contains("context shift is disabled"), "{message}");
    }
    // A server that resets behind it is not what failed.
    let broken = scripted(vec![
        write(&[SSE, &c("A"), error].concat()),
        Step::Wait(50),
        Step::Reset,
    ]);
    assert_eq!(failure(&broken).0, "stream_error");
    let empty = one(&[SSE, &c("A"), "error:\n\n", FIN, DONE]);
    assert!(empty.outcome.is_success());
}

fn labelled(label: &str, body: &str) -> RequestRecord {
    let head = format!("HTTP/1.1 200 OK\r\n{label}Connection: close\r\n\r\n");
    one(&[&head, body])
}

#[test]
fn f005_words_in_the_place_of_a_stream_stand_in_the_reason() {
    let sse = "Content-Type: text/event-stream\r\n";
    let error = r#"{"error":{"message":"request (19185 tokens) exceeds the context"}}"#;
    for label in [sse, "Content-Type: text/plain\r\n", ""] {
        let (kind, message) = failure(&labelled(label, error));
        assert_eq!(kind, "stream_error", "{label}");
        assert!(message.contains("19185 tokens"), "{message}");
    }
    let page = "<!doctype html><html><head><title>Sign in</title></head></html>";
    for label in ["Content-Type: text/html; charset=utf-8\r\n", sse] {
        let (kind, message) = failure(&labelled(label, page));
        assert_eq!(kind, "bad_event", "{label}");
        assert!(
            message.contains("HTML page") && message.contains("Sign in") && message.contains("200"),
            "{message}"
        );
    }
    let words = "upstream connect error or disconnect/reset before headers";
    for label in [sse, "Content-Type: text/plain\r\n", ""] {
        let (_, message) = failure(&labelled(label, words));
        assert!(message.contains("upstream connect error"), "{message}");
        let named = label.trim_start_matches("Content-Type: ").trim();
        assert!(message.contains(named), "{message}");
    }
    let (kind, message) = failure(&labelled("", ""));
    assert_eq!(kind, "incomplete_stream");
    assert!(message.contains("the body is empty"), "{message}");
    // Ollama's own API.
    let lines = "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"done\":true}\n";
    let (kind, message) = failure(&labelled("Content-Type: application/x-ndjson\r\n", lines));
    assert_eq!(kind, "bad_event");
    assert!(message.contains("\"content\":\"a\""), "{message}");
    // Only comments came.
    let (_, message) = failure(&labelled(sse, ": waiting\n\n: waiting\n\n"));
    assert!(message.contains("waiting"), "{message}");
}

#[test]
fn f007_a_stream_under_another_label_is_measured() {
    let stream = [ROLE, &c("A"), &c("B"), FIN, &u(5, 2), DONE].concat();
    for label in ["application/json", "text/plain", "application/x-ndjson"] {
        let label = format!("Content-Type: {label}\r\n");
        let record = labelled(&label, &stream);
        assert!(record.outcome.is_success(), "{label}: {:?}", record.outcome);
        assert_eq!(record.stream.token_events, 2);
        assert!(!metrics(&record).flags.contains(&Flag::NotStreamed));
    }
    let record = labelled("", &format!("\n: hello\n\n{stream}"));
    assert!(record.outcome.is_success());
}

#[test]
fn f007_a_whole_answer_under_the_label_of_a_stream_is_not_streamed() {
    let body = r#"  {"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let record = labelled("Content-Type: text/event-stream\r\n", body);
    assert!(record.outcome.is_success(), "{:?}", record.outcome);
    assert!(metrics(&record).flags.contains(&Flag::NotStreamed));
}

/// Events that tell how things go look like errors; what comes behind them says whether they were.
#[test]
fn f003_an_event_that_looks_like_an_error_fails_an_answer_that_does_not_go_on() {
    let event = |data: &str| format!("data: {data}\n\n");
    for data in [
        r#"{"type":"status","detail":"queued, position 3"}"#,
        r#"{"type":"progress","detail":{"step":1}}"#,
        r#"{"code":0,"msg":"","detail":{"logid":"2026"}}"#,
        r#"{"code":102,"msg":"processing"}"#,
        r#"{"code":"000000","message":"success"}"#,
        r#"{"code":"PROCESSING","message":"Queue position 3"}"#,
        r#"{"type":"cache_info","success":false,"cached":false}"#,
        r#"{"code":500,"message":"boom"}"#,
    ] {
        let said = event(data);
        for parts in [
            vec![SSE, &said, &c("A"), &c("B"), FIN, &u(5, 2), DONE],
            vec![SSE, &c("A"), &said, &c("B"), FIN, DONE],
            vec![SSE, &c("A"), FIN, &u(5, 1), &said, DONE],
        ] {
            let record = one(&parts);
            assert!(record.outcome.is_success(), "{data}: {:?}", record.outcome);
        }
    }
    for data in [
        r#"{"code":500,"message":"boom"}"#,
        r#"{"choices":[],"code":500,"message":"boom"}"#,
        r#"{"choices":[{"delta":{},"index":0}],"code":500,"message":"boom"}"#,
        r#"{"detail":"boom"}"#,
        r#"{"base_resp":{"status_code":1013,"status_msg":"boom"}}"#,
    ] {
        let said = event(data);
        for parts in [
            vec![SSE, &c("A"), &said, DONE],
            vec![SSE, &said, DONE],
            vec![SSE, ROLE, &said],
            vec![SSE, &said, FIN, DONE],
        ] {
            let (kind, message) = failure(&one(&parts));
            assert_eq!(kind, "stream_error", "{data}");
            assert!(message.contains("boom"), "{message}");
        }
    }
    let ping = "event: Ping\ndata: ping\n\n";
    assert!(one(&[SSE, ping, &c("A"), FIN, DONE]).outcome.is_success());
}

/// What a server says last is why it stopped: `[DONE]` behind it is the frame's, not the answer's.
#[test]
fn f003_the_last_words_of_a_server_fail_an_answer_without_an_end() {
    let event = |data: &str| format!("data: {data}\n\n");
    let forms = [
        event(
            r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"boom"}}}"#,
        ),
        event(r#"{"type":"stream_error","message":"boom"}"#),
        event(r#"{"event":"error","data":"boom"}"#),
        event(r#"{"state":"FAILED","message":"boom"}"#),
        event(r#"{"ok":false,"description":"boom"}"#),
        event(r#"{"result":"error","msg":"boom"}"#),
        event(r#"{"header":{"code":10013,"message":"boom","sid":"x","status":2}}"#),
        event(r#"{"ret_code":1,"ret_msg":"boom"}"#),
        event(r#"{"errorMessage":"boom","errorType":"Runtime.ExitError"}"#),
        event(r#"{"fault":{"faultstring":"boom","detail":{"errorcode":"y"}}}"#),
        event(r#"{"type":"about:blank","status":500,"title":"boom"}"#),
        event(r#"{"Message":"boom"}"#),
        event(r#"{"message":"boom","request_id":"r"}"#),
        event(
            r#"{"code":10013,"message":"boom","usage":{"prompt_tokens":4,"completion_tokens":3}}"#,
        ),
        event(r#"{"error":true,"message":"boom"}"#),
        event(r#"{"error":1,"msg":"boom"}"#),
        event(r#"{"error":500,"message":"boom"}"#),
        event(r#"{"error":true,"error_message":"boom"}"#),
        event(r#"{"error":["a","boom"]}"#),
        event(r#"{"error":{"code":"boom"}}"#),
        event(r#"{"error":{"type":"x","details":"boom"}}"#),
        event(r#"{"modelStreamErrorException":{"message":"boom"}}"#),
        event(r#"{"success":"false","reason":"boom"}"#),
        event(r#"{"data":{"status":"aborted","reason":"boom"}}"#),
        event(r#"[{"error":{"code":503,"message":"boom","status":"UNAVAILABLE"}}]"#),
        event(r#""Error: boom""#),
        event(r#"{"errorCode":"boom","requestId":"x"}"#),
        event(r#"{"choices":[{"delta":{}}],"x_groq":{"id":"r","error":"boom"}}"#),
        event(r#"{"choices":[],"nvext":{"error":"boom"}}"#),
        event(r#"{"choices":[{"delta":{}}],"provider_error":{"message":"boom"}}"#),
        event(r#"{"message":"boom","timestamp":1,"path":"/v1"}"#),
        "event: failed boom\ndata: {}\n\n".to_owned(),
        "event: exception\ndata: {\"message\":\"boom\"}\n\n".to_owned(),
        "event: response.failed\ndata: {\"response\":{\"error\":{\"message\":\"boom\"}}}\n\n"
            .to_owned(),
        "event: Error\ndata: boom\n\n".to_owned(),
        "{\"error\":{\"message\":\"boom\"}}\n\n".to_owned(),
        "{\n  \"error\": {\n    \"message\": \"boom\"\n  }\n}\n\n".to_owned(),
        "Error: boom, the worker died\n\n".to_owned(),
        "panic: boom\n\n".to_owned(),
        "Internal Server Error, boom\n".to_owned(),
        "<html><head><title>502 boom</title></head></html>\n".to_owned(),
    ];
    for said in &forms {
        for parts in [
            vec![SSE, &c("A"), &c("B"), said, DONE],
            vec![SSE, &c("A"), said],
            vec![SSE, &c("A"), said, &u(5, 1), DONE],
        ] {
            let (kind, message) = failure(&one(&parts));
            assert_eq!(kind, "stream_error", "{said}");
            assert!(message.contains("boom"), "{said} {message}");
        }
        // Alone it is quoted at the least.
        for parts in [vec![SSE, said, DONE], vec![SSE, said]] {
            let (_, message) = failure(&one(&parts));
            assert!(message.contains("boom"), "{said} {message}");
        }
        // An answer that ends by itself in front of it is one.
        if !said.contains("\"error\"") && !said.contains("event: Error") {
            let record = one(&[SSE, &c("A"), FIN, &u(5, 1), said, DONE]);
            assert!(record.outcome.is_success(), "{said} {:?}", record.outcome);
        }
    }
}

/// A stream whose words of an end say that there is none yet was cut.
#[test]
fn f003_a_word_that_is_no_end_ends_nothing() {
    for word in [
        "null",
        "None",
        "not_finished",
        "FINISH_REASON_UNSPECIFIED",
        "0",
    ] {
        let part = |text: &str| {
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"{word}\"}}]}}\n\n"
            )
        };
        let cut = one(&[SSE, &part("a"), &part("b")]);
        assert_eq!(failure(&cut).0, "incomplete_stream", "{word}");
        let error = "data: {\"code\":\"Throttling\",\"message\":\"limit\"}\n\n";
        let (kind, message) = failure(&one(&[SSE, &part("a"), &part("b"), error]));
        assert_eq!(
            (kind.as_str(), message.as_str()),
            ("stream_error", "limit (Throttling)")
        );
        let whole = one(&[SSE, &part("a"), FIN, DONE]);
        assert!(whole.outcome.is_success());
        assert!(!metrics(&whole).flags.contains(&Flag::UnknownFinish));
    }
    for end in ["[END]", "DONE", "[done]", "[EOF]"] {
        let record = one(&[SSE, &c("A"), &format!("data: {end}\n\n")]);
        assert!(record.outcome.is_success(), "{end}");
    }
}

#[test]
fn f003_what_says_that_all_is_well_fails_no_answer() {
    let event = |data: &str| format!("data: {data}\n\n");
    for said in [
        "event: error\ndata: {}\n\n".to_owned(),
        "event: error\ndata: null\n\n".to_owned(),
        "event: error\ndata: \n\n".to_owned(),
        "event: error\ndata: {\"code\":0,\"message\":\"ok\"}\n\n".to_owned(),
        event(r#"{"detail":{"prompt_ms":5}}"#),
        event(r#"{"detail":"finished"}"#),
        event(r#"{"code":"completed","message":"finished"}"#),
        event(r#"{"status":"completed","message":"done"}"#),
        event(r#"{"errors":0,"tokens":3}"#),
        event(r#"{"errors":[],"success":true,"messages":[],"result":null}"#),
        event(r#"{"metrics":{"error_rate":0.1,"failed_requests":0,"error_count":3}}"#),
        event(r#"{"type":"info","message":"billed"}"#),
        event(
            r#"{"event":"message_end","metadata":{"usage":{"total_tokens":3}},"conversation_id":"x"}"#,
        ),
        event(r#"{"event":{"type":"status","data":{"description":"Searching","done":true}}}"#),
        event(r#"{"title":"A fox and its default"}"#),
        event(r#"{"errCode":"0","errMsg":"处理成功"}"#),
        event(r#"{"code":10000,"msg":"操作成功"}"#),
        event(r#"{"guardrails":{"pii":{"status":"failed","action":"none"}}}"#),
        event(r#"{"evaluation":{"toxicity":0.1,"status":"failed"}}"#),
        event(r#"{"event":"tool_end","data":{"output":"Error: 404","status":"error"}}"#),
        event(r#"{"event":"node_finished","data":{"status":"failed","error":"tool 404"}}"#),
        event(r#"{"type":"tool_result","is_error":true,"content":"404"}"#),
        event(r#"{"retry":{"count":1,"last_error":"timeout"}}"#),
        event(r#"{"previous_errors":["timeout on replica 2"]}"#),
        event(r#"{"fallback":{"used":true,"error":"primary overloaded"}}"#),
        event(r#"{"type":"code","code":"x=1","message":"example code"}"#),
        event(r#"{"code":"en","message":"language"}"#),
        event(r#"{"msg":"[DONE]"}"#),
        "event: end\ndata: end\n\n".to_owned(),
        "event: close\ndata: Stream closed\n\n".to_owned(),
        "event: heart_beat\ndata: beat\n\n".to_owned(),
        "keepalive\n\n".to_owned(),
        "\0\n\n".to_owned(),
        "meta: billed\n\n".to_owned(),
        "---\n\n".to_owned(),
    ] {
        for parts in [
            vec![SSE, &c("A"), &c("B"), &said, DONE],
            vec![SSE, &said, &c("A"), &c("B"), DONE],
        ] {
            let record = one(&parts);
            assert!(record.outcome.is_success(), "{said}: {:?}", record.outcome);
        }
    }
}
