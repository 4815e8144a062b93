//! The chat API: `messages`, which the engine's template renders, after the tools as a rule.

use super::{error::BodyError, shape::RowParts};
use dualround_model::{Api, Sample};
use serde_json::{Map, Value, json};

/// The fields that shape a prompt, in the order in which most templates render them: tools, the
/// system's words, the rest.
pub(super) const SHAPING: &[&str] = &[
    "tools",
    "functions",
    "chat_template_kwargs",
    "documents",
    "messages",
];

/// The fields of a sample, its prompt and its own options.
pub(super) fn fields(sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    if sample.token_ids().is_some() {
        return Err(BodyError::TokenIds {
            api: Api::Chat.name(),
        });
    }
    let row = RowParts::of(sample).into_chat()?;
    let mut fields = Map::new();
    fields.insert("messages".to_owned(), Value::Array(row.messages));
    fields.extend(row.options);
    Ok(fields)
}

/// Puts the marker before everything else in the first message, and in the first tool.
pub(super) fn mark(body: &mut Map<String, Value>, marker: &str) -> Result<(), BodyError> {
    let first = body
        .get_mut("messages")
        .and_then(|messages| messages.get_mut(0))
        .ok_or(BodyError::NoMessage)?;
    mark_message(first, marker);
    if let Some(tool) = first_tool(body) {
        mark_tool(tool, marker);
    }
    Ok(())
}

/// Whether the body has a tool, which a marker is put into as well.
pub(super) fn has_tools(body: &Map<String, Value>) -> bool {
    body.get("tools").and_then(|tools| tools.get(0)).is_some()
}

/// Most chat templates render tools before the messages, or before the text of the first one, and
/// a marker behind them would leave a head that is truly warm. Some render them after it, so both
/// get one.
fn first_tool(body: &mut Map<String, Value>) -> Option<&mut Value> {
    body.get_mut("tools")?.get_mut(0)
}

/// Puts the marker before everything else in a tool's description.
pub(super) fn mark_tool(tool: &mut Value, marker: &str) {
    let nested = tool.get("function").is_some();
    let described = if nested {
        tool.get_mut("function")
    } else {
        Some(tool)
    };
    let Some(Value::Object(described)) = described else {
        return;
    };
    match described.get_mut("description") {
        Some(Value::String(text)) => text.insert_str(0, marker),
        _ => {
            described.insert("description".to_owned(), json!(marker));
        }
    }
}

/// Puts the marker before everything else in a message.
pub(super) fn mark_message(message: &mut Value, marker: &str) {
    match message.get_mut("content") {
        Some(Value::String(text)) => text.insert_str(0, marker),
        Some(Value::Array(parts)) => {
            let text = parts.first_mut().and_then(|part| part.get_mut("text"));
            if let Some(Value::String(text)) = text {
                text.insert_str(0, marker);
            } else {
                parts.insert(0, json!({"type": "text", "text": marker}));
            }
        }
        _ => message["content"] = json!(marker),
    }
}

/// `stream_options`, which the completions of before know too.
pub(super) fn asks_for_usage() -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("stream_options".to_owned(), json!({"include_usage": true}));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_stands_before_everything() {
        let cases = [
            (json!({"content": "hi"}), json!({"content": "M hi"})),
            (
                json!({"content": [{"type": "text", "text": "a"}]}),
                json!({"content": [{"type": "text", "text": "M a"}]}),
            ),
            (
                json!({"content": [{"type": "image_url"}]}),
                json!({"content": [{"type": "text", "text": "M "}, {"type": "image_url"}]}),
            ),
            (json!({"content": null}), json!({"content": "M "})),
        ];
        for (mut message, marked) in cases {
            mark_message(&mut message, "M ");
            assert_eq!(message, marked);
        }
    }
}
