//! What one event of a chat or completion stream means.

pub(crate) mod answer_body;
pub(crate) mod chunk;
pub(crate) mod delta;
pub(crate) mod event;
pub(crate) mod field;
pub(crate) mod field_purpose;
pub(crate) mod hidden_text;
pub(crate) mod odd_event;
pub(crate) mod reader;
pub(crate) mod remembered;
pub(crate) mod repair;
pub(crate) mod usage;

use crate::{
    chat::chunk::Chunk,
    chat::event::{StreamEvent, Suspect},
    chat::odd_event::{error_event, is_done, is_ping, list_event, suspect, text_event},
    chat::repair::repair,
    errors::vendor::{instead, is_error_name, of_body},
};
use serde_json::Value;

/// Characters of what was not understood that stand in its reason.
const QUOTED: usize = 200;
/// Bytes that are looked at for them.
const QUOTED_BYTES: usize = 1024;

/// Says what an event of this name with this data means.
pub fn parse_event<'a>(event_name: &str, data: &'a [u8]) -> StreamEvent<'a> {
    let data = data.trim_ascii();
    if data == b"[DONE]" || (event_name.is_empty() && is_done(data)) {
        return StreamEvent::Done;
    }
    if is_ping(event_name) {
        return StreamEvent::Ignored;
    }
    if event_name.eq_ignore_ascii_case("error") {
        return error_event(data).map_or(StreamEvent::Ignored, |message| StreamEvent::Error {
            message,
            code: None,
        });
    }
    if !event_name.is_empty() && is_error_name(event_name) {
        // Without words of its own its name says what happened.
        return suspect(error_event(data).unwrap_or_else(|| event_name.to_owned()));
    }
    if is_nothing(data) {
        return StreamEvent::Ignored;
    }
    // `event: close`, `data: Stream closed`: a chunk is JSON.
    if !event_name.is_empty() && !b"{[".contains(&data[0]) {
        return StreamEvent::Ignored;
    }
    match serde_json::from_slice(data) {
        Ok(chunk) => event_of(chunk, data),
        Err(error) => match repair(data) {
            Some(repaired) => parse_repaired(data, &repaired),
            None => bad_or_ignored(data, &error),
        },
    }
}

/// Data of events that keep a connection alive.
fn is_nothing(data: &[u8]) -> bool {
    data.is_empty() || data == b"null" || data == b"{}"
}

/// What a chunk means: an error, an answer, or something of another kind.
fn event_of<'a>(chunk: Chunk<'a>, data: &[u8]) -> StreamEvent<'a> {
    if let Some((message, code)) = chunk.error(data) {
        return StreamEvent::Error { message, code };
    }
    if chunk.is_foreign() {
        let value: Value = serde_json::from_slice(data).unwrap_or_default();
        let told = value.as_object().and_then(instead);
        return match (told, chunk.foreign_text(&value)) {
            (Some(told), place) => StreamEvent::Suspect(Box::new(Suspect {
                message: told.words,
                sure: !told.bare,
                place,
                usage: None,
            })),
            (None, Some(place)) => StreamEvent::Unknown { place },
            (None, None) => StreamEvent::Ignored,
        };
    }
    let (odd, facts) = (chunk.odd, chunk.facts());
    let tells = facts.bears_token() || facts.finish_reason.is_some();
    let told = (odd && !tells).then(|| of_body(data)).flatten();
    match told.filter(|told| !told.bare) {
        Some(told) => StreamEvent::Suspect(Box::new(Suspect {
            message: told.words,
            sure: true,
            place: None,
            usage: facts.usage,
        })),
        None => StreamEvent::Chunk(facts),
    }
}

/// An event that became JSON only by a repair.
fn parse_repaired<'a>(data: &[u8], repaired: &[u8]) -> StreamEvent<'a> {
    match serde_json::from_slice(repaired) {
        Err(error) => bad_or_ignored(data, &error),
        Ok(chunk) => match event_of(chunk, repaired) {
            StreamEvent::Chunk(facts) => StreamEvent::Chunk(facts.into_owned()),
            StreamEvent::Error { message, code } => StreamEvent::Error { message, code },
            StreamEvent::Unknown { place } => StreamEvent::Unknown { place },
            StreamEvent::Suspect(suspect) => StreamEvent::Suspect(suspect),
            StreamEvent::Done | StreamEvent::Ignored | StreamEvent::Bad { .. } => {
                StreamEvent::Ignored
            }
        },
    }
}

/// What data means that is no chunk.
fn bad_or_ignored<'a>(data: &[u8], error: &serde_json::Error) -> StreamEvent<'a> {
    if let Err(error) = std::str::from_utf8(data) {
        return StreamEvent::Bad {
            reason: format!("an event is not UTF-8: {error}"),
            utf8: true,
        };
    }
    match serde_json::from_slice::<Value>(data) {
        Ok(Value::String(text)) => return text_event(&text),
        Ok(list @ Value::Array(_)) => return list_event(&list),
        Ok(value) if !value.is_object() => return StreamEvent::Ignored,
        _ => {}
    }
    let reason = if joins_events(data) {
        "one event holds several chunks: the blank line between events is missing".to_owned()
    } else {
        format!("an event is not a part of an answer: {error}")
    };
    StreamEvent::Bad {
        reason: format!("{reason}: {}", quoted(data)),
        utf8: false,
    }
}

/// Its lines are chunks of their own. Taken apart, all of them would have come when the last one did.
fn joins_events(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    data.contains(&b'\n') && lines.all(is_whole_event)
}

fn is_whole_event(line: &[u8]) -> bool {
    line.trim_ascii() == b"[DONE]"
        || serde_json::from_slice::<Value>(line).is_ok_and(|value| value.is_object())
}

/// Quotes the beginning of a text that was not understood: what the server said is in it.
pub fn quoted(data: &[u8]) -> String {
    let text = crate::errors::body::shorten(&String::from_utf8_lossy(
        &data[..data.len().min(QUOTED_BYTES)],
    ));
    let mut begin: String = text.chars().take(QUOTED).collect();
    if begin.len() < text.len() || data.len() > QUOTED_BYTES {
        begin.push('…');
    }
    if begin.is_empty() {
        "it is empty".to_owned()
    } else {
        format!("it begins with `{begin}`")
    }
}
