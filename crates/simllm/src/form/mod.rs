//! The events of one stream, and the one body in its place, in the form of the API that was asked.

mod chat;
mod messages;
mod responses;

use crate::{
    chat::ChatRequest,
    config::{ReasoningIn, SimConfig},
    dialect::Dialect,
};
use serde_json::Value;
use std::ops::Range;

const WORDS: [&str; 32] = [
    "the", "cache", "holds", "a", "prefix", "of", "every", "prompt", "and", "serves", "it",
    "again", "when", "same", "words", "come", "back", "so", "time", "to", "first", "token",
    "falls", "while", "blocks", "stay", "warm", "in", "memory", "until", "they", "leave",
];

/// The word that stands for the token at this place of an answer.
fn word(seed: u64, place: usize) -> &'static str {
    let mixed = (seed ^ (place as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    WORDS[usize::try_from(mixed >> 59).unwrap_or(0)]
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SimEvent {
    /// Its name; empty where it has none.
    pub(crate) name: &'static str,
    pub(crate) data: String,
}

impl SimEvent {
    /// One without a name.
    fn plain(data: String) -> Self {
        Self { name: "", data }
    }

    /// One of a named kind.
    fn named(name: &'static str, data: &Value) -> Self {
        let data = data.to_string();
        Self { name, data }
    }
}

/// Token counts of an answer, as its API tells them.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsageFigures {
    pub(crate) prompt: u64,
    /// `None`: not reported.
    pub(crate) cached: Option<u64>,
    /// From the engine's own tier and from the one behind it, where they are told apart.
    pub(crate) tiers: Option<(u64, u64)>,
    /// Written into the cache for five minutes (or as long as there is room), and for an hour;
    /// `None`: not reported.
    pub(crate) written: Option<(u64, u64)>,
    pub(crate) completion: u64,
    pub(crate) reasoning: u64,
    /// In queue and in prefill, ns; `None`: not reported.
    pub(crate) times: Option<[u64; 2]>,
}

/// The form of all events of one stream.
pub(crate) struct StreamForm<'a> {
    dialect: Dialect,
    config: &'a SimConfig,
    /// Number of the answer.
    number: u64,
    /// Of the answer's words.
    seed: u64,
    /// Events told so far, where the API counts them.
    told: u64,
}

impl<'a> StreamForm<'a> {
    /// The form of the answer to a request; `number` is the answer's own.
    pub(crate) fn of(
        chat: &ChatRequest,
        config: &'a SimConfig,
        number: u64,
        seed: u64,
    ) -> StreamForm<'a> {
        Self {
            dialect: chat.dialect,
            config,
            number,
            seed,
            told: 0,
        }
    }

    /// The answer's id.
    fn id(&self) -> String {
        format!("sim-{}", self.number)
    }

    /// Tokens of reasoning; a text that goes on has no thinking of its own.
    fn reasoning_tokens(&self) -> usize {
        match self.dialect {
            Dialect::Completions => 0,
            _ => self.config.reasoning_tokens,
        }
    }

    /// The text of these tokens.
    fn text(&self, places: Range<usize>) -> String {
        let mut text = String::new();
        for place in places {
            text.push(' ');
            text.push_str(word(self.seed, place));
        }
        text
    }

    /// What comes before the first token.
    pub(crate) fn begin(&mut self, usage: Option<&UsageFigures>) -> Vec<SimEvent> {
        match self.dialect {
            Dialect::Chat => vec![chat::role(self)],
            Dialect::Completions => Vec::new(),
            Dialect::Messages => messages::begin(self, usage),
            Dialect::Responses => responses::begin(self),
        }
    }

    /// What stands between two blocks of an answer, before the token at this place.
    pub(crate) fn between(&mut self, place: usize) -> Vec<SimEvent> {
        if place == 0 || place != self.reasoning_tokens() {
            return Vec::new();
        }
        match self.dialect {
            Dialect::Chat | Dialect::Completions => Vec::new(),
            Dialect::Messages => messages::next_block(),
            Dialect::Responses => responses::next_item(self),
        }
    }

    /// The event of these tokens, with the counts so far where they are asked for.
    pub(crate) fn tokens(
        &mut self,
        places: Range<usize>,
        usage: Option<&UsageFigures>,
    ) -> SimEvent {
        let is_reasoning = places.start < self.reasoning_tokens();
        let text = self.text(places);
        match self.dialect {
            Dialect::Chat | Dialect::Completions => chat::tokens(self, &text, is_reasoning, usage),
            Dialect::Messages => messages::tokens(self, &text, is_reasoning),
            Dialect::Responses => responses::tokens(self, &text, is_reasoning),
        }
    }

    /// What says that an answer of so many tokens is over; `reason`: a fault's word for why.
    pub(crate) fn finish(
        &mut self,
        tokens: usize,
        reason: Option<&str>,
        usage: Option<&UsageFigures>,
    ) -> Vec<SimEvent> {
        match self.dialect {
            Dialect::Chat | Dialect::Completions => vec![chat::finish(self, reason)],
            Dialect::Messages => messages::finish(self, tokens, reason, usage),
            Dialect::Responses => responses::finish(self, tokens),
        }
    }

    /// The events that end the stream: the counts, where they come last, and its end.
    pub(crate) fn end(
        &mut self,
        tokens: usize,
        reason: Option<&str>,
        usage: Option<&UsageFigures>,
    ) -> Vec<SimEvent> {
        match self.dialect {
            Dialect::Chat | Dialect::Completions => Vec::new(),
            Dialect::Messages => vec![messages::stop()],
            Dialect::Responses => vec![responses::end(self, tokens, reason, usage)],
        }
    }

    /// The counts after the last chunk, where the API has an event of their own for them.
    pub(crate) fn usage(&self, usage: &UsageFigures) -> Option<SimEvent> {
        match self.dialect {
            Dialect::Chat | Dialect::Completions => Some(chat::usage_event(self, usage)),
            Dialect::Messages | Dialect::Responses => None,
        }
    }

    /// `[DONE]`, where the API has it.
    pub(crate) fn done(&self) -> Option<SimEvent> {
        let has = matches!(self.dialect, Dialect::Chat | Dialect::Completions);
        has.then(|| SimEvent::plain("[DONE]".to_owned()))
    }

    /// An error inside the stream.
    pub(crate) fn error(&mut self, message: &str) -> SimEvent {
        match self.dialect {
            Dialect::Chat | Dialect::Completions => chat::error(message),
            Dialect::Messages => messages::error(message),
            Dialect::Responses => responses::error(self, message),
        }
    }

    /// An event that says that the answer failed as a whole, where the API has one.
    pub(crate) fn failed(&mut self, message: &str) -> SimEvent {
        match self.dialect {
            Dialect::Responses => responses::failed(self, message),
            _ => self.error(message),
        }
    }

    /// A whole answer of so many tokens.
    pub(crate) fn body(&self, tokens: usize, usage: &UsageFigures) -> Value {
        match self.dialect {
            Dialect::Chat | Dialect::Completions => chat::body(self, tokens, usage),
            Dialect::Messages => messages::body(self, tokens, usage),
            Dialect::Responses => responses::body(self, tokens, None, Some(usage)),
        }
    }

    fn reasoning_in(&self) -> ReasoningIn {
        self.config.reasoning_in
    }
}
