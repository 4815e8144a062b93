//! A row to a prompt: the shapes that datasets come in.

use crate::{
    fields::{self, RowFields, is_turns, json_or_python},
    trace::{self, Trace},
};
use dualround_model::Sample;
use serde_json::{Map, Value, json};

/// How rows are to be understood.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading<'a> {
    /// The key of the prompt, where the user says so.
    pub(crate) text_key: Option<&'a str>,
    /// The shape, where the user says so.
    pub(crate) shape: Option<Named>,
    /// How text is made for the blocks of a trace.
    pub(crate) trace: Trace<'a>,
}

/// Shapes that `--format` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Messages,
    Sharegpt,
    Longbench,
    Mooncake,
    Bailian,
    Burstgpt,
    Azure,
    Weka,
}

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
    Unknown(String),
}

/// Keys that hold a prompt, in the order of trying.
const TEXTS: [&str; 8] = [
    "text",
    "prompt",
    "instruction",
    "question",
    "input",
    "content",
    "text_input",
    "context",
];

/// Understands a row.
pub(crate) fn shape(row: &Value, number: u64, reading: &Reading<'_>) -> Shaped {
    let object = match row {
        Value::String(text) => {
            let read = Seen::of("plain string", &[]);
            return prompt(text, None, &Map::new(), number, &read);
        }
        Value::Object(object) => object,
        Value::Array(turns) if is_turns(row) => {
            return list_of_turns(
                turns,
                &Map::new(),
                number,
                &Seen::of("a list of turns", &[]),
            );
        }
        _ => return Shaped::Unknown("a row is a JSON object or a string".to_owned()),
    };
    if let Some(key) = reading.text_key {
        let read = Seen::of("text key", std::slice::from_ref(&key));
        return match object.get(key) {
            Some(Value::String(text)) => prompt(text, system(object), object, number, &read),
            Some(Value::Array(turns)) if is_turns(&object[key]) => {
                list_of_turns(turns, object, number, &read)
            }
            Some(_) => Shaped::Unknown(format!("the value of `{key}` is no text")),
            None => Shaped::Unknown(format!("no key `{key}`; it has: {}", keys(object))),
        };
    }
    if let Some(Value::Object(body)) = object.get("body") {
        return batch(object, body, number, reading);
    }
    if let Some(named) = reading.shape {
        return as_named(named, object, number, &reading.trace);
    }
    if let Some(kind) = trace::kind(object) {
        return of_trace(kind, object, number, &reading.trace);
    }
    let several = messages(object, number)
        .or_else(|| conversations(object, number))
        .or_else(|| turns(object, number));
    if let Some(found) = several {
        return found;
    }
    if let Some(text) = crate::longbench::prompt_of(object) {
        return prompt(
            &text,
            None,
            object,
            number,
            &Seen::of("LongBench", LONGBENCH),
        );
    }
    if object.contains_key("role") && object.contains_key("content") {
        let what =
            "this is one message, not a row: give {\"messages\": […]}, or a list of such lists";
        return Shaped::Unknown(what.to_owned());
    }
    for key in TEXTS {
        let read = Seen::of(key, std::slice::from_ref(&key));
        match object.get(key) {
            Some(Value::String(text)) => {
                return prompt(text, system(object), object, number, &read);
            }
            Some(Value::Array(turns)) if is_turns(&object[key]) => {
                return list_of_turns(turns, object, number, &read);
            }
            _ => {}
        }
    }
    if let Some(row) = first_turn(object) {
        return shape(&Value::Object(row), number, reading);
    }
    if object
        .get("filetype")
        .is_some_and(|kind| kind == "generate_conversations")
    {
        return Shaped::Unknown(
            "these are the settings of a generator, not rows: dualround generate makes such \
             conversations (--groups, --prompts, --shared, --unique, --turns, --output-length)"
                .to_owned(),
        );
    }
    Shaped::Unknown(format!(
        "unknown shape with the keys {}; name the prompt's key with --text-key",
        keys(object)
    ))
}

/// A Batch row wraps the request, whose every field is sent.
fn batch(
    object: &Map<String, Value>,
    body: &Map<String, Value>,
    number: u64,
    reading: &Reading<'_>,
) -> Shaped {
    let url = object.get("url").and_then(Value::as_str).unwrap_or("");
    if ["embeddings", "moderations", "images"]
        .iter()
        .any(|call| url.contains(call))
    {
        return Shaped::Unknown(format!("a Batch row for {url}, which generates no text"));
    }
    let mut body = body.clone();
    if let Some(id) = object.get("custom_id") {
        body.entry("custom_id").or_insert_with(|| id.clone());
    }
    let whole = Value::Object(body);
    let mut shaped = shape(&whole, number, reading);
    if let (Shaped::Sample(found), Value::Object(body)) = (&mut shaped, &whole) {
        let Understood { sample, unsent, .. } = found.as_mut();
        fields::of_batch(body, unsent, &mut sample.options);
        let known = ["custom_id", "method", "url", "body", "id", "_id"];
        let beside = object.keys().filter(|key| !known.contains(&key.as_str()));
        unsent.extend(beside.cloned());
        unsent.sort();
        unsent.dedup();
    }
    shaped
}

