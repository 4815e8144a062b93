//! Errors that are not in an `error` field: what frameworks and vendors send in its place, known by
//! the words of its names and states.

use crate::{
    errors::name_words::words,
    errors::names::{
        is_broken, is_code, is_fine_word, is_flag, is_message, is_state, names_error, tells_by_word,
    },
    errors::words::{error_of, plain},
};
use serde_json::{Map, Value};

/// Objects below one another that are looked into.
const DEPTH: u32 = 3;

/// An object that looks like an error where a chunk or an answer is expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LikelyError {
    /// What it says.
    pub(crate) words: String,
    /// It holds a message and nothing that calls it an error: at the end of an answer that is one,
    /// before it a word in a form that is not known.
    pub(crate) bare: bool,
}

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
    let codes = fields.iter().filter(|(key, _)| is_code(key));
    let mut codes = codes.filter(|(_, code)| !code.is_null()).peekable();
    let mut words = fields
        .iter()
        .filter(|(key, _)| is_message(key) || names_error(key));
    codes.peek().is_some()
        && codes.all(|(_, code)| is_fine(code))
        && words.all(|(_, word)| says_nothing(word))
}

/// A code that is no failure: 0, 1xx to 3xx, and its words.
fn is_fine(code: &Value) -> bool {
    match number_of(code) {
        Some(number) => number == 0.0 || (100.0..400.0).contains(&number),
        None => code.as_str().is_none_or(is_fine_word),
    }
}

fn number_of(code: &Value) -> Option<f64> {
    code.as_f64().or_else(|| code.as_str()?.trim().parse().ok())
}

/// Keys that every chunk of some server holds, and that tell of no error: where there are only such
/// ones nobody needs to look.
pub(crate) fn may_tell(key: &str) -> bool {
    let common = [
        "created",
        "model",
        "system_fingerprint",
        "service_tier",
        "provider",
        "prompt_token_ids",
        "kv_transfer_params",
        "timestamp",
    ];
    !common.contains(&key)
}

/// The words of an object that looks like an error where a chunk or an answer is expected. What only
/// tells how things go may look so too: whether it failed the request shows in what follows it.
pub(crate) fn instead(object: &Map<String, Value>) -> Option<LikelyError> {
    if let Some(words) = in_object(object, DEPTH) {
        return Some(LikelyError { words, bare: false });
    }
    let is_bare = object.keys().all(|key| is_message(key) || is_id(key));
    if is_success(object) || !is_bare {
        return None;
    }
    let words = plain_message(object)?;
    Some(LikelyError { words, bare: true })
}

/// The same of the text of an object.
pub(crate) fn of_body(data: &[u8]) -> Option<LikelyError> {
    instead(&serde_json::from_slice(data).ok()?)
}

/// The words of a value in an event that is called an error by its name.
pub(crate) fn of_error_event(value: &Value) -> Option<String> {
    if says_nothing(value) {
        return None;
    }
    Some(error_of(value).unwrap_or_else(|| value.to_string()))
}

/// The name of an event calls it an error: `exception`, `response.failed`.
pub(crate) fn is_error_name(event: &str) -> bool {
    is_broken(event)
}

/// Keys beside a message that only say where, when and for whom.
fn is_id(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "id" | "requestid" | "timestamp" | "time" | "path" | "url" | "docs"
    )
}

/// The text under `message` or `msg`, which says more than a title does.
fn plain_message(object: &Map<String, Value>) -> Option<String> {
    let keys = ["message", "Message", "msg"];
    let mut said = keys.iter().filter_map(|key| object.get(*key)?.as_str());
    let said = said.find(|said| !is_fine_word(said))?;
    Some(said.to_owned())
}

/// The first message of an object that tells of no success.
fn message_in(object: &Map<String, Value>) -> Option<String> {
    let said = object.iter().filter(|(key, _)| is_message(key));
    let mut said = said.filter_map(|(_, value)| value.as_str());
    let word = said.find(|said| !is_fine_word(said))?;
    Some(word.to_owned())
}

