//! Where generated text stands in a choice of a chunk or of a whole answer.
//!
//! Vendors stream thinking and answers in fields of their own. A field is an answer, reasoning, a
//! call, something about the answer (roles, ids, log probabilities), or it is not known; text in one
//! that is not known is told by the field's name.

use crate::{
    chat::field::{FieldContent, FieldName},
    chat::field_purpose::{FieldPurpose, holds_digits, is_about, proves, purpose_of, reasons},
    chat::usage::{IfObject, RawUsage, TokenCount},
    errors::names::{is_broken, is_state},
    errors::vendor::{field_fails, says_nothing},
    errors::words::{error_of, plain},
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt};

/// The name of the word that an answer ends with.
pub(crate) fn is_finish(key: &str) -> bool {
    matches!(key, "finish_reason" | "finishReason")
}

/// A choice of a chunk or of a whole answer.
#[derive(Debug, Default)]
pub(crate) struct Choice<'a> {
    pub(crate) index: u32,
    pub(crate) finish_reason: Option<Cow<'a, str>>,
    /// Moonshot: usage in the choice.
    pub(crate) usage: Option<RawUsage>,
    /// What its delta or its message bears, and the choice itself.
    pub(crate) found: Generated<'a>,
}

/// Generated text, sorted by what the places are for in which it stood.
#[derive(Debug, Default)]
pub(crate) struct Generated<'a> {
    /// Text of the answer, not empty.
    pub(crate) content: Option<Cow<'a, str>>,
    /// Text of reasoning, not empty.
    pub(crate) reasoning: Option<Cow<'a, str>>,
    /// A refusal with text.
    pub(crate) refusal: bool,
    /// A call with a name or arguments.
    pub(crate) tool_call: bool,
    /// An image, a sound or a file.
    pub(crate) media: bool,
    /// The field of text whose meaning is not known.
    pub(crate) unknown: Option<Cow<'a, str>>,
    /// The words of an error in the place of an answer (OpenRouter, gateways).
    pub(crate) error: Option<String>,
    /// Why it ended, where that does not stand in the choice.
    pub(crate) finish: Option<Cow<'a, str>>,
}

/// Words in the types of parts that are no text.
const MEDIA: [&str; 4] = ["image", "audio", "video", "file"];

