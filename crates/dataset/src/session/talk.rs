//! A row that holds a whole conversation: what is asked in each turn, and what was answered.

use super::{error::SessionError, gap};
use crate::{
    fields,
    messages::{check_messages, is_turns},
    prompt::{PromptOrigin, Shaped, Understood, asked, system},
    python::json_or_python,
    quote::short,
    row_error::RowError,
    shape::{Reading, shape},
};
use dualround_model::{AnswerSource, Sample, TimestampUnit};
use serde_json::{Map, Value, json};

/// One turn of a conversation.
#[derive(Debug, Default)]
struct Ask {
    /// What is new in it.
    messages: Vec<Value>,
    /// What was answered; empty where the row does not say.
    answer: Vec<Value>,
    /// Fields of its own, beside those of the row.
    own: Map<String, Value>,
}

/// A turn that is ready: its sample holds what is new, behind the answer before where that is recorded.
#[derive(Debug)]
pub(super) struct TalkTurn {
    pub(super) sample: Sample,
    /// The answer to the turn before is to be pinned.
    pub(super) pinned: bool,
    /// How long was waited before it, ns.
    pub(super) gap_ns: Option<u64>,
}

/// A row that was understood.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) turns: Vec<TalkTurn>,
    pub(super) shape: &'static str,
    pub(super) unsent: Vec<String>,
}

/// What became of a row.
pub(super) enum TalkShaped {
    Talk(Talk),
    Skip(&'static str),
    Unknown(RowError),
}

/// By what rules a conversation is read.
pub(super) struct TalkReading<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) answers: AnswerSource,
    /// The unit of times that rows leave open.
    pub(super) unit: Option<TimestampUnit>,
}

/// Keys under which the turns of a row stand.
const LISTS: [&str; 6] = [
    "conversations",
    "conversation",
    "user_messages",
    "turns",
    "texts",
    "prompts",
];

/// Whether a row holds turns under one of their keys.
pub(super) fn has_turns(row: &Map<String, Value>) -> bool {
    LISTS
        .iter()
        .any(|key| row.get(*key).is_some_and(Value::is_array))
        || !matches!(numbered(row), Ok(None))
}

/// Understands a row.
pub(super) fn read(row: &Value, number: u64, how: &TalkReading<'_>) -> TalkShaped {
    match asks_of(row, how.reading) {
        Ok(Some(found)) => found.talk(row, number, how),
        // One prompt is a session of one turn.
        Ok(None) => one_turn(row, number, how.reading),
        Err(NoTurns::Skip(reason)) => TalkShaped::Skip(reason),
        Err(NoTurns::Unknown(error)) => TalkShaped::Unknown(error),
    }
}

/// Why a row makes no turns.
enum NoTurns {
    Skip(&'static str),
    Unknown(RowError),
}

impl<E: Into<RowError>> From<E> for NoTurns {
    fn from(error: E) -> Self {
        Self::Unknown(error.into())
    }
}

/// The turns of a row, and under which key they were found.
struct FoundAsks<'a> {
    asks: Vec<Ask>,
    shape: &'static str,
    keys: Vec<&'a str>,
}

/// The turns of a row; `None` where it is one prompt.
fn asks_of<'a>(row: &'a Value, reading: &Reading<'a>) -> Result<Option<FoundAsks<'a>>, NoTurns> {
    let object = match row {
        Value::Array(turns) if is_turns(row) => {
            return of_speakers(turns, None, "a list of turns", Vec::new()).map(Some);
        }
        Value::Object(object) => object,
        _ => return Ok(None),
    };
    if let Some(key) = reading.text_key {
        return match object.get(key) {
            Some(Value::Array(turns)) if is_turns(&object[key]) => {
                of_speakers(turns, system(object), "text key", vec![key]).map(Some)
            }
            _ => Ok(None),
        };
    }
    if let Some(messages) = list_of_messages(object) {
        return of_messages(messages).map(Some);
    }
    for key in LISTS {
        let Some(Value::Array(turns)) = object.get(key) else {
            continue;
        };
        let found = if is_turns(&object[key]) || key.starts_with("conversation") {
            of_speakers(turns, system(object), key, vec![key])
        } else {
            of_turns(turns, system(object)).map(|asks| FoundAsks {
                asks,
                shape: key,
                keys: vec![key],
            })
        };
        return found.map(Some);
    }
    let Some(turns) = numbered(object)? else {
        return Ok(None);
    };
    let asks = of_turns(&turns, system(object))?;
    Ok(Some(FoundAsks {
        asks,
        shape: "numbered columns",
        keys: object
            .keys()
            .filter(|key| column(key).is_some())
            .map(String::as_str)
            .collect(),
    }))
}

