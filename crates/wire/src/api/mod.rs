//! The events of the APIs that a stream may be of.

mod completions;

use crate::{chat::event::StreamEvent, chat::reader::ChatReader, sse::SseEvent};
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
