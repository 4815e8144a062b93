//! Token counts and times as a server reports them.

use crate::ServerTimes;
use serde::{Deserialize, Serialize};

/// What a server reports of one response. `None` means that it did not say, never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, with the chat template, cached ones included.
    pub prompt_tokens: Option<u64>,
    /// Tokens generated, reasoning included.
    pub completion_tokens: Option<u64>,
    /// Prompt tokens that the server took from its cache (a part of `prompt_tokens`).
    pub cached_tokens: Option<u64>,
    /// The answer says something of cached tokens that is no count, so that they are unknown and not
    /// left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached_unreadable: bool,
    /// Of these, from the engine's own prefix cache (vLLM: `local_cached_tokens`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_cached_tokens: Option<u64>,
    /// Of these, from outer tiers: LMCache, another node (vLLM: `external_cached_tokens`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_cached_tokens: Option<u64>,
    /// Prompt tokens that the server wrote into its cache (a part of `prompt_tokens`, none of them
    /// cached ones).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_tokens: Option<u64>,
    /// Of these, those that are kept for five minutes (Anthropic).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_5m_tokens: Option<u64>,
    /// Of these, those that are kept for an hour (Anthropic).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_1h_tokens: Option<u64>,
    /// Generated tokens spent on reasoning (a part of `completion_tokens`).
    pub reasoning_tokens: Option<u64>,
    /// `total_tokens` is not what the counts add up to: something was counted that is not told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub does_not_add_up: bool,
    /// What it says of its own time.
    #[serde(default, skip_serializing_if = "ServerTimes::is_empty")]
    pub times: ServerTimes,
}

impl Usage {
    /// Takes each field that `newer` knows, if it is larger: usage in a stream is cumulative, and a
    /// zero that follows a count is a server that fills in an empty object.
    pub fn merge(&mut self, newer: Usage) {
        self.prompt_tokens = newer.prompt_tokens.max(self.prompt_tokens);
        self.completion_tokens = newer.completion_tokens.max(self.completion_tokens);
        self.cached_tokens = newer.cached_tokens.max(self.cached_tokens);
        self.cached_unreadable |= newer.cached_unreadable;
        self.local_cached_tokens = newer.local_cached_tokens.max(self.local_cached_tokens);
        self.external_cached_tokens =
            (newer.external_cached_tokens).max(self.external_cached_tokens);
        self.written_tokens = newer.written_tokens.max(self.written_tokens);
        self.written_5m_tokens = newer.written_5m_tokens.max(self.written_5m_tokens);
        self.written_1h_tokens = newer.written_1h_tokens.max(self.written_1h_tokens);
        self.reasoning_tokens = newer.reasoning_tokens.max(self.reasoning_tokens);
        self.times.merge(newer.times);
        if newer.prompt_tokens.is_some() && newer.completion_tokens.is_some() {
            self.does_not_add_up = newer.does_not_add_up;
        }
    }

    /// True when nothing at all was reported.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a request's number of output tokens comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// The server's `usage`.
    Usage,
    /// One token a token-bearing event.
    Events,
    /// Counted from the text on this side.
    Local,
}

impl TokenSource {
    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Events => "events",
            Self::Local => "local",
        }
    }
}
