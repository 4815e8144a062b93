//! The APIs that the engine speaks.

/// An API, by the path of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Chat completions.
    Chat,
    /// The older completions: a text or token ids to go on with.
    Completions,
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Responses.
    Responses,
}

impl Dialect {
    /// Of a path without its query; `None` where requests do not go there.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::Chat),
            "/v1/completions" => Some(Self::Completions),
            "/v1/messages" => Some(Self::Messages),
            "/v1/responses" => Some(Self::Responses),
            _ => None,
        }
    }

    /// The fields that its requests have without an engine's own.
    pub(crate) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Chat | Self::Completions => &[
                "model",
                "messages",
                "prompt",
                "stream",
                "stream_options",
                "max_tokens",
                "temperature",
                "top_p",
            ],
            Self::Messages => &[
                "model",
                "messages",
                "system",
                "stream",
                "max_tokens",
                "temperature",
                "top_p",
                "top_k",
                "tools",
                "tool_choice",
                "stop_sequences",
                "metadata",
                "cache_control",
                "thinking",
            ],
            Self::Responses => &[
                "model",
                "input",
                "instructions",
                "stream",
                "store",
                "max_output_tokens",
                "temperature",
                "top_p",
                "tools",
                "tool_choice",
                "prompt_cache_key",
                "prompt_cache_retention",
            ],
        }
    }
}
