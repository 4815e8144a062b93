//! A row of a chat as Messages have it.

use crate::request::api::{
    error::BodyError,
    shape::{RowParts, check_message, each_tool, kind, leading_system, refused_tool, text_of},
};
use dualround_model::Api;
use serde_json::{Map, Value, json};

const API: Api = Api::Messages;

/// Fields that mean the same in both, and those that only this API has.
const ALIKE: [&str; 12] = [
    "temperature",
    "top_p",
    "top_k",
    "cache_control",
    "cache_salt",
    "chat_template_kwargs",
    "thinking",
    "stop_sequences",
    "context_management",
    "container",
    "mcp_servers",
    "output_config",
];

/// The fields of a chat.
///
/// # Errors
/// [`BodyError::Key`] for what has no place here.
pub(super) fn fields(row: RowParts) -> Result<Map<String, Value>, BodyError> {
    let mut fields = Map::new();
    let mut messages = row.messages;
    if let Some(system) = system_of(&leading_system(&mut messages))? {
        fields.insert("system".to_owned(), system);
    }
    let mut made = Vec::with_capacity(messages.len());
    for message in &messages {
        add_message(message, &mut made)?;
    }
    fields.insert("messages".to_owned(), Value::Array(made));
    let mut parallel = None;
    for (key, value) in row.options {
        match key.as_str() {
            "tools" => {
                fields.insert(key, tools(&value)?);
            }
            "tool_choice" => {
                fields.insert(key, tool_choice(&value)?);
            }
            "user" => {
                fields.insert("metadata".to_owned(), json!({"user_id": value}));
            }
            "parallel_tool_calls" => parallel = value.as_bool(),
            "stop" => {
                let stops = if value.is_string() {
                    json!([value])
                } else {
                    value
                };
                fields.insert("stop_sequences".to_owned(), stops);
            }
            // A chat's own holds other things.
            "metadata" if value.get("user_id").is_some() => {
                fields.insert(key, value);
            }
            known if ALIKE.contains(&known) => {
                fields.insert(key, value);
            }
            _ => return Err(BodyError::key(key, API)),
        }
    }
    if parallel == Some(false) {
        let choice = fields
            .entry("tool_choice")
            .or_insert_with(|| json!({"type": "auto"}));
        choice["disable_parallel_tool_use"] = json!(true);
    }
    Ok(fields)
}

/// One text where all are texts, else the blocks of all.
fn system_of(contents: &[Value]) -> Result<Option<Value>, BodyError> {
    if contents.is_empty() {
        return Ok(None);
    }
    if let [Value::String(text)] = contents {
        return Ok((!text.is_empty()).then(|| json!(text)));
    }
    let mut blocks = Vec::new();
    for content in contents {
        blocks.extend(blocks_of(content)?);
    }
    Ok(Some(Value::Array(blocks)))
}

/// The blocks of a content.
fn blocks_of(content: &Value) -> Result<Vec<Value>, BodyError> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::String(text) => Ok(vec![json!({"type": "text", "text": text})]),
        Value::Array(parts) => parts.iter().map(block).collect(),
        _ => Err(BodyError::key("content", API)),
    }
}

fn block(part: &Value) -> Result<Value, BodyError> {
    if let Value::String(text) = part {
        return Ok(json!({"type": "text", "text": text}));
    }
    match kind(part) {
        "text" => Ok(part.clone()),
        "image_url" => image(part),
        other => Err(BodyError::key(format!("content type {other}"), API)),
    }
}

fn image(part: &Value) -> Result<Value, BodyError> {
    let image = part.get("image_url").unwrap_or(&Value::Null);
    let url = image.as_str().or(text_of(image, "url")).unwrap_or("");
    let Some(data) = url.strip_prefix("data:") else {
        return Ok(json!({"type": "image", "source": {"type": "url", "url": url}}));
    };
    match data.split_once(";base64,") {
        Some((media, data)) => Ok(json!({"type": "image",
            "source": {"type": "base64", "media_type": media, "data": data}})),
        None => Err(BodyError::key("image_url", API)),
    }
}

