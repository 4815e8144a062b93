//! What one event of a chat or completion stream means, and what a whole JSON answer holds.

use crate::{
    delta::{Choice, Generated, is_finish},
    error_body::{page_title, plain},
    error_names::is_fine_word,
    error_words::error_of,
    field::Name,
    hidden_text::{hidden_text, holds_hidden},
    place::{Place, place},
    repair::repair,
    usage::{IfObject, RawTimings, RawUsage},
    vendor_error::{Told, instead, is_error_name, may_tell, of_error_event, says_nothing},
};
use dualround_model::Usage;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};
use std::borrow::Cow;

/// Characters of what was not understood that stand in its reason.
const QUOTED: usize = 200;
/// Bytes that are looked at for them.
const QUOTED_BYTES: usize = 1024;

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
    /// An event of an unknown kind that holds text.
    Unknown {
        /// Its type, or where the text stands.
        place: String,
    },
    /// What looks like an error of another form, and fails the answer unless it goes on.
    Suspect(Box<Suspect>),
    /// Not what a chunk looks like.
    Bad {
        /// Why.
        reason: String,
        /// The bytes are no UTF-8.
        utf8: bool,
    },
}

/// An event that looks like an error of a form of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Its words.
    pub message: String,
    /// It is called an error. What is not may as well be text in a form that is not known: it fails an
    /// answer that had begun.
    pub sure: bool,
    /// The place of the text that it may be.
    pub place: Option<String>,
    /// Token counts beside it.
    pub usage: Option<Usage>,
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
    /// An image, a sound or a file.
    pub media: bool,
    /// The field of text whose meaning is not known.
    pub unknown: Option<Box<str>>,
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
    /// The same, borrowing nothing.
    fn into_owned(self) -> ChunkFacts<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        ChunkFacts {
            has_choices: self.has_choices,
            content: own(self.content),
            reasoning: own(self.reasoning),
            refusal: self.refusal,
            tool_call: self.tool_call,
            media: self.media,
            unknown: self.unknown,
            choice: self.choice,
            finish_reason: own(self.finish_reason),
            usage: self.usage,
            id: own(self.id),
        }
    }

    /// The chunk shows a generated token: content, reasoning, a refusal, a tool call or media.
    pub fn bears_token(&self) -> bool {
        self.reasoning.is_some() || self.answers()
    }

    /// The chunk holds a part of the answer, as opposed to reasoning.
    pub fn answers(&self) -> bool {
        self.content.is_some() || self.refusal || self.tool_call || self.media
    }
}

