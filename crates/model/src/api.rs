//! The APIs that requests can be sent to.

/// The API of a server that measured requests are sent to: decided by the path of the endpoint's
/// URL, so that no setting can contradict it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// OpenAI's chat completions: messages in, deltas out.
    #[default]
    Chat,
    /// OpenAI's older completions: a text or token ids in, text out.
    Completions,
    /// Anthropic's Messages: content blocks in and out.
    Messages,
    /// OpenAI's Responses: input items in, output items out.
    Responses,
}

impl Api {
    /// All of them. Where the path of one ends with that of another, the longer one stands first.
    pub const ALL: [Self; 4] = [
        Self::Chat,
        Self::Completions,
        Self::Messages,
        Self::Responses,
    ];

    /// Its place in [`Api::ALL`]: one that has none does not compile.
    #[cfg(test)]
    fn place(self) -> usize {
        match self {
            Self::Chat => 0,
            Self::Completions => 1,
            Self::Messages => 2,
            Self::Responses => 3,
        }
    }

    /// What its endpoint is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat completions",
            Self::Completions => "completions",
            Self::Messages => "Messages",
            Self::Responses => "Responses",
        }
    }

    /// The word for it in settings and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Messages => "messages",
            Self::Responses => "responses",
        }
    }

    /// Its path below `/v1`.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Completions => "/completions",
            Self::Messages => "/messages",
            Self::Responses => "/responses",
        }
    }

    /// The field of its requests that limits the answer's length, where no other name is asked for.
    pub fn length_field(self) -> &'static str {
        match self {
            Self::Chat | Self::Completions | Self::Messages => "max_tokens",
            Self::Responses => "max_output_tokens",
        }
    }

    /// What ends its streams, as messages name it.
    pub fn end_marker(self) -> &'static str {
        match self {
            Self::Chat | Self::Completions => "[DONE]",
            Self::Messages => "message_stop",
            Self::Responses => "response.completed",
        }
    }

    /// The API whose path a URL's path ends with, and what stands before it; `None` where it is of
    /// none. A query and slashes at the end are passed over.
    pub fn of_path(path: &str) -> Option<(Self, &str)> {
        let path = path.split('?').next().unwrap_or("").trim_end_matches('/');
        let of = |api: Self| Some((api, path.strip_suffix(api.path())?));
        Self::ALL.into_iter().find_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_are_looked_for() {
        for (place, api) in Api::ALL.into_iter().enumerate() {
            assert_eq!(api.place(), place, "{api:?}");
        }
    }

    #[test]
    fn a_path_tells_the_api_and_what_stands_before_it() {
        for (path, right) in [
            ("/v1/chat/completions", Some((Api::Chat, "/v1"))),
            (
                "/team/v1/completions/?a=b",
                Some((Api::Completions, "/team/v1")),
            ),
            (
                "http://h/v1/chat/completions",
                Some((Api::Chat, "http://h/v1")),
            ),
            (
                "/anthropic/v1/messages",
                Some((Api::Messages, "/anthropic/v1")),
            ),
            ("/v1/responses?x=1", Some((Api::Responses, "/v1"))),
            ("/v1/embeddings", None),
            ("", None),
        ] {
            assert_eq!(Api::of_path(path), right, "{path}");
        }
    }
}
