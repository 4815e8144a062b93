//! What the answers of the APIs hold: the events of a stream, and a body that is no stream.

mod completions;
mod fallback;
mod messages;
mod responses;

use crate::{
    chat::answer_body::{self, BodyError, BodyFacts},
    chat::event::StreamEvent,
    chat::reader::ChatReader,
    sse::SseEvent,
};
use completions::CompletionsReader;
use dualround_model::Api;
use messages::MessagesReader;
use responses::ResponsesReader;

/// A reader of the events of one stream of an API.
#[derive(Debug)]
pub enum EventReader {
    /// Of chat completions.
    Chat(ChatReader),
    /// Of completions.
    Completions(CompletionsReader),
    /// Of Messages.
    Messages(MessagesReader),
    /// Of Responses.
    Responses(ResponsesReader),
}

impl EventReader {
    /// The reader of a stream of this API.
    pub fn of(api: Api) -> Self {
        match api {
            Api::Chat => Self::Chat(ChatReader::default()),
            Api::Completions => Self::Completions(CompletionsReader::default()),
            Api::Messages => Self::Messages(MessagesReader::default()),
            Api::Responses => Self::Responses(ResponsesReader::default()),
        }
    }

    /// Says what the next event means. Token counts in events of Messages and of Responses are those
    /// of the whole answer so far, and take the place of earlier ones.
    // Called once, on the path of every token.
    #[inline(always)]
    pub fn read_event<'a>(&mut self, event: SseEvent<'a>) -> StreamEvent<'a> {
        match self {
            Self::Chat(reader) => reader.read_event(event),
            Self::Completions(reader) => reader.read_event(event),
            Self::Messages(reader) => reader.read_event(event),
            Self::Responses(reader) => reader.read_event(event),
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
        Api::Messages => messages::read_body(body),
        Api::Responses => responses::read_body(body),
    }
}
