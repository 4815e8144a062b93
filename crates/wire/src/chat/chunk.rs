//! What a chunk of an answer, or a whole answer, holds.

use crate::{
    chat::delta::{Choice, Generated, is_finish},
    chat::field::FieldName,
    chat::field_purpose::{FieldPurpose, purpose_of},
    chat::hidden_text::{hidden_text, holds_hidden},
    chat::usage::{IfObject, RawMetrics, RawTimings, RawUsage},
    errors::vendor::{may_tell, says_nothing},
    errors::words::{error_of, plain},
};
use dualround_model::Usage;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};
use std::borrow::Cow;

/// The facts of one chunk of an answer: what a client needs to know of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChunkFacts<'a> {
    /// `choices` is there and not empty.
    pub has_choices: bool,
    /// Answer text, not empty.
    pub content: Option<Cow<'a, str>>,
    /// Reasoning text, not empty.
    pub reasoning: Option<Cow<'a, str>>,
    /// Reasoning of which nothing is shown (Anthropic's `redacted_thinking`).
    pub redacted: bool,
    /// A refusal with text.
    pub refusal: bool,
    /// A tool or function call with a name or arguments.
    pub tool_call: bool,
    /// An image, a sound or a file.
    pub media: bool,
    /// The field of text whose meaning is not known.
    pub unknown: Option<Box<str>>,
    /// Index of the (last) choice.
    pub choice: u32,
    /// Why the choice ended.
    pub finish_reason: Option<Cow<'a, str>>,
    /// Token counts, where the chunk carries them.
    pub usage: Option<Box<Usage>>,
    /// The answer's own id.
    pub id: Option<Cow<'a, str>>,
    /// There is nothing more of the answer behind it: `response.completed`.
    pub ends: bool,
}

impl ChunkFacts<'_> {
    /// The same, borrowing nothing.
    pub(crate) fn into_owned(self) -> ChunkFacts<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        ChunkFacts {
            has_choices: self.has_choices,
            content: own(self.content),
            reasoning: own(self.reasoning),
            redacted: self.redacted,
            refusal: self.refusal,
            tool_call: self.tool_call,
            media: self.media,
            unknown: self.unknown,
            choice: self.choice,
            finish_reason: own(self.finish_reason),
            usage: self.usage,
            id: own(self.id),
            ends: self.ends,
        }
    }

    /// The chunk shows a generated token: content, reasoning, a refusal, a tool call or media.
    #[inline]
    pub fn bears_token(&self) -> bool {
        self.reasoning.is_some() || self.redacted || self.answers()
    }

    /// The chunk holds a part of the answer, as opposed to reasoning.
    #[inline]
    pub fn answers(&self) -> bool {
        self.content.is_some() || self.refusal || self.tool_call || self.media
    }
}

/// A chunk or a whole answer as it was read, not yet judged. Of a key that is repeated the last value counts, as JSON
/// readers have it.
#[derive(Default)]
pub(crate) struct Chunk<'a> {
    id: Option<&'a RawValue>,
    pub(crate) choices: Option<Vec<Choice<'a>>>,
    usage: Option<RawUsage>,
    timings: Option<RawTimings>,
    metrics: Option<RawMetrics>,
    // Looked into only when one of them speaks of an error.
    error: Option<&'a RawValue>,
    object: Option<&'a RawValue>,
    /// `type`.
    kind: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    /// Groq: usage in a field of its own.
    x_groq: Option<&'a RawValue>,
    /// Text beside the choices.
    beside: Generated<'a>,
    /// A key of what may be an error of another form.
    pub(crate) odd: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Chunk<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChunkVisitor;
        impl<'de> Visitor<'de> for ChunkVisitor {
            type Value = Chunk<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a chunk")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut chunk = Chunk::default();
                while let Some(FieldName(key)) = map.next_key()? {
                    match key.as_ref() {
                        "id" => chunk.id = map.next_value()?,
                        "choices" => chunk.choices = map.next_value()?,
                        "usage" => chunk.usage = map.next_value::<IfObject<_>>()?.0,
                        "timings" => chunk.timings = map.next_value::<IfObject<_>>()?.0,
                        "metrics" => chunk.metrics = map.next_value::<IfObject<_>>()?.0,
                        "error" => chunk.error = map.next_value()?,
                        "object" => chunk.object = map.next_value()?,
                        "type" => {
                            chunk.odd = true;
                            chunk.kind = map.next_value()?;
                        }
                        "message" => {
                            chunk.odd = true;
                            chunk.message = map.next_value()?;
                        }
                        "x_groq" => {
                            chunk.odd = true;
                            chunk.x_groq = map.next_value()?;
                        }
                        _ if is_finish(&key) || holds_text(&key) => {
                            chunk.beside.read(key, &mut map)?;
                        }
                        _ if may_tell(&key) => {
                            chunk.odd = true;
                            let value: Value = map.next_value()?;
                            if holds_hidden(&key, &value) {
                                chunk.beside.unknown = Some(key);
                            }
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(chunk)
            }
        }
        deserializer.deserialize_map(ChunkVisitor)
    }
}

