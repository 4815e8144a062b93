//! Reading with a memory of earlier events says what reading without one says.
#![cfg(test)]

use dualround_wire::{ChatReader, ChunkFacts, StreamEvent, parse_event};
use proptest::prelude::*;
use serde_json::json;

/// Chunks of many shapes around one text, as servers write them.
fn shapes(text: &str, count: u64) -> Vec<String> {
    let quoted = json!(text).to_string();
    vec![
        format!(
            r#"{{"id":"c1","choices":[{{"index":0,"delta":{{"content":{quoted}}},"finish_reason":null}}]}}"#
        ),
        format!(r#"{{"choices":[{{"delta":{{"reasoning_content":{quoted}}},"index":1}}]}}"#),
        format!(
            r#"{{"choices":[{{"text":{quoted},"index":0}}],"usage":{{"prompt_tokens":3,"completion_tokens":{count}}}}}"#
        ),
        format!(r#"{{"choices":[{{"delta":{{"content":{quoted},"refusal":"no"}}}}]}}"#),
        format!(r#"{{"choices":[{{"delta":{{"content":{quoted}}},"finish_reason":{quoted}}}]}}"#),
        format!(r#"{{"choices":[{{"delta":{{"content":{quoted},"reasoning":{quoted}}}}}]}}"#),
        format!(
            r#"{{"choices":[{{"delta":{{"content":{quoted}}}}},{{"delta":{{"content":{quoted}}}}}]}}"#
        ),
        format!(
            r#"{{"choices":[{{"delta":{{"content":{quoted}}},"logprobs":{{"token":{quoted}}}}}]}}"#
        ),
        format!(r#"{{"error":{{"message":{quoted}}}}}"#),
        format!(r#"{{"choices":[{{"delta":{{"content":{quoted}}}}}"#),
        "[DONE]".to_owned(),
        "null".to_owned(),
    ]
}

/// The id is told by the first chunk of a pattern alone.
fn without_id(event: StreamEvent<'_>) -> StreamEvent<'_> {
    match event {
        StreamEvent::Chunk(facts) => StreamEvent::Chunk(ChunkFacts { id: None, ..facts }),
        other => other,
    }
}

fn same(events: &[String]) {
    let mut reader = ChatReader::default();
    for event in events {
        let data = event.as_bytes();
        let (found, plain) = (reader.read("", data), parse_event("", data));
        assert_eq!(without_id(found), without_id(plain), "{event}");
    }
}

#[test]
fn the_first_chunk_tells_the_id() {
    let mut reader = ChatReader::default();
    let chunk = |id: &str| format!(r#"{{"id":{id},"choices":[{{"delta":{{"content":"a"}}}}]}}"#);
    let mut id = |data: &str| match reader.read("", data.as_bytes()) {
        StreamEvent::Chunk(facts) => facts.id.map(std::borrow::Cow::into_owned),
        _ => None,
    };
    assert_eq!(id(&chunk("\"chatcmpl-1\"")).as_deref(), Some("chatcmpl-1"));
    assert_eq!(id(&chunk("\"chatcmpl-2\"")).as_deref(), Some("chatcmpl-2"));
    for odd in ["7", "null", "\"\"", r#""a\"b""#] {
        assert_eq!(id(&chunk(odd)), None, "{odd}");
    }
}

#[test]
fn texts_that_only_look_plain_are_parsed() {
    let around = |text: &str| {
        format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":null}}]}}"#)
    };
    // The text of the fourth ends the string and adds a reason to stop; the fifth is no JSON.
    let stop = r#"a"},"finish_reason":"stop","x":{"y":"b"#;
    same(
        &[
            "one",
            "",
            "two",
            stop,
            "a\"b",
            "tab\there",
            r"\u4f60",
            "你好🙂",
            r"\",
        ]
        .map(around),
    );
}

#[test]
fn a_named_event_is_never_taken_for_the_one_before() {
    let mut reader = ChatReader::default();
    let data = br#"{"choices":[{"delta":{"content":"a"}}]}"#;
    assert_eq!(reader.read("", data), parse_event("", data));
    assert_eq!(reader.read("error", data), parse_event("error", data));
}

#[test]
fn b007_bytes_that_are_no_utf_8_stay_an_error() {
    let mut reader = ChatReader::default();
    for data in [
        &b"{\"choices\":[{\"delta\":{\"content\":\"ab\"}}]}"[..],
        &b"{\"choices\":[{\"delta\":{\"content\":\"\xC0b\"}}]}"[..],
    ] {
        assert_eq!(reader.read("", data), parse_event("", data));
    }
}

proptest! {
    #[test]
    fn with_and_without_memory(picks in prop::collection::vec((".{0,8}", 0_usize..12, 0_u64..4), 1..24)) {
        let events: Vec<String> = picks
            .iter()
            .map(|(text, shape, count)| shapes(text, *count).swap_remove(*shape))
            .collect();
        same(&events);
    }
}
