//! The words of an error, out of a JSON value of any shape.

use serde_json::{Map, Value};

/// Keys of what an error says, the most telling first.
const SAID: [&str; 31] = [
    "error",
    "message",
    "Message",
    "detail",
    "msg",
    "errors",
    "Error",
    "ERROR",
    "innererror",
    "error_description",
    "error_message",
    "errorMessage",
    "error_msg",
    "errorMsg",
    "errmsg",
    "err_msg",
    "ret_msg",
    "status_msg",
    "statusMessage",
    "err_tips",
    "fault",
    "faultstring",
    "faultString",
    "exception",
    "description",
    "details",
    "reason",
    "title",
    "cause",
    "text",
    "data",
];

/// Keys of codes, which say something where nothing else does.
const CODES: [&str; 4] = ["error_code", "errorCode", "code", "Code"];

/// Keys of words that stand beside a short name of the error: `"error":"invalid_token"`.
const BESIDE: [&str; 6] = [
    "error_description",
    "message",
    "error_message",
    "detail",
    "msg",
    "reason",
];

/// The words of an error value: a text, those of an object's most telling field, or of all items of
/// a list; a code where nothing else is said. None where there are none: numbers and flags say nothing
/// by themselves.
pub(crate) fn error_of(value: &Value) -> Option<String> {
    said_in(value).or_else(|| code_in(value))
}

/// What a value says, without its codes.
fn said_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Object(object) => said_by(object),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(item).collect();
            (!items.is_empty()).then(|| items.join("; "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What an object says, under its most telling key.
fn said_by(object: &Map<String, Value>) -> Option<String> {
    let name = object.get("error").and_then(Value::as_str).unwrap_or("");
    if !name.is_empty() {
        let beside = BESIDE.iter().filter_map(|key| object.get(*key)?.as_str());
        let mut beside = beside.filter(|said| !said.is_empty() && !name.contains(said));
        return Some(match beside.next() {
            Some(said) if said.contains(name) => said.to_owned(),
            Some(said) => format!("{name}: {said}"),
            None => name.to_owned(),
        });
    }
    let mut said = SAID.iter().filter_map(|key| object.get(*key));
    said.find_map(said_in).or_else(|| {
        object
            .values()
            .filter(|value| value.is_object())
            .find_map(said_in)
    })
}

/// The first code that is a word, however deep.
fn code_in(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let mut codes = CODES.iter().filter_map(|key| object.get(*key)?.as_str());
    let code = codes.find(|code| !code.is_empty()).map(str::to_owned);
    code.or_else(|| object.values().find_map(code_in))
}

/// One of a list; an entry of a validation report says where, and what.
fn item(item: &Value) -> Option<String> {
    let place = item.get("loc").and_then(Value::as_array);
    let place: Vec<String> = place.into_iter().flatten().map(plain).collect();
    let what = error_of(item).or_else(|| (!place.is_empty()).then(|| item.to_string()))?;
    Some(if place.is_empty() {
        what
    } else {
        format!("{} {what}", place.join("."))
    })
}

/// A string without its quotes; any other value as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
