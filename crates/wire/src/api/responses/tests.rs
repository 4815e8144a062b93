//! What the events of a Responses stream come to.

use super::*;

fn event<'a>(name: &'a str, data: &'a str) -> SseEvent<'a> {
    SseEvent {
        event: name,
        data: data.as_bytes(),
        stray: false,
    }
}

fn one(data: &str) -> StreamEvent<'static> {
    owned(ResponsesReader::default().read_event(event("", data)))
}

fn facts(data: &str) -> ChunkFacts<'static> {
    match one(data) {
        StreamEvent::Chunk(facts) => facts,
        other => panic!("{data}: {other:?}"),
    }
}

#[test]
fn what_bears_a_token_and_what_does_not() {
    for bears in [
        r#"{"type":"response.output_text.delta","delta":"Hi"}"#,
        r#"{"type":"response.refusal.delta","delta":"No"}"#,
        r#"{"type":"response.reasoning_text.delta","delta":"Hm"}"#,
        r#"{"type":"response.reasoning_summary_text.delta","delta":"Hm"}"#,
        r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#,
        r#"{"type":"response.output_item.added","item":{"type":"function_call","name":"f","arguments":""}}"#,
        r#"{"type":"response.content_part.added","part":{"type":"output_text","text":"Hi"}}"#,
    ] {
        assert!(facts(bears).bears_token(), "{bears}");
    }
    for silent in [
        r#"{"type":"response.created","response":{"id":"r"}}"#,
        r#"{"type":"response.in_progress","response":{"id":"r"}}"#,
        r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#,
        r#"{"type":"response.output_item.added","item":{"type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.content_part.added","part":{"type":"output_text","text":""}}"#,
        r#"{"type":"response.output_text.done","text":"Hi there"}"#,
        r#"{"type":"response.content_part.done","part":{"text":"Hi there"}}"#,
        r#"{"type":"response.output_item.done","item":{"content":[{"text":"Hi"}]}}"#,
        r#"{"type":"response.function_call_arguments.done","arguments":"{}"}"#,
        r#"{"type":"response.output_text.delta","delta":""}"#,
        r#"{"type":"response.web_search_call.searching","item_id":"x"}"#,
    ] {
        let facts = facts(silent);
        assert!(!facts.bears_token() && facts.unknown.is_none(), "{silent}");
    }
    let odd = facts(r#"{"type":"response.new_text.delta","delta":"Hi"}"#);
    assert_eq!(odd.unknown.as_deref(), Some("response.new_text.delta"));
}

#[test]
fn a_counter_of_events_does_not_break_what_was_learnt() {
    let mut reader = ResponsesReader::default();
    // vLLM counts behind the text, others before it.
    let behind = |text: &str, n: u32| {
        format!(
            r#"{{"content_index":0,"delta":"{text}","item_id":"msg_1","logprobs":[],"output_index":0,"sequence_number":{n},"type":"response.output_text.delta"}}"#
        )
    };
    let before = |text: &str, n: u32| {
        format!(
            r#"{{"type":"response.output_text.delta","sequence_number":{n},"item_id":"msg_1","delta":"{text}"}}"#
        )
    };
    for is_before in [false, true] {
        for (n, text) in (8..).zip(["One", " two", " 33", "4", "\\n", " end"]) {
            let data = if is_before {
                before(text, n)
            } else {
                behind(text, n)
            };
            let read = reader.read_event(event("response.output_text.delta", &data));
            let fresh =
                ResponsesReader::default().read_event(event("response.output_text.delta", &data));
            assert_eq!(read, fresh, "{data}");
            assert!(matches!(read, StreamEvent::Chunk(facts) if facts.content.is_some()));
        }
    }
}

#[test]
fn ends_and_errors() {
    let last = |data: &str| match one(data) {
        StreamEvent::Chunk(facts) if facts.ends => (
            facts.finish_reason.map(Cow::into_owned),
            facts.usage.and_then(|usage| usage.cached_tokens),
        ),
        other => panic!("{data}: {other:?}"),
    };
    let of = |reason: &str| Some(reason.to_owned());
    // As llama.cpp sends it.
    let completed = r#"{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":1053,"output_tokens":3,"total_tokens":1056,"input_tokens_details":{"cached_tokens":1052}}}}"#;
    assert_eq!(last(completed), (of("completed"), Some(1052)));
    // As vLLM does: completed by its name, incomplete by its status.
    let limit = r#"{"type":"response.completed","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"usage":null}}"#;
    assert_eq!(last(limit), (of("length"), None));
    let limit = r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#;
    assert_eq!(last(limit), (of("length"), None));
    let words = |data: &str| match one(data) {
        StreamEvent::Error { message, code } => match code {
            Some(code) => format!("{message} ({code})"),
            None => message,
        },
        StreamEvent::Suspect(suspect) if suspect.sure => suspect.message,
        other => panic!("{data}: {other:?}"),
    };
    for (data, wanted) in [
        (
            r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"It broke"}}}"#,
            "It broke (server_error)",
        ),
        (
            r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"usage":{"input_tokens":5,"output_tokens":2}}}"#,
            "content_filter",
        ),
        (
            r#"{"type":"response.completed","response":{"status":"completed","error":{"code":"server_error","message":"It broke"}}}"#,
            "It broke (server_error)",
        ),
        (
            r#"{"type":"error","code":"rate_limit","message":"Slow down","param":null,"sequence_number":3}"#,
            "Slow down (rate_limit)",
        ),
        (
            r#"{"type":"error","error":{"message":"Bad","code":"x"}}"#,
            "Bad (x)",
        ),
        (
            r#"{"error":{"message":"out of memory","type":"server_error"}}"#,
            "out of memory",
        ),
    ] {
        let words = words(data);
        assert!(words.contains(wanted), "{data}: {words}");
    }
    // It ends a chat; behind a stream of this API it says nothing.
    assert_eq!(one("[DONE]"), StreamEvent::Ignored);
    for status in ["in_progress", "queued", "cancelled"] {
        let body = format!(r#"{{"status":"{status}","output":[]}}"#);
        let error = read_body(body.as_bytes()).unwrap().error.unwrap();
        assert!(error.contains(status), "{error}");
    }
}

