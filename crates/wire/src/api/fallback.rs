//! What an event or a body means whose kind an API does not have: an error of another form, text in
//! a place that is not known, or nothing.

use crate::{
    chat::answer_body::{BodyError, BodyFacts, listed_error, not_an_answer},
    chat::event::StreamEvent,
    chat::odd_event::parse_stray,
    chat::repair::repair,
    chat::{parse_event, quoted},
    errors::body::page_title,
    errors::vendor::{of_body, says_nothing},
    errors::words::error_of,
    sse::SseEvent,
};
use serde_json::{Map, Value};

/// Reads an event by the chat API's rules for what is no chunk. A chunk of chat completions is of
/// another API than was asked for: its text is told, and is no answer.
pub(super) fn other_event<'a>(name: &str, data: &'a [u8]) -> StreamEvent<'a> {
    match parse_event(name, data) {
        StreamEvent::Chunk(facts) if facts.bears_token() => StreamEvent::Unknown {
            place: "choices".to_owned(),
        },
        StreamEvent::Chunk(_) => StreamEvent::Ignored,
        other => other,
    }
}

/// What a line means that is no event, or an event before its JSON is looked at; `None` where that is
/// to be looked at.
pub(super) fn without_json<'a>(event: &SseEvent<'a>) -> Option<StreamEvent<'a>> {
    let data = event.data.trim_ascii();
    let known = if event.stray {
        parse_stray(event.data)
    } else if data.first() == Some(&b'{') {
        return None;
    } else {
        other_event(event.event, data)
    };
    // `[DONE]` ends a chat. Here it says nothing: a gateway puts it behind the end of an answer, and
    // behind one that broke off.
    Some(match known {
        StreamEvent::Done => StreamEvent::Ignored,
        other => other,
    })
}

/// The same event, borrowing nothing.
pub(super) fn owned(event: StreamEvent<'_>) -> StreamEvent<'static> {
    match event {
        StreamEvent::Chunk(facts) => StreamEvent::Chunk(facts.into_owned()),
        StreamEvent::Done => StreamEvent::Done,
        StreamEvent::Error { message, code } => StreamEvent::Error { message, code },
        StreamEvent::Ignored => StreamEvent::Ignored,
        StreamEvent::Unknown { place } => StreamEvent::Unknown { place },
        StreamEvent::Suspect(suspect) => StreamEvent::Suspect(suspect),
        StreamEvent::Bad { reason, utf8 } => StreamEvent::Bad { reason, utf8 },
    }
}

/// The fields of a whole answer.
///
/// # Errors
/// [`BodyError`] when the body is no JSON object.
pub(super) fn object_of(body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    let repaired = repair(body);
    let text = repaired.as_deref().unwrap_or(body);
    match serde_json::from_slice(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(BodyError::List {
            quote: quoted(body),
        }),
        Err(error) => Err(match page_title(body) {
            Some(title) => BodyError::Page { title },
            None => not_an_answer(body, &error),
        }),
    }
}

/// The error in a list, as Google's services send it.
pub(super) fn error_in_list(body: &[u8]) -> Option<BodyFacts> {
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    is_list
        .then(|| listed_error(body))
        .flatten()
        .map(BodyFacts::of_error)
}

/// The words of an error in the place of an answer, in whatever form.
pub(super) fn error_of_fields(fields: &Map<String, Value>) -> Option<String> {
    let error = fields.get("error").filter(|error| !says_nothing(error))?;
    let named = error_with_type(error);
    named.or_else(|| error_of(&Value::Object(fields.clone())))
}

/// The message of an error object, with its type or its code behind it.
pub(super) fn error_with_type(error: &Value) -> Option<String> {
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let message = text("message").filter(|words| !words.is_empty())?;
    match text("code").or(text("type")) {
        Some(kind) if kind != message => Some(format!("{message} ({kind})")),
        _ => Some(message.to_owned()),
    }
}

/// The error that a body is which holds no answer.
pub(super) fn instead_of_answer(body: &[u8], wanted: &'static str) -> Result<BodyFacts, BodyError> {
    match of_body(body) {
        Some(told) => Ok(BodyFacts::of_error(told.words)),
        None => Err(BodyError::Without {
            wanted,
            quote: quoted(body),
        }),
    }
}
