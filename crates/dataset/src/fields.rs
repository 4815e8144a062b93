//! The fields of a row that go into its request, each of the type that the API takes; and those
//! that do not.

use crate::{python::json_or_python, quote::short};
use serde_json::{Map, Value};

/// A field whose value cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It asks for several answers to one prompt.
    #[error("`n` is {n}: one request is measured as one answer; leave it out")]
    SeveralAnswers {
        /// How many.
        n: String,
    },
    /// A tool that is no object.
    #[error("`tools` is no list of objects")]
    Tools,
    /// A value of another type than the API takes.
    #[error("`{key}` is {value}, not {wanted}")]
    WrongType {
        /// The field.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
        /// The type that it must have.
        wanted: &'static str,
    },
}

impl FieldError {
    fn wrong_type(key: &'static str, value: &Value, wanted: &'static str) -> Self {
        Self::WrongType {
            key,
            value: short(value),
            wanted,
        }
    }
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldType {
    Number,
    Integer,
    Flag,
    Text,
    Object,
    List,
    TextOrList,
    TextOrObject,
}

impl FieldType {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Text => value.is_string(),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
            Self::TextOrList => value.is_string() || value.is_array(),
            Self::TextOrObject => value.is_string() || value.is_object(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Flag => "true or false",
            Self::Text => "a text",
            Self::Object => "an object",
            Self::List => "a list",
            Self::TextOrList => "a text or a list",
            Self::TextOrObject => "a text or an object",
        }
    }
}

/// Request fields that a row may carry along.
const SENT: [(&str, FieldType); 20] = [
    ("temperature", FieldType::Number),
    ("top_p", FieldType::Number),
    ("top_k", FieldType::Integer),
    ("min_p", FieldType::Number),
    ("presence_penalty", FieldType::Number),
    ("frequency_penalty", FieldType::Number),
    ("repetition_penalty", FieldType::Number),
    ("seed", FieldType::Integer),
    ("stop", FieldType::TextOrList),
    ("tools", FieldType::List),
    ("tool_choice", FieldType::TextOrObject),
    ("parallel_tool_calls", FieldType::Flag),
    ("functions", FieldType::List),
    ("response_format", FieldType::Object),
    ("reasoning_effort", FieldType::Text),
    ("chat_template_kwargs", FieldType::Object),
    ("logit_bias", FieldType::Object),
    ("documents", FieldType::List),
    ("cache_control", FieldType::Object),
    ("thinking", FieldType::Object),
];

/// Keys that state the length of the answer, tokens.
const LENGTHS: [&str; 7] = [
    "output_tokens",
    "output_length",
    "output_tokens_count",
    "completion_tokens_count",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
];

/// Keys that state the length of the prompt in tokens.
const INPUTS: [&str; 3] = ["input_tokens", "prompt_tokens_count", "input_tokens_count"];

/// Keys of a row's name.
const IDS: [&str; 5] = ["id", "_id", "custom_id", "session_id", "chat_id"];

/// Keys that say where a row stands in a session, or when, and can mean nothing else.
const OF_SESSIONS: [&str; 4] = ["turn", "message_mode", "delay_s", "delay_ms"];

/// Fields that the run sets itself.
const OWN: [&str; 7] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "input",
    "prompt",
    "prompt_token_ids",
];

/// What a row asks for beside its prompt.
#[derive(Debug, Default)]
pub(crate) struct RowFields {
    /// Its own name.
    pub(crate) id: Option<String>,
    /// Length of the answer, tokens.
    pub(crate) output_tokens: Option<u64>,
    /// Length of the prompt as the data set states it, tokens.
    pub(crate) input_tokens: Option<u64>,
    /// Request fields as they are sent.
    pub(crate) options: Map<String, Value>,
}

/// Request fields, an answer's length included.
pub(crate) fn is_sent(key: &str) -> bool {
    SENT.iter().any(|(name, _)| *name == key) || LENGTHS.contains(&key)
}

/// Reads the fields of a row.
///
/// # Errors
/// The key and what is wrong with its value.
pub(crate) fn of(row: &Map<String, Value>) -> Result<RowFields, FieldError> {
    if row.get("n").and_then(whole).is_some_and(|n| n > 1) {
        return Err(FieldError::SeveralAnswers {
            n: short(&row["n"]),
        });
    }
    let mut options = Map::new();
    for (key, kind) in SENT {
        if let Some(value) = row.get(key).filter(|value| !is_missing(value)) {
            options.insert(key.to_owned(), fitted(key, kind, value)?);
        }
    }
    if options
        .get("tools")
        .and_then(Value::as_array)
        .is_some_and(|tools| !tools.iter().all(Value::is_object))
    {
        return Err(FieldError::Tools);
    }
    let id = IDS.iter().find_map(|key| row.get(*key));
    Ok(RowFields {
        id: id.and_then(|id| match id {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }),
        output_tokens: output_tokens(row)?,
        input_tokens: INPUTS.iter().find_map(|key| whole(row.get(*key)?)),
        options,
    })
}

