//! The places of a prompt up to which a cache is asked to keep it: `cache_control`.
//!
//! A prompt is rendered as tools, system, messages. One at the end of each part lets a change in a
//! later part leave the earlier ones in the cache; one at the end of the last message keeps all of it.

use crate::request::api::error::BodyError;
use serde_json::{Map, Value, json};

/// The field.
const FIELD: &str = "cache_control";
/// The most of them in one request.
const MOST: usize = 4;

/// The breakpoints of a body, in the order in which it is rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakpoints {
    /// Where each stands, and how long it is kept: `messages[2]`, `1h`.
    pub(crate) places: Vec<(String, String)>,
}

impl Breakpoints {
    /// Those of a body.
    pub(crate) fn of(body: &Map<String, Value>) -> Self {
        let mut places = Vec::new();
        let mut note = |control: Option<&Value>, place: String| {
            if let Some(control) = control.filter(|control| !control.is_null()) {
                let ttl = control.get("ttl").and_then(Value::as_str);
                places.push((place, ttl.unwrap_or("5m").to_owned()));
            }
        };
        for (at, tool) in list(body, "tools").enumerate() {
            note(tool.get(FIELD), format!("tools[{at}]"));
        }
        for (at, block) in list(body, "system").enumerate() {
            note(block.get(FIELD), format!("system[{at}]"));
        }
        for (at, message) in list(body, "messages").enumerate() {
            note(message.get(FIELD), format!("messages[{at}]"));
            let blocks = message.get("content").and_then(Value::as_array);
            for block in blocks.into_iter().flatten() {
                note(block.get(FIELD), format!("messages[{at}]"));
            }
        }
        // The automatic form: the end of the last message.
        note(body.get(FIELD), "automatic".to_owned());
        Self { places }
    }

    /// Holds them against the rules of the API.
    ///
    /// # Errors
    /// [`BodyError::Breakpoints`] for more than four, [`BodyError::BreakpointOrder`] where one of an
    /// hour stands behind one of five minutes.
    pub(super) fn check(&self) -> Result<(), BodyError> {
        if self.places.len() > MOST {
            return Err(BodyError::Breakpoints {
                count: self.places.len(),
            });
        }
        let ttls = self.places.iter().map(|(_, ttl)| ttl.as_str());
        let behind_short = ttls.skip_while(|ttl| *ttl == "1h");
        if behind_short.clone().any(|ttl| ttl == "1h") {
            return Err(BodyError::BreakpointOrder);
        }
        Ok(())
    }
}

fn list<'a>(body: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    body.get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Takes all of them out of a body.
pub(super) fn remove(body: &mut Map<String, Value>) {
    body.remove(FIELD);
    for key in ["tools", "system", "messages"] {
        for value in list_mut(body, key) {
            if let Value::Object(fields) = value {
                fields.remove(FIELD);
                let blocks = fields.get_mut("content").and_then(Value::as_array_mut);
                for block in blocks.into_iter().flatten() {
                    if let Value::Object(block) = block {
                        block.remove(FIELD);
                    }
                }
            }
        }
    }
}

fn list_mut<'a>(
    body: &'a mut Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a mut Value> {
    body.get_mut(key)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// Puts one at the end of the tools, of the system's words, and of the last message.
pub(super) fn place(body: &mut Map<String, Value>, ttl: &str) {
    let control = match ttl {
        // What the field means without it.
        "5m" => json!({"type": "ephemeral"}),
        ttl => json!({"type": "ephemeral", "ttl": ttl}),
    };
    if let Some(tool) = list_mut(body, "tools").last() {
        tool[FIELD] = control.clone();
    }
    if let Some(system) = body.get_mut("system") {
        at_end(system, &control);
    }
    if let Some(last) = list_mut(body, "messages").last()
        && let Some(content) = last.get_mut("content")
    {
        at_end(content, &control);
    }
}

/// At the end of a text or of a list of blocks; an empty one has no end that the API would take.
fn at_end(content: &mut Value, control: &Value) {
    match content {
        Value::String(text) if !text.is_empty() => {
            *content = json!([{"type": "text", "text": text, FIELD: control}]);
        }
        Value::Array(blocks) => {
            // Thinking cannot bear one.
            let bears = |block: &&mut Value| {
                let kind = block.get("type").and_then(Value::as_str).unwrap_or("");
                !kind.ends_with("thinking")
            };
            if let Some(block) = blocks.iter_mut().rev().find(bears) {
                block[FIELD] = control.clone();
            }
        }
        _ => {}
    }
}
