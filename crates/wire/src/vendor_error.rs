//! Errors that are not in an `error` field: what frameworks and vendors send in its place.

use crate::error_body::{error_of, plain};
use serde_json::{Map, Value};

/// An error that is none: servers that always fill the field in send it empty, or with what they call
/// success, with every chunk.
pub(crate) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => is_fine_word(text),
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(fields) => is_success(fields) || fields.values().all(says_nothing),
        Value::Bool(true) => false,
    }
}

/// A code of success, and no words that say otherwise; ids and the like beside them say nothing.
fn is_success(fields: &Map<String, Value>) -> bool {
    let codes = CODES.iter().filter_map(|key| fields.get(*key));
    let codes: Vec<&Value> = codes.filter(|code| !code.is_null()).collect();
    let words = WORDS.iter().filter_map(|key| fields.get(*key));
    let mut words = words.chain(OBJECTS.iter().filter_map(|key| fields.get(*key)));
    !codes.is_empty() && codes.iter().all(|code| is_fine(code)) && words.all(says_nothing)
}

/// The code of a success: 0, 1xx and 2xx.
fn is_fine(code: &Value) -> bool {
    let number = code.as_f64();
    let number = number.or_else(|| code.as_str()?.trim().parse().ok());
    match number {
        Some(number) => number == 0.0 || (100.0..300.0).contains(&number),
        None => code.as_str().is_none_or(is_fine_word),
    }
}

fn is_fine_word(text: &str) -> bool {
    let word = text
        .trim()
        .trim_end_matches(['.', '!'])
        .to_ascii_lowercase();
    let known = [
        "",
        "0",
        "ok",
        "okay",
        "success",
        "successful",
        "succeeded",
        "null",
        "none",
        "no error",
        "no_error",
    ];
    known.contains(&word.as_str())
}

/// Keys under which a whole object is an error, whatever else it holds.
const OBJECTS: [&str; 5] = ["error", "errors", "detail", "Error", "ERROR"];

/// Keys of a code.
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
const WORDS: [&str; 10] = [
    "message",
    "Message",
    "msg",
    "error_msg",
    "errorMsg",
    "errmsg",
    "err_msg",
    "error_message",
    "status_msg",
    "err_tips",
];

/// Keys of words that are those of an error by their name.
const NAMED: [&str; 5] = [
    "error_msg",
    "errorMsg",
    "errmsg",
    "err_msg",
    "error_message",
];

/// Whether a key may belong to such an object: where there is none, nobody needs to look.
pub(crate) fn may_tell(key: &str) -> bool {
    OBJECTS.contains(&key)
        || CODES.contains(&key)
        || WORDS.contains(&key)
        || ["success", "status", "__type", "base_resp", "Response"].contains(&key)
        || key.ends_with("Exception")
}

/// The words of an object that looks like an error where a chunk or an answer is expected. What only
/// tells how things go may look so too: whether it failed the request shows in what follows it.
pub(crate) fn instead(object: &Map<String, Value>) -> Option<String> {
    if is_success(object) {
        return None;
    }
    for (key, value) in object {
        let is_error =
            OBJECTS.contains(&key.as_str()) || (key.ends_with("Exception") && value.is_object());
        if is_error && !says_nothing(value) {
            return Some(words(value));
        }
    }
    let said = WORDS.iter().filter_map(|key| object.get(*key)?.as_str());
    let said = said
        .filter(|said| !is_fine_word(said))
        .map(str::to_owned)
        .next();
    let by_name = NAMED
        .iter()
        .any(|key| object.get(*key).is_some_and(|v| !says_nothing(v)));
    let is = |key: &str, words: &[&str]| {
        let value = object.get(key).map(plain).unwrap_or_default();
        words.contains(&value.to_ascii_lowercase().as_str())
    };
    let failed = by_name
        || is("status", &["error", "failed", "failure"])
        || is("success", &["false"])
        || object
            .get("__type")
            .is_some_and(|kind| plain(kind).ends_with("Exception"));
    let codes = CODES.iter().filter_map(|key| object.get(*key));
    let mut codes = codes.filter(|code| !code.is_null() && !is_fine(code));
    match (said, codes.next()) {
        (Some(said), Some(code)) => Some(format!("{said} ({})", plain(code))),
        (Some(said), None) if failed => Some(said),
        (None, _) if failed => Some(Value::Object(object.clone()).to_string()),
        _ => {
            let below = ["base_resp", "Response"].iter();
            let mut below = below.filter_map(|key| object.get(*key)?.as_object());
            below.find_map(instead)
        }
    }
}

fn words(value: &Value) -> String {
    let listed = |items: &[Value]| -> Option<String> {
        let said: Vec<String> = items.iter().filter_map(error_of).collect();
        (!said.is_empty()).then(|| said.join("; "))
    };
    let said = match value {
        Value::Array(items) => listed(items),
        other => error_of(other),
    };
    said.filter(|said| !said.is_empty())
        .unwrap_or_else(|| value.to_string())
}
