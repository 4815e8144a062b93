//! A cache breaker: fresh text or a salt that no earlier prompt had.

use crate::request::api::{BodyError, mark, mark_ids};
use dualround_model::{Api, ColdAction, ColdMethod};
use serde_json::{Map, Value, json};

/// The cache breaker of an epoch: drawn once, the same for all of its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CacheBreaker {
    /// Words before everything else in the first message, and in the first tool where there are
    /// tools.
    Marker(String),
    /// Token ids before everything else in prompts that are made of ids.
    Ids(Vec<u32>),
    /// The engine's own field that separates caches.
    Salt {
        /// Its name.
        field: String,
        /// Its value.
        value: String,
    },
}

impl CacheBreaker {
    /// How it makes a prompt cold.
    pub(crate) fn method(&self) -> ColdMethod {
        match self {
            Self::Marker(_) | Self::Ids(_) => ColdMethod::Marker,
            Self::Salt { .. } => ColdMethod::Salt,
        }
    }

    /// What is told of a round whose requests have it; the tokens of a marker of text are not counted.
    pub(crate) fn action(self) -> ColdAction {
        let method = self.method();
        match self {
            Self::Marker(marker) => ColdAction {
                method,
                marker: Some(marker),
                ..ColdAction::default()
            },
            Self::Ids(ids) => ColdAction {
                method,
                marker_tokens: Some(ids.len() as u64),
                marker: Some(json!(ids).to_string()),
                ..ColdAction::default()
            },
            Self::Salt { field, value } => ColdAction {
                method,
                salt: Some((field, value)),
                ..ColdAction::default()
            },
        }
    }

    /// Puts the marker or salt into the body of a request.
    ///
    /// # Errors
    /// [`BodyError`] when there is nothing to put a marker into.
    pub(crate) fn apply(&self, api: Api, body: &mut Map<String, Value>) -> Result<(), BodyError> {
        match self {
            Self::Salt { field, value } => {
                body.insert(field.clone(), json!(value));
            }
            Self::Marker(marker) => mark(api, body, marker)?,
            Self::Ids(ids) => mark_ids(body, ids)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v06_tools_are_made_fresh_too() {
        let marked = |tools: Value| {
            let body = json!({"messages": [{"content": "hi"}], "tools": tools});
            let Value::Object(mut body) = body else {
                unreachable!()
            };
            CacheBreaker::Marker("M ".to_owned())
                .apply(Api::Chat, &mut body)
                .unwrap();
            (
                body["messages"][0]["content"].clone(),
                body["tools"].clone(),
            )
        };
        let (content, tools) = marked(json!([
            {"type": "function", "function": {"name": "f", "description": "does"}},
            {"type": "function", "function": {"name": "g", "description": "does"}},
        ]));
        assert_eq!(content, "M hi");
        assert_eq!(tools[0]["function"]["description"], "M does");
        assert_eq!(tools[1]["function"]["description"], "does");
        let (_, tools) = marked(json!([{"type": "function", "function": {"name": "f"}}]));
        assert_eq!(tools[0]["function"]["description"], "M ");
        assert_eq!(marked(json!([])).1, json!([]));
    }

    #[test]
    fn a_salt_leaves_the_text_alone() {
        let mut body = Map::from_iter([("messages".to_owned(), json!([{"content": "hi"}]))]);
        let (field, value) = ("cache_salt".to_owned(), "x".to_owned());
        CacheBreaker::Salt { field, value }
            .apply(Api::Chat, &mut body)
            .unwrap();
        assert_eq!(
            Value::Object(body),
            json!({"messages": [{"content": "hi"}], "cache_salt": "x"})
        );
    }
}