impl<'a> Generated<'a> {
    /// Takes the next value of a map, under this key.
    pub(crate) fn read<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if is_finish(&key) {
            self.finish = word(map.next_value()?);
            return Ok(());
        }
        let purpose = purpose_of(&key);
        // A reason to stop may be the word that the user had it stop at.
        if purpose == FieldPurpose::About && is_state(&key) && !key.ends_with("reason") {
            let value: Value = map.next_value()?;
            if field_fails(&key, &value) {
                self.error = Some(plain(&value));
            }
        } else if purpose == FieldPurpose::About {
            map.next_value::<IgnoredAny>()?;
        } else {
            let field = map.next_value()?;
            self.add(&purpose, key, field);
        }
        Ok(())
    }

    fn add(&mut self, purpose: &FieldPurpose, key: Cow<'a, str>, field: FieldContent<'a>) {
        match purpose {
            FieldPurpose::About => {}
            FieldPurpose::Answer => match field {
                FieldContent::Parts(value) => self.add_parts(&value),
                plain => join(&mut self.content, plain.plain()),
            },
            // Gateways send the same reasoning in two fields.
            FieldPurpose::Reasoning if self.reasoning.is_some() => {}
            // Settings that are sent back: `{"effort":"low","summary":"auto"}`.
            FieldPurpose::Reasoning if is_setting(&field) => {}
            // A time or a count.
            FieldPurpose::Reasoning
                if matches!(field, FieldContent::Number(_)) && !holds_digits(&key) => {}
            FieldPurpose::Reasoning => self.reasoning = field.all_text(),
            FieldPurpose::Refusal => self.refusal |= field.all_text().is_some(),
            FieldPurpose::Calls => {
                if let FieldContent::Parts(value) = field {
                    self.tool_call |= is_call(&value);
                }
            }
            FieldPurpose::Media => self.add_media(field),
            FieldPurpose::Error => self.add_error(field),
            // Azure: where an answer on one's own data comes from.
            FieldPurpose::Unknown
                if key == "context" && matches!(field, FieldContent::Parts(_)) => {}
            FieldPurpose::Unknown => self.add_unknown(key, field),
        }
    }

    /// A list of parts, or one.
    fn add_parts(&mut self, value: &Value) {
        match value {
            Value::Array(parts) => parts.iter().for_each(|part| self.add_parts(part)),
            Value::String(text) => self.answer(text),
            Value::Object(part) => self.add_part(part),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// One part, which is what its type says, else what its keys say.
    fn add_part(&mut self, part: &Map<String, Value>) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("");
        if is_broken(kind) && !kind.contains("tool") {
            self.error = error_of(&Value::Object(part.clone())).or(self.error.take());
        } else if reasons(kind) {
            let text = reasoning_of(part);
            join(&mut self.reasoning, text.map(Cow::Owned));
        } else if MEDIA.iter().any(|word| kind.contains(word)) {
            self.media = true;
        } else if kind.contains("tool") || kind.contains("function") {
            self.tool_call |= part.iter().any(|(key, value)| is_call_field(key, value));
        } else {
            for (key, value) in part {
                match key.as_str() {
                    "parts" => self.add_parts(value),
                    key => self.add(
                        &purpose_of(key),
                        Cow::Owned(key.to_owned()),
                        FieldContent::of(value),
                    ),
                }
            }
        }
    }

    /// An error in the place of an answer; one that says nothing is none.
    fn add_error(&mut self, field: FieldContent<'a>) {
        let value = match field {
            FieldContent::Nothing => return,
            FieldContent::Parts(value) => value,
            FieldContent::Text(text) => Value::String(text.into_owned()),
            FieldContent::Number(digits) => Value::String(digits),
        };
        if !says_nothing(&value) {
            let words = error_of(&value);
            self.error = Some(words.unwrap_or_else(|| value.to_string()));
        }
    }

    /// A sound comes with what it says; anything else is data.
    fn add_media(&mut self, field: FieldContent<'a>) {
        let FieldContent::Parts(value) = field else {
            self.media |= matches!(field, FieldContent::Text(_));
            return;
        };
        let transcript = value.get("transcript").and_then(Value::as_str);
        self.answer(transcript.unwrap_or(""));
        let has_data = |part: &Value| {
            let data = ["data", "image_url", "url", "b64_json"].map(|key| part.get(key));
            let mut data = data.into_iter().flatten();
            data.any(|value| value.as_str() != Some("") && !value.is_null())
        };
        self.media |= match &value {
            Value::Array(parts) => parts.iter().any(has_data),
            part => has_data(part),
        };
    }

    /// Reasoning may stand deeper, in what a gateway passes on; so may what is about the answer.
    fn add_unknown(&mut self, key: Cow<'a, str>, field: FieldContent<'a>) {
        match field {
            FieldContent::Nothing | FieldContent::Number(_) => {}
            FieldContent::Text(_) => {
                self.unknown.get_or_insert(key);
            }
            FieldContent::Parts(Value::Object(inner)) => {
                for (below, value) in &inner {
                    match purpose_of(below) {
                        FieldPurpose::About => {}
                        FieldPurpose::Reasoning => {
                            self.add(
                                &FieldPurpose::Reasoning,
                                key.clone(),
                                FieldContent::of(value),
                            );
                        }
                        _ => self.add_unknown(key.clone(), FieldContent::of(value)),
                    }
                }
            }
            FieldContent::Parts(Value::Array(items)) => {
                for item in &items {
                    self.add_unknown(key.clone(), FieldContent::of(item));
                }
            }
            FieldContent::Parts(_) => {}
        }
    }

    /// Text of the answer.
    fn answer(&mut self, text: &str) {
        let text = (!text.is_empty()).then(|| Cow::Owned(text.to_owned()));
        join(&mut self.content, text);
    }

    /// It shows a token.
    pub(crate) fn shows(&self) -> bool {
        self.content.is_some()
            || self.reasoning.is_some()
            || self.refusal
            || self.tool_call
            || self.media
    }

    /// Adds what stands elsewhere.
    pub(crate) fn join(&mut self, other: Self) {
        join(&mut self.content, other.content);
        join(&mut self.reasoning, other.reasoning);
        self.refusal |= other.refusal;
        self.tool_call |= other.tool_call;
        self.media |= other.media;
        self.unknown = self.unknown.take().or(other.unknown);
        self.error = self.error.take().or(other.error);
        self.finish = self.finish.take().or(other.finish);
    }
}

/// Keys of the object that sets reasoning in a request.
const SETTINGS: [&str; 6] = [
    "effort",
    "summary",
    "generate_summary",
    "max_tokens",
    "enabled",
    "exclude",
];

