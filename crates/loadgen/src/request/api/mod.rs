//! What the APIs want of a request, one question a function: the prompt's fields, the place of fresh
//! text, what shapes a prompt, what the engine's tokenizer is given.

mod chat;
mod completions;

use dualround_model::{Api, Sample};
use serde_json::{Map, Value};

/// The fields of a body that hold a sample's prompt.
///
/// # Errors
/// A reason in words, where the API cannot take what the sample holds.
pub(super) fn prompt(api: Api, sample: &Sample) -> Result<Map<String, Value>, String> {
    match api {
        Api::Chat => Ok(chat::prompt(sample)),
        Api::Completions => completions::prompt(sample),
    }
}

/// Puts a marker before everything else in a body's prompt.
///
/// # Errors
/// A reason in words, where there is nothing to put it into.
pub(crate) fn mark(api: Api, body: &mut Map<String, Value>, marker: &str) -> Result<(), String> {
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
