//! What one event of a chat or completion stream means, and what a whole JSON answer holds.

use crate::{
    error_body::error_of,
    usage::{RawTimings, RawUsage},
};
use dualround_model::Usage;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// Characters of what was not understood that stand in its reason.
const QUOTED: usize = 200;

/// The meaning of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent<'a> {
    /// `[DONE]`.
    Done,
    /// A chunk of an answer.
    Chunk(ChunkFacts<'a>),
    /// The server reports an error inside the stream.
    Error {
        /// Its message, not empty.
        message: String,
        /// Its code, if there is one.
        code: Option<String>,
    },
    /// Keep-alives, nulls, events of unknown kinds.
    Ignored,
    /// Not what a chunk looks like.
    Bad {
        /// Why.
        reason: String,
        /// The bytes are no UTF-8.
        utf8: bool,
    },
}

/// What a chunk holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChunkFacts<'a> {
    /// `choices` is there and not empty.
    pub has_choices: bool,
    /// Answer text, not empty.
    pub content: Option<Cow<'a, str>>,
    /// Reasoning text, not empty.
    pub reasoning: Option<Cow<'a, str>>,
    /// A refusal with text.
    pub refusal: bool,
    /// A tool or function call with a name or arguments.
    pub tool_call: bool,
    /// Index of the (last) choice.
    pub choice: u32,
    /// Why the choice ended.
    pub finish_reason: Option<Cow<'a, str>>,
    /// Token counts, where the chunk carries them.
    pub usage: Option<Usage>,
    /// The answer's own id.
    pub id: Option<Cow<'a, str>>,
}

impl ChunkFacts<'_> {
    /// The chunk shows a generated token: content, reasoning, a refusal or a tool call.
    pub fn bears_token(&self) -> bool {
        self.reasoning.is_some() || self.answers()
    }

    /// The chunk holds a part of the answer, as opposed to reasoning.
    pub fn answers(&self) -> bool {
        self.content.is_some() || self.refusal || self.tool_call
    }
}

/// Text that may be a string, null, or (rarely) a list of parts.
#[derive(Default)]
struct Text<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text, a number, parts or null")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text((!text.is_empty()).then_some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(
                    (!text.is_empty()).then(|| Cow::Owned(text.to_owned())),
                ))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text(None))
            }
            // Services that guess types send an answer's digits as numbers.
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }
            // A flag in the place of a text (`"refusal":false`) is none.
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Text(None))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut fields: A,
            ) -> Result<Self::Value, A::Error> {
                let mut text = String::new();
                while let Some((name, value)) = fields.next_entry::<Cow<'de, str>, Value>()? {
                    if name == "text" || name == "content" {
                        text.push_str(value.as_str().unwrap_or(""));
                    }
                }
                Ok(Text((!text.is_empty()).then_some(Cow::Owned(text))))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut parts: A,
            ) -> Result<Self::Value, A::Error> {
                let mut text = String::new();
                while let Some(part) = parts.next_element::<Value>()? {
                    let piece = part.get("text").or(Some(&part)).and_then(Value::as_str);
                    text.push_str(piece.unwrap_or(""));
                }
                Ok(Text((!text.is_empty()).then_some(Cow::Owned(text))))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    reasoning_content: Text<'a>,
    #[serde(borrow)]
    reasoning: Text<'a>,
    #[serde(borrow)]
    refusal: Text<'a>,
    tool_calls: Option<Vec<ToolCall>>,
    function_call: Option<Function>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

impl Function {
    fn bears(&self) -> bool {
        let named = self.name.as_ref().is_some_and(|name| !name.is_empty());
        named
            || match &self.arguments {
                None | Some(Value::Null) => false,
                Some(Value::String(text)) => !text.is_empty(),
                Some(_) => true,
            }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    index: Option<u32>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    // A whole answer has a message instead.
    #[serde(borrow)]
    message: Option<Delta<'a>>,
    // The completions API has text.
    #[serde(borrow)]
    text: Text<'a>,
    #[serde(borrow)]
    finish_reason: Text<'a>,
}

impl<'a> Choice<'a> {
    fn add_to(self, facts: &mut ChunkFacts<'a>) {
        facts.choice = self.index.unwrap_or(0);
        facts.finish_reason = self.finish_reason.0.or(facts.finish_reason.take());
        let delta = self.delta.or(self.message).unwrap_or_default();
        join(&mut facts.content, delta.content.0);
        join(&mut facts.content, self.text.0);
        join(
            &mut facts.reasoning,
            delta.reasoning_content.0.or(delta.reasoning.0),
        );
        facts.refusal |= delta.refusal.0.is_some();
        let mut calls = delta
            .tool_calls
            .iter()
            .flatten()
            .filter_map(|call| call.function.as_ref());
        facts.tool_call |= calls.any(Function::bears);
        facts.tool_call |= delta.function_call.is_some_and(|call| call.bears());
    }
}

/// Appends, borrowing as long as there is only one piece.
fn join<'a>(to: &mut Option<Cow<'a, str>>, piece: Option<Cow<'a, str>>) {
    match (to.as_mut(), piece) {
        (Some(text), Some(piece)) => text.to_mut().push_str(&piece),
        (None, Some(piece)) => *to = Some(piece),
        (_, None) => {}
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<RawUsage>,
    timings: Option<RawTimings>,
    // Looked into only when one of them speaks of an error.
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

impl<'a> Chunk<'a> {
    fn error(&self) -> Option<(String, Option<String>)> {
        let marked = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get() == "\"error\"");
        let raw = match self.error {
            Some(error) => error,
            None if marked(self.object) || marked(self.kind) => self.message?,
            None => return None,
        };
        let value: Value = serde_json::from_str(raw.get()).ok()?;
        if says_nothing(&value) {
            return None;
        }
        let code = value.get("code").filter(|code| !code.is_null());
        let code = code.map(|c| c.as_str().map_or_else(|| c.to_string(), str::to_owned));
        let message = error_of(&value).filter(|text| !text.is_empty());
        Some((message.unwrap_or_else(|| value.to_string()), code))
    }

    fn facts(self) -> ChunkFacts<'a> {
        let mut facts = ChunkFacts {
            id: self.id.and_then(plain_text),
            ..ChunkFacts::default()
        };
        let timings = self.timings.map(|timings| timings.usage());
        let usage = self.usage.map(|usage| usage.usage());
        facts.usage = match (timings, usage) {
            (Some(mut low), Some(usage)) => {
                low.merge(usage);
                Some(low)
            }
            (low, usage) => usage.or(low),
        };
        facts.usage = facts.usage.filter(|usage| !usage.is_empty());
        for choice in self.choices.into_iter().flatten() {
            facts.has_choices = true;
            choice.add_to(&mut facts);
        }
        facts
    }
}

/// An error that is none: servers that always fill the field in send it empty with every chunk.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
        Value::Bool(true) => false,
    }
}

