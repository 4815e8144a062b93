//! Token counts of Messages: what is read from the cache and written into it is counted apart from
//! the input, and the prompt is their sum.

use crate::chat::usage::{IfObject, TokenCount, WrittenByTtl};
use dualround_model::Usage;
use serde::Deserialize;

/// A `usage` object of Messages.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageFields {
    input_tokens: TokenCount,
    cache_read_input_tokens: TokenCount,
    cache_creation_input_tokens: TokenCount,
    cache_creation: IfObject<WrittenByTtl>,
    output_tokens: TokenCount,
    output_tokens_details: IfObject<OutputDetails>,
}

/// What the output tokens are, where that is told.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: TokenCount,
    reasoning_tokens: TokenCount,
}

/// The last value of each count. `message_start` and `message_delta` have them both, and an engine
/// may put into the first all of a prompt as input, and into the second what of it was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunningUsage {
    input: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    written_5m: Option<u64>,
    written_1h: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
    unreadable: bool,
}

impl RunningUsage {
    /// Takes the counts of the next event.
    pub(super) fn take(&mut self, fields: Option<UsageFields>) {
        let Some(fields) = fields else {
            return;
        };
        let (read, written) = (
            fields.cache_read_input_tokens,
            fields.cache_creation_input_tokens,
        );
        let beside = read.tokens.unwrap_or(0) > 0 || written.tokens.unwrap_or(0) > 0;
        // No prompt has no tokens: a zero without anything beside it is a gateway that fills in what it
        // does not know yet, and the zeros beside that one are too.
        let input = fields.input_tokens.tokens;
        if beside || input.is_some_and(|tokens| tokens > 0) {
            self.input = fields.input_tokens.tokens.or(self.input);
            self.read = read.tokens.or(self.read);
            self.written = written.tokens.or(self.written);
        } else if input.is_none() {
            // Zeros alone take back nothing that was counted.
            self.read = self.read.or(read.tokens);
            self.written = self.written.or(written.tokens);
        }
        let by_ttl = fields.cache_creation.0.unwrap_or_default();
        self.written_5m = by_ttl.ephemeral_5m_input_tokens.tokens.or(self.written_5m);
        self.written_1h = by_ttl.ephemeral_1h_input_tokens.tokens.or(self.written_1h);
        let output = fields.output_tokens.tokens.filter(|tokens| *tokens > 0);
        self.output = output.or(self.output);
        let details = fields.output_tokens_details.0.unwrap_or_default();
        let thinking = details.thinking_tokens.tokens;
        self.reasoning = thinking
            .or(details.reasoning_tokens.tokens)
            .or(self.reasoning);
        self.unreadable |= read.unreadable;
    }

    /// Takes the counts that a stream starts with: its output is a placeholder there.
    pub(super) fn take_start(&mut self, fields: Option<UsageFields>) {
        self.take(fields.map(|fields| UsageFields {
            output_tokens: TokenCount::default(),
            ..fields
        }));
    }

    /// What was written: as it is told, else as its parts come to.
    fn all_written(&self) -> Option<u64> {
        if self.written.is_some() {
            return self.written;
        }
        match (self.written_5m, self.written_1h) {
            (None, None) => None,
            (short, long) => short.unwrap_or(0).checked_add(long.unwrap_or(0)),
        }
    }

    /// The counts so far; `None` where nothing was counted.
    pub(super) fn told(&self) -> Option<Usage> {
        let written = self.all_written();
        let beside = self.read.unwrap_or(0).checked_add(written.unwrap_or(0));
        let prompt = self.input.zip(beside);
        let prompt = prompt.and_then(|(input, beside)| input.checked_add(beside));
        let prompt = prompt.filter(|tokens| *tokens > 0);
        let counted = |tokens: &u64| prompt.is_some() || *tokens > 0;
        let usage = Usage {
            prompt_tokens: prompt,
            completion_tokens: self.output,
            cached_tokens: self.read.filter(counted),
            cached_unreadable: self.unreadable && self.read.is_none(),
            written_tokens: written.filter(counted),
            written_5m_tokens: self.written_5m,
            written_1h_tokens: self.written_1h,
            reasoning_tokens: self.reasoning,
            ..Usage::default()
        };
        (!usage.is_empty()).then_some(usage)
    }
}