/// The messages of a row, also where a table keeps them as text.
fn list_of_messages(row: &Map<String, Value>) -> Option<Vec<Value>> {
    match row.get("messages")? {
        Value::Array(messages) => Some(messages.clone()),
        Value::String(text) => match json_or_python(text)? {
            Value::Array(messages) => Some(messages),
            _ => None,
        },
        _ => None,
    }
}

fn of_messages<'a>(messages: Vec<Value>) -> Result<FoundAsks<'a>, NoTurns> {
    check_messages(&messages)?;
    Ok(FoundAsks {
        asks: split(messages)?,
        shape: "messages",
        keys: vec!["messages"],
    })
}

/// Messages cut behind each answer.
fn split(messages: Vec<Value>) -> Result<Vec<Ask>, NoTurns> {
    let mut asks = vec![Ask::default()];
    for message in messages {
        let is_answer = message.get("role").is_some_and(|role| role == "assistant");
        let last = asks.len() - 1;
        let ask = &mut asks[last];
        if is_answer && ask.messages.iter().any(asks_something) {
            ask.answer.push(message);
            continue;
        }
        if !ask.answer.is_empty() {
            asks.push(Ask::default());
        }
        let last = asks.len() - 1;
        asks[last].messages.push(message);
    }
    if asks
        .iter()
        .all(|ask| !ask.messages.iter().any(asks_something))
    {
        return Err(NoTurns::Skip("no turns"));
    }
    Ok(asks)
}

/// A message that is to be answered: of a user, or of a tool.
fn asks_something(message: &Value) -> bool {
    let role = message.get("role").and_then(Value::as_str);
    !matches!(role, Some("system" | "developer" | "assistant"))
}

/// A list of turns with speakers, as messages or as ShareGPT has them.
fn of_speakers<'a>(
    turns: &[Value],
    system: Option<&str>,
    shape: &'static str,
    keys: Vec<&'a str>,
) -> Result<FoundAsks<'a>, NoTurns> {
    if !turns.is_empty() && turns.iter().all(|turn| turn.get("role").is_some()) {
        check_messages(turns)?;
    }
    let mut messages = Vec::new();
    if let Some(system) = system {
        messages.push(json!({"role": "system", "content": system}));
    }
    for (at, turn) in turns.iter().enumerate() {
        let message = spoken(at, turn)?;
        // An answer before any question answers nothing that is known.
        let is_greeting = message["role"] == "assistant" && !messages.iter().any(asks_something);
        if message["role"] == "system" && message["content"] != "" {
            messages.retain(|earlier| earlier["role"] != "system");
        }
        if !is_greeting {
            messages.push(message);
        }
    }
    messages.retain(|message| message["role"] != "system" || message["content"] != "");
    Ok(FoundAsks {
        asks: split(messages)?,
        shape,
        keys,
    })
}

/// A turn as a message.
fn spoken(at: usize, turn: &Value) -> Result<Value, SessionError> {
    if turn.get("role").is_some()
        && turn
            .get("content")
            .is_some_and(|content| !content.is_null())
    {
        let role = speaker(at, turn)?;
        let mut message = turn.clone();
        message["role"] = role.into();
        return Ok(message);
    }
    let text = turn.get("value").or(turn.get("content"));
    let text = text.and_then(Value::as_str);
    let role = speaker(at, turn)?;
    match text {
        Some(text) if !text.trim().is_empty() || role == "system" => {
            Ok(json!({"role": role, "content": text}))
        }
        _ if turn.get("tool_calls").is_some() => Ok(turn.clone()),
        _ => Err(SessionError::NoText { at }),
    }
}

