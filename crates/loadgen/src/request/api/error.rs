//! Why a sample cannot be made the body of a request.

use dualround_model::Api;

/// Why a sample cannot be made the body of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The row has a field of tools, and the API knows none.
    #[error("it has `{field}`, which {KNOWS_NONE}")]
    Tools {
        /// The field.
        field: &'static str,
    },
    /// A message has a field of tools, and the API knows none.
    #[error("a message of it has `{field}`, which {KNOWS_NONE}")]
    ToolMessage {
        /// The field.
        field: &'static str,
    },
    /// A message has images or sounds, and the API takes text alone.
    #[error("it holds more than text, which {KNOWS_NONE}")]
    MoreThanText,
    /// The content of a message is neither text nor a list of parts.
    #[error("its content is no text, and /v1/completions takes nothing else")]
    NoText,
    /// Several messages, and the API takes one text.
    #[error(
        "it has {count} messages, and /v1/completions takes one text: the template that would join \
         them is the engine's. Send them to /v1/chat/completions"
    )]
    Several {
        /// How many.
        count: usize,
    },
    /// A row of token ids, and the API takes text.
    #[error(
        "it is made of token ids, which only /v1/completions takes (--api completions); {api} takes \
         text"
    )]
    TokenIds {
        /// What the endpoint is called.
        api: &'static str,
    },
    /// A field that has no counterpart in the API.
    #[error(
        "`{key}` has no counterpart in the {api} API: leave it out of the row, or write the row as \
         the API has it"
    )]
    Key {
        /// The key, with what it stands in.
        key: String,
        /// What the endpoint is called.
        api: &'static str,
    },
    /// More places for the cache to keep than the API takes.
    #[error("it has {count} `cache_control` breakpoints; the Messages API takes at most 4")]
    Breakpoints {
        /// How many.
        count: usize,
    },
    /// Breakpoints in an order that the API refuses.
    #[error(
        "a `cache_control` of 1h stands behind one of 5m; the Messages API takes longer ones first"
    )]
    BreakpointOrder,
    /// A marker has no message to stand in.
    #[error("it has no message to put a marker into")]
    NoMessage,
    /// A marker made of ids has a prompt of text to stand in.
    #[error(
        "its prompt is text, while other rows are token ids: one run sends one kind, so give all rows \
         as ids or all as text"
    )]
    TextAmongIds,
    /// A marker has no prompt to stand in.
    #[error("it has no prompt to put a marker into")]
    NoPrompt,
    /// The body cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl BodyError {
    /// A key that the API has no place for.
    pub(super) fn key(key: impl Into<String>, api: Api) -> Self {
        Self::Key {
            key: key.into(),
            api: api.name(),
        }
    }

    /// The same, where another API is the one that has no place for it.
    pub(super) fn of(self, api: Api) -> Self {
        match self {
            Self::Key { key, .. } => Self::key(key, api),
            other => other,
        }
    }
}

/// Why the API refuses what shapes a chat's prompt, and where that goes.
const KNOWS_NONE: &str = "/v1/completions does not take: /v1/chat/completions does";
