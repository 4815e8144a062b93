//! A cache breaker: fresh text or a salt that no earlier prompt had.

use serde_json::{Map, Value, json};

/// The cache breaker of an epoch: drawn once, the same for all of its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CacheBreaker {
    /// Words before everything else in the first message, and in the first tool where there are
    /// tools.
    Marker(String),
    /// The engine's own field that separates caches.
    Salt {
        /// Its name.
        field: String,
        /// Its value.
        value: String,
    },
}

impl CacheBreaker {
    /// Puts it into a body.
    ///
    /// # Errors
    /// A reason, when there is no message to put a marker into.
    pub(crate) fn apply(&self, body: &mut Map<String, Value>) -> Result<(), String> {
        match self {
            Self::Salt { field, value } => {
                body.insert(field.clone(), json!(value));
            }
            Self::Marker(marker) => {
                let first = body
                    .get_mut("messages")
                    .and_then(|messages| messages.get_mut(0))
                    .ok_or("it has no message to put a marker into")?;
                mark(first, marker);
                if let Some(tool) = first_tool(body) {
                    mark_tool(tool, marker);
                }
            }
        }
        Ok(())
    }

    /// Whether a marker stands in this body twice: in its first tool as well.
    pub(crate) fn is_doubled(body: &Map<String, Value>) -> bool {
        body.get("tools").and_then(|tools| tools.get(0)).is_some()
    }
}

/// Most chat templates render tools before the messages, or before the text of the first one, and
/// a marker behind them would leave a head that is truly warm. Some render them after it, so both
/// get one.
fn first_tool(body: &mut Map<String, Value>) -> Option<&mut Value> {
    body.get_mut("tools")?.get_mut(0)
}

/// Puts the marker before everything else in a tool's description.
fn mark_tool(tool: &mut Value, marker: &str) {
    let nested = tool.get("function").is_some();
    let described = if nested {
        tool.get_mut("function")
    } else {
        Some(tool)
    };
    let Some(Value::Object(described)) = described else {
        return;
    };
    match described.get_mut("description") {
        Some(Value::String(text)) => text.insert_str(0, marker),
        _ => {
            described.insert("description".to_owned(), json!(marker));
        }
    }
}

/// Puts the marker before everything else in a message.
fn mark(message: &mut Value, marker: &str) {
    match message.get_mut("content") {
        Some(Value::String(text)) => text.insert_str(0, marker),
        Some(Value::Array(parts)) => {
            let text = parts.first_mut().and_then(|part| part.get_mut("text"));
            if let Some(Value::String(text)) = text {
                text.insert_str(0, marker);
            } else {
                parts.insert(0, json!({"type": "text", "text": marker}));
            }
        }
        _ => message["content"] = json!(marker),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_stands_before_everything() {
        let cases = [
            (json!({"content": "hi"}), json!({"content": "M hi"})),
            (
                json!({"content": [{"type": "text", "text": "a"}]}),
                json!({"content": [{"type": "text", "text": "M a"}]}),
            ),
            (
                json!({"content": [{"type": "image_url"}]}),
                json!({"content": [{"type": "text", "text": "M "}, {"type": "image_url"}]}),
            ),
            (json!({"content": null}), json!({"content": "M "})),
        ];
        for (mut message, marked) in cases {
            mark(&mut message, "M ");
            assert_eq!(message, marked);
        }
    }

    #[test]
    fn v06_tools_are_made_fresh_too() {
        let marked = |tools: Value| {
            let body = json!({"messages": [{"content": "hi"}], "tools": tools});
            let Value::Object(mut body) = body else {
                unreachable!()
            };
            CacheBreaker::Marker("M ".to_owned())
                .apply(&mut body)
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
            .apply(&mut body)
            .unwrap();
        assert_eq!(
            Value::Object(body),
            json!({"messages": [{"content": "hi"}], "cache_salt": "x"})
        );
    }
}