#[test]
fn an_end_without_a_response_is_an_end() {
    // A number that no reader of whole values takes, in a field that nobody reads.
    for data in [
        r#"{"type":"response.completed"}"#,
        r#"{"type":"response.completed","response":7}"#,
        r#"{"type":"response.completed","x":1e999}"#,
    ] {
        assert!(
            matches!(one(data), StreamEvent::Chunk(facts) if facts.ends),
            "{data}"
        );
    }
    let failed = one(r#"{"type":"response.failed","error":{"message":"no"}}"#);
    assert!(matches!(failed, StreamEvent::Error { message, .. } if message == "no"));
}

#[test]
fn written_tokens_are_read_where_they_are_told() {
    let data = r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1053,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":1024},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":1056}}}"#;
    let StreamEvent::Chunk(facts) = one(data) else {
        panic!("no end");
    };
    let usage = facts.usage.unwrap();
    assert_eq!(
        (
            usage.written_tokens,
            usage.prompt_tokens,
            usage.reasoning_tokens
        ),
        (Some(1024), Some(1053), Some(0))
    );
}

#[test]
fn a_whole_body_is_read_alike() {
    let facts = read_body(br#"{"id":"r","object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}]},{"type":"message","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","name":"f","arguments":"{}"}],"usage":{"input_tokens":9,"output_tokens":3}}"#).unwrap();
    assert_eq!(
        (
            facts.text.as_str(),
            facts.reasoning.as_str(),
            facts.tool_call
        ),
        ("Hi", "Hm", true)
    );
    assert_eq!(facts.finish_reason.as_deref(), Some("length"));
    assert_eq!(facts.error, None);
    let failed = read_body(
        br#"{"status":"failed","error":{"code":"server_error","message":"It broke"},"output":[]}"#,
    )
    .unwrap();
    assert_eq!(failed.error.as_deref(), Some("It broke (server_error)"));
    let refused =
        read_body(br#"{"error":{"message":"no such model","type":"NotFoundError","code":404}}"#)
            .unwrap();
    assert!(refused.error.unwrap().contains("no such model"));
    assert!(
        read_body(b"{}")
            .unwrap_err()
            .to_string()
            .contains("no output")
    );
}
