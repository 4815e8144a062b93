//! A row as Responses have it, as one of chat completions.

use super::{RowParts, each_tool, kind, refused_tool, text_of};
use crate::request::api::error::BodyError;
use dualround_model::Api;
use serde_json::{Map, Value, json};

const API: Api = Api::Chat;

/// The same as a chat.
///
/// # Errors
/// [`BodyError::Key`] for what a chat has no place for.
pub(super) fn chat(row: RowParts) -> Result<RowParts, BodyError> {
    let mut messages = Vec::new();
    let mut options = Map::new();
    for (key, value) in row.options {
        match key.as_str() {
            "instructions" => messages.push(json!({"role": "system", "content": value})),
            "tools" => {
                options.insert(key, tools(&value)?);
            }
            "tool_choice" if value.is_object() => {
                let name = value.get("name");
                let choice = json!({"type": "function", "function": {"name": name}});
                options.insert(key, choice);
            }
            "reasoning" => {
                if let Some(effort) = value.get("effort") {
                    options.insert("reasoning_effort".to_owned(), effort.clone());
                }
            }
            "store" => {}
            "previous_response_id"
            | "conversation"
            | "include"
            | "text"
            | "truncation"
            | "background" => return Err(BodyError::key(key, API)),
            _ => {
                options.insert(key, value);
            }
        }
    }
    for item in &row.messages {
        messages.push(message(item)?);
    }
    Ok(RowParts { messages, options })
}

fn tools(tools: &Value) -> Result<Value, BodyError> {
    each_tool(tools, |tool| {
        if tool.get("function").is_some() {
            return Ok(tool.clone());
        }
        if kind(tool) != "function" {
            return Err(refused_tool(tool, API));
        }
        let mut function = tool.as_object().cloned().unwrap_or_default();
        function.remove("type");
        Ok(json!({"type": "function", "function": function}))
    })
}

fn message(item: &Value) -> Result<Value, BodyError> {
    match kind(item) {
        "" | "message" => {
            let role = text_of(item, "role").unwrap_or("user");
            let content = match item.get("content") {
                Some(Value::Array(parts)) => {
                    Value::Array(parts.iter().map(part).collect::<Result<_, _>>()?)
                }
                Some(content) => content.clone(),
                None => Value::Null,
            };
            Ok(json!({"role": role, "content": content}))
        }
        "function_call" => Ok(json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": item.get("call_id"), "type": "function", "function":
                {"name": item.get("name"), "arguments": item.get("arguments")}}]})),
        "function_call_output" => Ok(json!({"role": "tool",
            "tool_call_id": item.get("call_id"), "content": item.get("output")})),
        other => Err(BodyError::key(format!("input item {other}"), API)),
    }
}

fn part(part: &Value) -> Result<Value, BodyError> {
    match (kind(part), text_of(part, "text")) {
        ("input_text" | "output_text" | "text", Some(text)) => {
            Ok(json!({"type": "text", "text": text}))
        }
        ("input_image", _) => {
            Ok(json!({"type": "image_url", "image_url": {"url": part.get("image_url")}}))
        }
        (other, _) => Err(BodyError::key(format!("content type {other}"), API)),
    }
}
