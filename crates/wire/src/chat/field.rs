//! The value of one JSON field that may hold generated text, in whatever form a server writes it.

use crate::chat::field_purpose::{is_about, proves};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value},
};
use serde_json::Value;
use std::{borrow::Cow, fmt};

/// The content of a field that may hold generated text.
#[derive(Debug, Default)]
pub(crate) enum FieldContent<'a> {
    /// Nothing: null, a flag in the place of a text (`"refusal":false`), an empty text.
    #[default]
    Nothing,
    /// A text, not empty.
    Text(Cow<'a, str>),
    /// A number, as it is written: services that guess types send an answer's digits so.
    Number(String),
    /// A list or an object of parts.
    Parts(Value),
}

impl<'a> FieldContent<'a> {
    /// Of a value that was read as a whole.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) => Self::Nothing,
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) if text.is_empty() => Self::Nothing,
            Value::String(text) => Self::Text(Cow::Owned(text.clone())),
            parts => Self::Parts(parts.clone()),
        }
    }

    /// A text or a number.
    pub(crate) fn plain(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(digits) => Some(Cow::Owned(digits)),
            Self::Nothing | Self::Parts(_) => None,
        }
    }

    /// All text in it, however deep.
    pub(crate) fn all_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Parts(value) => {
                let mut text = String::new();
                add_text(&value, &mut text);
                (!text.is_empty()).then_some(Cow::Owned(text))
            }
            plain => plain.plain(),
        }
    }
}

fn add_text(value: &Value, to: &mut String) {
    match value {
        Value::String(text) => to.push_str(text),
        Value::Array(items) => items.iter().for_each(|item| add_text(item, to)),
        Value::Object(fields) => {
            let told = fields
                .iter()
                .filter(|(key, _)| !is_about(key) && !proves(key));
            told.for_each(|(_, value)| add_text(value, to));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for FieldContent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor;
        impl<'de> Visitor<'de> for FieldVisitor {
            type Value = FieldContent<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, parts or null")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(some(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(some(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(FieldContent::Nothing)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(FieldContent::Nothing)
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(FieldContent::Number(number.to_string()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(FieldContent::Number(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(FieldContent::Number(number.to_string()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let fields = value::MapAccessDeserializer::new(map);
                Value::deserialize(fields).map(FieldContent::Parts)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                let items = value::SeqAccessDeserializer::new(items);
                Value::deserialize(items).map(FieldContent::Parts)
            }
        }
        fn some(text: Cow<'_, str>) -> FieldContent<'_> {
            if text.is_empty() {
                FieldContent::Nothing
            } else {
                FieldContent::Text(text)
            }
        }
        deserializer.deserialize_any(FieldVisitor)
    }
}

/// The name of a field, borrowed where it has no escapes.
pub(crate) struct FieldName<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for FieldName<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = FieldName<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(FieldName(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(FieldName(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}