/// Keys beside the choices under which other APIs send text; everything else there is about the
/// answer.
fn holds_text(key: &str) -> bool {
    matches!(key, "delta" | "response" | "output" | "token" | "answer")
        || !matches!(
            purpose_of(key),
            FieldPurpose::About | FieldPurpose::Unknown | FieldPurpose::Media | FieldPurpose::Error
        )
}

impl<'a> Chunk<'a> {
    /// The error that it reports under this name: its message, and its code.
    pub(crate) fn error(&self, data: &[u8]) -> Option<(String, Option<String>)> {
        let mut choices = self.choices.iter().flatten();
        let inside = choices.find_map(|choice| choice.found.error.clone());
        self.named_error(data)
            .or(inside.map(|message| (message, None)))
    }

    /// The error in a field of its own, or in the message of what calls itself one.
    fn named_error(&self, data: &[u8]) -> Option<(String, Option<String>)> {
        let marked = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get() == "\"error\"");
        let raw = match self.error {
            Some(error) => error,
            None if marked(self.object) || marked(self.kind) => self.message?,
            None => return None,
        };
        let Ok(value) = serde_json::from_str::<Value>(raw.get()) else {
            return Some((raw.get().to_owned(), None));
        };
        if says_nothing(&value) {
            return None;
        }
        let code = value.get("code").filter(|code| !code.is_null());
        // A flag, a number or a name says that something failed, and what stands beside it says what.
        let event: Value = serde_json::from_slice(data).unwrap_or_default();
        let below = if value.is_object() || value.is_array() {
            error_of(&value)
        } else {
            None
        };
        let message = below.or_else(|| error_of(&event));
        let message = message.unwrap_or_else(|| value.to_string());
        let code = code.map(plain).filter(|code| *code != message);
        Some((message, code))
    }

    /// It is of no kind that is known.
    pub(crate) fn is_foreign(&self) -> bool {
        let none = self.choices.is_none() && self.usage.is_none() && self.timings.is_none();
        none && self.beside.finish.is_none()
    }

    /// The place of its text in the whole event, where it is of a kind that is not known.
    pub(crate) fn foreign_text(&self, event: &Value) -> Option<String> {
        let told = self.message.and_then(|raw| {
            let found: Generated<'_> = serde_json::from_str(raw.get()).ok()?;
            found.shows().then(|| "message".to_owned())
        });
        let beside = self.beside.shows() || self.beside.unknown.is_some();
        let kind = self.kind.and_then(plain_text).map(Cow::into_owned);
        let unnamed = || "an event without choices".to_owned();
        let told = told.or_else(|| beside.then(|| kind.unwrap_or_else(unnamed)));
        told.or_else(|| hidden_text(event).map(str::to_owned))
    }

    /// What it holds, with what stands beside the choices and in all of them.
    pub(crate) fn facts(self) -> ChunkFacts<'a> {
        let mut facts = ChunkFacts {
            id: self.id.and_then(plain_text),
            ..ChunkFacts::default()
        };
        let timings = self.timings.map(|timings| timings.usage());
        let metrics = self.metrics.map(|metrics| metrics.usage());
        let usage = self.usage.map(|usage| usage.usage());
        let groq = self.x_groq.and_then(|raw| {
            let mut fields: Map<String, Value> = serde_json::from_str(raw.get()).ok()?;
            serde_json::from_value::<RawUsage>(fields.remove("usage")?).ok()
        });
        let of_choices = self
            .choices
            .iter()
            .flatten()
            .filter_map(|choice| choice.usage);
        let others = groq
            .into_iter()
            .chain(of_choices)
            .map(|usage| usage.usage());
        // From the least telling on.
        let told = timings
            .into_iter()
            .chain(metrics)
            .chain(others)
            .chain(usage);
        let usage = told.reduce(|mut sum, usage| {
            sum.merge(usage);
            sum
        });
        facts.usage = usage.filter(|usage| !usage.is_empty()).map(Box::new);
        let mut found = Generated::default();
        for choice in self.choices.into_iter().flatten() {
            facts.has_choices = true;
            facts.choice = choice.index;
            facts.finish_reason = choice.finish_reason.or(facts.finish_reason.take());
            found.join(choice.found);
        }
        let beside = self.beside;
        facts.finish_reason = facts.finish_reason.or(beside.finish.clone());
        facts.refusal = found.refusal;
        facts.tool_call = found.tool_call;
        facts.media = found.media;
        // What stands beside the choices may be settings that are sent back.
        let other = beside.shows() || beside.unknown.is_some();
        let place = found.unknown.map(Cow::into_owned);
        let place = place.or_else(|| other.then(|| "beside choices".to_owned()));
        facts.unknown = place.map(String::into_boxed_str);
        facts.content = found.content;
        facts.reasoning = found.reasoning;
        facts
    }
}

/// A JSON string without escapes, as it stands; ids of another kind say nothing.
fn plain_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    (!text.is_empty() && !text.contains('\\')).then_some(Cow::Borrowed(text))
}
