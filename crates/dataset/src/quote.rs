//! Keys and values of rows, as messages quote them.

use serde_json::{Map, Value};

/// The keys of a row, for a message.
pub(crate) fn keys(object: &Map<String, Value>) -> String {
    let keys: Vec<String> = object.keys().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() {
        "(none)".to_owned()
    } else {
        keys.join(", ")
    }
}

/// The beginning of a value, for a message.
pub(crate) fn short(value: &Value) -> String {
    const LIMIT: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= LIMIT {
        return text;
    }
    let begin: String = text.chars().take(LIMIT).collect();
    format!("{begin}…")
}