/// A message; results of tools stand in messages of the user, those of one turn in one.
fn add_message(message: &Value, to: &mut Vec<Value>) -> Result<(), BodyError> {
    check_message(message, API)?;
    let content = message.get("content").unwrap_or(&Value::Null);
    match text_of(message, "role").unwrap_or("user") {
        "user" => to.push(json!({"role": "user", "content": plain_or_blocks(content)?})),
        "assistant" => to.push(assistant(message, content)?),
        "tool" => {
            let result = json!({"type": "tool_result",
                "tool_use_id": message.get("tool_call_id"), "content": plain_or_blocks(content)?});
            match to.last_mut().filter(|last| holds_results(last)) {
                Some(last) => {
                    if let Some(Value::Array(results)) = last.get_mut("content") {
                        results.push(result);
                    }
                }
                None => to.push(json!({"role": "user", "content": [result]})),
            }
        }
        // Only the first ones are the system's words here.
        role @ ("system" | "developer") => {
            return Err(BodyError::key(
                format!("a later message of role {role}"),
                API,
            ));
        }
        role => {
            return Err(BodyError::key(format!("a message of role {role}"), API));
        }
    }
    Ok(())
}

fn plain_or_blocks(content: &Value) -> Result<Value, BodyError> {
    match content {
        Value::String(_) => Ok(content.clone()),
        other => blocks_of(other).map(Value::Array),
    }
}

fn holds_results(message: &Value) -> bool {
    let blocks = message.get("content").and_then(Value::as_array);
    blocks.is_some_and(|blocks| {
        let mut kinds = blocks.iter().map(|block| text_of(block, "type"));
        !blocks.is_empty() && kinds.all(|kind| kind == Some("tool_result"))
    })
}

fn assistant(message: &Value, content: &Value) -> Result<Value, BodyError> {
    let calls = message.get("tool_calls").and_then(Value::as_array);
    let Some(calls) = calls.filter(|calls| !calls.is_empty()) else {
        return Ok(json!({"role": "assistant", "content": plain_or_blocks(content)?}));
    };
    let mut blocks = blocks_of(content)?;
    for call in calls {
        let function = call.get("function").unwrap_or(&Value::Null);
        let arguments = text_of(function, "arguments").unwrap_or("");
        let arguments = if arguments.is_empty() {
            "{}"
        } else {
            arguments
        };
        let input: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
        if !input.is_object() {
            return Err(BodyError::key(
                "tool_calls[].function.arguments (no JSON object)",
                API,
            ));
        }
        blocks.push(json!({"type": "tool_use", "id": call.get("id"),
            "name": function.get("name"), "input": input}));
    }
    Ok(json!({"role": "assistant", "content": blocks}))
}

fn tools(tools: &Value) -> Result<Value, BodyError> {
    each_tool(tools, |tool| {
        let Some(function) = tool.get("function").and_then(Value::as_object) else {
            // One that the service runs itself: it has a type and a name of its own.
            if !["", "function", "custom"].contains(&kind(tool)) && tool.get("name").is_some() {
                return Ok(tool.clone());
            }
            return Err(refused_tool(tool, API));
        };
        let mut made = Map::new();
        for (key, value) in function {
            let name = match key.as_str() {
                "name" | "description" | "strict" => key.as_str(),
                "parameters" => "input_schema",
                _ => return Err(BodyError::key(format!("tools[].function.{key}"), API)),
            };
            made.insert(name.to_owned(), value.clone());
        }
        made.entry("input_schema")
            .or_insert_with(|| json!({"type": "object", "properties": {}}));
        if let Some(control) = tool.get("cache_control") {
            made.insert("cache_control".to_owned(), control.clone());
        }
        Ok(Value::Object(made))
    })
}

fn tool_choice(choice: &Value) -> Result<Value, BodyError> {
    match choice.as_str() {
        Some("auto") => Ok(json!({"type": "auto"})),
        Some("none") => Ok(json!({"type": "none"})),
        Some("required") => Ok(json!({"type": "any"})),
        _ => match choice.pointer("/function/name") {
            Some(name) => Ok(json!({"type": "tool", "name": name})),
            None => Err(BodyError::key("tool_choice", API)),
        },
    }
}