/// What stood in a chunk or a whole answer. Of a key that is repeated the last value counts, as JSON
/// readers have it.
#[derive(Default)]
struct Chunk<'a> {
    id: Option<&'a RawValue>,
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<RawUsage>,
    timings: Option<RawTimings>,
    // Looked into only when one of them speaks of an error.
    error: Option<&'a RawValue>,
    object: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    /// Groq: usage in a field of its own.
    x_groq: Option<&'a RawValue>,
    /// Text beside the choices.
    beside: Generated<'a>,
    /// A key of what may be an error of another form.
    odd: bool,
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
                while let Some(Name(key)) = map.next_key()? {
                    match key.as_ref() {
                        "id" => chunk.id = map.next_value()?,
                        "choices" => chunk.choices = map.next_value()?,
                        "usage" => chunk.usage = map.next_value::<IfObject<_>>()?.0,
                        "timings" => chunk.timings = map.next_value::<IfObject<_>>()?.0,
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
                        "x_groq" => chunk.x_groq = map.next_value()?,
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
        || !matches!(place(key), Place::About | Place::Unknown | Place::Media)
}

impl<'a> Chunk<'a> {
    /// The error that it reports under this name: its message, and its code.
    fn error(&self, data: &[u8]) -> Option<(String, Option<String>)> {
        let mut choices = self.choices.iter().flatten();
        let inside = choices.find_map(|choice| choice.found.error.clone());
        self.named_error(data)
            .or(inside.map(|message| (message, None)))
    }

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
        let below = error_of(&value).filter(|_| value.is_object() || value.is_array());
        let message = below.or_else(|| error_of(&event));
        let message = message.unwrap_or_else(|| value.to_string());
        let code = code.map(plain).filter(|code| *code != message);
        Some((message, code))
    }

    /// It is of no kind that is known.
    fn is_foreign(&self) -> bool {
        let none = self.choices.is_none() && self.usage.is_none() && self.timings.is_none();
        none && self.beside.finish.is_none()
    }

    /// The place of its text, where it is of a kind that is not known.
    fn foreign_text(&self, data: &[u8]) -> Option<String> {
        let told = self.message.and_then(|raw| {
            let found: Generated<'_> = serde_json::from_str(raw.get()).ok()?;
            found.shows().then(|| "message".to_owned())
        });
        let beside = self.beside.shows() || self.beside.unknown.is_some();
        let kind = self.kind.and_then(plain_text).map(Cow::into_owned);
        let unnamed = || "an event without choices".to_owned();
        let told = told.or_else(|| beside.then(|| kind.unwrap_or_else(unnamed)));
        let hidden = || {
            let value: Value = serde_json::from_slice(data).ok()?;
            hidden_text(&value).map(str::to_owned)
        };
        told.or_else(hidden)
    }

    fn facts(self) -> ChunkFacts<'a> {
        let mut facts = ChunkFacts {
            id: self.id.and_then(plain_text),
            ..ChunkFacts::default()
        };
        let timings = self.timings.map(|timings| timings.usage());
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
        let told = timings.into_iter().chain(others).chain(usage);
        facts.usage = told.reduce(|mut sum, usage| {
            sum.merge(usage);
            sum
        });
        facts.usage = facts.usage.filter(|usage| !usage.is_empty());
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

/// Says what an event of this name with this data means.
pub fn parse_event<'a>(event_name: &str, data: &'a [u8]) -> ChatEvent<'a> {
    let data = data.trim_ascii();
    if data == b"[DONE]" || (event_name.is_empty() && is_done(data)) {
        return ChatEvent::Done;
    }
    if is_ping(event_name) {
        return ChatEvent::Ignored;
    }
    if event_name.eq_ignore_ascii_case("error") {
        return error_event(data).map_or(ChatEvent::Ignored, |message| ChatEvent::Error {
            message,
            code: None,
        });
    }
    if !event_name.is_empty() && is_error_name(event_name) {
        // Without words of its own its name says what happened.
        return suspect(error_event(data).unwrap_or_else(|| event_name.to_owned()));
    }
    if is_nothing(data) {
        return ChatEvent::Ignored;
    }
    // `event: close`, `data: Stream closed`: a chunk is JSON.
    if !event_name.is_empty() && !b"{[".contains(&data[0]) {
        return ChatEvent::Ignored;
    }
    match serde_json::from_slice(data) {
        Ok(chunk) => event_of(chunk, data),
        Err(error) => match repair(data) {
            Some(repaired) => parse_repaired(data, &repaired),
            None => bad_or_ignored(data, &error),
        },
    }
}

/// Says what lines mean that stand in a stream and are no fields of one: the words of a server that
/// fails in the middle, or nothing.
pub(crate) fn parse_stray(data: &[u8]) -> ChatEvent<'static> {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        let message = crate::error_text(data);
        let says = message.contains(char::is_alphabetic);
        return if says && !is_fine_word(&message) && !is_ping(&message) {
            unsure(message, "a line without a field")
        } else {
            ChatEvent::Ignored
        };
    };
    let told = value.as_object().and_then(instead);
    told.map_or(ChatEvent::Ignored, |told| suspect(told.words))
}