/// Keys of what is put around a whole answer, an error in its place included.
const ENVELOPES: &[&str] = &[
    "header",
    "base_resp",
    "response",
    "Response",
    "data",
    "result",
    "body",
    "payload",
    "detail",
    "event",
    "x_groq",
    "nvext",
];

/// A kind of event that is told about and not the answer's own end: a tool's, a node's, a retry's. A
/// kind that is the address of a document (RFC 9457) is none.
fn is_about_something(object: &Map<String, Value>) -> bool {
    let kinds = ["type", "event"].iter();
    let mut kinds = kinds.filter_map(|key| object.get(*key)?.as_str());
    kinds.any(|kind| !kind.is_empty() && !kind.contains([':', '/']) && !is_broken(kind))
}

/// The words of an object that is an error, or holds one in an envelope.
fn in_object(object: &Map<String, Value>, depth: u32) -> Option<String> {
    if depth == 0 || is_success(object) {
        return None;
    }
    let code = object
        .iter()
        .find(|(key, value)| is_code(key) && is_bad_code(key, value));
    let code = code.map(|(_, code)| code);
    let about = is_about_something(object);
    let fails = !about && object.iter().any(|(key, value)| field_fails(key, value));
    // A code is one of an error where words stand beside it, or by its number.
    let coded =
        code.is_some_and(|code| message_in(object).is_some() || (!about && is_http_error(code)));
    if fails || coded {
        return Some(with_code(object, code));
    }
    if about {
        return None;
    }
    let mut below = object
        .iter()
        .filter(|(key, _)| ENVELOPES.contains(&key.as_str()));
    below.find_map(|(key, value)| in_envelope(key, value.as_object()?, depth - 1))
}

fn in_envelope(key: &str, object: &Map<String, Value>, depth: u32) -> Option<String> {
    let words = in_object(object, depth);
    if words.is_none() && key == "detail" {
        return message_in(object);
    }
    words
}

/// The field alone says that the object is an error.
pub(crate) fn field_fails(key: &str, value: &Value) -> bool {
    match value {
        Value::Bool(flag) => (!flag && is_flag(key)) || (*flag && names_error(key)),
        _ if names_error(key) && is_code(key) => !is_fine(value),
        Value::String(text) if is_flag(key) => text.eq_ignore_ascii_case("false"),
        Value::String(_) if key == "detail" => !says_nothing(value),
        Value::String(text) if is_state(key) => is_broken(text),
        Value::Array(_) if key == "detail" => error_of(value).is_some(),
        Value::Number(_) if key == "status" => is_http_error(value),
        Value::Number(_) => is_plain_error(key) && !says_nothing(value),
        _ => names_error(key) && !says_nothing(value),
    }
}

/// `error` itself: other numbers under such names may be counts.
fn is_plain_error(key: &str) -> bool {
    ["error", "err"]
        .iter()
        .any(|name| key.eq_ignore_ascii_case(name))
}

/// A code of failure: a number, or a word under a name whose words are codes.
fn is_bad_code(key: &str, code: &Value) -> bool {
    let is_number = number_of(code).is_some();
    let tells = is_number || (tells_by_word(key) && code.as_str().is_some_and(is_code_word));
    tells && !is_fine(code)
}

/// A word such as codes are: the code of a country or of a language is shorter.
fn is_code_word(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() > 3 && chars.all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c))
}

fn is_http_error(code: &Value) -> bool {
    number_of(code).is_some_and(|code| (400.0..600.0).contains(&code))
}

/// The words of an error, with its code where they do not hold it.
fn with_code(object: &Map<String, Value>, code: Option<&Value>) -> String {
    let object = Value::Object(object.clone());
    let said = error_of(&object).unwrap_or_else(|| object.to_string());
    match code.map(plain) {
        Some(code) if !said.contains(&code) => format!("{said} ({code})"),
        _ => said,
    }
}
