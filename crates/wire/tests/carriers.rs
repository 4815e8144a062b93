//! Where vendors put thinking, answers and calls, and text in places that nobody knows.
#![cfg(test)]

use dualround_wire::{ChunkFacts, StreamEvent, parse_body, parse_event};

fn chunk(data: &str) -> ChunkFacts<'_> {
    match parse_event("", data.as_bytes()) {
        StreamEvent::Chunk(chunk) => chunk,
        other => panic!("{data}: {other:?}"),
    }
}

fn delta(delta: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#)
}

#[test]
fn f001_thinking_in_any_field_is_reasoning() {
    for (vendor, fields) in [
        (
            "Mistral",
            r#""content":[{"type":"thinking","thinking":[{"type":"text","text":"so"}],"closed":true}]"#,
        ),
        (
            "Databricks",
            r#""content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"so","signature":"Ab9"}]}]"#,
        ),
        (
            "DeepSeek, vLLM, SGLang",
            r#""content":null,"reasoning_content":"so""#,
        ),
        ("vLLM, Ollama", r#""content":"","reasoning":"so""#),
        (
            "OpenRouter",
            r#""reasoning":"so","reasoning_details":[{"type":"reasoning.text","text":"so","format":"unknown","index":0}]"#,
        ),
        (
            "OpenRouter, a summary",
            r#""reasoning_details":[{"type":"reasoning.summary","summary":"so","id":"rs_1"}]"#,
        ),
        ("MiniMax", r#""reasoning_details":[{"text":"so"}]"#),
        (
            "Copilot",
            r#""role":"assistant","content":null,"reasoning_text":"so""#,
        ),
        (
            "LiteLLM",
            r#""thinking_blocks":[{"type":"thinking","thinking":"so","signature":"Eq8"}],"provider_specific_fields":{"thinking_blocks":[{"thinking":"so"}]}"#,
        ),
        (
            "a gateway that passes it on deeper",
            r#""provider_specific_fields":{"reasoning_content":"so"}"#,
        ),
        (
            "Bedrock's name",
            r#""reasoning_content":{"text":"so","signature":"x"}"#,
        ),
        ("Gemini's name", r#""content":null,"thought":"so""#),
        ("a name that is new", r#""thinking_content":"so""#),
    ] {
        let event = delta(&format!("{{{fields}}}"));
        let facts = chunk(&event);
        assert_eq!(facts.reasoning.as_deref(), Some("so"), "{vendor}");
        assert!(facts.bears_token() && !facts.answers(), "{vendor}");
        assert_eq!(facts.unknown, None, "{vendor}");
    }
}

#[test]
fn f001_thinking_and_answer_of_one_list_are_told_apart() {
    let event = delta(
        r#"{"content":[{"type":"thinking","thinking":"so"},{"type":"text","text":"yes"},{"type":"reference","reference_ids":[1]}]}"#,
    );
    let facts = chunk(&event);
    assert_eq!(facts.reasoning.as_deref(), Some("so"));
    assert_eq!(facts.content.as_deref(), Some("yes"));
    assert_eq!(facts.unknown, None);
}

#[test]
fn f001_what_proves_thinking_is_no_token() {
    for fields in [
        r#""reasoning_opaque":"gAAAA""#,
        r#""reasoning_signature":"gAAAA""#,
        r#""reasoning_details":[{"type":"reasoning.encrypted","data":"gAAAA","id":"r"}]"#,
        r#""thinking_blocks":[{"type":"thinking","thinking":"","signature":"gAAAA"}]"#,
        r#""content":[{"type":"thinking","thinking":[],"closed":true}]"#,
        r#""reasoning_content":"","reasoning":null,"thinking":[]"#,
        r#""thoughtSignature":"gAAAA""#,
        r#""reasoning":{"effort":"low","summary":"auto"}"#,
        r#""reasoning_effort":"high","thinking_mode":"on""#,
        r#""reasoning_status":"started","reasoning_format":"raw""#,
        r#""extra_content":{"google":{"thought_signature":"gAAAA"}}"#,
        r#""provider_specific_fields":{"thought_signatures":["gAAAA"],"citations":[{"text":"t"}]}"#,
    ] {
        let event = delta(&format!(r#"{{"role":"assistant",{fields}}}"#));
        let facts = chunk(&event);
        assert!(!facts.bears_token(), "{fields}");
        assert_eq!(facts.unknown, None, "{fields}");
    }
}

#[test]
fn f001_answers_that_are_no_text_bear_tokens() {
    for fields in [
        r#""audio":{"id":"a1","data":"UklGRg=="}"#,
        r#""audio":{"transcript":"hello"}"#,
        r#""images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]"#,
        r#""content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]"#,
        r#""tool_calls":[{"index":0,"type":"custom","custom":{"name":"","input":"ls"}}]"#,
        r#""tool_calls":[{"index":0,"type":"web_search","web_search":{"input":"rust"}}]"#,
        r#""tool_calls":{"index":0,"function":{"name":"f"}}"#,
        r#""function_call":{"name":"f","arguments":""}"#,
        r#""content":[{"type":"tool_use","id":"t","name":"f","input":{}}]"#,
        r#""refusal":"no""#,
    ] {
        let event = delta(&format!("{{{fields}}}"));
        let facts = chunk(&event);
        assert!(facts.answers(), "{fields}");
    }
    for fields in [
        r#""audio":{"id":"a1","expires_at":7}"#,
        r#""audio":null,"images":[]"#,
        r#""tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":null,"arguments":""}}]"#,
        r#""tool_calls":{}"#,
        r#""tool_calls":"none""#,
    ] {
        let event = delta(&format!("{{{fields}}}"));
        let facts = chunk(&event);
        assert!(!facts.bears_token(), "{fields}");
    }
}

#[test]
fn f001_text_in_an_unknown_field_is_told_by_its_name() {
    for (fields, place) in [
        (r#""plan":"first, I read""#, "plan"),
        (r#""content":"","steps":[{"text":"read"}]"#, "steps"),
        (r#""content":[{"type":"note","note":"hm"}]"#, "note"),
    ] {
        let event = delta(&format!("{{{fields}}}"));
        let facts = chunk(&event);
        assert!(!facts.bears_token(), "{fields}");
        assert_eq!(facts.unknown.as_deref(), Some(place), "{fields}");
    }
    let beside = chunk(r#"{"choices":[{"delta":{},"draft":"hm"}]}"#);
    assert_eq!(beside.unknown.as_deref(), Some("draft"));
    let beside = r#"{"choices":[{"delta":{"content":""}}],"output":"hm"}"#;
    assert_eq!(chunk(beside).unknown.as_deref(), Some("beside choices"));
    // A message that repeats what came is told too: only the first token knows whether it matters.
    let both = chunk(r#"{"choices":[{"delta":{},"message":{"content":"all"}}]}"#);
    assert_eq!(both.unknown.as_deref(), Some("message"));
}

#[test]
fn f001_what_is_about_an_answer_is_no_text() {
    for fields in [
        r#""role":"assistant","name":"bot","content":"""#,
        r#""annotations":[{"type":"url_citation","title":"A page"}]"#,
        r#""citations":["https://h/a"],"channel":"final""#,
        r#""queue":{"position":3},"cost":0.2,"done":false"#,
        r#""provider_specific_fields":{"citation":null}"#,
        r#""provider_specific_fields":{"web_search_results":[{"title":"A page"}]}"#,
        r#""context":{"citations":[{"content":"a page"}],"intent":"[\"q\"]"}"#,
        r#""copilot_references":[{"id":"r","text":"t"}]"#,
        r#""weight_version":"v1","routed_experts":["3"],"meta_info":{"id":"x"}"#,
        r#""grounding_metadata":{"queries":["q"]}"#,
    ] {
        let event = delta(&format!("{{{fields}}}"));
        let facts = chunk(&event);
        assert!(!facts.bears_token(), "{fields}");
        assert_eq!(facts.unknown, None, "{fields}");
    }
    let whole = r#"{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"fp","provider":"P","obfuscation":"x9","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":{"content":[{"token":"a"}]},"content_filter_results":{"hate":{"severity":"safe"}},"finish_reason":null,"native_finish_reason":null}]}"#;
    assert_eq!(chunk(whole).unknown, None);
}

#[test]
fn f001_events_of_other_apis_that_hold_text_are_told() {
    let place = |data: &str| match parse_event("", data.as_bytes()) {
        StreamEvent::Unknown { place } => Some(place),
        StreamEvent::Ignored => None,
        other => panic!("{data}: {other:?}"),
    };
    for (data, expected) in [
        (
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
            Some("content_block_delta"),
        ),
        (
            r#"{"type":"response.output_text.delta","delta":"a"}"#,
            Some("response.output_text.delta"),
        ),
        (
            r#"{"content":"a","stop":false}"#,
            Some("an event without choices"),
        ),
        (
            r#"{"model":"m","message":{"role":"assistant","content":"a"},"done":false}"#,
            Some("message"),
        ),
        (
            r#"{"model":"m","response":"a"}"#,
            Some("an event without choices"),
        ),
        (r#"{"type":"ping"}"#, None),
        (r#"{"status":"loading","queue_position":3}"#, None),
        (
            r#"{"type":"message_start","message":{"id":"m","role":"assistant","content":[]}}"#,
            None,
        ),
        (
            r#"{"object":"keepalive","message":"still here"}"#,
            Some("message"),
        ),
    ] {
        assert_eq!(place(data).as_deref(), expected, "{data}");
    }
}

#[test]
fn x07_numbers_that_are_none_and_repeated_keys_fail_no_request() {
    for data in [
        r#"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-Infinity}]}}]}"#,
        r#"{"choices":[{"delta":{"content":"a"}}],"score":NaN,"other":[Infinity]}"#,
        r#"{"id":"1","choices":[{"delta":{"role":"assistant","role":"assistant","content":"a"}}],"id":"1"}"#,
        r#"{"choices":[{"delta":{"content":"a"}}],"usage":"n/a"}"#,
        r#"{"choices":[{"delta":{"content":"a","tool_calls":{}}}],"usage":[],"timings":0}"#,
        r#"{"choices":[{"index":-1,"delta":{"content":"a"}}],"usage":false}"#,
        r#"{"choices":[{"index":"0","delta":{"content":"a"}}]}"#,
    ] {
        let facts = chunk(data);
        assert_eq!(facts.content.as_deref(), Some("a"), "{data}");
        assert_eq!(facts.usage, None, "{data}");
    }
    // In a text they are text.
    let text = r#"{"choices":[{"delta":{"content":"NaN, -Infinity \"NaN\" \\"}}]}"#;
    assert_eq!(
        chunk(text).content.as_deref(),
        Some("NaN, -Infinity \"NaN\" \\")
    );
    assert!(matches!(
        parse_event("", br#"{"choices":[{"delta":{"content":NaNa}}]}"#),
        StreamEvent::Bad { .. }
    ));
}

#[test]
fn v00g_halves_of_a_character_are_tokens() {
    for (content, read) in [
        (r"\ud83d", "\u{fffd}"),
        (r"a\ude00b", "a\u{fffd}b"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\\ud83d", r"\ud83d"),
        (r"\ud83dA", "\u{fffd}A"),
    ] {
        let event = delta(&format!(r#"{{"content":"{content}"}}"#));
        assert_eq!(chunk(&event).content.as_deref(), Some(read), "{content}");
    }
    let body = br#"{"choices":[{"message":{"content":"x\ud83d"},"finish_reason":"stop"}]}"#;
    assert_eq!(parse_body(body).unwrap().text, "x\u{fffd}");
    let error = br#"{"error":{"message":"bad \ud83d"}}"#;
    assert!(matches!(parse_event("", error), StreamEvent::Error { .. }));
}

#[test]
fn x05_a_missing_blank_line_is_named() {
    let two = b"{\"choices\":[]}\n{\"choices\":[]}";
    match parse_event("", two) {
        StreamEvent::Bad { reason, .. } => {
            assert!(
                reason.contains("the blank line between events is missing"),
                "{reason}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn f003_errors_in_the_forms_of_vendors_are_errors() {
    for (data, words) in [
        (
            r#"{"detail":"Internal Server Error"}"#,
            "Internal Server Error",
        ),
        (
            r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#,
            "field required",
        ),
        (
            r#"{"code":10013,"message":"input is not allowed","sid":"a"}"#,
            "input is not allowed (10013)",
        ),
        (
            r#"{"errors":[{"message":"Authentication error"}]}"#,
            "Authentication error",
        ),
        (
            r#"{"error_code":336003,"error_msg":"messages must be odd"}"#,
            "messages must be odd (336003)",
        ),
        (
            r#"{"internalServerException":{"message":"try again"}}"#,
            "try again",
        ),
        (r#"{"Error":{"Message":"denied"}}"#, "denied"),
        (r#"{"success":false,"result":null}"#, "false"),
        (
            r#"{"choices":[],"code":500,"message":"boom"}"#,
            "boom (500)",
        ),
        (r#"{"status":"error","message":"boom"}"#, "boom"),
        (r#"{"success":"false","message":"boom"}"#, "boom"),
        (
            r#"{"code":null,"status_code":500,"message":"boom"}"#,
            "boom (500)",
        ),
        (r#"{"error_message":"boom"}"#, "boom"),
        (
            r#"{"message":"boom","__type":"ThrottlingException"}"#,
            "boom",
        ),
        (
            r#"{"Response":{"Error":{"Code":"X","Message":"boom"}}}"#,
            "boom",
        ),
        (
            r#"{"base_resp":{"status_code":1013,"status_msg":"insufficient balance"}}"#,
            "insufficient balance (1013)",
        ),
        (
            r#"{"choices":[],"base_resp":{"status_code":1013,"status_msg":"busy"}}"#,
            "busy (1013)",
        ),
        (
            r#"{"choices":[{"delta":{},"error":{"code":502,"message":"upstream"},"finish_reason":"stop"}]}"#,
            "upstream",
        ),
        (
            r#"{"choices":[{"delta":{"error":{"message":"bad"}}}]}"#,
            "bad",
        ),
    ] {
        match parse_event("", data.as_bytes()) {
            StreamEvent::Error { message, .. } => {
                assert!(message.contains(words), "{message}");
            }
            StreamEvent::Suspect(suspect) => {
                assert!(suspect.message.contains(words), "{suspect:?}");
            }
            other => panic!("{data}: {other:?}"),
        }
        let body = parse_body(data.as_bytes()).unwrap();
        assert!(
            body.error.is_some_and(|error| error.contains(words)),
            "{data}"
        );
    }
    for data in [
        r#"{"choices":[{"delta":{"content":"a"},"error":null}],"base_resp":{"status_code":0,"status_msg":""}}"#,
        r#"{"choices":[{"delta":{"content":"a","error":""}}],"error":{"code":"0","message":"ok"}}"#,
        r#"{"choices":[{"delta":{"content":"a"}}],"error":{"code":200,"message":""}}"#,
        r#"{"choices":[{"delta":{"content":"a"}}],"code":7,"message":"about something"}"#,
        r#"{"choices":[{"delta":{"content":"a"}}],"error":{"code":"0","message":"","request_id":"abc"}}"#,
        r#"{"choices":[{"delta":{"content":"a"}}],"error":{"code":0,"message":"Success."}}"#,
    ] {
        assert!(chunk(data).bears_token(), "{data}");
    }
    for data in [
        r#"{"code":0,"message":"success"}"#,
        r#"{"code":200,"msg":"ok"}"#,
        r#"{"detail":""}"#,
    ] {
        assert!(
            !matches!(parse_event("", data.as_bytes()), StreamEvent::Error { .. }),
            "{data}"
        );
    }
}

#[test]
fn f005_a_body_without_choices_is_quoted() {
    let reason = parse_body(br#"{"status":"starting","progress":3}"#)
        .unwrap_err()
        .to_string();
    assert!(
        reason.contains("no choices") && reason.contains("starting"),
        "{reason}"
    );
}

#[test]
fn f003_a_reason_to_end_may_be_an_object() {
    let data = r#"{"choices":[{"delta":{},"finish_reason":{"type":"abort"}}]}"#;
    assert_eq!(chunk(data).finish_reason.as_deref(), Some("abort"));
}

#[test]
fn f010_usage_in_other_places_and_as_text_is_read() {
    for data in [
        r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":12,"completion_tokens":2}}]}"#,
        r#"{"choices":[],"x_groq":{"id":"r","usage":{"prompt_tokens":12,"completion_tokens":2}}}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":"12","completion_tokens":"2"}}"#,
    ] {
        let usage = chunk(data).usage.unwrap();
        assert_eq!(
            (usage.prompt_tokens, usage.completion_tokens),
            (Some(12), Some(2)),
            "{data}"
        );
    }
}

#[test]
fn f001_names_are_read_by_their_words() {
    for (key, unknown) in [
        ("model_output", true),
        ("formatted_text", true),
        ("information", true),
        ("research", true),
        ("data", true),
        ("context", true),
        ("web_search_results", false),
        ("weight_version", false),
        ("trace_id", false),
        ("context_id", false),
        ("model_name", false),
        ("timestamp", false),
        ("content_type", false),
        ("phase", false),
        ("agent", false),
    ] {
        let event = delta(&format!(r#"{{"{key}":"text"}}"#));
        let facts = chunk(&event);
        assert!(!facts.bears_token(), "{key}");
        assert_eq!(facts.unknown.is_some(), unknown, "{key}");
    }
    for key in [
        "model_reasoning",
        "thinking_model_content",
        "research_thoughts",
        "search_thinking",
        "moderated_thinking",
        "thinking_information",
        "safety_reasoning",
        "reasoning_preference",
        "modelThinking",
        "thinkingcontent",
        "reasoningtext",
    ] {
        let event = delta(&format!(r#"{{"{key}":"text"}}"#));
        assert_eq!(chunk(&event).reasoning.as_deref(), Some("text"), "{key}");
    }
    for field in [
        r#""reasoning_time":5.1"#,
        r#""thinking_seconds":3"#,
        r#""reasoning":12"#,
        r#""thinking_time":"12s""#,
        r#""thought_for":"5 s""#,
        r#""thinking_type":"enabled""#,
        r#""is_thinking":"true""#,
        r#""thinking_state":"start""#,
        r#""reasoning_start":"2026-01-01""#,
        r#""reasoning_length":"12""#,
        r#""reasoning_model":"o1""#,
        r#""reasoning_visibility":"hidden""#,
        r#""thinking_stage":"plan""#,
        r#""reasoningContent":{"redactedContent":"AAAA"}"#,
        r#""reasoning_content":{"signature":"AAAA"}"#,
    ] {
        let event = delta(&format!("{{{field}}}"));
        assert!(!chunk(&event).bears_token(), "{field}");
    }
    let digit = delta(r#"{"reasoning_content":7}"#);
    assert_eq!(chunk(&digit).reasoning.as_deref(), Some("7"));
    let echoed =
        chunk(r#"{"choices":[{"delta":{"role":"assistant"}}],"reasoning":{"summary":"auto"}}"#);
    assert!(!echoed.bears_token());
    let both = delta(r#"{"reasoning":{"effort":"low","content":"think"}}"#);
    assert!(chunk(&both).bears_token());
}

/// Text in events of forms that nobody knows, and beside the choices of known ones.
#[test]
fn f001_hidden_text_is_told() {
    for data in [
        r#"{"candidates":[{"content":{"parts":[{"text":"hm"}]}}]}"#,
        r#"{"data":{"choices":[{"delta":{"content":"hm"}}]}}"#,
        r#"[{"choices":[{"delta":{"content":"hm"}}]}]"#,
        r#"{"event":"on_chat_model_stream","data":{"chunk":{"content":"let me"}}}"#,
        r#"{"type":"stream_event","event":{"delta":{"text":"hm"}}}"#,
        r#"{"contentBlockDelta":{"delta":{"text":"hm"}}}"#,
        r#"{"kind":"status-update","status":{"message":{"parts":[{"text":"hm"}]}}}"#,
        r#"{"generated_text":"hm"}"#,
        r#"{"completion":"hm"}"#,
        r#"{"text_output":"hm"}"#,
    ] {
        let event = parse_event("", data.as_bytes());
        assert!(
            matches!(event, StreamEvent::Unknown { .. }),
            "{data}: {event:?}"
        );
    }
    for beside in [
        r#""reply":"hm""#,
        r#""generated_text":"hm""#,
        r#""text_delta":"hm""#,
        r#""parts":[{"text":"hm"}]"#,
        r#""__verbose":{"content":"hm"}"#,
    ] {
        let event = format!(r#"{{"choices":[{{"delta":{{}}}}],{beside}}}"#);
        assert!(chunk(&event).unknown.is_some(), "{beside}");
    }
    for nothing in [
        r#"{"event":"workflow_started","data":{"id":"x","inputs":{"query":"text"},"created_at":1}}"#,
        r#"{"sources":[{"document":["long text"]}]}"#,
        r#"{"prompt_filter_results":[{"content_filter_results":{"hate":{"severity":"safe"}}}]}"#,
        r#"{"event":{"type":"status","data":{"description":"Searching","done":false}}}"#,
        r#"{"selected_model_id":"gpt"}"#,
        r#"[1,2]"#,
        r#""ping""#,
    ] {
        let event = parse_event("", nothing.as_bytes());
        assert!(
            matches!(event, StreamEvent::Ignored),
            "{nothing}: {event:?}"
        );
    }
    for call in [
        r#"{"tool_call_chunks":[{"name":"f","args":"","index":0}]}"#,
        r#"{"tool_use":{"name":"f","input":{}}}"#,
        r#"{"toolUse":{"name":"f"}}"#,
    ] {
        assert!(chunk(&delta(call)).tool_call, "{call}");
    }
}

/// An answer's end, and its errors, in the places where others write them.
#[test]
fn f003_endings_and_errors_in_other_places_are_read() {
    for data in [
        r#"{"choices":[{"delta":{},"finishReason":"abort"}]}"#,
        r#"{"choices":[{"delta":{"finish_reason":"abort"}}]}"#,
        r#"{"choices":[{"delta":{}}],"finish_reason":"abort"}"#,
    ] {
        assert_eq!(
            chunk(data).finish_reason.as_deref(),
            Some("abort"),
            "{data}"
        );
    }
    for data in [
        r#"{"choices":[{"delta":{},"error_message":"boom"}]}"#,
        r#"{"choices":[{"delta":{},"status":"failed: boom"}]}"#,
        r#"{"choices":[{"delta":{"status":"failed: boom"}}]}"#,
        r#"{"choices":[{"delta":{"content":[{"type":"error","text":"boom"}]}}]}"#,
    ] {
        let event = parse_event("", data.as_bytes());
        let StreamEvent::Error { message, .. } = event else {
            panic!("{data}: {event:?}");
        };
        assert!(message.contains("boom"), "{message}");
    }
    let fine = r#"{"choices":[{"delta":{"content":"a","status":"in_progress"},"status":"ok","finish_reason":"stop","stop_reason":"error"}]}"#;
    assert!(chunk(fine).bears_token());
}

#[test]
fn f010_what_a_prediction_had_wrong_was_not_generated() {
    let data = r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":53,"total_tokens":65,"completion_tokens_details":{"accepted_prediction_tokens":2,"rejected_prediction_tokens":50}}}"#;
    let usage = chunk(data).usage.unwrap();
    assert_eq!(usage.completion_tokens, Some(3));
    assert!(!usage.does_not_add_up);
}
