//! The JSON of one stream's chunks: what they have in common, and what each adds.

use crate::{chat::ChatRequest, config::SimConfig};
use serde_json::json;
use std::ops::Range;

const WORDS: [&str; 32] = [
    "the", "cache", "holds", "a", "prefix", "of", "every", "prompt", "and", "serves", "it",
    "again", "when", "same", "words", "come", "back", "so", "time", "to", "first", "token",
    "falls", "while", "blocks", "stay", "warm", "in", "memory", "until", "they", "leave",
];

/// The word that stands for the token at this place of an answer.
pub(crate) fn word(seed: u64, place: usize) -> &'static str {
    let mixed = (seed ^ (place as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    WORDS[usize::try_from(mixed >> 59).unwrap_or(0)]
}

/// The form of all chunks of one stream.
pub(crate) struct ChunkForm<'a> {
    config: &'a SimConfig,
    /// A chunk up to and with the bracket that opens its choices.
    pub(crate) prefix: String,
    /// A text instead of a delta: the older completions.
    pub(crate) is_plain: bool,
    /// Of the answer's words.
    seed: u64,
}

impl<'a> ChunkForm<'a> {
    /// The form of the answer to a request; `number` is the answer's own.
    pub(crate) fn of(
        chat: &ChatRequest,
        config: &'a SimConfig,
        number: u64,
        seed: u64,
    ) -> ChunkForm<'a> {
        let is_plain = chat.prompt.is_some();
        let object = if is_plain {
            "text_completion"
        } else {
            "chat.completion.chunk"
        };
        let model = json!(config.first_model());
        let prefix = format!(
            "{{\"id\":\"sim-{number}\",\"object\":\"{object}\",\"created\":0,\
             \"model\":{model},\"choices\":["
        );
        Self {
            config,
            prefix,
            is_plain,
            seed,
        }
    }

    /// The chunk that names the role and holds no token.
    pub(crate) fn role(&self) -> String {
        format!(
            "{}{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\
             \"finish_reason\":null}}]}}",
            self.prefix
        )
    }

    /// The chunk of these tokens, up to where its usage or its end would stand.
    pub(crate) fn tokens(&self, places: Range<usize>) -> String {
        let is_reasoning = places.start < self.reasoning_tokens();
        let mut text = String::new();
        for place in places {
            text.push(' ');
            text.push_str(word(self.seed, place));
        }
        let bears = if self.is_plain {
            format!("\"text\":\"{text}\"")
        } else if is_reasoning {
            format!("\"delta\":{}", self.config.reasoning_in.delta(&text))
        } else {
            format!("\"delta\":{{\"content\":\"{text}\"}}")
        };
        format!(
            "{}{{\"index\":0,{bears},\"finish_reason\":null}}]",
            self.prefix
        )
    }

    /// A text that goes on has no thinking of its own.
    fn reasoning_tokens(&self) -> usize {
        if self.is_plain {
            0
        } else {
            self.config.reasoning_tokens
        }
    }

    /// The chunk that says why the answer ends; the reason is JSON.
    pub(crate) fn finish(&self, reason: &str) -> String {
        let nothing = if self.is_plain {
            "\"text\":\"\""
        } else {
            "\"delta\":{}"
        };
        format!(
            "{}{{\"index\":0,{nothing},\"finish_reason\":{reason}}}]}}",
            self.prefix
        )
    }
}
