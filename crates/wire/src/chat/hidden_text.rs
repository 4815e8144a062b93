//! Text in the places of forms that are not known, told by the names above it.

use crate::{
    chat::field_purpose::{FieldPurpose, purpose_of},
    errors::name_words::words,
};
use serde_json::Value;

/// Objects and lists below one another that are looked into.
const DEPTH: u32 = 6;

/// Last words of names of generated text.
const TEXT: &[&str] = &[
    "content",
    "text",
    "delta",
    "answer",
    "reply",
    "response",
    "output",
    "completion",
    "result",
    "summary",
    "chunk",
    "token",
    "message",
    "thought",
    "thinking",
    "reasoning",
];

/// Words of names of what was asked, looked up or set: text below them was not generated now.
const ASKED: &[&str] = &[
    "input",
    "inputs",
    "prompt",
    "query",
    "question",
    "source",
    "sources",
    "document",
    "documents",
    "citation",
    "citations",
    "reference",
    "references",
    "search",
    "tool",
    "tools",
    "metadata",
    "meta",
    "filter",
    "config",
    "settings",
    "request",
    "schema",
    "history",
    "context",
    "usage",
    "logprobs",
    "annotations",
    "grounding",
    "error",
    "errors",
    "warning",
    "warnings",
    "title",
    "description",
];

/// The name of a text that may have been generated, the first there is.
pub(crate) fn hidden_text(value: &Value) -> Option<&str> {
    below(value, None, DEPTH)
}

/// The same of a value under this key.
pub(crate) fn holds_hidden(key: &str, value: &Value) -> bool {
    match named_content(key) {
        NamedContent::Asked => false,
        name => below(value, (name == NamedContent::Text).then_some(key), DEPTH).is_some(),
    }
}

/// What stands under a name.
#[derive(PartialEq)]
enum NamedContent {
    /// Text of the model.
    Text,
    /// What the user asked, sent back.
    Asked,
    /// Something else, or unknown.
    Other,
}

fn named_content(key: &str) -> NamedContent {
    let words = words(key);
    if words.iter().any(|word| ASKED.contains(&word.as_str())) {
        return NamedContent::Asked;
    }
    let last = words.last().map_or("", String::as_str);
    if TEXT.contains(&last) && purpose_of(key) != FieldPurpose::About {
        NamedContent::Text
    } else {
        NamedContent::Other
    }
}

/// `named`: the key above, where it is that of a text.
fn below<'a>(value: &'a Value, named: Option<&'a str>, depth: u32) -> Option<&'a str> {
    if depth == 0 {
        return None;
    }
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(_) => named,
        Value::Array(items) => items.iter().find_map(|item| below(item, named, depth - 1)),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(key, value)| match named_content(key) {
                NamedContent::Asked => None,
                NamedContent::Text => below(value, Some(key), depth - 1),
                NamedContent::Other => below(value, None, depth - 1),
            }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
