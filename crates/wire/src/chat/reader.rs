//! The events of one chat stream.

use crate::{
    chat::{
        event::StreamEvent,
        odd_event::parse_stray,
        parse_event,
        remembered::{recall, remember},
    },
    learnt::Learnt,
    sse::SseEvent,
};
use std::borrow::Cow;

/// Chunks of a stream that were parsed, after which no more help is looked for in what others were.
const TRIES: u8 = 8;

/// A reader of the events of one chat stream, which parses again only what differs from events before
/// in more than its text.
#[derive(Debug, Default)]
pub struct ChatReader {
    learnt: Learnt,
    /// Chunks that were like no earlier one.
    parsed: u8,
    /// A token was read by those of earlier streams.
    has_token: bool,
}

impl ChatReader {
    /// Says what the next event means; lines that are no event may be a server's last words.
    #[inline]
    pub fn read_event<'a>(&mut self, event: SseEvent<'a>) -> StreamEvent<'a> {
        if event.stray {
            return parse_stray(event.data);
        }
        self.read(event.event, event.data)
    }

    /// Says what the next event, of this name and with this data, means. The same as
    /// [`parse_event`], which knows nothing of earlier events, but for the id, which the first
    /// chunk of a pattern tells.
    #[inline]
    pub fn read<'a>(&mut self, event_name: &str, data: &'a [u8]) -> StreamEvent<'a> {
        let data = data.trim_ascii();
        if let Some((pattern, text)) = self.learnt.known(event_name, data) {
            return StreamEvent::Chunk(pattern.facts(Cow::Borrowed(text)));
        }
        self.read_other(event_name, data)
    }

    /// A chunk that is not of the pattern of this stream's own.
    fn read_other<'a>(&mut self, event_name: &str, data: &'a [u8]) -> StreamEvent<'a> {
        if !event_name.is_empty() || self.parsed >= TRIES || !data.starts_with(b"{") {
            return self.learnt.learn(event_name, data, parse_event);
        }
        if let Some(facts) = recall(data) {
            // There are more to come, which are read faster yet by what does not change in this stream.
            if facts.bears_token() && std::mem::replace(&mut self.has_token, true) {
                self.learnt.keep(event_name, data, &facts);
            }
            return StreamEvent::Chunk(facts);
        }
        self.parsed += 1;
        let event = self.learnt.learn(event_name, data, parse_event);
        if let StreamEvent::Chunk(facts) = &event {
            remember(data, facts);
        }
        event
    }
}