/// Who speaks, in the words of the API; speakers without a name take turns.
fn speaker(at: usize, turn: &Value) -> Result<&'static str, SessionError> {
    let named = turn.get("from").or(turn.get("role"));
    let Some(named) = named.and_then(Value::as_str) else {
        return Ok(if at.is_multiple_of(2) {
            "user"
        } else {
            "assistant"
        });
    };
    match named {
        "human" | "user" => Ok("user"),
        "gpt" | "chatgpt" | "bing" | "bard" | "assistant" | "model" => Ok("assistant"),
        "system" => Ok("system"),
        "developer" => Ok("developer"),
        "tool" => Ok("tool"),
        other => Err(SessionError::Speaker {
            at,
            speaker: other.to_owned(),
        }),
    }
}

/// A list of what is asked: texts, or objects that hold a text or messages, and may hold the answer.
fn of_turns(turns: &[Value], system: Option<&str>) -> Result<Vec<Ask>, NoTurns> {
    let mut asks = Vec::with_capacity(turns.len());
    for (at, turn) in turns.iter().enumerate() {
        let mut messages = Vec::new();
        if let (0, Some(system)) = (at, system) {
            messages.push(json!({"role": "system", "content": system}));
        }
        messages.extend(asked_in(at, turn)?);
        asks.push(Ask {
            messages,
            answer: turn
                .get("answer")
                .map_or(Ok(Vec::new()), |answer| answer_of(at, answer))?,
            own: turn.as_object().cloned().unwrap_or_default(),
        });
    }
    if asks.is_empty() {
        return Err(NoTurns::Skip("no turns"));
    }
    Ok(asks)
}

/// What a turn asks.
fn asked_in(at: usize, turn: &Value) -> Result<Vec<Value>, RowError> {
    if let Some(Value::Array(messages)) = turn.get("messages") {
        if crate::shape::text_of_turn(turn).is_some() {
            return Err(SessionError::TwoTexts { at }.into());
        }
        check_messages(messages)?;
        return Ok(messages.clone());
    }
    let text = crate::shape::text_of_turn(turn);
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => Ok(vec![json!({"role": "user", "content": text})]),
        None => Err(SessionError::NoText { at }.into()),
    }
}

/// An answer as messages.
///
/// # Errors
/// [`RowError`] for one that is neither a text nor messages.
pub(super) fn answer_of(at: usize, answer: &Value) -> Result<Vec<Value>, RowError> {
    let messages = match answer {
        Value::Null => Vec::new(),
        Value::String(text) => vec![json!({"role": "assistant", "content": text})],
        Value::Object(_) => vec![answer.clone()],
        Value::Array(messages) => messages.clone(),
        other => {
            let value = short(other);
            return Err(SessionError::Answer { at, value }.into());
        }
    };
    check_messages(&messages)?;
    Ok(messages)
}

/// The turns of a table with columns for each: `prompt_0`, `prompt_1`, … as objects of the plain names.
///
/// # Errors
/// [`SessionError::MissingColumn`] where a number between two of them is missing.
fn numbered(row: &Map<String, Value>) -> Result<Option<Vec<Value>>, SessionError> {
    let mut turns: Vec<(u32, Map<String, Value>)> = Vec::new();
    for (key, value) in row {
        let Some((name, turn)) = column(key) else {
            continue;
        };
        if value.is_null() {
            continue;
        }
        match turns.iter_mut().find(|(known, _)| *known == turn) {
            Some((_, turn)) => turn.insert(name.to_owned(), value.clone()),
            None => {
                turns.push((turn, Map::from_iter([(name.to_owned(), value.clone())])));
                None
            }
        };
    }
    turns.sort_by_key(|(turn, _)| *turn);
    let (numbers, turns): (Vec<u32>, Vec<Value>) = turns
        .into_iter()
        .map(|(number, turn)| (number, Value::Object(turn)))
        .unzip();
    let first = turns.first();
    if first.and_then(crate::shape::text_of_turn).is_none() {
        return Ok(None);
    }
    match numbers.windows(2).find(|pair| pair[1] != pair[0] + 1) {
        Some(gap) => Err(SessionError::MissingColumn {
            before: gap[0],
            found: gap[1],
        }),
        None => Ok(Some(turns)),
    }
}

