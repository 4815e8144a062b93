//! Errors that are not in an `error` field: what frameworks and vendors send in its place.

use crate::error_body::error_of;
use serde_json::{Map, Value};

/// An error that is none: servers that always fill the field in send it empty, or with what they call
/// success, with every chunk.
pub(crate) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64().is_some_and(is_fine),
        Value::String(text) => is_fine_word(text),
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
        Value::Bool(true) => false,
    }
}

/// The code of a success.
fn is_fine(code: f64) -> bool {
    [0.0, 200.0].contains(&code)
}

fn is_fine_word(text: &str) -> bool {
    let word = text.trim().to_ascii_lowercase();
    ["", "0", "200", "ok", "success", "null", "none"].contains(&word.as_str())
}

/// Keys under which a whole object is an error, whatever else it holds.
const OBJECTS: [&str; 4] = ["errors", "detail", "Error", "ERROR"];

/// Keys of a code that is 0 (or 200) where all is well.
const CODES: [&str; 9] = [
    "code",
    "error_code",
    "errorCode",
    "errcode",
    "err_code",
    "status_code",
    "statusCode",
    "ret",
    "err_no",
];

/// Keys of the words beside it.
const WORDS: [&str; 9] = [
    "message",
    "msg",
    "error_msg",
    "errorMsg",
    "errmsg",
    "err_msg",
    "error_message",
    "status_msg",
    "err_tips",
];

/// The words of an object that is an error instead of a chunk or an answer; nothing, where it is none.
pub(crate) fn instead(object: &Map<String, Value>) -> Option<String> {
    for (key, value) in object {
        let is_error =
            OBJECTS.contains(&key.as_str()) || (key.ends_with("Exception") && value.is_object());
        if is_error && !says_nothing(value) {
            return Some(words(value));
        }
    }
    if object.get("success") == Some(&Value::Bool(false)) {
        return Some(Value::Object(object.clone()).to_string());
    }
    coded(object).or_else(|| base_resp(object.get("base_resp")?))
}

/// MiniMax puts the state of a request beside its choices.
pub(crate) fn base_resp(value: &Value) -> Option<String> {
    coded(value.as_object()?)
}

/// A code that is no success, with its words.
fn coded(object: &Map<String, Value>) -> Option<String> {
    let code = CODES.iter().find_map(|key| object.get(*key))?;
    if says_nothing(code) {
        return None;
    }
    let said = WORDS.iter().find_map(|key| object.get(*key)?.as_str())?;
    Some(format!("{said} ({})", plain(code)))
}

fn words(value: &Value) -> String {
    let listed = |items: &[Value]| -> Option<String> {
        let said: Vec<String> = items.iter().filter_map(error_of).collect();
        (!said.is_empty()).then(|| said.join("; "))
    };
    let said = match value {
        Value::Array(items) => listed(items),
        Value::Object(fields) => {
            let named = ["message", "Message", "msg"].iter();
            let mut named = named.filter_map(|key| fields.get(*key)?.as_str());
            named.next().map(str::to_owned).or_else(|| error_of(value))
        }
        other => error_of(other),
    };
    said.filter(|said| !said.is_empty())
        .unwrap_or_else(|| value.to_string())
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