/// What others than OpenAI write at the end of a stream.
fn is_done(data: &[u8]) -> bool {
    let bare = data
        .strip_prefix(b"[")
        .and_then(|data| data.strip_suffix(b"]"));
    let word = bare.unwrap_or(data);
    let known: [&[u8]; 3] = [b"DONE", b"END", b"EOF"];
    word.len() <= 4 && known.iter().any(|one| word.eq_ignore_ascii_case(one))
}

fn is_nothing(data: &[u8]) -> bool {
    data.is_empty() || data == b"null" || data == b"{}"
}

/// The words of an event that is an error by its name; an empty one is none.
fn error_event(data: &[u8]) -> Option<String> {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        let message = crate::error_text(data);
        return (!says_nothing(&Value::from(message.as_str()))).then_some(message);
    };
    of_error_event(&value).map(|message| crate::error_body::shorten(&message))
}

/// An event that is called an error, and holds nothing else.
fn suspect(message: String) -> ChatEvent<'static> {
    ChatEvent::Suspect(Box::new(Suspect {
        message,
        sure: true,
        place: None,
        usage: None,
    }))
}

fn event_of<'a>(chunk: Chunk<'a>, data: &[u8]) -> ChatEvent<'a> {
    if let Some((message, code)) = chunk.error(data) {
        return ChatEvent::Error { message, code };
    }
    if chunk.is_foreign() {
        return match (error_instead(data), chunk.foreign_text(data)) {
            (Some(told), place) => ChatEvent::Suspect(Box::new(Suspect {
                message: told.words,
                sure: !told.bare,
                place,
                usage: None,
            })),
            (None, Some(place)) => ChatEvent::Unknown { place },
            (None, None) => ChatEvent::Ignored,
        };
    }
    let (odd, facts) = (chunk.odd, chunk.facts());
    let tells = facts.bears_token() || facts.finish_reason.is_some();
    let told = (odd && !tells).then(|| error_instead(data)).flatten();
    match told.filter(|told| !told.bare) {
        Some(told) => ChatEvent::Suspect(Box::new(Suspect {
            message: told.words,
            sure: true,
            place: None,
            usage: facts.usage,
        })),
        None => ChatEvent::Chunk(facts),
    }
}

/// An event by whose name nothing is said.
fn is_ping(event_name: &str) -> bool {
    let mut name = event_name.to_ascii_lowercase();
    name.retain(|c| !"-_ ".contains(c));
    matches!(name.as_str(), "ping" | "heartbeat" | "keepalive")
}

/// The words of an object without choices that is an error of another form.
fn error_instead(data: &[u8]) -> Option<Told> {
    instead(&serde_json::from_slice::<Map<String, Value>>(data).ok()?)
}

/// An event that became JSON only by a repair.
fn parse_repaired<'a>(data: &[u8], repaired: &[u8]) -> ChatEvent<'a> {
    match serde_json::from_slice(repaired) {
        Err(error) => bad_or_ignored(data, &error),
        Ok(chunk) => match event_of(chunk, repaired) {
            ChatEvent::Chunk(facts) => ChatEvent::Chunk(facts.into_owned()),
            ChatEvent::Error { message, code } => ChatEvent::Error { message, code },
            ChatEvent::Unknown { place } => ChatEvent::Unknown { place },
            ChatEvent::Suspect(suspect) => ChatEvent::Suspect(suspect),
            ChatEvent::Done | ChatEvent::Ignored | ChatEvent::Bad { .. } => ChatEvent::Ignored,
        },
    }
}

fn bad_or_ignored<'a>(data: &[u8], error: &serde_json::Error) -> ChatEvent<'a> {
    if let Err(error) = std::str::from_utf8(data) {
        return ChatEvent::Bad {
            reason: format!("an event is not UTF-8: {error}"),
            utf8: true,
        };
    }
    match serde_json::from_slice::<Value>(data) {
        Ok(Value::String(text)) => return text_event(&text),
        Ok(list @ Value::Array(_)) => return list_event(&list),
        Ok(value) if !value.is_object() => return ChatEvent::Ignored,
        _ => {}
    }
    let reason = if joins_events(data) {
        "one event holds several chunks: the blank line between events is missing".to_owned()
    } else {
        format!("an event is not a chat chunk: {error}")
    };
    ChatEvent::Bad {
        reason: format!("{reason}: {}", quoted(data)),
        utf8: false,
    }
}

