//! What a server answered as a message of a chat: its content and its calls, never its reasoning.

use serde_json::{Map, Value, json};

/// What was seen of an answer, to be put together once it has ended.
#[derive(Debug, Default)]
pub(crate) struct SeenAnswer {
    /// Its content.
    pub(crate) text: String,
    /// The events, or the body, that held calls of tools, as they came.
    pub(crate) calls: Vec<Vec<u8>>,
}

impl SeenAnswer {
    /// Tokens that it may have at the most: one a byte, and what ends it.
    pub(crate) fn most_tokens(&self) -> u64 {
        let calls: usize = self.calls.iter().map(Vec::len).sum();
        (self.text.len() + calls) as u64 + 2
    }
}

/// A call, as far as it has come.
#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

/// The message of an answer.
pub(crate) fn message_of(seen: &SeenAnswer) -> Value {
    let calls = calls_of(&seen.calls);
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    if calls.is_empty() || !seen.text.is_empty() {
        message.insert("content".to_owned(), json!(seen.text));
    } else {
        message.insert("content".to_owned(), Value::Null);
    }
    if !calls.is_empty() {
        message.insert("tool_calls".to_owned(), Value::Array(calls));
    }
    Value::Object(message)
}

/// The calls of an answer, in the order in which they began.
fn calls_of(parts: &[Vec<u8>]) -> Vec<Value> {
    let mut calls: Vec<(String, Call)> = Vec::new();
    for part in parts {
        if let Ok(event) = serde_json::from_slice::<Value>(part) {
            take(&event, &mut calls);
        }
    }
    let whole = calls.into_iter().filter(|(_, call)| !call.name.is_empty());
    let messages = whole.map(|(key, call)| {
        let id = if call.id.is_empty() {
            format!("call_{key}")
        } else {
            call.id
        };
        json!({
            "id": id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        })
    });
    messages.collect()
}

/// Takes what an event of any API says of calls.
fn take(event: &Value, calls: &mut Vec<(String, Call)>) {
    // Chat completions: in pieces, or whole in the body of an answer.
    for message in ["/choices/0/delta", "/choices/0/message"] {
        let listed = event.pointer(message).and_then(|one| one.get("tool_calls"));
        for (at, part) in listed
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let key = part
                .get("index")
                .map_or_else(|| at.to_string(), Value::to_string);
            let function = part.get("function").unwrap_or(&Value::Null);
            add(
                calls,
                key,
                part.get("id"),
                function.get("name"),
                function.get("arguments"),
            );
        }
    }
    // Messages: a block that begins, and its input in pieces; or whole.
    let index = || {
        event
            .get("index")
            .map_or_else(String::new, Value::to_string)
    };
    if let Some(block) = event.get("content_block").filter(|block| is_use(block)) {
        add(calls, index(), block.get("id"), block.get("name"), None);
    }
    if let Some(part) = event.pointer("/delta/partial_json") {
        add(calls, index(), None, None, Some(part));
    }
    for (at, block) in event
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        if is_use(block) {
            let input = block
                .get("input")
                .map(|input| Value::String(input.to_string()));
            add(
                calls,
                at.to_string(),
                block.get("id"),
                block.get("name"),
                input.as_ref(),
            );
        }
    }
    // Responses: an item that is done, or all of them.
    let items = event.get("output").and_then(Value::as_array);
    let done = event
        .get("item")
        .filter(|_| event["type"] == "response.output_item.done");
    for item in items.into_iter().flatten().chain(done) {
        if item["type"] == "function_call" {
            let key = item
                .get("call_id")
                .map_or_else(String::new, Value::to_string);
            add(
                calls,
                key,
                item.get("call_id"),
                item.get("name"),
                item.get("arguments"),
            );
        }
    }
}

fn is_use(block: &Value) -> bool {
    block["type"] == "tool_use"
}

/// Adds what has come of a call.
fn add(
    calls: &mut Vec<(String, Call)>,
    key: String,
    id: Option<&Value>,
    name: Option<&Value>,
    arguments: Option<&Value>,
) {
    let at = calls.iter().position(|(known, _)| *known == key);
    let at = at.unwrap_or_else(|| {
        calls.push((key, Call::default()));
        calls.len() - 1
    });
    let call = &mut calls[at].1;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
    if call.id.is_empty() {
        call.id = text(id);
    }
    call.name.push_str(&text(name));
    call.arguments.push_str(&text(arguments));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, events: &[Value]) -> Value {
        message_of(&SeenAnswer {
            text: text.to_owned(),
            calls: events
                .iter()
                .map(|event| event.to_string().into_bytes())
                .collect(),
        })
    }

    fn called(id: &str, arguments: &str) -> Value {
        json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}})
    }

    #[test]
    fn an_answer_is_its_content_and_its_calls_in_any_api() {
        assert_eq!(
            seen("hi", &[]),
            json!({"role": "assistant", "content": "hi"})
        );
        assert_eq!(seen("", &[]), json!({"role": "assistant", "content": ""}));
        let delta = |call: Value| json!({"choices": [{"delta": {"tool_calls": [call]}}]});
        let chat = [
            delta(
                json!({"index": 0, "id": "a", "function": {"name": "look", "arguments": "{\"x\""}}),
            ),
            delta(json!({"index": 0, "function": {"arguments": ":1}"}})),
            delta(json!({"index": 1, "id": "b", "function": {"name": "look", "arguments": "{}"}})),
        ];
        let wanted = json!({
            "role": "assistant", "content": null,
            "tool_calls": [called("a", "{\"x\":1}"), called("b", "{}")],
        });
        assert_eq!(seen("", &chat), wanted);
        let messages = [
            json!({"index": 1, "content_block": {"type": "tool_use", "id": "a", "name": "look", "input": {}}}),
            json!({"index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"x\""}}),
            json!({"index": 1, "delta": {"type": "input_json_delta", "partial_json": ":1}"}}),
        ];
        let one =
            json!({"role": "assistant", "content": "so", "tool_calls": [called("a", "{\"x\":1}")]});
        assert_eq!(seen("so", &messages), one);
        let item = json!({"type": "function_call", "call_id": "a", "name": "look", "arguments": "{\"x\":1}"});
        let responses = [
            json!({"type": "response.function_call_arguments.delta", "delta": "{"}),
            json!({"type": "response.output_item.done", "item": item}),
        ];
        assert_eq!(seen("so", &responses), one);
        // Whole bodies.
        let body = json!({"choices": [{"message": {"tool_calls": [called("a", "{\"x\":1}")]}}]});
        assert_eq!(seen("so", &[body]), one);
        let body = json!({"content": [{"type": "tool_use", "id": "a", "name": "look", "input": {"x": 1}}]});
        assert_eq!(seen("so", &[body]), one);
    }
}
