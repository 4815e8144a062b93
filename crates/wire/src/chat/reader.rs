//! The events of one stream, read fast: most differ from the one before in one string only.

use crate::{
    chat::chunk::ChunkFacts, chat::event::StreamEvent, chat::odd_event::parse_stray,
    chat::parse_event, sse::SseEvent,
};
use std::borrow::Cow;

/// A reader of the events of one chat stream.
///
/// Servers send the same chunk again and again with another piece of text in it. Where the bytes
/// before and behind the text are those of a chunk that was parsed, and the text is a JSON string
/// without escapes, the meaning is that chunk's with this text, and nothing is parsed again.
#[derive(Debug, Default)]
pub struct ChatReader {
    known: Option<Pattern>,
}

/// A chunk that holds one text and nothing else that matters.
#[derive(Debug)]
struct Pattern {
    /// Up to and with the quote before the text.
    before: Vec<u8>,
    /// From the quote behind the text on.
    after: Vec<u8>,
    /// Index of the choice.
    choice: u32,
    /// The text is reasoning, not the answer.
    reasoning: bool,
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
        let data = data.trim_ascii();
        if event_name.is_empty()
            && let Some(pattern) = &self.known
            && let Some(facts) = pattern.fill(data)
        {
            return StreamEvent::Chunk(facts);
        }
        let event = parse_event(event_name, data);
        if let StreamEvent::Chunk(facts) = &event
            && let Some(pattern) = Pattern::of(facts, data)
        {
            self.known = Some(pattern);
        }
        event
    }
}

impl Pattern {
    /// The pattern of a chunk that was parsed; `None` where it holds more than one text.
    fn of(facts: &ChunkFacts<'_>, data: &[u8]) -> Option<Self> {
        let (text, reasoning) = match (&facts.content, &facts.reasoning) {
            (Some(Cow::Borrowed(text)), None) => (*text, false),
            (None, Some(Cow::Borrowed(text))) => (*text, true),
            _ => return None,
        };
        let choice = facts.choice;
        // Borrowed text is a part of the data, as it stands between its quotes.
        let at = text.as_ptr().addr().checked_sub(data.as_ptr().addr())?;
        let (before, after) = (data.get(..at)?, data.get(at + text.len()..)?);
        let pattern = Self {
            before: before.to_vec(),
            after: after.to_vec(),
            choice,
            reasoning,
        };
        // Whatever else the chunk says would be lost; the id was told by this one.
        let told = ChunkFacts {
            id: None,
            ..facts.clone()
        };
        let alone = told == pattern.facts(Cow::Borrowed(text));
        (alone && before.ends_with(b"\"") && after.starts_with(b"\"")).then_some(pattern)
    }

    /// The facts of data of this pattern; `None` where it has another, or needs the parser.
    fn fill<'a>(&self, data: &'a [u8]) -> Option<ChunkFacts<'a>> {
        let rest = data.strip_prefix(self.before.as_slice())?;
        let text = rest.strip_suffix(self.after.as_slice())?;
        // An empty text is no token; quotes, escapes and control characters need the parser.
        let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
        if text.is_empty() || !text.iter().all(plain) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        Some(self.facts(Cow::Borrowed(text)))
    }

    fn facts<'a>(&self, text: Cow<'a, str>) -> ChunkFacts<'a> {
        let (content, reasoning) = if self.reasoning {
            (None, Some(text))
        } else {
            (Some(text), None)
        };
        ChunkFacts {
            has_choices: true,
            content,
            reasoning,
            choice: self.choice,
            ..ChunkFacts::default()
        }
    }
}
