//! A row to a prompt: the shapes that datasets come in.

use dualround_model::Sample;
use serde_json::{Map, Value, json};

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Shaped {
    /// A prompt, with the name of its shape.
    Sample(Box<Sample>, &'static str),
    /// No usable prompt in a row of a known shape; the reason.
    Skip(&'static str),
    /// Not understood; why.
    Unknown(String),
}

/// Request fields that a row may carry along.
const OPTIONS: [&str; 11] = [
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "seed",
    "chat_template_kwargs",
    "presence_penalty",
    "frequency_penalty",
    "functions",
];
const LENGTHS: [&str; 4] = [
    "output_tokens",
    "output_length",
    "max_tokens",
    "max_completion_tokens",
];

/// Understands a row; `text_key` names the key of the prompt where the user says so.
pub(crate) fn shape(row: &Value, number: u64, text_key: Option<&str>) -> Shaped {
    let object = match row {
        Value::String(text) => return prompt(text, None, &Map::new(), number, "plain string"),
        Value::Object(object) => object,
        _ => return Shaped::Unknown("a row is a JSON object or a string".to_owned()),
    };
    if let Some(key) = text_key {
        return match object.get(key) {
            Some(Value::String(text)) => prompt(text, system(object), object, number, "text key"),
            Some(_) => Shaped::Unknown(format!("the value of `{key}` is no text")),
            None => Shaped::Unknown(format!("no key `{key}`; it has: {}", keys(object))),
        };
    }
    // A Batch row wraps the request.
    if let Some(Value::Object(body)) = object.get("body") {
        let mut body = body.clone();
        if let Some(id) = object.get("custom_id") {
            body.entry("custom_id").or_insert_with(|| id.clone());
        }
        return shape(&Value::Object(body), number, None);
    }
    if let Some(Value::Array(messages)) = object.get("messages") {
        return messages_row(messages, object, number);
    }
    if let Some(Value::Array(turns)) = object.get("conversations").or(object.get("conversation")) {
        return conversation(turns, object, number);
    }
    if let Some(Value::Array(turns)) = object.get("user_messages") {
        return match turns.first().and_then(Value::as_str) {
            Some(text) => prompt(text, system(object), object, number, "user_messages"),
            None => Shaped::Skip("no turns"),
        };
    }
    if let Some(text) = crate::longbench::prompt_of(object) {
        return prompt(&text, None, object, number, "LongBench");
    }
    for key in ["text", "prompt", "content"] {
        if let Some(Value::String(text)) = object.get(key) {
            return prompt(text, system(object), object, number, key_shape(key));
        }
    }
    Shaped::Unknown(format!(
        "unknown shape with the keys {}; name the prompt's key with --text-key",
        keys(object)
    ))
}

fn key_shape(key: &str) -> &'static str {
    match key {
        "text" => "text",
        "prompt" => "prompt",
        _ => "content",
    }
}

fn keys(object: &Map<String, Value>) -> String {
    let keys: Vec<String> = object.keys().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() {
        "(none)".to_owned()
    } else {
        keys.join(", ")
    }
}

fn system(object: &Map<String, Value>) -> Option<&str> {
    let text = object
        .get("system")
        .or(object.get("system_prompt"))
        .and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}

fn prompt(
    text: &str,
    system: Option<&str>,
    row: &Map<String, Value>,
    number: u64,
    shape: &'static str,
) -> Shaped {
    if text.trim().is_empty() {
        return Shaped::Skip("empty prompt");
    }
    let mut messages = Vec::with_capacity(2);
    if let Some(system) = system {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": text}));
    sample(messages, row, number, shape)
}

fn messages_row(messages: &[Value], row: &Map<String, Value>, number: u64) -> Shaped {
    if messages.is_empty() {
        return Shaped::Skip("no messages");
    }
    if let Some(bad) = messages
        .iter()
        .find(|message| message.get("role").is_none())
    {
        let keys = bad.as_object().map_or_else(|| "no object".to_owned(), keys);
        return Shaped::Unknown(format!("a message has no `role`; it has {keys}"));
    }
    let blank = |message: &Value| match message.get("content") {
        Some(Value::String(text)) => text.trim().is_empty(),
        other => other.is_none_or(Value::is_null) && message.get("tool_calls").is_none(),
    };
    if messages.iter().all(blank) {
        return Shaped::Skip("empty prompt");
    }
    sample(messages.to_vec(), row, number, "messages")
}

/// ShareGPT: up to the first human turn, the system text kept.
fn conversation(turns: &[Value], row: &Map<String, Value>, number: u64) -> Shaped {
    let mut system_text = system(row);
    let mut first = None;
    for turn in turns {
        let role = turn
            .get("from")
            .or(turn.get("role"))
            .and_then(Value::as_str);
        let text = turn
            .get("value")
            .or(turn.get("content"))
            .and_then(Value::as_str);
        match role {
            Some("system") => {
                system_text = text.filter(|text| !text.is_empty()).or(system_text);
            }
            Some("human" | "user") => {
                first = text;
                break;
            }
            // Turns without roles: the first one asks.
            None if text.is_some() => {
                first = text;
                break;
            }
            _ => {}
        }
    }
    match first {
        None => Shaped::Skip("no turns"),
        Some(text) => prompt(text, system_text, row, number, "conversations"),
    }
}

fn sample(
    messages: Vec<Value>,
    row: &Map<String, Value>,
    number: u64,
    shape: &'static str,
) -> Shaped {
    let mut output_tokens = None;
    for key in LENGTHS {
        match row.get(key) {
            None | Some(Value::Null) => {}
            Some(value) => match value.as_u64().filter(|n| *n > 0) {
                Some(n) => {
                    output_tokens = Some(n);
                    break;
                }
                None => {
                    return Shaped::Unknown(format!("`{key}` is {value}, not a positive integer"));
                }
            },
        }
    }
    let options = OPTIONS.iter().filter_map(|key| {
        let value = row.get(*key).filter(|value| !value.is_null())?;
        Some(((*key).to_owned(), value.clone()))
    });
    let id = ["id", "_id", "custom_id"]
        .iter()
        .find_map(|key| row.get(*key))
        .and_then(|id| match id {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
    let sample = Sample {
        row: number,
        id,
        messages,
        output_tokens,
        options: options.collect(),
        truncated: false,
    };
    Shaped::Sample(Box::new(sample), shape)
}