/// A text alone is one in a form that is not known, or a server's last words.
fn text_event(text: &str) -> ChatEvent<'static> {
    if is_fine_word(text) || is_ping(text) {
        return ChatEvent::Ignored;
    }
    unsure(text.to_owned(), "an event that is a text")
}

/// As Google's services send errors; a list of anything else is no chunk.
fn list_event(list: &Value) -> ChatEvent<'static> {
    let items = list.as_array().into_iter().flatten();
    let mut errors = items.filter_map(|item| instead(item.as_object()?));
    if let Some(told) = errors.find(|told| !told.bare) {
        return suspect(told.words);
    }
    match hidden_text(list) {
        Some(place) => ChatEvent::Unknown {
            place: place.to_owned(),
        },
        None => ChatEvent::Ignored,
    }
}

/// Words that may be a server's last, or text of the answer.
fn unsure(message: String, place: &str) -> ChatEvent<'static> {
    ChatEvent::Suspect(Box::new(Suspect {
        message,
        sure: false,
        place: Some(place.to_owned()),
        usage: None,
    }))
}

/// Its lines are chunks of their own. Taken apart, all of them would have come when the last one did.
fn joins_events(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    let object = |line: &[u8]| {
        line.trim_ascii() == b"[DONE]"
            || serde_json::from_slice::<Value>(line).is_ok_and(|value| value.is_object())
    };
    data.contains(&b'\n') && lines.all(object)
}

/// How a text begins that was not understood: what the server said is in it.
pub fn quoted(data: &[u8]) -> String {
    let text = crate::error_body::shorten(&String::from_utf8_lossy(
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

/// An error object in a list, as Google's services send it.
fn listed_error(body: &[u8]) -> Option<String> {
    let items: Vec<Value> = serde_json::from_slice(body).ok()?;
    let error = items
        .iter()
        .find(|item| item.get("error").is_some_and(|e| !says_nothing(e)))?;
    error_of(error)
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

impl BodyFacts {
    /// A body that is an error, and holds nothing else.
    fn of_error(message: String) -> Self {
        Self {
            error: Some(message),
            ..Self::default()
        }
    }
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
        return Ok(BodyFacts::of_error(message));
    }
    let repaired = repair(body);
    let text = repaired.as_deref().unwrap_or(body);
    let chunk: Chunk<'_> = serde_json::from_slice(text).map_err(|error| {
        if let Some(page) = page_title(body) {
            return format!("the body is an HTML page, no chat answer: {page}");
        }
        let sent = quoted(body);
        format!("the body is not a chat answer: {error}: {sent}")
    })?;
    if let Some((message, _)) = chunk.error(text) {
        return Ok(BodyFacts::of_error(message));
    }
    if chunk.choices.as_ref().is_none_or(Vec::is_empty) {
        let error = error_instead(text);
        let Some(told) = error else {
            let sent = quoted(body);
            return Err(format!(
                "the body is not a chat answer: it has no choices: {sent}"
            ));
        };
        return Ok(BodyFacts::of_error(told.words));
    }
    let facts = chunk.facts();
    Ok(BodyFacts {
        text: facts.content.map(Cow::into_owned).unwrap_or_default(),
        reasoning: facts.reasoning.map(Cow::into_owned).unwrap_or_default(),
        tool_call: facts.tool_call || facts.refusal || facts.media,
        finish_reason: facts.finish_reason.map(Cow::into_owned),
        usage: facts.usage,
        error: None,
        id: facts.id.map(Cow::into_owned),
    })
}
