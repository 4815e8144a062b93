//! A prompt to a sample: messages checked, those of the answer left out, the row's fields beside them.

use crate::{
    fields::{self, RowFields},
    messages::{MessageError, check_messages, is_system},
    quote::short,
    row_error::RowError,
};
use dualround_model::Sample;
use serde_json::{Map, Value, json};

/// A row that was understood.
#[derive(Debug)]
pub(crate) struct Understood {
    pub(crate) sample: Sample,
    /// The name of its shape.
    pub(crate) shape: &'static str,
    /// Keys that go nowhere.
    pub(crate) unsent: Vec<String>,
}

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Shaped {
    /// A prompt.
    Sample(Box<Understood>),
    /// No usable prompt in a row of a known shape; the reason.
    Skip(&'static str),
    /// Not understood; why.
    Unknown(RowError),
}

/// How a prompt was found in its row.
pub(crate) struct PromptOrigin<'a> {
    /// The name of the row's shape.
    shape: &'static str,
    /// The keys that made the prompt.
    keys: &'a [&'a str],
}

impl<'a> PromptOrigin<'a> {
    pub(crate) fn of(shape: &'static str, keys: &'a [&'a str]) -> Self {
        Self { shape, keys }
    }
}

/// A list of turns in the place of a prompt: messages, or a conversation.
pub(crate) fn list_of_turns(
    turns: &[Value],
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    if turns.iter().all(|turn| turn.get("role").is_some()) {
        messages_row(turns, row, number, origin)
    } else {
        conversation(turns, row, number, origin)
    }
}

/// Keys of a system text.
const SYSTEMS: [&str; 3] = ["system", "system_prompt", "prefix"];

/// The text of the row's own system message, not empty.
pub(crate) fn system(object: &Map<String, Value>) -> Option<&str> {
    let text = SYSTEMS.iter().find_map(|key| object.get(*key)?.as_str());
    text.filter(|text| !text.is_empty())
}

/// A text, with a system text before it, as messages.
pub(crate) fn prompt(
    text: &str,
    system: Option<&str>,
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    if text.trim().is_empty() {
        return Shaped::Skip("empty prompt");
    }
    let mut messages = Vec::with_capacity(2);
    if let Some(system) = system {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": text}));
    sample(messages, row, number, origin)
}

/// A row that holds messages: what is asked ends before the answer that the data set has to it.
pub(crate) fn messages_row(
    messages: &[Value],
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    if messages.is_empty() {
        return Shaped::Skip("no messages");
    }
    if let Err(error) = check_messages(messages) {
        return Shaped::Unknown(error.into());
    }
    let from_end = messages.iter().rev();
    let answers = from_end.take_while(|message| is_answer(message)).count();
    asked(
        messages[..messages.len() - answers].to_vec(),
        row,
        number,
        origin,
    )
}

/// Messages that ask something, with what the row asks for beside them.
pub(crate) fn asked(
    messages: Vec<Value>,
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    if messages.iter().all(is_blank) {
        return Shaped::Skip("empty prompt");
    }
    let beside: &[&str] = if is_system(&messages[0]) {
        &[]
    } else {
        &["system"]
    };
    with_options(sample(messages, row, number, origin), row, beside)
}

/// A row of the Responses API's own shape: what is asked ends before the answer that the data set has
/// to it.
pub(crate) fn items_row(
    items: &[Value],
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    let is_message = |item: &&Value| {
        let kind = item.get("type").and_then(Value::as_str);
        is_answer(item) && kind.is_none_or(|kind| kind == "message")
    };
    let answers = items.iter().rev().take_while(is_message).count();
    let asked = &items[..items.len() - answers];
    if asked.is_empty() {
        return Shaped::Skip("empty prompt");
    }
    if let Some(at) = asked.iter().position(|item| !item.is_object()) {
        let value = short(&asked[at]);
        return Shaped::Unknown(MessageError::NoObject { at, value }.into());
    }
    with_options(
        sample(asked.to_vec(), row, number, origin),
        row,
        &["instructions"],
    )
}

/// A prompt that is the ids of its tokens.
pub(crate) fn ids_row(
    ids: &[Value],
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    let read: Option<Vec<u32>> = ids
        .iter()
        .map(|id| u32::try_from(id.as_u64()?).ok())
        .collect();
    match read {
        None => Shaped::Unknown(RowError::TokenIds),
        Some(ids) if ids.is_empty() => Shaped::Skip("empty prompt"),
        Some(ids) => sample(vec![Sample::message_of_ids(&ids)], row, number, origin),
    }
}

/// The same with fields of the row that shape the prompt in one API, where it has them.
pub(crate) fn with_options(mut shaped: Shaped, row: &Map<String, Value>, keys: &[&str]) -> Shaped {
    if let Shaped::Sample(found) = &mut shaped {
        for key in keys {
            let is_told = |value: &&Value| match value {
                Value::String(text) => !text.is_empty(),
                Value::Array(blocks) => !blocks.is_empty(),
                _ => false,
            };
            if let Some(value) = row.get(*key).filter(is_told) {
                found
                    .sample
                    .options
                    .insert((*key).to_owned(), value.clone());
                found.unsent.retain(|unsent| unsent != key);
            }
        }
    }
    shaped
}

fn is_answer(message: &Value) -> bool {
    message.get("role").is_some_and(|role| role == "assistant")
        && message.get("tool_calls").is_none()
}

fn is_blank(message: &Value) -> bool {
    match message.get("content") {
        Some(Value::String(text)) => text.trim().is_empty(),
        other => other.is_none_or(Value::is_null) && message.get("tool_calls").is_none(),
    }
}

/// ShareGPT: up to the first human turn, the system text kept.
pub(crate) fn conversation(
    turns: &[Value],
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    let mut system_text = system(row);
    let mut first = None;
    for turn in turns {
        let role = turn
            .get("from")
            .or(turn.get("role"))
            .and_then(Value::as_str);
        let text = turn
            .get("value")
            .or(turn.get("content"))
            .and_then(Value::as_str);
        match role {
            Some("system") => {
                system_text = text.filter(|text| !text.is_empty()).or(system_text);
            }
            Some("human" | "user") => {
                first = text;
                break;
            }
            // Turns without roles: the first one asks.
            None if text.is_some() => {
                first = text;
                break;
            }
            _ => {}
        }
    }
    match first {
        None => Shaped::Skip("no turns"),
        Some(text) => prompt(text, system_text, row, number, origin),
    }
}

/// The sample of these messages, with whatever else the row asks for.
fn sample(
    messages: Vec<Value>,
    row: &Map<String, Value>,
    number: u64,
    origin: &PromptOrigin<'_>,
) -> Shaped {
    let RowFields {
        id,
        output_tokens,
        input_tokens,
        options,
    } = match fields::of(row) {
        Ok(fields) => fields,
        Err(error) => return Shaped::Unknown(error.into()),
    };
    let mut keys = origin.keys.to_vec();
    // The one that was read; where the messages have their own, none was.
    keys.extend(
        SYSTEMS
            .iter()
            .find(|key| is_content(&messages[0], row.get(**key))),
    );
    let sample = Sample {
        arrival_ns: None,
        row: number,
        id,
        messages,
        output_tokens,
        input_tokens,
        options,
        truncated: false,
        turn: None,
    };
    Shaped::Sample(Box::new(Understood {
        sample,
        shape: origin.shape,
        unsent: fields::unsent(row, &keys),
    }))
}

/// Whether a value of the row is the text of a message.
fn is_content(message: &Value, value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_string) && message.get("content") == value
}
