//! What the answers of the APIs hold: the events of a stream, and a body that is no stream.

mod completions;

use crate::{
    chat::answer_body::{self, BodyError, BodyFacts},
    chat::event::StreamEvent,
    chat::reader::ChatReader,
    sse::SseEvent,
};
use completions::CompletionsReader;
use dualround_model::Api;

/// A reader of the events of one stream of an API.
#[derive(Debug)]
pub enum EventReader {
    /// Of chat completions.
    Chat(ChatReader),
    /// Of completions.
    Completions(CompletionsReader),
}

impl EventReader {
    /// The reader of a stream of this API.
    pub fn of(api: Api) -> Self {
        match api {
            Api::Chat => Self::Chat(ChatReader::default()),
            Api::Completions => Self::Completions(CompletionsReader::default()),
        }
    }

    /// Says what the next event means.
    #[inline]
    pub fn read_event<'a>(&mut self, event: SseEvent<'a>) -> StreamEvent<'a> {
        match self {
            Self::Chat(reader) => reader.read_event(event),
            Self::Completions(reader) => reader.read_event(event),
        }
    }
}

/// Reads a whole JSON answer of this API.
///
/// # Errors
/// [`BodyError`] when the body is no JSON object of its shape.
pub fn read_body(api: Api, body: &[u8]) -> Result<BodyFacts, BodyError> {
    match api {
        // A choice holds a message or a text: one reader knows both.
        Api::Chat | Api::Completions => answer_body::parse_body(body),
    }
}
