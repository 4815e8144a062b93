//! What the APIs want of a request, one question a function: how a key is given, the prompt's fields, how usage is asked
//! for, the place of fresh text, what shapes a prompt, what the engine's tokenizer is given.

mod chat;
mod completions;

use crate::request::head::Headers;
use dualround_model::{Api, Sample, Secret};
use serde_json::{Map, Value};

/// Why a sample cannot be made the body of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The row has a field of tools, and the API knows none.
    #[error("it has `{field}`, which {KNOWS_NONE}")]
    Tools {
        /// The field.
        field: &'static str,
    },
    /// A message has a field of tools, and the API knows none.
    #[error("a message of it has `{field}`, which {KNOWS_NONE}")]
    ToolMessage {
        /// The field.
        field: &'static str,
    },
    /// A message has images or sounds, and the API takes text alone.
    #[error("it holds more than text, which {KNOWS_NONE}")]
    MoreThanText,
    /// The content of a message is neither text nor a list of parts.
    #[error("its content is no text, and /v1/completions takes nothing else")]
    NoText,
    /// A marker has no message to stand in.
    #[error("it has no message to put a marker into")]
    NoMessage,
    /// A marker has no prompt to stand in.
    #[error("it has no prompt to put a marker into")]
    NoPrompt,
    /// The body cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Why the API refuses what shapes a chat's prompt, and where that goes.
const KNOWS_NONE: &str = "/v1/completions does not take: /v1/chat/completions does";

/// The fields of a body that hold a sample's prompt.
///
/// # Errors
/// [`BodyError`] where the API cannot take what the sample holds.
pub(super) fn prompt(api: Api, sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    match api {
        Api::Chat => Ok(chat::prompt(sample)),
        Api::Completions => completions::prompt(sample),
    }
}

/// The headers by which the API takes a key.
pub(super) fn authorised(api: Api, key: &Secret) -> Headers {
    match api {
        Api::Chat | Api::Completions => {
            Headers::of("Authorization", &format!("Bearer {}", key.expose()))
        }
    }
}

/// The fields by which a stream is asked to end with its usage; none where it always does.
pub(super) fn asks_for_usage(api: Api) -> Map<String, Value> {
    match api {
        Api::Chat | Api::Completions => chat::asks_for_usage(),
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
    }
}

/// Whether [`mark`] puts the marker into this body twice.
pub(crate) fn is_marked_twice(api: Api, body: &Map<String, Value>) -> bool {
    match api {
        Api::Chat => chat::has_tools(body),
        Api::Completions => false,
    }
}

/// The fields that shape a prompt, in the order in which most templates render them.
pub(super) fn shaping(api: Api) -> &'static [&'static str] {
    match api {
        Api::Chat => chat::SHAPING,
        Api::Completions => completions::SHAPING,
    }
}

/// The prompt of a body where it is one text already, which no template is put around.
pub(crate) fn plain_prompt(api: Api, body: &Value) -> Option<&str> {
    match api {
        Api::Chat => None,
        Api::Completions => body.get("prompt")?.as_str(),
    }
}
