//! Rows of every shape as Responses, and where markers stand.

use super::*;
use serde_json::from_value;

fn made(messages: Value, options: Value) -> Value {
    let sample = Sample {
        row: 1,
        id: None,
        messages: from_value(messages).unwrap(),
        output_tokens: None,
        input_tokens: None,
        arrival_ns: None,
        options: from_value(options).unwrap(),
        truncated: false,
        turn: None,
    };
    fields(&sample).map_or_else(|error| json!(error.to_string()), Value::Object)
}

#[test]
fn a_chat_with_tools_becomes_items() {
    let chat = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "sun"},
        {"role": "assistant", "content": [{"type": "text", "text": "Sunny."}]},
    ]);
    let options = json!({
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
        "reasoning_effort": "low",
    });
    assert_eq!(
        made(chat, options),
        json!({
            "instructions": "Be brief.",
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
                {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "a", "output": "sun"},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Sunny."}]},
            ],
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "tool_choice": {"type": "function", "name": "f"},
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
            "reasoning": {"effort": "low"},
            "store": false,
        })
    );
}

#[test]
fn a_row_of_this_api_goes_as_it_is_and_back_to_a_chat() {
    let items = json!([
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "sun"},
    ]);
    let same = made(
        items.clone(),
        json!({"instructions": "Be brief.", "include": ["x"]}),
    );
    assert_eq!((&same["input"], &same["include"]), (&items, &json!(["x"])));
    let row = RowParts {
        messages: from_value(items).unwrap(),
        options: from_value(json!({"instructions": "Be brief."})).unwrap(),
    };
    let chat = row.into_chat().unwrap();
    assert_eq!(
        Value::Array(chat.messages),
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "sun"},
        ])
    );
}

#[test]
fn fields_of_this_api_alone_are_no_reason_to_refuse_a_row() {
    let user = json!([{"role": "user", "content": "hi"}]);
    let own = json!({"include": ["x"], "text": {"verbosity": "low"}, "truncation": "auto",
        "metadata": {"a": "b"}, "tools": [{"type": "web_search"}]});
    let sent = made(user, own.clone());
    for (key, value) in own.as_object().unwrap() {
        assert_eq!(sent[key], *value, "{sent}");
    }
    // A failed tool would be told as one that worked.
    let failed = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a",
        "is_error": true, "content": "no"}]}]);
    let refused = made(failed, json!({}));
    let words = refused.as_str().unwrap();
    assert!(
        words.contains("is_error") && words.contains("Responses API"),
        "{words}"
    );
}

#[test]
fn what_has_no_counterpart_is_named() {
    let user = json!([{"role": "user", "content": "hi"}]);
    for (options, key) in [
        (json!({"seed": 1}), "`seed`"),
        (json!({"stop": "x"}), "`stop`"),
        (json!({"top_k": 1}), "`top_k`"),
    ] {
        let error = made(user.clone(), options);
        assert!(error.as_str().unwrap().contains(key), "{error}");
    }
}

#[test]
fn a_marker_stands_before_everything_that_is_rendered() {
    let marked = |body: Value| {
        let mut body: Map<String, Value> = from_value(body).unwrap();
        mark(&mut body, "M ").map(|()| Value::Object(body))
    };
    let first = marked(
        json!({"instructions": "s", "tools": [{"type": "function", "name": "f"}],
        "input": [{"role": "user", "content": "u"}]}),
    )
    .unwrap();
    assert_eq!(
        (
            &first["instructions"],
            &first["tools"][0]["description"],
            &first["input"][0]["content"]
        ),
        (&json!("M s"), &json!("M "), &json!("u"))
    );
    let parts = marked(
        json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": "u"}]}]}),
    )
    .unwrap();
    assert_eq!(parts["input"][0]["content"][0]["text"], "M u");
    let image =
        marked(json!({"input": [{"role": "user", "content": [{"type": "input_image"}]}]})).unwrap();
    assert_eq!(
        image["input"][0]["content"][0],
        json!({"type": "input_text", "text": "M "})
    );
    assert!(marked(json!({"input": [{"type": "function_call_output", "output": "x"}]})).is_err());
}
