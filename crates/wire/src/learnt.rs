//! Events of one stream read fast: most differ from the one before in one string, and perhaps in a
//! number that counts them.

use crate::{chat::chunk::ChunkFacts, chat::event::StreamEvent};
use std::borrow::Cow;

/// What was learnt of the events of one stream.
///
/// Servers send the same event again and again with another piece of text in it. Where the bytes
/// before and behind the text are those of an event that was parsed, and the text is a JSON string
/// without escapes, the meaning is that event's with this text, and nothing is parsed again.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    known: Option<Pattern>,
}

impl Learnt {
    /// Says what the next event, of this name and with this data, means: by what was learnt, else by
    /// `parse`, whose answer must depend on these two alone where it holds a text and nothing else.
    /// The id of an answer is told by the first event of a pattern only.
    #[inline]
    pub(crate) fn read<'a>(
        &mut self,
        name: &str,
        data: &'a [u8],
        parse: impl FnOnce(&str, &'a [u8]) -> StreamEvent<'a>,
    ) -> StreamEvent<'a> {
        let data = data.trim_ascii();
        if let Some((pattern, text)) = self.known(name, data) {
            return StreamEvent::Chunk(pattern.facts(Cow::Borrowed(text)));
        }
        self.learn(name, data, parse)
    }

    /// The pattern that the event is of, and its text.
    #[inline(always)]
    pub(crate) fn known<'a>(&self, name: &str, data: &'a [u8]) -> Option<(&Pattern, &'a str)> {
        let pattern = self.known.as_ref()?;
        let text = pattern.is_named(name).then(|| pattern.text(data))??;
        Some((pattern, text))
    }

    /// What the event means, by `parse`, from which others may be known.
    pub(crate) fn learn<'a>(
        &mut self,
        name: &str,
        data: &'a [u8],
        parse: impl FnOnce(&str, &'a [u8]) -> StreamEvent<'a>,
    ) -> StreamEvent<'a> {
        let event = parse(name, data);
        if let StreamEvent::Chunk(facts) = &event {
            self.keep(name, data, facts);
        }
        event
    }

    /// Keeps the pattern of an event that means this, if it has one.
    pub(crate) fn keep(&mut self, name: &str, data: &[u8], facts: &ChunkFacts<'_>) {
        if let Some(pattern) = Pattern::of(name, facts, data) {
            self.known = Some(pattern);
        }
    }
}

/// An event that holds one text and nothing else that matters.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// The name of the event; empty where it has none.
    name: String,
    /// Up to and with the quote before the text.
    before: Numbered,
    /// From the quote behind the text on.
    after: Numbered,
    /// Index of the choice.
    choice: u32,
    /// The text is reasoning, not the answer.
    reasoning: bool,
}

/// The key of the number by which the Responses API counts its events.
const COUNTER: &[u8] = b"\"sequence_number\":";

/// Bytes in which a number may stand that is another one each time.
#[derive(Debug)]
struct Numbered {
    head: Vec<u8>,
    /// What follows the number; `None` where there is none.
    tail: Option<Vec<u8>>,
}

impl Numbered {
    fn of(bytes: &[u8]) -> Self {
        let at = memchr::memmem::find(bytes, COUNTER).map(|at| at + COUNTER.len());
        let Some(at) = at else {
            return Self {
                head: bytes.to_vec(),
                tail: None,
            };
        };
        let (head, rest) = bytes.split_at(at);
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        Self {
            head: head.to_vec(),
            tail: Some(rest[digits..].to_vec()),
        }
    }

    /// What follows these bytes at the start of `data`.
    #[inline(always)]
    fn strip_start<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let rest = data.strip_prefix(self.head.as_slice())?;
        let Some(tail) = &self.tail else {
            return Some(rest);
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = rest.split_at(digits);
        is_number(number)
            .then(|| rest.strip_prefix(tail.as_slice()))
            .flatten()
    }

    /// What precedes these bytes at the end of `data`.
    #[inline(always)]
    fn strip_end<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let Some(tail) = &self.tail else {
            return data.strip_suffix(self.head.as_slice());
        };
        let rest = data.strip_suffix(tail.as_slice())?;
        let from_end = rest.iter().rev();
        let digits = from_end.take_while(|byte| byte.is_ascii_digit()).count();
        let (rest, number) = rest.split_at(rest.len() - digits);
        is_number(number)
            .then(|| rest.strip_suffix(self.head.as_slice()))
            .flatten()
    }
}

/// Digits that JSON takes for a number.
#[inline(always)]
pub(crate) fn is_number(digits: &[u8]) -> bool {
    match digits {
        [] => false,
        [b'0'] => true,
        [first, ..] => *first != b'0',
    }
}

impl Pattern {
    /// The pattern of an event that was parsed; `None` where it holds more than one text.
    fn of(name: &str, facts: &ChunkFacts<'_>, data: &[u8]) -> Option<Self> {
        let (text, reasoning) = match (&facts.content, &facts.reasoning) {
            (Some(Cow::Borrowed(text)), None) => (*text, false),
            (None, Some(Cow::Borrowed(text))) => (*text, true),
            _ => return None,
        };
        // Borrowed text is a part of the data, as it stands between its quotes.
        let at = text.as_ptr().addr().checked_sub(data.as_ptr().addr())?;
        let (before, after) = (data.get(..at)?, data.get(at + text.len()..)?);
        let pattern = Self {
            name: name.to_owned(),
            before: Numbered::of(before),
            after: Numbered::of(after),
            choice: facts.choice,
            reasoning,
        };
        // Whatever else the event says would be lost; the id was told by this one.
        let told = ChunkFacts {
            id: None,
            ..facts.clone()
        };
        let alone = told == pattern.facts(Cow::Borrowed(text));
        (alone && before.ends_with(b"\"") && after.starts_with(b"\"")).then_some(pattern)
    }

    /// Most events of a chat have no name, and comparing nothing is a call all the same.
    #[inline]
    fn is_named(&self, name: &str) -> bool {
        self.name.len() == name.len() && (name.is_empty() || self.name == name)
    }

    /// The text in data of this pattern; `None` where it has another, or needs the parser.
    #[inline(always)]
    fn text<'a>(&self, data: &'a [u8]) -> Option<&'a str> {
        let rest = self.before.strip_start(data)?;
        let text = self.after.strip_end(rest)?;
        // An empty text is no token; quotes, escapes and control characters need the parser.
        let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
        if text.is_empty() || !text.iter().all(plain) {
            return None;
        }
        std::str::from_utf8(text).ok()
    }

    #[inline(always)]
    pub(crate) fn facts<'a>(&self, text: Cow<'a, str>) -> ChunkFacts<'a> {
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
