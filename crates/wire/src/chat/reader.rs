//! The events of one chat stream.

use crate::{
    chat::event::StreamEvent, chat::odd_event::parse_stray, chat::parse_event, learnt::Learnt,
    sse::SseEvent,
};

/// A reader of the events of one chat stream, which parses again only what differs from the event
/// before in more than its text.
#[derive(Debug, Default)]
pub struct ChatReader {
    learnt: Learnt,
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
    pub fn read<'a>(&mut self, event_name: &str, data: &'a [u8]) -> StreamEvent<'a> {
        self.learnt.read(event_name, data, parse_event)
    }
}
