//! OpenAI's Responses: instructions at the top, input items.

mod from_chat;

use super::{
    chat::{mark_message, mark_tool},
    error::BodyError,
    shape::{RowParts, RowShape},
};
use dualround_model::{Api, Sample};
use serde_json::{Map, Value, json};

/// The fields that shape a prompt, in the order in which most templates render them.
pub(super) const SHAPING: &[&str] = &["tools", "instructions", "input"];

/// The fields of a sample, its prompt and its own options. Nothing is stored on the server.
pub(super) fn fields(sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    let row = RowParts::of(sample);
    let mut fields = match RowShape::of(&row) {
        RowShape::Responses => own(row),
        RowShape::Chat | RowShape::Messages => {
            let chat = row.into_chat().map_err(|error| error.of(Api::Responses))?;
            from_chat::fields(chat)?
        }
    };
    fields.entry("store").or_insert(json!(false));
    Ok(fields)
}

/// A row of this API's own shape goes as it is.
fn own(row: RowParts) -> Map<String, Value> {
    let mut fields = row.options;
    fields.insert("input".to_owned(), Value::Array(row.messages));
    fields
}

/// Puts the marker before everything else that is rendered: into the first tool, where there are
/// tools, and before the instructions, else before the first item's words.
pub(super) fn mark(body: &mut Map<String, Value>, marker: &str) -> Result<(), BodyError> {
    if let Some(tool) = body.get_mut("tools").and_then(|tools| tools.get_mut(0)) {
        mark_tool(tool, marker);
    }
    if let Some(Value::String(text)) = body.get_mut("instructions") {
        text.insert_str(0, marker);
        return Ok(());
    }
    let first = body.get_mut("input").and_then(|items| items.get_mut(0));
    let first = first.ok_or(BodyError::NoMessage)?;
    if first.get("content").is_none() {
        return Err(BodyError::NoMessage);
    }
    mark_message(first, marker);
    // A part that was put in is of this API's kind.
    if let Some(part) = first.pointer_mut("/content/0")
        && part.get("type").is_some_and(|kind| kind == "text")
        && part.get("text").is_some_and(|text| text == marker)
    {
        part["type"] = json!("input_text");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
