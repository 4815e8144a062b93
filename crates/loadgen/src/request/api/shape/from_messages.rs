//! A row as Messages have it, as one of chat completions.

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
            "system" => messages.push(json!({"role": "system", "content": system(value)?})),
            "tools" => {
                options.insert(key, tools(&value)?);
            }
            "tool_choice" => tool_choice(&value, &mut options)?,
            "stop_sequences" => {
                options.insert("stop".to_owned(), value);
            }
            "thinking" | "metadata" | "cache_control" | "context_management" | "container"
            | "mcp_servers" | "output_config" => return Err(BodyError::key(key, API)),
            _ => {
                options.insert(key, value);
            }
        }
    }
    for message in row.messages {
        add_message(message, &mut messages)?;
    }
    Ok(RowParts { messages, options })
}

fn system(system: Value) -> Result<Value, BodyError> {
    match system {
        Value::String(_) => Ok(system),
        Value::Array(blocks) => Ok(Value::Array(
            blocks.iter().map(text_part).collect::<Result<_, _>>()?,
        )),
        _ => Err(BodyError::key("system", API)),
    }
}

/// A text block without what only Messages has beside it.
fn text_part(block: &Value) -> Result<Value, BodyError> {
    match (kind(block), text_of(block, "text")) {
        ("text", Some(text)) => Ok(json!({"type": "text", "text": text})),
        (other, _) => Err(BodyError::key(format!("content type {other}"), API)),
    }
}

fn tools(tools: &Value) -> Result<Value, BodyError> {
    each_tool(tools, |tool| {
        let (Some(name), Some(_)) = (text_of(tool, "name"), tool.get("input_schema")) else {
            return Err(refused_tool(tool, API));
        };
        let mut function = Map::from_iter([("name".to_owned(), json!(name))]);
        for (from, to) in [
            ("description", "description"),
            ("input_schema", "parameters"),
        ] {
            if let Some(value) = tool.get(from) {
                function.insert(to.to_owned(), value.clone());
            }
        }
        Ok(json!({"type": "function", "function": function}))
    })
}

fn tool_choice(choice: &Value, options: &mut Map<String, Value>) -> Result<(), BodyError> {
    let means = match kind(choice) {
        "auto" => json!("auto"),
        "none" => json!("none"),
        "any" => json!("required"),
        "tool" => json!({"type": "function", "function": {"name": choice.get("name")}}),
        _ => return Err(BodyError::key("tool_choice", API)),
    };
    options.insert("tool_choice".to_owned(), means);
    if let Some(Value::Bool(serial)) = choice.get("disable_parallel_tool_use") {
        options.insert("parallel_tool_calls".to_owned(), json!(!serial));
    }
    Ok(())
}

/// A message; results of tools are messages of their own in a chat.
fn add_message(message: Value, to: &mut Vec<Value>) -> Result<(), BodyError> {
    let role = text_of(&message, "role").unwrap_or("user").to_owned();
    let Some(Value::Array(blocks)) = message.get("content") else {
        to.push(message);
        return Ok(());
    };
    let (mut parts, mut calls) = (Vec::new(), Vec::new());
    for block in blocks {
        match kind(block) {
            "tool_use" => {
                let arguments = block
                    .get("input")
                    .map_or_else(String::new, Value::to_string);
                calls.push(
                    json!({"id": block.get("id"), "type": "function", "function":
                    {"name": block.get("name"), "arguments": arguments}}),
                );
            }
            "tool_result" if block.get("is_error") == Some(&json!(true)) => {
                return Err(BodyError::key("tool_result.is_error", API));
            }
            "tool_result" => {
                let content = match block.get("content") {
                    Some(Value::Array(blocks)) => {
                        Value::Array(blocks.iter().map(text_part).collect::<Result<_, _>>()?)
                    }
                    Some(content) => content.clone(),
                    None => json!(""),
                };
                to.push(
                    json!({"role": "tool", "tool_call_id": block.get("tool_use_id"),
                    "content": content}),
                );
            }
            "image" => parts.push(image(block)?),
            _ => parts.push(text_part(block)?),
        }
    }
    if parts.is_empty() && calls.is_empty() {
        return Ok(());
    }
    let mut made = json!({"role": role, "content": parts});
    if !calls.is_empty() {
        made["tool_calls"] = Value::Array(calls);
        if parts.is_empty() {
            made["content"] = Value::Null;
        }
    }
    to.push(made);
    Ok(())
}

fn image(block: &Value) -> Result<Value, BodyError> {
    let source = block.get("source").unwrap_or(&Value::Null);
    let url = match (kind(source), text_of(source, "url")) {
        ("url", Some(url)) => url.to_owned(),
        ("base64", _) => format!(
            "data:{};base64,{}",
            text_of(source, "media_type").unwrap_or("image/png"),
            text_of(source, "data").unwrap_or("")
        ),
        _ => return Err(BodyError::key("image source", API)),
    };
    Ok(json!({"type": "image_url", "image_url": {"url": url}}))
}