/// Settings of reasoning that are sent back, in the place of its text.
fn is_setting(field: &FieldContent<'_>) -> bool {
    match field {
        FieldContent::Parts(Value::Object(fields)) => {
            fields.contains_key("effort")
                && fields.keys().all(|key| SETTINGS.contains(&key.as_str()))
        }
        _ => false,
    }
}

/// The text of a part of reasoning, without what proves it.
fn reasoning_of(part: &Map<String, Value>) -> Option<String> {
    let told = part
        .iter()
        .filter(|(key, _)| !is_about(key) && !proves(key));
    let texts = told.filter_map(|(_, value)| FieldContent::of(value).all_text());
    let text: String = texts.collect();
    (!text.is_empty()).then_some(text)
}

/// A call that names a function or holds arguments, of whatever kind: `function`, `custom`, or the
/// fields themselves.
fn is_call(value: &Value) -> bool {
    match value {
        Value::Array(calls) => calls.iter().any(is_call),
        Value::Object(call) => call.iter().any(|(key, value)| is_call_field(key, value)),
        _ => false,
    }
}

/// A field of a call that names a function or holds arguments.
fn is_call_field(key: &str, value: &Value) -> bool {
    match (key, value) {
        (_, Value::Null) => false,
        ("name" | "arguments" | "input" | "code", Value::String(text)) => !text.is_empty(),
        ("arguments" | "input", _) => true,
        (key, Value::Object(_)) => !is_about(key) && is_call(value),
        _ => false,
    }
}

/// Appends, borrowing as long as there is only one piece.
pub(crate) fn join<'a>(to: &mut Option<Cow<'a, str>>, piece: Option<Cow<'a, str>>) {
    match (to.as_mut(), piece) {
        (Some(text), Some(piece)) => text.to_mut().push_str(&piece),
        (None, Some(piece)) => *to = Some(piece),
        (_, None) => {}
    }
}

/// A reason to end, which some servers send as an object with a type.
fn word(field: FieldContent<'_>) -> Option<Cow<'_, str>> {
    let FieldContent::Parts(value) = field else {
        return field.plain();
    };
    let word = ["type", "reason"]
        .iter()
        .find_map(|key| value.get(*key)?.as_str());
    Some(Cow::Owned(
        word.map_or_else(|| value.to_string(), str::to_owned),
    ))
}

impl<'de: 'a, 'a> Deserialize<'de> for Choice<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoiceVisitor;
        impl<'de> Visitor<'de> for ChoiceVisitor {
            type Value = Choice<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a choice")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Choice::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut choice = Choice::default();
                // A whole answer has a message instead of a delta; some streams have both, and the
                // message then repeats what has come so far.
                let mut message: Option<Generated<'_>> = None;
                let mut delta: Option<Generated<'_>> = None;
                while let Some(FieldName(key)) = map.next_key()? {
                    match key.as_ref() {
                        "index" => choice.index = map.next_value::<TokenCount>()?.small(),
                        key if is_finish(key) => {
                            choice.finish_reason = word(map.next_value()?);
                        }
                        "usage" => choice.usage = map.next_value::<IfObject<_>>()?.0,
                        "delta" => delta = map.next_value()?,
                        "message" => message = map.next_value()?,
                        _ => choice.found.read(key, &mut map)?,
                    }
                }
                let own = choice.finish_reason.take();
                let repeated = delta.is_some() && message.as_ref().is_some_and(Generated::shows);
                if let Some(found) = delta.or(message) {
                    choice.found.join(found);
                }
                choice.finish_reason = own.or(choice.found.finish.take());
                if repeated && !choice.found.shows() {
                    let place = Cow::Borrowed("message");
                    choice.found.unknown.get_or_insert(place);
                }
                Ok(choice)
            }
        }
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Generated<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DeltaVisitor;
        impl<'de> Visitor<'de> for DeltaVisitor {
            type Value = Generated<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Generated {
                    content: (!text.is_empty()).then_some(Cow::Borrowed(text)),
                    ..Generated::default()
                })
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                let mut found = Generated::default();
                found.answer(text);
                Ok(found)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Generated::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut found = Generated::default();
                while let Some(item) = items.next_element::<Value>()? {
                    found.add_parts(&item);
                }
                Ok(found)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Generated::default();
                while let Some(FieldName(key)) = map.next_key()? {
                    found.read(key, &mut map)?;
                }
                Ok(found)
            }
        }
        deserializer.deserialize_any(DeltaVisitor)
    }
}
