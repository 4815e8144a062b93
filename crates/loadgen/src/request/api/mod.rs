//! What the APIs want of a request, one question a function: its fields, how a key is given, how usage
//! is asked for, the place of fresh text, what shapes a prompt, what the engine's tokenizer is given.

mod chat;
mod completions;
mod error;
mod messages;
mod responses;
mod shape;

use crate::request::head::Headers;
use dualround_model::{Api, CacheControl, Sample, Secret};
pub(crate) use error::BodyError;
pub(crate) use messages::Breakpoints;
use serde_json::{Map, Value, json};
use shape::RowParts;

/// The fields of a body that come from a sample: its prompt, and what its row asks for, as the API
/// has them.
///
/// # Errors
/// [`BodyError`] where the API cannot take what the sample holds.
pub(super) fn fields(api: Api, sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    match api {
        Api::Chat => chat::fields(sample),
        Api::Completions => completions::fields(sample),
        Api::Messages => messages::fields(sample),
        Api::Responses => responses::fields(sample),
    }
}

/// The headers of every request of the API, whoever asks.
pub(super) fn own_headers(api: Api) -> Headers {
    match api {
        Api::Chat | Api::Completions | Api::Responses => Headers::default(),
        Api::Messages => Headers::of(messages::VERSION.0, messages::VERSION.1),
    }
}

/// The headers by which the API takes a key; `as_bearer`: as all others do.
pub(super) fn authorised(api: Api, key: &Secret, as_bearer: bool) -> Headers {
    match api {
        Api::Messages if !as_bearer => Headers::of("x-api-key", key.expose()),
        _ => Headers::of("Authorization", &format!("Bearer {}", key.expose())),
    }
}

/// Whether the API has a way of its own to take a key, beside the one of all others.
pub(crate) fn has_own_key(api: Api) -> bool {
    match api {
        Api::Messages => true,
        Api::Chat | Api::Completions | Api::Responses => false,
    }
}

/// The fields by which a stream is asked to end with its usage; none where it always does.
pub(super) fn asks_for_usage(api: Api) -> Map<String, Value> {
    match api {
        Api::Chat | Api::Completions => chat::asks_for_usage(),
        Api::Messages | Api::Responses => Map::new(),
    }
}

/// Puts the places that a cache is asked to keep into a body, as `control` says, or holds a row's own
/// against the API's rules.
///
/// # Errors
/// [`BodyError`] where a row's own break them.
pub(super) fn set_breakpoints(
    api: Api,
    body: &mut Map<String, Value>,
    control: Option<CacheControl>,
) -> Result<(), BodyError> {
    match api {
        Api::Messages => messages::set_breakpoints(body, control),
        Api::Chat | Api::Completions | Api::Responses => Ok(()),
    }
}

/// Puts a marker before everything else in a body's prompt.
///
/// # Errors
/// [`BodyError`] where there is nothing to put it into.
pub(crate) fn mark(api: Api, body: &mut Map<String, Value>, marker: &str) -> Result<(), BodyError> {
    match api {
        Api::Chat => chat::mark(body, marker),
        Api::Completions => completions::mark(body, marker),
        Api::Messages => messages::mark(body, marker),
        Api::Responses => responses::mark(body, marker),
    }
}

/// Puts token ids before those of a body's prompt.
///
/// # Errors
/// [`BodyError`] where the prompt is not made of ids.
pub(crate) fn mark_ids(body: &mut Map<String, Value>, ids: &[u32]) -> Result<(), BodyError> {
    completions::mark_ids(body, ids)
}

/// Whether [`mark`] puts the marker into this body twice.
pub(crate) fn is_marked_twice(api: Api, body: &Map<String, Value>) -> bool {
    match api {
        Api::Chat | Api::Messages | Api::Responses => chat::has_tools(body),
        Api::Completions => false,
    }
}

/// The fields that shape a prompt, in the order in which most templates render them.
pub(super) fn shaping(api: Api) -> &'static [&'static str] {
    match api {
        Api::Chat => chat::SHAPING,
        Api::Completions => completions::SHAPING,
        Api::Messages => messages::SHAPING,
        Api::Responses => responses::SHAPING,
    }
}

/// The prompt of a body where it is one text or a list of token ids already, which no template is put
/// around.
pub(crate) fn plain_prompt(api: Api, body: &Value) -> Option<&Value> {
    match api {
        Api::Completions => body.get("prompt"),
        Api::Chat | Api::Messages | Api::Responses => None,
    }
}

/// A body as the engine's template and tokenizer are asked about it: as one of chat completions.
/// `None` where it has something that a chat has not.
pub(crate) fn as_chat(api: Api, body: &Value) -> Option<Value> {
    let prompt = match api {
        Api::Chat | Api::Completions => return Some(body.clone()),
        Api::Messages => "messages",
        Api::Responses => "input",
    };
    let mut options = Map::new();
    for key in shaping(api).iter().filter(|key| **key != prompt) {
        if let Some(value) = body.get(*key) {
            options.insert((*key).to_owned(), value.clone());
        }
    }
    let messages = body.get(prompt)?.as_array()?.clone();
    let chat = RowParts { messages, options }.into_chat().ok()?;
    let mut fields = chat.options;
    fields.insert("messages".to_owned(), json!(chat.messages));
    Some(Value::Object(fields))
}
