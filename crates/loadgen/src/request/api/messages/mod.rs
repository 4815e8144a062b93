//! Anthropic's Messages: a system text at the top, content blocks, and places that the cache keeps.

mod breakpoints;
mod from_chat;

use super::{
    chat::mark_message,
    error::BodyError,
    shape::{RowParts, RowShape},
};
pub(crate) use breakpoints::Breakpoints;
use dualround_model::{Api, CacheControl, Sample};
use serde_json::{Map, Value, json};

/// The fields that shape a prompt, in the order in which it is rendered.
pub(super) const SHAPING: &[&str] = &["tools", "system", "messages"];

/// The version of the API that requests name.
pub(super) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// The fields of a sample, its prompt and its own options.
pub(super) fn fields(sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    let row = RowParts::of(sample);
    match RowShape::of(&row) {
        RowShape::Messages => Ok(own(row)),
        RowShape::Chat | RowShape::Responses => {
            let chat = row.into_chat().map_err(|error| error.of(Api::Messages))?;
            from_chat::fields(chat)
        }
    }
}

/// A row of this API's own shape goes as it is.
fn own(row: RowParts) -> Map<String, Value> {
    let mut fields = row.options;
    fields.insert("messages".to_owned(), Value::Array(row.messages));
    fields
}

/// Puts the places that the cache keeps into a body, or takes them out.
///
/// # Errors
/// [`BodyError`] where a row's own break the API's rules.
pub(super) fn set_breakpoints(
    body: &mut Map<String, Value>,
    control: Option<CacheControl>,
) -> Result<(), BodyError> {
    match control {
        None => Breakpoints::of(body).check(),
        Some(control) => {
            breakpoints::remove(body);
            if let Some(ttl) = control.ttl() {
                breakpoints::place(body, ttl);
            }
            Ok(())
        }
    }
}

/// Puts the marker before everything else that is rendered: into the first tool, where there are
/// tools, and before the system's words, else before the first message's.
pub(super) fn mark(body: &mut Map<String, Value>, marker: &str) -> Result<(), BodyError> {
    if let Some(tool) = body.get_mut("tools").and_then(|tools| tools.get_mut(0)) {
        super::chat::mark_tool(tool, marker);
    }
    match body.get_mut("system") {
        Some(Value::String(text)) => text.insert_str(0, marker),
        Some(Value::Array(blocks)) if !blocks.is_empty() => match blocks[0].get_mut("text") {
            Some(Value::String(text)) => text.insert_str(0, marker),
            _ => blocks.insert(0, json!({"type": "text", "text": marker})),
        },
        _ => {
            let first = body.get_mut("messages").and_then(|list| list.get_mut(0));
            mark_message(first.ok_or(BodyError::NoMessage)?, marker);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