/// Such a list in the place of a prompt.
fn list_of_turns(
    turns: &[Value],
    row: &Map<String, Value>,
    number: u64,
    read: &Seen<'_>,
) -> Shaped {
    if turns.iter().all(|turn| turn.get("role").is_some()) {
        messages_row(turns, row, number, read)
    } else {
        conversation(turns, row, number, read)
    }
}

/// How a prompt was found: the name of the row's shape, and the keys that made it.
struct Seen<'a> {
    shape: &'static str,
    keys: &'a [&'a str],
}

impl<'a> Seen<'a> {
    fn of(shape: &'static str, keys: &'a [&'a str]) -> Self {
        Self { shape, keys }
    }
}

/// Keys of LongBench rows: those of the prompt, and what the data set says of it.
const LONGBENCH: &[&str] = &[
    "context",
    "input",
    "question",
    "choice_A",
    "choice_B",
    "choice_C",
    "choice_D",
    "answer",
    "answers",
    "length",
    "dataset",
    "language",
    "all_classes",
    "domain",
    "sub_domain",
    "difficulty",
];

fn as_named(named: Named, row: &Map<String, Value>, number: u64, trace: &Trace<'_>) -> Shaped {
    let (found, wanted) = match named {
        Named::Messages => (messages(row, number), "a list `messages`"),
        Named::Sharegpt => (conversations(row, number), "a list `conversations`"),
        Named::Longbench => (
            crate::longbench::prompt_of(row)
                .map(|text| prompt(&text, None, row, number, &Seen::of("LongBench", LONGBENCH))),
            "`context` with `input`, or with `question` and its choices",
        ),
        Named::Mooncake => return of_trace(trace::Kind::Mooncake, row, number, trace),
        Named::Bailian => return of_trace(trace::Kind::Bailian, row, number, trace),
        Named::Burstgpt => return of_trace(trace::Kind::Burstgpt, row, number, trace),
        Named::Azure => return of_trace(trace::Kind::Azure, row, number, trace),
        Named::Weka => return of_trace(trace::Kind::Weka, row, number, trace),
    };
    found.unwrap_or_else(|| Shaped::Unknown(format!("no {wanted}; it has: {}", keys(row))))
}

fn of_trace(kind: trace::Kind, row: &Map<String, Value>, number: u64, trace: &Trace<'_>) -> Shaped {
    // A row that carries its own text needs none made.
    if let Some(found) = messages(row, number) {
        return found;
    }
    if let Some(Value::String(text)) = row.get("text_input") {
        let read = Seen::of(kind.name(), &["text_input"]);
        return of_a_trace(prompt(text, system(row), row, number, &read));
    }
    match trace::prompt(kind, row, number, trace) {
        Err(reason) => Shaped::Unknown(reason),
        Ok(None) => Shaped::Skip("no input tokens"),
        Ok(Some(trace::Asked {
            text,
            input,
            output,
        })) => {
            let mut row = row.clone();
            // Whatever the trace calls it.
            match output {
                Some(tokens) => row.insert("output_tokens".to_owned(), tokens.into()),
                None => row.remove("output_length"),
            };
            row.insert("input_tokens".to_owned(), input.into());
            of_a_trace(prompt(
                &text,
                None,
                &row,
                number,
                &Seen::of(kind.name(), &[]),
            ))
        }
    }
}

/// What else a row of a trace says is about the traffic, and documented as not used.
fn of_a_trace(mut shaped: Shaped) -> Shaped {
    if let Shaped::Sample(found) = &mut shaped {
        found.unsent.clear();
    }
    shaped
}

fn messages(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let told;
    let messages = match row.get("messages")? {
        Value::Array(messages) => messages,
        // Tables keep lists as text of JSON, or of Python.
        Value::String(text) => {
            told = match json_or_python(text)? {
                Value::Array(messages) => messages,
                _ => return None,
            };
            &told
        }
        _ => return None,
    };
    Some(messages_row(
        messages,
        row,
        number,
        &Seen::of("messages", &["messages"]),
    ))
}

fn conversations(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let turns = row.get("conversations").or(row.get("conversation"))?;
    let read = Seen::of("conversations", &["conversations", "conversation"]);
    Some(conversation(turns.as_array()?, row, number, &read))
}

/// The first of several turns: `user_messages`, `turns` (texts, or objects with a text), `texts`.
fn turns(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    for key in ["user_messages", "turns", "texts", "prompts"] {
        let Some(Value::Array(turns)) = row.get(key) else {
            continue;
        };
        let first = turns.first();
        let text = first.and_then(|turn| {
            let inner = || TEXTS.iter().find_map(|key| turn.get(*key)?.as_str());
            turn.as_str().or_else(inner)
        });
        return Some(match text {
            Some(text) => {
                let mut row = row.clone();
                // What the turn asks for itself.
                if let Some(Value::Object(turn)) = first {
                    for (key, value) in turn.iter().filter(|(key, _)| fields::is_sent(key)) {
                        row.insert(key.clone(), value.clone());
                    }
                }
                prompt(text, system(&row), &row, number, &Seen::of(key, &[key]))
            }
            None => Shaped::Skip("no turns"),
        });
    }
    None
}

/// A table with a column for each turn, `prompt_0`, `prompt_1`, … or `prompt-1`, …: the columns of
/// the first one under their plain names, and those that belong to no turn.
fn first_turn(object: &Map<String, Value>) -> Option<Map<String, Value>> {
    let suffixes = ["_0", "-0", "_1", "-1"];
    let has = |suffix: &str| {
        let mut columns = TEXTS.iter().map(|key| format!("{key}{suffix}"));
        columns.any(|column| object.contains_key(&column))
    };
    let suffix = suffixes.into_iter().find(|suffix| has(suffix))?;
    let turn = |key: &str| {
        let (_, number) = key.rsplit_once(['_', '-'])?;
        number.parse::<u32>().ok()
    };
    let mut row: Map<String, Value> = object
        .iter()
        .filter(|(key, _)| turn(key).is_none())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in object {
        if let Some(plain) = key.strip_suffix(suffix) {
            row.insert(plain.to_owned(), value.clone());
        }
    }
    Some(row)
}

fn keys(object: &Map<String, Value>) -> String {
    let keys: Vec<String> = object.keys().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() {
        "(none)".to_owned()
    } else {
        keys.join(", ")
    }
}

/// Keys of a system text.
const SYSTEMS: [&str; 3] = ["system", "system_prompt", "prefix"];

fn system(object: &Map<String, Value>) -> Option<&str> {
    let text = SYSTEMS.iter().find_map(|key| object.get(*key)?.as_str());
    text.filter(|text| !text.is_empty())
}

fn prompt(
    text: &str,
    system: Option<&str>,
    row: &Map<String, Value>,
    number: u64,
    read: &Seen<'_>,
) -> Shaped {
    if text.trim().is_empty() {
        return Shaped::Skip("empty prompt");
    }
    let mut messages = Vec::with_capacity(2);
    if let Some(system) = system {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": text}));
    sample(messages, row, number, read)
}

fn messages_row(
    messages: &[Value],
    row: &Map<String, Value>,
    number: u64,
    read: &Seen<'_>,
) -> Shaped {
    if messages.is_empty() {
        return Shaped::Skip("no messages");
    }
    if let Err(reason) = fields::check_messages(messages) {
        return Shaped::Unknown(reason);
    }
    let blank = |message: &Value| match message.get("content") {
        Some(Value::String(text)) => text.trim().is_empty(),
        other => other.is_none_or(Value::is_null) && message.get("tool_calls").is_none(),
    };
    // What is asked ends before the answer that the data set has to it.
    let answer = |message: &&Value| {
        message.get("role").is_some_and(|role| role == "assistant")
            && message.get("tool_calls").is_none()
    };
    let answers = messages.iter().rev().take_while(answer).count();
    let asked = &messages[..messages.len() - answers];
    if asked.iter().all(blank) {
        return Shaped::Skip("empty prompt");
    }
    sample(asked.to_vec(), row, number, read)
}

/// ShareGPT: up to the first human turn, the system text kept.
fn conversation(turns: &[Value], row: &Map<String, Value>, number: u64, read: &Seen<'_>) -> Shaped {
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
        Some(text) => prompt(text, system_text, row, number, read),
    }
}

fn sample(messages: Vec<Value>, row: &Map<String, Value>, number: u64, read: &Seen<'_>) -> Shaped {
    let RowFields {
        id,
        output_tokens,
        input_tokens,
        options,
    } = match fields::of(row) {
        Ok(fields) => fields,
        Err(reason) => return Shaped::Unknown(reason),
    };
    let mut keys = read.keys.to_vec();
    // The one that was read; where the messages have their own, none was.
    keys.extend(SYSTEMS.iter().find(|key| {
        let text = row.get(**key).and_then(Value::as_str);
        text.is_some_and(|text| {
            messages[0]
                .get("content")
                .is_some_and(|content| content == text)
        })
    }));
    let sample = Sample {
        row: number,
        id,
        messages,
        output_tokens,
        input_tokens,
        options,
        truncated: false,
    };
    Shaped::Sample(Box::new(Understood {
        sample,
        shape: read.shape,
        unsent: fields::unsent(row, &keys),
    }))
}
