//! The record of one request: what was seen, before anything is computed.

use crate::{FailureKind, MixedPlace, Outcome, Timeline, TurnPlace, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Something about a request that its reader must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flag {
    /// At least one token arrived in a read with others, so its arrival is an interval.
    Coalesced,
    /// The stream arrived in bursts: some proxy or the server holds events back.
    BufferedSuspected,
    /// `usage` disagrees with the number of token-bearing events.
    UsageMismatch,
    /// The other round reported another number of prompt tokens for the same request.
    PromptTokensChanged,
    /// Fewer than two tokens, so there is no ITL.
    ItlNotApplicable,
    /// Tokens were generated, but no event showed one: TTFT is unknown.
    NoVisibleToken,
    /// The server answered with a plain JSON body.
    NotStreamed,
    /// The stream ended after `finish_reason` without `[DONE]`.
    DoneMissing,
    /// Events of unknown kinds were passed over.
    IgnoredEvents,
    /// Events that could not be read were passed over (`--lenient`).
    ParseErrors,
    /// The prompt was cut by `--max-input-length`.
    TruncatedInput,
    /// Earlier attempts failed and it was sent again (`--retries`): a cache may hold its prompt.
    Retried,
    /// The request was sent again on a new connection, because the old one had accepted no byte.
    Resent,
    /// `usage` reports more cached tokens than the prompt has: it enters no hit rate.
    ImpossibleUsage,
    /// Text in a field that is not known came before the first known token: if it was generated,
    /// TTFT is late.
    UnknownText,
    /// `finish_reason` is a word that is not known.
    UnknownFinish,
    /// `usage.total_tokens` is not what the counts beside it add up to.
    UsageTotalOff,
    /// The answer came compressed: a token is known when the bytes have come that it is unpacked from.
    Compressed,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Coalesced,
        Self::BufferedSuspected,
        Self::UsageMismatch,
        Self::PromptTokensChanged,
        Self::ItlNotApplicable,
        Self::NoVisibleToken,
        Self::NotStreamed,
        Self::DoneMissing,
        Self::IgnoredEvents,
        Self::ParseErrors,
        Self::TruncatedInput,
        Self::Resent,
        Self::Retried,
        Self::ImpossibleUsage,
        Self::UnknownText,
        Self::UnknownFinish,
        Self::UsageTotalOff,
        Self::Compressed,
    ];

    /// A bit by its place in [`Flag::ALL`].
    pub fn bit(self) -> u32 {
        let at = Self::ALL.iter().position(|one| *one == self);
        at.map_or(0, |at| 1 << at)
    }

    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coalesced => "coalesced",
            Self::BufferedSuspected => "buffered_suspected",
            Self::UsageMismatch => "usage_mismatch",
            Self::PromptTokensChanged => "prompt_tokens_changed",
            Self::ItlNotApplicable => "itl_not_applicable",
            Self::NoVisibleToken => "no_visible_token",
            Self::NotStreamed => "not_streamed",
            Self::DoneMissing => "done_missing",
            Self::IgnoredEvents => "ignored_events",
            Self::ParseErrors => "parse_errors",
            Self::TruncatedInput => "truncated_input",
            Self::Resent => "resent",
            Self::Retried => "retried",
            Self::ImpossibleUsage => "impossible_usage",
            Self::UnknownText => "unknown_text",
            Self::UnknownFinish => "unknown_finish",
            Self::UsageTotalOff => "usage_total_off",
            Self::Compressed => "compressed",
        }
    }
}

/// What the response stream held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFacts {
    /// HTTP status, when a head was read.
    pub status: Option<u16>,
    /// The answer came as events, not as one JSON body.
    pub streamed: bool,
    /// Token-bearing events.
    pub token_events: u64,
    /// Token-bearing events that arrived in a read together with others.
    pub coalesced_events: u64,
    /// Events passed over because their kind is unknown.
    pub ignored_events: u64,
    /// Events that could not be read.
    pub parse_errors: u64,
    /// `[DONE]` was seen.
    pub done: bool,
    /// The last `finish_reason`.
    pub finish_reason: Option<String>,
    /// Cumulative completion tokens at the first token-bearing event, where usage came with it.
    pub first_event_tokens: Option<u64>,
    /// Characters of generated text, reasoning included.
    pub output_chars: u64,
    /// The body was a whole JSON answer with text in it.
    pub has_body_text: bool,
    /// The first text that came, before any known token, in a field that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_text: Option<UnknownText>,
    /// It was unpacked from gzip or deflate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compressed: bool,
}

/// Text in a field that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownText {
    /// The field, or the type of the event.
    pub place: String,
    /// When it came, ns.
    pub at_ns: u64,
}

/// An attempt that failed and was followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Why it failed.
    pub kind: FailureKind,
    /// t0, ns; `None`: nothing was written.
    pub start_ns: Option<u64>,
    /// When it had failed, ns.
    pub end_ns: u64,
    /// The wait before the next one, ms.
    pub wait_ms: u64,
}

/// Everything seen of one request. The unit of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// 0-based position of the level in the plan.
    pub level: u32,
    /// 1-based number of the round in its level.
    pub round: u32,
    /// 0-based position in the dataset order of the round.
    pub index: u32,
    /// The row's id.
    pub id: Option<Arc<str>>,
    /// Prompt text, as `--store-text` asks.
    pub prompt: Option<Arc<str>>,
    /// First 16 hex digits of the SHA-256 of the prompt's content.
    pub prompt_digest: Arc<str>,
    /// Characters of the prompt's text.
    pub prompt_chars: u64,
    /// Tokens that the row of the dataset states for the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Of these, the longest beginning that another prompt of the round has too: sharing inside
    /// the round, which a prefix cache may use even when the round is cold.
    pub shared_chars: u64,
    /// The prompt was cut by `--max-input-length`.
    pub truncated: bool,
    /// What the row asked for itself and got (`temperature`, `max_tokens`, …), a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_options: Option<Arc<str>>,
    /// Where it stands in a mixed round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixed: Option<MixedPlace>,
    /// Where it stands in a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnPlace>,
    /// The answer that later turns of its session build on, as it was pinned: messages of content and
    /// calls, never of reasoning. It stands in a file of its own.
    #[serde(skip)]
    pub answer: Option<Arc<[Value]>>,
    /// The virtual user that sent it (0-based within the level).
    pub user: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Its instants.
    pub timeline: Timeline,
    /// What the stream held.
    pub stream: StreamFacts,
    /// Token counts as the server reported them.
    pub usage: Usage,
    /// The answer's own id: one that returns for the same prompt comes from a response cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<Arc<str>>,
    /// Sent again because the old connection had accepted no byte.
    pub resent: bool,
    /// Attempts before this one, which failed (`--retries`). All instants are of the last attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<Retry>,
    /// Generated text, under `--store-text full`.
    pub output: Option<String>,
}
