//! What events mean, case by case.
#![cfg(test)]

use dualround_wire::{ChunkFacts, StreamEvent, error_text, parse_body, parse_event};

fn chunk(data: &str) -> ChunkFacts<'_> {
    match parse_event("", data.as_bytes()) {
        StreamEvent::Chunk(chunk) => chunk,
        other => panic!("{data}: {other:?}"),
    }
}

fn delta(delta: &str) -> String {
    format!(r#"{{"id":"x","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#)
}

#[test]
fn content_is_borrowed_and_kept() {
    let data = delta(r#"{"content":"Ab"}"#);
    let facts = chunk(&data);
    assert!(matches!(
        facts.content,
        Some(std::borrow::Cow::Borrowed("Ab"))
    ));
    assert!(facts.bears_token() && facts.answers() && facts.has_choices);
    let escaped = delta(r#"{"content":"a\n\"b\""}"#);
    assert_eq!(chunk(&escaped).content.as_deref(), Some("a\n\"b\""));
}

#[test]
fn b009_null_and_empty_data_are_ignored() {
    for data in ["null", "{}", " ", "[]", "\"ping\"", r#"{"type":"ping"}"#] {
        assert_eq!(
            parse_event("", data.as_bytes()),
            StreamEvent::Ignored,
            "{data}"
        );
    }
}

#[test]
fn b048_reasoning_tokens_are_part_of_the_completion() {
    let data = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":120,"completion_tokens_details":{"reasoning_tokens":100}}}"#;
    let usage = chunk(data).usage.unwrap();
    assert_eq!(usage.completion_tokens, Some(120));
    assert_eq!(usage.reasoning_tokens, Some(100));
}

#[test]
fn b016_errors_inside_a_stream() {
    let message = |data: &str| match parse_event("", data.as_bytes()) {
        StreamEvent::Error { message, .. } => message,
        other => panic!("{other:?}"),
    };
    let engine = r#"{"error":{"message":"engine died","type":"InternalServerError","code":500}}"#;
    assert_eq!(message(engine), "engine died");
    assert_eq!(message(r#"{"error":"BOOM"}"#), "BOOM");
    assert_eq!(
        message(r#"{"object":"error","message":"old vLLM"}"#),
        "old vLLM"
    );
    assert_eq!(
        message(r#"{"type":"error","error":{"message":"busy"}}"#),
        "busy"
    );
    assert!(chunk(r#"{"error":null,"choices":[{"delta":{"content":"a"}}]}"#).bears_token());
}

#[test]
fn b017_error_events_by_name() {
    let data = br#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    let StreamEvent::Error { message, .. } = parse_event("error", data) else {
        panic!()
    };
    assert_eq!(message, "busy");
}

#[test]
fn b018_role_only_chunks_bear_no_token() {
    for text in [
        r#"{"role":"assistant","content":""}"#,
        r#"{"content":null}"#,
        "{}",
        "null",
    ] {
        let data = delta(text);
        assert!(!chunk(&data).bears_token(), "{text}");
    }
    let data = delta(r#"{"role":"assistant","content":"A"}"#);
    assert!(chunk(&data).bears_token());
}

#[test]
fn b019_empty_choices() {
    let usage = r#""usage":{"prompt_tokens":7,"completion_tokens":1}"#;
    for choices in [r#""choices":[],"#, r#""choices":null,"#, ""] {
        let data = format!("{{{choices}{usage}}}");
        let facts = chunk(&data);
        assert!(!facts.has_choices && !facts.bears_token());
        assert_eq!(facts.usage.unwrap().prompt_tokens, Some(7));
    }
    let filter = r#"{"choices":[],"prompt_filter_results":[]}"#;
    assert!(!chunk(filter).bears_token());
}

#[test]
fn b020_missing_delta_on_the_finish_chunk() {
    for choice in [
        r#"{"index":0,"delta":null,"finish_reason":"stop"}"#,
        r#"{"finish_reason":"stop"}"#,
    ] {
        let data = format!(r#"{{"choices":[{choice}]}}"#);
        assert_eq!(chunk(&data).finish_reason.as_deref(), Some("stop"));
    }
}

#[test]
fn b021_finish_reason_on_a_content_chunk() {
    let data = r#"{"choices":[{"delta":{"content":"B"},"finish_reason":"length"}]}"#;
    let facts = chunk(data);
    assert_eq!(facts.content.as_deref(), Some("B"));
    assert_eq!(facts.finish_reason.as_deref(), Some("length"));
}

#[test]
fn b023_malformed_json_is_bad() {
    let bad = br#"{"choices":[{"delta":{"content":"B"}]}"#;
    assert!(matches!(
        parse_event("", bad),
        StreamEvent::Bad { utf8: false, .. }
    ));
    let invalid = b"{\"choices\":[{\"delta\":{\"content\":\"\xC0\"}}]}";
    assert!(matches!(
        parse_event("", invalid),
        StreamEvent::Bad { utf8: true, .. }
    ));
}

#[test]
fn b024_a_whole_json_answer() {
    let body = br#"{"choices":[{"message":{"content":"A B"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":4,"completion_tokens":2}}"#;
    let facts = parse_body(body).unwrap();
    assert_eq!(facts.text, "A B");
    assert_eq!(facts.usage.unwrap().completion_tokens, Some(2));
    assert!(parse_body(b"<html>").is_err());
    assert_eq!(
        parse_body(br#"{"error":"no"}"#).unwrap().error.as_deref(),
        Some("no")
    );
}

#[test]
fn b025_reasoning_bears_tokens_but_does_not_answer() {
    for key in ["reasoning_content", "reasoning"] {
        let data = delta(&format!(r#"{{"{key}":"hm"}}"#));
        let facts = chunk(&data);
        assert!(facts.bears_token() && !facts.answers(), "{key}");
    }
}

#[test]
fn b026_tool_calls_bear_tokens() {
    let call = |f: &str| {
        delta(&format!(
            r#"{{"tool_calls":[{{"index":0,"function":{f}}}]}}"#
        ))
    };
    for function in [
        r#"{"name":"f","arguments":""}"#,
        r#"{"arguments":"{\"a\":"}"#,
    ] {
        assert!(chunk(&call(function)).bears_token(), "{function}");
    }
    assert!(!chunk(&call(r#"{"arguments":""}"#)).bears_token());
    let refusal = delta(r#"{"refusal":"no"}"#);
    assert!(chunk(&refusal).answers());
}

#[test]
fn b042_null_usage_is_no_usage() {
    let data = r#"{"choices":[{"delta":{"content":"a"}}],"usage":null}"#;
    assert_eq!(chunk(data).usage, None);
}

#[test]
fn b046_zero_is_not_unknown() {
    let cached = |details: &str| {
        let usage = format!(r#"{{"choices":[],"usage":{{"prompt_tokens":9{details}}}}}"#);
        chunk(&usage).usage.unwrap().cached_tokens
    };
    assert_eq!(
        cached(r#","prompt_tokens_details":{"cached_tokens":0}"#),
        Some(0)
    );
    assert_eq!(cached(r#","prompt_tokens_details":null"#), None);
    assert_eq!(cached(""), None);
}

#[test]
fn usage_spellings() {
    let usage = |text: &str| {
        let data = format!(r#"{{"choices":[],"usage":{text}}}"#);
        let usage = chunk(&data).usage.unwrap();
        (
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
        )
    };
    let deepseek =
        r#"{"prompt_tokens":10,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":2}"#;
    assert_eq!(usage(deepseek), (Some(10), None, Some(8)));
    let anthropic = r#"{"input_tokens":3,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":4}"#;
    assert_eq!(usage(anthropic), (Some(10), Some(4), Some(5)));
    assert_eq!(
        usage(r#"{"prompt_tokens":12.0,"completion_tokens":-1}"#),
        (Some(12), None, None)
    );
    let timings = r#"{"choices":[],"timings":{"cache_n":9,"prompt_n":1,"predicted_n":16}}"#;
    let usage = chunk(timings).usage.unwrap();
    assert_eq!(
        (usage.prompt_tokens, usage.cached_tokens),
        (Some(10), Some(9))
    );
    let thinking = r#"{"choices":[],"usage":{"completion_tokens":120,"completion_tokens_details":{"reasoning_tokens":100}}}"#;
    let usage = chunk(thinking).usage.unwrap();
    assert_eq!(
        (usage.completion_tokens, usage.reasoning_tokens),
        (Some(120), Some(100))
    );
}

fn usage_of(text: &str) -> dualround_model::Usage {
    let data = format!(r#"{{"choices":[],"usage":{text}}}"#);
    chunk(&data)
        .usage
        .map_or_else(Default::default, |usage| *usage)
}

#[test]
fn x02_whole_floats_are_read_in_details_too() {
    let usage = usage_of(
        r#"{"prompt_tokens":1024.0,"completion_tokens":2.0,"prompt_tokens_details":{"cached_tokens":896.0}}"#,
    );
    assert_eq!(
        (usage.prompt_tokens, usage.cached_tokens),
        (Some(1024), Some(896))
    );
    let odd = usage_of(r#"{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":1.5}}"#);
    assert_eq!(odd.cached_tokens, None);
}

#[test]
fn x03_of_two_fields_that_disagree_the_larger_one_counts() {
    let both = r#"{"prompt_tokens":1812,"prompt_tokens_details":{"cached_tokens":0},"cache_read_input_tokens":1800}"#;
    assert_eq!(usage_of(both).cached_tokens, Some(1800));
    let zeros = r#"{"prompt_tokens":1812,"prompt_tokens_details":{"cached_tokens":0},"prompt_cache_hit_tokens":0}"#;
    assert_eq!(usage_of(zeros).cached_tokens, Some(0));
}

#[test]
fn cached_tokens_by_tier_are_read() {
    let usage = usage_of(
        r#"{"prompt_tokens":900,"prompt_tokens_details":{"cached_tokens":640,"local_cached_tokens":128,"external_cached_tokens":512}}"#,
    );
    assert_eq!(
        (
            usage.cached_tokens,
            usage.local_cached_tokens,
            usage.external_cached_tokens
        ),
        (Some(640), Some(128), Some(512))
    );
    let sum = usage_of(
        r#"{"prompt_tokens":900,"prompt_tokens_details":{"local_cached_tokens":128,"external_cached_tokens":512}}"#,
    );
    assert_eq!(sum.cached_tokens, Some(640));
}

#[test]
fn what_is_no_count_of_cached_tokens_is_not_left_out() {
    for odd in [
        "-1",
        "\"many\"",
        "1.5",
        "1e30",
        "true",
        "{}",
        "18446744073709551616",
    ] {
        let usage = usage_of(&format!(
            r#"{{"prompt_tokens":900,"prompt_tokens_details":{{"cached_tokens":{odd}}}}}"#
        ));
        assert_eq!(
            (usage.cached_tokens, usage.cached_unreadable),
            (None, true),
            "{odd}"
        );
    }
    for absent in ["null", "{}", "{\"cached_tokens\":null}"] {
        let usage = usage_of(&format!(
            r#"{{"prompt_tokens":900,"prompt_tokens_details":{absent}}}"#
        ));
        assert!(!usage.cached_unreadable, "{absent}");
    }
    // Sums that do not fit are none.
    let wide = usage_of(
        r#"{"prompt_tokens":900,"prompt_tokens_details":{"local_cached_tokens":9223372036854775808,"external_cached_tokens":9223372036854775818}}"#,
    );
    assert_eq!(wide.cached_tokens, None);
}

#[test]
fn a_prompt_counted_without_its_cached_part_is_made_whole() {
    let apart = usage_of(
        r#"{"prompt_tokens":395,"completion_tokens":4,"total_tokens":663,"prompt_tokens_details":{"cached_tokens":264}}"#,
    );
    assert_eq!(apart.prompt_tokens, Some(659));
    let whole = usage_of(
        r#"{"prompt_tokens":659,"completion_tokens":4,"total_tokens":663,"prompt_tokens_details":{"cached_tokens":264}}"#,
    );
    assert_eq!(whole.prompt_tokens, Some(659));
}

#[test]
fn f010_zeros_are_no_counts() {
    let mut usage = usage_of(r#"{"prompt_tokens":12,"completion_tokens":2}"#);
    usage.merge(usage_of(r#"{"prompt_tokens":0,"completion_tokens":0}"#));
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (Some(12), Some(2))
    );
    let zeros =
        r#"{"prompt_tokens":0,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":0}}"#;
    assert!(usage_of(zeros).is_empty());
    // An answer may be empty where the prompt was counted.
    let none = usage_of(r#"{"prompt_tokens":12,"completion_tokens":0}"#);
    assert_eq!(none.completion_tokens, Some(0));
}

#[test]
fn x04_a_prompt_has_tokens() {
    let usage = usage_of(r#"{"prompt_tokens":0,"completion_tokens":1}"#);
    assert_eq!(
        (usage.prompt_tokens, usage.completion_tokens),
        (None, Some(1))
    );
}

#[test]
fn b052_validation_errors_are_readable() {
    let body = br#"{"detail":[{"loc":["body","model"],"msg":"field required"}]}"#;
    assert_eq!(error_text(body), "body.model field required");
    assert_eq!(
        error_text(br#"{"error":{"message":"no healthy upstream"}}"#),
        "no healthy upstream"
    );
    assert_eq!(error_text(b"<h1>\x1b[2JBad</h1>\n"), "<h1> [2JBad</h1>");
    assert!(error_text(&[b'a'; 9000]).len() <= 2048);
    assert_eq!(error_text(b""), "");
}

/// Go gateways without `omitempty` send the field with every chunk.
#[test]
fn v24_x06_an_empty_error_is_none() {
    let with =
        |error: &str| format!(r#"{{"choices":[{{"delta":{{"content":"a"}}}}],"error":{error}}}"#);
    for error in [
        r#""""#,
        "false",
        "null",
        "{}",
        "[]",
        "0",
        r#"{"code":0,"message":""}"#,
        r#"{"code":null,"message":"","type":"","param":null}"#,
        r#"{"error":{"message":""}}"#,
    ] {
        let text = with(error);
        let found = parse_event("", text.as_bytes());
        let StreamEvent::Chunk(facts) = found else {
            panic!("{error}: {found:?}");
        };
        assert_eq!(facts.content.as_deref(), Some("a"), "{error}");
    }
    for (error, message) in [
        (r#""overloaded""#, "overloaded"),
        (
            r#"{"code":500,"message":""}"#,
            r#"{"code":500,"message":""}"#,
        ),
        (r#"{"code":0,"message":"busy"}"#, "busy"),
        ("true", "true"),
        ("1", "1"),
    ] {
        let text = with(error);
        match parse_event("", text.as_bytes()) {
            StreamEvent::Error { message: said, .. } => assert_eq!(said, message, "{error}"),
            other => panic!("{error}: {other:?}"),
        }
    }
    let body = parse_body(with("false").as_bytes()).unwrap();
    assert_eq!((body.text.as_str(), body.error), ("a", None));
}

/// A service that guesses types sends the digits of an answer as numbers: they are tokens.
#[test]
fn f006_a_number_in_the_place_of_text_is_a_token() {
    for (content, text) in [("6", "6"), ("-1", "-1"), ("0.5", "0.5"), (r#""6""#, "6")] {
        let event = delta(&format!(r#"{{"content":{content}}}"#));
        let facts = chunk(&event);
        assert_eq!(facts.content.as_deref(), Some(text), "{content}");
        assert!(facts.bears_token());
    }
}

#[test]
fn x07_what_is_not_needed_fails_no_request() {
    for other in [
        r#""refusal":false"#,
        r#""reasoning":{}"#,
        r#""reasoning":false"#,
        r#""reasoning_content":{"summary":null}"#,
    ] {
        let event = delta(&format!(r#"{{"content":"a",{other}}}"#));
        let facts = chunk(&event);
        assert_eq!(facts.content.as_deref(), Some("a"), "{other}");
        assert!(!facts.refusal && facts.reasoning.is_none(), "{other}");
    }
    let event = delta(r#"{"reasoning":{"text":"so","id":"r1"}}"#);
    assert_eq!(chunk(&event).reasoning.as_deref(), Some("so"));
}

#[test]
fn x08_words_that_are_no_json_stand_in_the_reason() {
    let bad = |data: &str| match parse_event("", data.as_bytes()) {
        StreamEvent::Bad {
            reason,
            utf8: false,
        } => reason,
        other => panic!("{other:?}"),
    };
    let reason = bad("Number of choices must be greater than 0.");
    assert!(
        reason.contains("`Number of choices must be greater than 0.`"),
        "{reason}"
    );
    let long = bad(&format!("<html>{}", "x".repeat(5000)));
    assert!(long.len() < 400 && long.ends_with("…`"), "{long}");
    let reason = parse_body(b"<html><title>502 Bad Gateway</title>")
        .unwrap_err()
        .to_string();
    assert!(reason.contains("502 Bad Gateway"), "{reason}");
    let reason = parse_body(b"").unwrap_err().to_string();
    assert!(reason.contains("it is empty"), "{reason}");
}

#[test]
fn x09_an_error_in_a_list_is_its_message() {
    let body =
        br#"[{"error":{"code":429,"message":"quota exceeded","status":"RESOURCE_EXHAUSTED"}}]"#;
    assert_eq!(
        parse_body(body).unwrap().error.as_deref(),
        Some("quota exceeded")
    );
    assert_eq!(error_text(body), "quota exceeded");
    assert!(parse_body(b"[1,2]").is_err() && parse_body(br#"[{"error":null}]"#).is_err());
}

#[test]
fn f005_the_title_of_a_page_is_its_reason() {
    let page = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>";
    assert_eq!(error_text(page), "502 Bad Gateway");
    let reason = parse_body(page).unwrap_err().to_string();
    assert!(
        reason.contains("an HTML page") && reason.contains("502 Bad Gateway"),
        "{reason}"
    );
    let untitled = b"<html><body><h1>Login</h1><p>Please sign in</p></body></html>";
    assert_eq!(error_text(untitled), "Login Please sign in");
}

#[test]
fn f008_reasoning_that_is_counted_apart_is_added() {
    let total = r#"{"prompt_tokens":20,"completion_tokens":2,"total_tokens":122,"completion_tokens_details":{"reasoning_tokens":100}}"#;
    let usage = usage_of(total);
    assert_eq!(usage.completion_tokens, Some(102));
    assert_eq!(
        (usage.prompt_tokens, usage.reasoning_tokens),
        (Some(20), Some(100))
    );
    assert!(!usage.does_not_add_up);
    // No total: more reasoning than all of the completion cannot be a part of it.
    let bare = r#"{"prompt_tokens":20,"completion_tokens":2,"reasoning_tokens":100}"#;
    assert_eq!(usage_of(bare).completion_tokens, Some(102));
    // A part of it, as OpenAI counts.
    let part = r#"{"prompt_tokens":20,"completion_tokens":120,"total_tokens":140,"completion_tokens_details":{"reasoning_tokens":100}}"#;
    assert_eq!(usage_of(part).completion_tokens, Some(120));
    let names = r#"{"input_tokens":20,"output_tokens":2,"total_tokens":122,"output_tokens_details":{"reasoning_tokens":100}}"#;
    assert_eq!(usage_of(names).completion_tokens, Some(102));
    let cached = r#"{"prompt_tokens":20,"completion_tokens":2,"total_tokens":122,"prompt_tokens_details":{"cached_tokens":10},"completion_tokens_details":{"reasoning_tokens":100}}"#;
    assert_eq!(usage_of(cached).completion_tokens, Some(102));
}

#[test]
fn f008_a_total_that_nothing_explains_is_told() {
    let hidden = r#"{"prompt_tokens":20,"completion_tokens":2,"total_tokens":122}"#;
    let usage = usage_of(hidden);
    assert_eq!(usage.completion_tokens, Some(2));
    assert!(usage.does_not_add_up);
    for plain in [
        r#"{"prompt_tokens":20,"completion_tokens":2,"total_tokens":22}"#,
        r#"{"prompt_tokens":20,"completion_tokens":2}"#,
        r#"{"prompt_tokens":20,"completion_tokens":2,"total_tokens":0}"#,
        r#"{"prompt_tokens":20,"completion_tokens":2,"total_tokens":112,"cached_tokens":90}"#,
    ] {
        assert!(!usage_of(plain).does_not_add_up, "{plain}");
    }
}

#[test]
fn f005_words_behind_an_empty_field_are_found() {
    for body in [
        r#"{"error":"","message":"boom"}"#,
        r#"{"error":{"message":"","code":"invalid"},"message":"boom"}"#,
        r#"{"error":{"code":0,"message":"","innererror":{"message":"boom"}}}"#,
        r#"{"title":"boom","status":500,"detail":""}"#,
        r#"{"errors":[{"message":"boom"}]}"#,
        r#"{"Message":"boom"}"#,
    ] {
        assert_eq!(error_text(body.as_bytes()), "boom", "{body}");
    }
}

#[test]
fn a_server_says_its_own_times_and_what_is_none_is_not_said() {
    let times = |data: &str| {
        chunk(data)
            .usage
            .map(|usage| (usage.times.queue_ns, usage.times.prefill_ns))
    };
    let vllm = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2},"metrics":{"time_to_first_token_ms":12.5,"generation_time_ms":8.0,"queue_time_ms":0.25}}"#;
    assert_eq!(times(vllm), Some((Some(250_000), Some(12_500_000))));
    // The next answer of the same form has its own.
    let next = vllm.replace("12.5", "14.75").replace("0.25", "1e3");
    assert_eq!(times(&next), Some((Some(1_000_000_000), Some(14_750_000))));
    let llama =
        r#"{"choices":[],"timings":{"cache_n":9,"prompt_n":1,"prompt_ms":6.5,"predicted_n":16}}"#;
    assert_eq!(times(llama), Some((None, Some(6_500_000))));
    for none in [r#""soon""#, "-1", "null", "1e12", "{}"] {
        let data = format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":2}},"metrics":{{"queue_time_ms":{none}}}}}"#
        );
        assert_eq!(times(&data), Some((None, None)), "{none}");
    }
    for other in [r#"[1]"#, r#""fast""#, "7"] {
        let data = format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":2}},"metrics":{other}}}"#
        );
        assert_eq!(times(&data), Some((None, None)), "{other}");
    }
}
