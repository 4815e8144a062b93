//! Events that are no chunks: ends and pings in other forms, errors by their name, texts, lists, and
//! lines that are no events at all.

use crate::{
    chat::event::{StreamEvent, Suspect},
    chat::hidden_text::hidden_text,
    errors::names::is_fine_word,
    errors::vendor::{instead, of_error_event, says_nothing},
};
use serde_json::Value;

/// Says what lines mean that stand in a stream and are no fields of one: the words of a server that
/// fails in the middle, or nothing.
pub(crate) fn parse_stray(data: &[u8]) -> StreamEvent<'static> {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        let message = crate::error_text(data);
        let says = message.contains(char::is_alphabetic);
        return if says && !is_fine_word(&message) && !is_ping(&message) {
            unsure(message, "a line without a field")
        } else {
            StreamEvent::Ignored
        };
    };
    let told = value.as_object().and_then(instead);
    told.map_or(StreamEvent::Ignored, |told| suspect(told.words))
}

/// What others than OpenAI write at the end of a stream.
pub(crate) fn is_done(data: &[u8]) -> bool {
    let bare = data
        .strip_prefix(b"[")
        .and_then(|data| data.strip_suffix(b"]"));
    let word = bare.unwrap_or(data);
    let known: [&[u8]; 3] = [b"DONE", b"END", b"EOF"];
    word.len() <= 4 && known.iter().any(|one| word.eq_ignore_ascii_case(one))
}

/// The words of an event that is an error by its name; an empty one is none.
pub(crate) fn error_event(data: &[u8]) -> Option<String> {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        let message = crate::error_text(data);
        return (!says_nothing(&Value::from(message.as_str()))).then_some(message);
    };
    of_error_event(&value).map(|message| crate::errors::body::shorten(&message))
}

/// An event that is called an error, and holds nothing else.
pub(crate) fn suspect(message: String) -> StreamEvent<'static> {
    StreamEvent::Suspect(Box::new(Suspect {
        message,
        sure: true,
        place: None,
        usage: None,
    }))
}

/// An event by whose name nothing is said.
pub(crate) fn is_ping(event_name: &str) -> bool {
    let mut name = event_name.to_ascii_lowercase();
    name.retain(|c| !"-_ ".contains(c));
    matches!(name.as_str(), "ping" | "heartbeat" | "keepalive")
}

/// A text alone is one in a form that is not known, or a server's last words.
pub(crate) fn text_event(text: &str) -> StreamEvent<'static> {
    if is_fine_word(text) || is_ping(text) {
        return StreamEvent::Ignored;
    }
    unsure(text.to_owned(), "an event that is a text")
}

/// As Google's services send errors; a list of anything else is no chunk.
pub(crate) fn list_event(list: &Value) -> StreamEvent<'static> {
    let items = list.as_array().into_iter().flatten();
    let mut errors = items.filter_map(|item| instead(item.as_object()?));
    if let Some(told) = errors.find(|told| !told.bare) {
        return suspect(told.words);
    }
    match hidden_text(list) {
        Some(place) => StreamEvent::Unknown {
            place: place.to_owned(),
        },
        None => StreamEvent::Ignored,
    }
}

/// Words that may be a server's last, or text of the answer.
fn unsure(message: String, place: &str) -> StreamEvent<'static> {
    StreamEvent::Suspect(Box::new(Suspect {
        message,
        sure: false,
        place: Some(place.to_owned()),
        usage: None,
    }))
}