/// The plain name of a column of one turn, and which turn that is.
fn column(key: &str) -> Option<(&str, u32)> {
    let at = key.rfind(['_', '-'])?;
    let digits = &key[at + 1..];
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some((&key[..at], digits.parse().ok()?))
}

impl FoundAsks<'_> {
    /// The turns, with what the row asks for beside them.
    fn talk(self, row: &Value, number: u64, how: &TalkReading<'_>) -> TalkShaped {
        let nothing = Map::new();
        let row = row.as_object().unwrap_or(&nothing);
        let origin = PromptOrigin::of(self.shape, &self.keys);
        let mut turns: Vec<TalkTurn> = Vec::with_capacity(self.asks.len());
        let mut base: Option<Understood> = None;
        let mut answer: Vec<Value> = Vec::new();
        for (at, ask) in self.asks.into_iter().enumerate() {
            if let Err(error) = check_live(at, &ask, how.answers) {
                return TalkShaped::Unknown(error.into());
            }
            if base.is_none() {
                match asked(ask.messages.clone(), row, number, &origin) {
                    Shaped::Sample(found) => base = Some(*found),
                    Shaped::Skip(reason) => return TalkShaped::Skip(reason),
                    Shaped::Unknown(error) => return TalkShaped::Unknown(error),
                }
            }
            let Some(base) = &base else { continue };
            let recorded = std::mem::take(&mut answer);
            let pinned = at > 0 && (recorded.is_empty() || how.answers == AnswerSource::Live);
            let mut messages = if pinned { Vec::new() } else { recorded };
            if at == 0 {
                messages.clone_from(&base.sample.messages);
            } else {
                messages.extend(ask.messages);
            }
            let made = of_turn(base, messages, &ask.own).and_then(|sample| {
                let gap_ns = gap::stated(&ask.own, how.unit)?;
                Ok(TalkTurn {
                    sample,
                    pinned,
                    gap_ns,
                })
            });
            match made {
                Ok(turn) => turns.push(turn),
                Err(error) => return TalkShaped::Unknown(error),
            }
            answer = ask.answer;
        }
        match base {
            Some(base) => TalkShaped::Talk(Talk {
                turns,
                shape: base.shape,
                unsent: base.unsent,
            }),
            None => TalkShaped::Skip("no turns"),
        }
    }
}

/// What a tool returned answers the call of a recorded answer, and no other.
fn check_live(at: usize, ask: &Ask, answers: AnswerSource) -> Result<(), SessionError> {
    let mut roles = ask.messages.iter().map(|message| &message["role"]);
    if at > 0 && answers == AnswerSource::Live && roles.any(|role| role == "tool") {
        return Err(SessionError::ToolResult { at });
    }
    Ok(())
}

/// The sample of a turn: that of the row with other messages, and what the turn asks for itself.
fn of_turn(
    base: &Understood,
    messages: Vec<Value>,
    own: &Map<String, Value>,
) -> Result<Sample, RowError> {
    let fields = fields::of(own)?;
    let mut sample = Sample {
        messages,
        input_tokens: fields.input_tokens,
        ..base.sample.clone()
    };
    sample.output_tokens = fields.output_tokens.or(sample.output_tokens);
    sample.options.extend(fields.options);
    Ok(sample)
}

/// A row of one prompt.
fn one_turn(row: &Value, number: u64, reading: &Reading<'_>) -> TalkShaped {
    match shape(row, number, reading) {
        Shaped::Sample(found) => TalkShaped::Talk(Talk {
            shape: found.shape,
            unsent: found.unsent,
            turns: vec![TalkTurn {
                sample: found.sample,
                pinned: false,
                gap_ns: None,
            }],
        }),
        Shaped::Skip(reason) => TalkShaped::Skip(reason),
        Shaped::Unknown(error) => TalkShaped::Unknown(error),
    }
}
