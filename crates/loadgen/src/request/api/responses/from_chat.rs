//! A row of a chat as Responses have it.

use crate::request::api::{
    error::BodyError,
    shape::{RowParts, check_message, each_tool, kind, leading_system, refused_tool, text_of},
};
use dualround_model::Api;
use serde_json::{Map, Value, json};

const API: Api = Api::Responses;

/// Fields that mean the same in both, and those that only this API has.
const ALIKE: [&str; 20] = [
    "user",
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "service_tier",
    "cache_salt",
    "chat_template_kwargs",
    "metadata",
    "include",
    "text",
    "truncation",
    "reasoning",
    "previous_response_id",
    "conversation",
    "max_tool_calls",
    "safety_identifier",
    "top_logprobs",
    "store",
];

/// The fields of a chat.
///
/// # Errors
/// [`BodyError::Key`] for what has no place here.
pub(super) fn fields(row: RowParts) -> Result<Map<String, Value>, BodyError> {
    let mut fields = Map::new();
    let mut messages = row.messages;
    let system = leading_system(&mut messages);
    if !system.is_empty() {
        let texts: Vec<String> = system.iter().map(plain).collect::<Result<_, _>>()?;
        fields.insert("instructions".to_owned(), json!(texts.join("\n\n")));
    }
    let mut items = Vec::with_capacity(messages.len());
    for message in &messages {
        add_items(message, &mut items)?;
    }
    fields.insert("input".to_owned(), Value::Array(items));
    for (key, value) in row.options {
        match key.as_str() {
            "tools" => {
                fields.insert(key, tools(&value)?);
            }
            "tool_choice" => {
                let named = value.pointer("/function/name");
                let named = named.map(|name| json!({"type": "function", "name": name}));
                fields.insert(key, named.unwrap_or(value));
            }
            "response_format" => {
                fields.insert("text".to_owned(), json!({"format": format(&value)}));
            }
            "reasoning_effort" => {
                fields.insert("reasoning".to_owned(), json!({"effort": value}));
            }
            known if ALIKE.contains(&known) => {
                fields.insert(key, value);
            }
            _ => return Err(BodyError::key(key, API)),
        }
    }
    Ok(fields)
}

/// The text of a system's words.
fn plain(content: &Value) -> Result<String, BodyError> {
    let part = |part: &Value| text_of(part, "text").or(part.as_str()).map(str::to_owned);
    let text = match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts
            .iter()
            .map(part)
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.concat()),
        _ => None,
    };
    text.ok_or_else(|| BodyError::key("the system's content", API))
}

/// The item of a message, with those of its calls.
fn add_items(message: &Value, to: &mut Vec<Value>) -> Result<(), BodyError> {
    check_message(message, API)?;
    let role = text_of(message, "role").unwrap_or("user");
    let content = message.get("content").unwrap_or(&Value::Null);
    if role == "tool" {
        to.push(
            json!({"type": "function_call_output", "call_id": message.get("tool_call_id"),
            "output": plain(content)?}),
        );
        return Ok(());
    }
    if !content.is_null() {
        to.push(json!({"type": "message", "role": role, "content": parts_of(content, role)?}));
    }
    let calls = message.get("tool_calls").and_then(Value::as_array);
    for call in calls.into_iter().flatten() {
        let function = call.get("function").unwrap_or(&Value::Null);
        to.push(json!({"type": "function_call", "call_id": call.get("id"),
            "name": function.get("name"), "arguments": function.get("arguments")}));
    }
    Ok(())
}

fn parts_of(content: &Value, role: &str) -> Result<Value, BodyError> {
    let text = if role == "assistant" {
        "output_text"
    } else {
        "input_text"
    };
    let Value::Array(parts) = content else {
        return Ok(content.clone());
    };
    let made = parts.iter().map(|part| {
        if let Some(words) = text_of(part, "text").or(part.as_str()) {
            return Ok(json!({"type": text, "text": words}));
        }
        let image = part.get("image_url");
        let url = image.and_then(|image| image.as_str().or(text_of(image, "url")));
        match url {
            Some(url) => Ok(json!({"type": "input_image", "image_url": url})),
            None => {
                let kind = kind(part);
                Err(BodyError::key(format!("content type {kind}"), API))
            }
        }
    });
    made.collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn tools(tools: &Value) -> Result<Value, BodyError> {
    each_tool(tools, |tool| {
        let Some(function) = tool.get("function").and_then(Value::as_object) else {
            // One that the service runs itself: `web_search`, by its type alone.
            if !["", "function", "custom"].contains(&kind(tool)) && tool.get("name").is_none() {
                return Ok(tool.clone());
            }
            return Err(refused_tool(tool, API));
        };
        let mut made = function.clone();
        made.insert("type".to_owned(), json!("function"));
        Ok(Value::Object(made))
    })
}

/// The shape of the answer: the same fields, one level up.
fn format(format: &Value) -> Value {
    let Some(schema) = format.get("json_schema").and_then(Value::as_object) else {
        return format.clone();
    };
    let mut made = schema.clone();
    made.insert("type".to_owned(), json!("json_schema"));
    Value::Object(made)
}
