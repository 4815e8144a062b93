//! What makes the prompts of an epoch like none sent before.

use serde_json::{Map, Value, json};

/// Fresh once an epoch, the same for all of its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// Words before everything else in the first message.
    Marker(String),
    /// The engine's own field that separates caches.
    Salt {
        /// Its name.
        field: String,
        /// Its value.
        value: String,
    },
}

impl Fresh {
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
            }
        }
        Ok(())
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
    fn a_salt_leaves_the_text_alone() {
        let mut body = Map::from_iter([("messages".to_owned(), json!([{"content": "hi"}]))]);
        let (field, value) = ("cache_salt".to_owned(), "x".to_owned());
        Fresh::Salt { field, value }.apply(&mut body).unwrap();
        assert_eq!(
            Value::Object(body),
            json!({"messages": [{"content": "hi"}], "cache_salt": "x"})
        );
    }
}
