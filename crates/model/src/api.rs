//! The APIs that requests can be sent to.

/// The API of a server that measured requests are sent to: decided by the endpoint's path, so that no
/// setting can contradict it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// OpenAI's chat completions: messages in, deltas out.
    #[default]
    Chat,
    /// OpenAI's older completions: a text in, text out.
    Completions,
}

impl Api {
    /// All of them. Where the path of one ends with that of another, the longer one stands first.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Completions];

    /// Its place in [`Api::ALL`]: one that has none does not compile.
    #[cfg(test)]
    fn place(self) -> usize {
        match self {
            Self::Chat => 0,
            Self::Completions => 1,
        }
    }

    /// What its endpoint is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat completions",
            Self::Completions => "completions",
        }
    }

    /// Its path below `/v1`.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Completions => "/completions",
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
            ("/v1/messages", None),
            ("", None),
        ] {
            assert_eq!(Api::of_path(path), right, "{path}");
        }
    }
}