/// Not there, also as tables of numbers write it.
fn is_missing(value: &Value) -> bool {
    let missing = ["nan", "NaN", "<NA>"];
    value.is_null() || value.as_str().is_some_and(|text| missing.contains(&text))
}

/// The value, or what its text holds: tables and some data sets keep everything as text.
fn fitted(key: &'static str, kind: FieldType, value: &Value) -> Result<Value, FieldError> {
    let given = value;
    let told = value.as_str().and_then(|text| told(kind, text.trim()));
    let value = told.as_ref().unwrap_or(value);
    if kind == FieldType::Integer
        && let Some(number) = integer(value)
    {
        return Ok(number);
    }
    if !kind.takes(value) {
        return Err(FieldError::wrong_type(key, given, kind.name()));
    }
    let mut items = value.as_array().into_iter().flatten();
    if kind == FieldType::TextOrList && !items.all(Value::is_string) {
        return Err(FieldError::wrong_type(key, value, "a list of texts"));
    }
    Ok(value.clone())
}

/// What a text holds, where that is of the type, and the text itself is not meant: a list in the place
/// of a stop word is one.
fn told(kind: FieldType, text: &str) -> Option<Value> {
    let lower = text.to_ascii_lowercase();
    let text = if kind == FieldType::Flag {
        &lower
    } else {
        text
    };
    let value = json_or_python(text)?;
    let meant = match kind {
        FieldType::Text => false,
        FieldType::TextOrList => is_list_of_texts(&value),
        FieldType::TextOrObject => value.is_object(),
        _ => true,
    };
    meant.then_some(value)
}

/// Not empty, and nothing else in it.
fn is_list_of_texts(value: &Value) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_string))
}

/// The same of a number that may be below 0.
fn integer(value: &Value) -> Option<Value> {
    if let Some(number) = whole(value) {
        return Some(number.into());
    }
    let below = value.as_f64().filter(|f| *f < 0.0 && f.fract() == 0.0)?;
    format!("{below:.0}").parse::<i64>().ok().map(Value::from)
}

/// A whole number, also as tables write it where a cell of the column is empty (`7.0`), or as text.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => whole_number(&serde_json::from_str(text.trim()).ok()?),
        value => whole_number(value),
    }
}

fn whole_number(value: &Value) -> Option<u64> {
    if let Some(number) = value.as_u64() {
        return Some(number);
    }
    let float = value.as_f64().filter(|f| *f >= 0.0 && f.fract() == 0.0)?;
    format!("{float:.0}").parse().ok()
}

/// The length of the answer under the first key that states one.
fn output_tokens(row: &Map<String, Value>) -> Result<Option<u64>, FieldError> {
    for key in LENGTHS {
        let Some(value) = row.get(key).filter(|value| !is_missing(value)) else {
            continue;
        };
        let Some(count) = whole(value).filter(|n| *n > 0) else {
            return Err(FieldError::wrong_type(key, value, "a positive integer"));
        };
        return Ok(Some(count));
    }
    Ok(None)
}

/// The keys of a row that go nowhere; `read` are those that made the prompt.
pub(crate) fn unsent(row: &Map<String, Value>, read: &[&str]) -> Vec<String> {
    let told = row.iter().filter(|(_, value)| !value.is_null());
    let keys = told.map(|(key, _)| key);
    let unread = keys.filter(|key| !read.contains(&key.as_str()) && !is_used(key));
    unread.cloned().collect()
}

/// Whether a key beside the prompt goes into the request, or into its record.
fn is_used(key: &str) -> bool {
    is_sent(key) || IDS.contains(&key) || INPUTS.contains(&key) || OF_SESSIONS.contains(&key)
}

/// Of a Batch request: every field that is not the run's own goes as it is, null too.
pub(crate) fn of_batch(
    body: &Map<String, Value>,
    unsent: &mut Vec<String>,
    options: &mut Map<String, Value>,
) {
    let nulls = body
        .iter()
        .filter(|(key, value)| value.is_null() && !LENGTHS.contains(&key.as_str()));
    let nulls: Vec<String> = nulls.map(|(key, _)| key.clone()).collect();
    for key in std::mem::take(unsent).into_iter().chain(nulls) {
        match body.get(&key) {
            Some(value) if !OWN.contains(&key.as_str()) => {
                options.insert(key, value.clone());
            }
            // The run's own model and way of streaming take their place.
            _ if key == "model" => unsent.push(key),
            Some(value) if key == "stream" && *value != true => unsent.push(key),
            Some(value) if key == "stream_options" && !asks_for_usage(value) => unsent.push(key),
            _ => {}
        }
    }
}

/// What the run asks for itself, and nothing else.
fn asks_for_usage(value: &Value) -> bool {
    *value == serde_json::json!({"include_usage": true})
}
