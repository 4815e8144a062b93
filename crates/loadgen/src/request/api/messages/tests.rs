//! Rows of every shape as Messages, and where breakpoints and markers stand.

use super::*;
use serde_json::from_value;

fn sample(messages: Value, options: Value) -> Sample {
    Sample {
        row: 1,
        id: None,
        messages: from_value(messages).unwrap(),
        output_tokens: None,
        input_tokens: None,
        arrival_ns: None,
        options: from_value(options).unwrap(),
        truncated: false,
        turn: None,
    }
}

fn made(messages: Value, options: Value) -> Value {
    Value::Object(fields(&sample(messages, options)).unwrap())
}

#[test]
fn a_chat_with_tools_becomes_messages() {
    let chat = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
            {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "sun"},
        {"role": "tool", "tool_call_id": "b", "content": "rain"},
    ]);
    let options = json!({
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
        "tool_choice": "required", "parallel_tool_calls": false, "stop": "END", "temperature": 0.5,
    });
    assert_eq!(
        made(chat, options),
        json!({
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
                    {"type": "tool_use", "id": "b", "name": "f", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "sun"},
                    {"type": "tool_result", "tool_use_id": "b", "content": "rain"}]},
            ],
            "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
            "stop_sequences": ["END"], "temperature": 0.5,
        })
    );
}

#[test]
fn a_row_of_this_api_goes_as_it_is_and_back_to_a_chat() {
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "sun"}]},
    ]);
    let options = json!({"system": "Be brief.", "thinking": {"type": "enabled"},
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let same = made(messages.clone(), options.clone());
    assert_eq!(
        (&same["messages"], &same["system"]),
        (&messages, &json!("Be brief."))
    );
    assert!(same.get("thinking").is_some());
    let mut options = options;
    options.as_object_mut().unwrap().remove("thinking");
    let chat = RowParts::of(&sample(messages, options))
        .into_chat()
        .unwrap();
    assert_eq!(
        Value::Array(chat.messages),
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "sun"},
        ])
    );
    assert_eq!(
        chat.options["tools"][0]["function"]["parameters"],
        json!({"type": "object"})
    );
}

fn refused(messages: Value, options: Value) -> String {
    fields(&sample(messages, options)).unwrap_err().to_string()
}

#[test]
fn fields_of_this_api_alone_are_no_reason_to_refuse_a_row() {
    let user = json!([{"role": "user", "content": "hi"}]);
    let own = json!({"thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "u"}, "stop_sequences": ["x"],
        "cache_control": {"type": "ephemeral"},
        "tools": [{"type": "web_search_20250305", "name": "web_search"}]});
    let sent = made(user, own.clone());
    for (key, value) in own.as_object().unwrap() {
        assert_eq!(sent[key], *value, "{sent}");
    }
    // Many clients write no arguments as an empty text.
    let call = json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": null,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]}]);
    let sent = made(call, json!({}));
    assert_eq!(
        sent["messages"][1]["content"][0]["input"],
        json!({}),
        "{sent}"
    );
    // It is this API that has no place for it, whatever the row is made of on the way.
    let reasoned = refused(json!([{"type": "reasoning", "summary": []}]), json!({}));
    assert!(reasoned.contains("Messages API"), "{reasoned}");
    let role = refused(json!([{"role": "banana", "content": "hi"}]), json!({}));
    assert!(role.contains("`a message of role banana`"), "{role}");
}

#[test]
fn what_has_no_counterpart_is_named() {
    let user = json!([{"role": "user", "content": "hi"}]);
    for (messages, options, key) in [
        (user.clone(), json!({"seed": 1}), "`seed`"),
        (
            user.clone(),
            json!({"response_format": {"type": "json_object"}}),
            "`response_format`",
        ),
        (
            json!([{"role": "user", "content": "hi"}, {"role": "system", "content": "x"}]),
            json!({}),
            "role system",
        ),
        (
            json!([{"role": "user", "name": "Al", "content": "hi"}]),
            json!({}),
            "messages[].name",
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_audio"}]}]),
            json!({}),
            "input_audio",
        ),
        (
            json!([{"role": "user", "token_ids": [1, 2]}]),
            json!({}),
            "token ids",
        ),
    ] {
        let error = fields(&sample(messages, options)).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn breakpoints_stand_at_the_end_of_each_part() {
    let body = || {
        let body = json!({
            "tools": [{"name": "a"}, {"name": "b", "cache_control": {"type": "ephemeral"}}],
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]},
                {"role": "assistant", "content": "y"},
                {"role": "user", "content": "z"}],
            "cache_control": {"type": "ephemeral"},
        });
        from_value::<Map<String, Value>>(body).unwrap()
    };
    let places = |body: &Map<String, Value>| {
        let places = Breakpoints::of(body).places.into_iter();
        places
            .map(|(place, ttl)| format!("{place} {ttl}"))
            .collect::<Vec<_>>()
    };
    let mut kept = body();
    set_breakpoints(&mut kept, None).unwrap();
    assert_eq!(
        places(&kept),
        ["tools[1] 5m", "messages[0] 5m", "automatic 5m"]
    );
    let mut none = body();
    set_breakpoints(&mut none, Some(CacheControl::Off)).unwrap();
    assert!(places(&none).is_empty());
    assert!(!Value::Object(none).to_string().contains("cache_control"));
    let mut ours = body();
    set_breakpoints(&mut ours, Some(CacheControl::OneHour)).unwrap();
    assert_eq!(
        places(&ours),
        ["tools[1] 1h", "system[0] 1h", "messages[2] 1h"]
    );
    assert_eq!(ours["system"][0]["text"], "Be brief.");
    let mut short = body();
    set_breakpoints(&mut short, Some(CacheControl::FiveMinutes)).unwrap();
    assert_eq!(
        short["messages"][2]["content"][0]["cache_control"],
        json!({"type": "ephemeral"})
    );
}

#[test]
fn broken_rules_are_refused() {
    let with = |ttls: &[&str]| {
        let blocks: Vec<Value> = ttls
            .iter()
            .map(|ttl| json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": ttl}}))
            .collect();
        let body = json!({"messages": [{"role": "user", "content": blocks}]});
        set_breakpoints(&mut from_value(body).unwrap(), None)
    };
    assert!(with(&["1h", "1h", "5m", "5m"]).is_ok());
    assert!(
        with(&["5m"; 5])
            .unwrap_err()
            .to_string()
            .contains("at most 4")
    );
    assert!(
        with(&["1h", "5m", "1h"])
            .unwrap_err()
            .to_string()
            .contains("behind one of 5m")
    );
}

#[test]
fn a_marker_stands_before_everything_that_is_rendered() {
    let marked = |body: Value| {
        let mut body: Map<String, Value> = from_value(body).unwrap();
        mark(&mut body, "M ").unwrap();
        Value::Object(body)
    };
    let with_system = marked(
        json!({"system": "s", "tools": [{"name": "f", "description": "d"}],
        "messages": [{"role": "user", "content": "u"}]}),
    );
    assert_eq!(with_system["system"], "M s");
    assert_eq!(with_system["tools"][0]["description"], "M d");
    assert_eq!(with_system["messages"][0]["content"], "u");
    let blocks = marked(json!({"system": [{"type": "text", "text": "s"}], "messages": []}));
    assert_eq!(blocks["system"][0]["text"], "M s");
    let plain = marked(json!({"messages": [{"role": "user", "content": "u"}]}));
    assert_eq!(plain["messages"][0]["content"], "M u");
    assert!(mark(&mut Map::new(), "M ").is_err());
}