/// A JSON string without escapes, as it stands; ids of another kind say nothing.
fn plain_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    (!text.is_empty() && !text.contains('\\')).then_some(Cow::Borrowed(text))
}

/// Says what an event of this name with this data means.
pub fn parse_event<'a>(event_name: &str, data: &'a [u8]) -> ChatEvent<'a> {
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        return ChatEvent::Done;
    }
    if event_name == "error" {
        let message = crate::error_text(data);
        let message = if message.is_empty() {
            "error event".to_owned()
        } else {
            message
        };
        return ChatEvent::Error {
            message,
            code: None,
        };
    }
    if data.is_empty() || data == b"null" || data == b"{}" {
        return ChatEvent::Ignored;
    }
    let chunk: Chunk<'a> = match serde_json::from_slice(data) {
        Ok(chunk) => chunk,
        Err(error) => return bad_or_ignored(data, &error),
    };
    if let Some((message, code)) = chunk.error() {
        return ChatEvent::Error { message, code };
    }
    if chunk.choices.is_none() && chunk.usage.is_none() && chunk.timings.is_none() {
        return ChatEvent::Ignored;
    }
    ChatEvent::Chunk(chunk.facts())
}

fn bad_or_ignored<'a>(data: &[u8], error: &serde_json::Error) -> ChatEvent<'a> {
    if let Err(error) = std::str::from_utf8(data) {
        return ChatEvent::Bad {
            reason: format!("an event is not UTF-8: {error}"),
            utf8: true,
        };
    }
    let other = serde_json::from_slice::<Value>(data).is_ok_and(|value| !value.is_object());
    if other {
        return ChatEvent::Ignored;
    }
    ChatEvent::Bad {
        reason: format!("an event is not a chat chunk: {error}: {}", quoted(data)),
        utf8: false,
    }
}

/// How a text begins that was not understood: what the server said is in it.
fn quoted(data: &[u8]) -> String {
    let text = crate::error_body::shorten(&String::from_utf8_lossy(&data[..data.len().min(1024)]));
    let mut begin: String = text.chars().take(QUOTED).collect();
    if begin.len() < text.len() {
        begin.push('…');
    }
    if begin.is_empty() {
        "it is empty".to_owned()
    } else {
        format!("it begins with `{begin}`")
    }
}

/// An error object in a list, as Google's services send it.
fn listed_error(body: &[u8]) -> Option<String> {
    let items: Vec<Value> = serde_json::from_slice(body).ok()?;
    let error = items
        .iter()
        .find(|item| item.get("error").is_some_and(|e| !says_nothing(e)))?;
    error_of(error).filter(|text| !text.is_empty())
}

/// What a whole JSON answer holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BodyFacts {
    /// Answer text.
    pub text: String,
    /// Reasoning text.
    pub reasoning: String,
    /// A tool call is in it.
    pub tool_call: bool,
    /// Why it ended.
    pub finish_reason: Option<String>,
    /// Token counts.
    pub usage: Option<Usage>,
    /// An error object instead of an answer.
    pub error: Option<String>,
    /// The answer's own id.
    pub id: Option<String>,
}

/// Reads a whole JSON answer.
///
/// # Errors
/// A reason, when the body is no JSON object of the expected shape.
pub fn parse_body(body: &[u8]) -> Result<BodyFacts, String> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        let Some(message) = listed_error(body) else {
            let sent = quoted(body);
            return Err(format!(
                "the body is not a chat answer: it is a list: {sent}"
            ));
        };
        return Ok(BodyFacts {
            error: Some(message),
            ..BodyFacts::default()
        });
    }
    let chunk: Chunk<'_> = serde_json::from_slice(body).map_err(|error| {
        let sent = quoted(body);
        format!("the body is not a chat answer: {error}: {sent}")
    })?;
    if let Some((message, _)) = chunk.error() {
        return Ok(BodyFacts {
            error: Some(message),
            ..BodyFacts::default()
        });
    }
    let facts = chunk.facts();
    Ok(BodyFacts {
        text: facts.content.map(Cow::into_owned).unwrap_or_default(),
        reasoning: facts.reasoning.map(Cow::into_owned).unwrap_or_default(),
        tool_call: facts.tool_call || facts.refusal,
        finish_reason: facts.finish_reason.map(Cow::into_owned),
        usage: facts.usage,
        error: None,
        id: facts.id.map(Cow::into_owned),
    })
}
