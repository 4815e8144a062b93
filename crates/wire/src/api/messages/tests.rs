//! What the events of a Messages stream come to.

use super::*;
use dualround_model::Usage;

fn event<'a>(name: &'a str, data: &'a str) -> SseEvent<'a> {
    SseEvent {
        event: name,
        data: data.as_bytes(),
        stray: false,
    }
}

fn facts(reader: &mut MessagesReader, data: &str) -> ChunkFacts<'static> {
    match owned(reader.read_event(event("", data))) {
        StreamEvent::Chunk(facts) => facts,
        other => panic!("{data}: {other:?}"),
    }
}

fn one(data: &str) -> StreamEvent<'static> {
    owned(MessagesReader::default().read_event(event("", data)))
}

#[test]
fn what_bears_a_token_and_what_does_not() {
    let block = |block: &str| {
        format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#)
    };
    let delta =
        |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
    for bears in [
        delta(r#"{"type":"text_delta","text":"Hi"}"#),
        delta(r#"{"type":"thinking_delta","thinking":"Hm"}"#),
        delta(r#"{"type":"input_json_delta","partial_json":"{\"a\""}"#),
        block(r#"{"type":"tool_use","id":"t","name":"look","input":{}}"#),
        block(r#"{"type":"server_tool_use","id":"t","name":"web_search","input":{}}"#),
        block(r#"{"type":"redacted_thinking","data":"b64"}"#),
        block(r#"{"type":"text","text":"Hi"}"#),
    ] {
        assert!(
            facts(&mut MessagesReader::default(), &bears).bears_token(),
            "{bears}"
        );
    }
    for silent in [
        block(r#"{"type":"text","text":""}"#),
        block(r#"{"type":"thinking","thinking":"","signature":""}"#),
        block(r#"{"type":"web_search_tool_result","tool_use_id":"t","content":[{"title":"x","text":"found"}]}"#),
        delta(r#"{"type":"text_delta","text":""}"#),
        delta(r#"{"type":"input_json_delta","partial_json":""}"#),
        delta(r#"{"type":"signature_delta","signature":"abc"}"#),
        delta(r#"{"type":"citations_delta","citation":{"cited_text":"x"}}"#),
        r#"{"type":"content_block_stop","index":0}"#.to_owned(),
        r#"{"type":"ping"}"#.to_owned(),
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}"#.to_owned(),
        r#"{"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":4,"output_tokens":1}}}"#.to_owned(),
    ] {
        let facts = facts(&mut MessagesReader::default(), &silent);
        assert!(!facts.bears_token() && facts.unknown.is_none(), "{silent}");
    }
    let odd = facts(
        &mut MessagesReader::default(),
        &delta(r#"{"type":"new_delta","text":"Hi"}"#),
    );
    assert_eq!(odd.unknown.as_deref(), Some("text"));
}

#[test]
fn reasoning_is_told_from_the_answer() {
    let mut reader = MessagesReader::default();
    let delta =
        |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
    for word in ["Hm", " so"] {
        let thought = format!(r#"{{"type":"thinking_delta","thinking":"{word}"}}"#);
        let facts = facts(&mut reader, &delta(&thought));
        assert_eq!(
            (facts.reasoning.as_deref(), facts.answers()),
            (Some(word), false)
        );
    }
    let hidden = facts(
        &mut reader,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"x"}}"#,
    );
    assert!(hidden.bears_token() && !hidden.answers());
    for word in ["Yes", ".", " e\\u00e9"] {
        let said = format!(r#"{{"type":"text_delta","text":"{word}"}}"#);
        assert!(facts(&mut reader, &delta(&said)).answers());
    }
}

#[test]
fn the_last_value_of_a_count_wins_and_nothing_is_summed() {
    // vLLM 0.32: all of the prompt as input at the start, its parts at the end.
    let mut reader = MessagesReader::default();
    let start = r#"{"type":"message_start","message":{"id":"chatcmpl-1","type":"message","content":[],"usage":{"input_tokens":1053,"output_tokens":0}}}"#;
    let first = facts(&mut reader, start);
    assert_eq!(first.id.as_deref(), Some("chatcmpl-1"));
    assert_eq!(first.usage.unwrap().prompt_tokens, Some(1053));
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":29,"output_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":1024}}"#;
    let last = facts(&mut reader, end);
    assert_eq!(last.finish_reason.as_deref(), Some("max_tokens"));
    assert_eq!(
        last.usage,
        Some(Box::new(Usage {
            prompt_tokens: Some(1053),
            completion_tokens: Some(3),
            cached_tokens: Some(1024),
            written_tokens: Some(0),
            ..Usage::default()
        }))
    );
    // llama.cpp: the prompt's counts at the start alone.
    let mut reader = MessagesReader::default();
    facts(
        &mut reader,
        r#"{"type":"message_start","message":{"usage":{"cache_read_input_tokens":1052,"input_tokens":1,"output_tokens":0}}}"#,
    );
    let last = facts(
        &mut reader,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
    );
    let usage = last.usage.unwrap();
    assert_eq!(
        (
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.written_tokens,
            usage.completion_tokens
        ),
        (Some(1053), Some(1052), None, Some(3))
    );
}

#[test]
fn anthropic_counts_what_is_written_by_how_long_it_is_kept() {
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":4000,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},"output_tokens":1}}}"#;
    let usage = facts(&mut MessagesReader::default(), start).usage.unwrap();
    assert_eq!(
        (usage.prompt_tokens, usage.cached_tokens),
        (Some(4321), Some(4000))
    );
    assert_eq!(
        (
            usage.written_tokens,
            usage.written_5m_tokens,
            usage.written_1h_tokens
        ),
        (Some(300), Some(200), Some(100))
    );
    // A gateway that fills zeros in at the start, and counts at the end.
    let mut reader = MessagesReader::default();
    let zeros = facts(
        &mut reader,
        r#"{"type":"message_start","message":{"usage":{"input_tokens":0,"output_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0}}}"#,
    );
    assert_eq!(zeros.usage, None);
    let end = facts(
        &mut reader,
        r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":12,"output_tokens":5}}"#,
    );
    let usage = end.usage.unwrap();
    assert_eq!(
        (
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.written_tokens
        ),
        (Some(12), None, None)
    );
}

#[test]
fn parts_without_a_sum_are_summed_and_placeholders_are_no_counts() {
    let mut reader = MessagesReader::default();
    let start = facts(
        &mut reader,
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":2000},"output_tokens":1}}}"#,
    );
    let usage = start.usage.unwrap();
    assert_eq!(
        (usage.prompt_tokens, usage.written_tokens),
        (Some(3010), Some(3000))
    );
    // What a stream starts with is not what it comes to.
    assert_eq!(usage.completion_tokens, None);
    // Zeros alone take nothing back.
    facts(
        &mut reader,
        r#"{"type":"message_delta","delta":{},"usage":{"cache_read_input_tokens":60}}"#,
    );
    let end = facts(
        &mut reader,
        r#"{"type":"message_delta","delta":{},"usage":{"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":3}}"#,
    );
    let usage = end.usage.unwrap();
    assert_eq!(
        (usage.cached_tokens, usage.completion_tokens),
        (Some(60), Some(3))
    );
    // No request has so many.
    let absurd = facts(
        &mut MessagesReader::default(),
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":18446744073709551615}}}"#,
    );
    assert_eq!(absurd.usage.unwrap().cached_tokens, None);
}

#[test]
fn ends_and_errors() {
    assert_eq!(one(r#"{"type":"message_stop"}"#), StreamEvent::Done);
    // A gateway puts it behind a stream that broke off, too.
    assert_eq!(one("[DONE]"), StreamEvent::Ignored);
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(
        one(overloaded),
        StreamEvent::Error {
            message: "Overloaded".to_owned(),
            code: Some("overloaded_error".to_owned())
        }
    );
    let named = MessagesReader::default().read_event(event("error", overloaded));
    assert!(matches!(named, StreamEvent::Error { .. }));
    // As OpenAI's servers say it.
    let other = one(r#"{"error":{"message":"out of memory","type":"server_error"}}"#);
    assert!(matches!(other, StreamEvent::Error { .. }), "{other:?}");
    // A chunk of another API is no answer.
    let chat = one(r#"{"choices":[{"delta":{"content":"Hi"}}]}"#);
    assert!(matches!(chat, StreamEvent::Unknown { .. }), "{chat:?}");
    for broken in [
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}"#,
        "{",
    ] {
        assert!(matches!(one(broken), StreamEvent::Bad { .. }), "{broken}");
    }
}

#[test]
fn a_whole_body_is_read_alike() {
    let facts = read_body(br#"{"id":"m","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"Hm"},{"type":"text","text":"Hi"},{"type":"tool_use","name":"f","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":29,"output_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":1024}}"#).unwrap();
    assert_eq!(
        (
            facts.text.as_str(),
            facts.reasoning.as_str(),
            facts.tool_call
        ),
        ("Hi", "Hm", true)
    );
    assert_eq!(facts.usage.unwrap().prompt_tokens, Some(1053));
    assert_eq!(facts.finish_reason.as_deref(), Some("tool_use"));
    let error = read_body(
        br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    )
    .unwrap();
    assert_eq!(
        error.error.as_deref(),
        Some("Overloaded (overloaded_error)")
    );
    assert!(
        read_body(b"<html><title>Bad gateway</title>")
            .unwrap_err()
            .to_string()
            .contains("Bad gateway")
    );
    assert!(
        read_body(b"{}")
            .unwrap_err()
            .to_string()
            .contains("no content")
    );
    assert!(read_body(b"[1]").is_err());
}
