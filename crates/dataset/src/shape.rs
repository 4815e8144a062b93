//! A row to a prompt: the shapes that datasets come in.

use crate::{
    fields,
    messages::is_turns,
    prompt::{
        PromptOrigin, Shaped, Understood, conversation, ids_row, items_row, list_of_turns,
        messages_row, prompt, system, with_options,
    },
    python::json_or_python,
    quote::keys,
    row_error::RowError,
    trace::{self, TraceKind, TraceText},
};
use serde_json::{Map, Value};

/// The rules by which rows are understood.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading<'a> {
    /// The key of the prompt, where the user says so.
    pub(crate) text_key: Option<&'a str>,
    /// The shape, where the user says so.
    pub(crate) shape: Option<NamedShape>,
    /// How text is made for the blocks of a trace.
    pub(crate) trace: TraceText<'a>,
}

impl Reading<'_> {
    /// The trace that a row is of, by what the user says, else by its keys.
    pub(crate) fn trace_of(&self, row: &Value) -> Option<TraceKind> {
        match self.shape {
            Some(NamedShape::Trace(kind)) => Some(kind),
            Some(_) => None,
            None => trace::kind(row.as_object()?),
        }
    }
}

/// A shape that the user can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedShape {
    Messages,
    Sharegpt,
    Longbench,
    Trace(TraceKind),
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
    match row {
        Value::String(text) => {
            let origin = PromptOrigin::of("plain string", &[]);
            prompt(text, None, &Map::new(), number, &origin)
        }
        Value::Object(object) => shape_of_object(object, number, reading),
        Value::Array(turns) if is_turns(row) => {
            let origin = PromptOrigin::of("a list of turns", &[]);
            list_of_turns(turns, &Map::new(), number, &origin)
        }
        _ => Shaped::Unknown(RowError::NoObject),
    }
}

/// The same of an object: by what the user says it is, else by its keys.
fn shape_of_object(object: &Map<String, Value>, number: u64, reading: &Reading<'_>) -> Shaped {
    if let Some(key) = reading.text_key {
        return under_key(key, object, number);
    }
    // OpenAI's Batch rows wrap a request as `body`, Anthropic's as `params`.
    let wrapped = object.get("body").or_else(|| {
        let params = object.get("params");
        params.filter(|params| params.get("messages").is_some())
    });
    if let Some(Value::Object(body)) = wrapped {
        return batch(object, body, number, reading);
    }
    if let Some(named) = reading.shape {
        return as_named(named, object, number, &reading.trace);
    }
    if let Some(kind) = trace::kind(object) {
        return of_trace(kind, object, number, &reading.trace);
    }
    let known = token_ids(object, number)
        .or_else(|| messages(object, number))
        .or_else(|| items(object, number))
        .or_else(|| conversations(object, number))
        .or_else(|| turns(object, number))
        .or_else(|| longbench(object, number));
    if let Some(found) = known {
        return found;
    }
    if object.contains_key("role") && object.contains_key("content") {
        return Shaped::Unknown(RowError::OneMessage);
    }
    if let Some(found) = single_text(object, number) {
        return found;
    }
    if let Some(row) = first_turn(object) {
        return shape_of_object(&row, number, reading);
    }
    let kind = object.get("filetype");
    Shaped::Unknown(
        if kind.is_some_and(|kind| kind == "generate_conversations") {
            RowError::GeneratorSettings
        } else {
            RowError::UnknownShape { keys: keys(object) }
        },
    )
}

/// A row whose prompt stands under the key that the user names.
fn under_key(key: &str, object: &Map<String, Value>, number: u64) -> Shaped {
    let origin = PromptOrigin::of("text key", std::slice::from_ref(&key));
    match object.get(key) {
        Some(Value::String(text)) => prompt(text, system(object), object, number, &origin),
        Some(Value::Array(turns)) if is_turns(&object[key]) => {
            list_of_turns(turns, object, number, &origin)
        }
        Some(_) => Shaped::Unknown(RowError::NoText {
            key: key.to_owned(),
        }),
        None => Shaped::Unknown(RowError::NoKey {
            key: key.to_owned(),
            keys: keys(object),
        }),
    }
}

/// A row whose prompt stands under one of the usual keys.
fn single_text(object: &Map<String, Value>, number: u64) -> Option<Shaped> {
    for key in TEXTS {
        let origin = PromptOrigin::of(key, std::slice::from_ref(&key));
        match object.get(key) {
            Some(Value::String(text)) => {
                return Some(prompt(text, system(object), object, number, &origin));
            }
            Some(Value::Array(turns)) if is_turns(&object[key]) => {
                return Some(list_of_turns(turns, object, number, &origin));
            }
            _ => {}
        }
    }
    None
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
        return Shaped::Unknown(RowError::OtherCall {
            url: url.to_owned(),
        });
    }
    let mut body = body.clone();
    if let Some(id) = object.get("custom_id") {
        body.entry("custom_id").or_insert_with(|| id.clone());
    }
    let mut shaped = shape_of_object(&body, number, reading);
    if let Shaped::Sample(found) = &mut shaped {
        let Understood { sample, unsent, .. } = found.as_mut();
        fields::of_batch(&body, unsent, &mut sample.options);
        let known = ["custom_id", "method", "url", "body", "params", "id", "_id"];
        let beside = object.keys().filter(|key| !known.contains(&key.as_str()));
        unsent.extend(beside.cloned());
        unsent.sort();
        unsent.dedup();
    }
    shaped
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

/// A row of the shape that the user names.
fn as_named(
    named: NamedShape,
    row: &Map<String, Value>,
    number: u64,
    trace: &TraceText<'_>,
) -> Shaped {
    let (found, wanted) = match named {
        NamedShape::Messages => (messages(row, number), "a list `messages`"),
        NamedShape::Sharegpt => (conversations(row, number), "a list `conversations`"),
        NamedShape::Longbench => (
            longbench(row, number),
            "`context` with `input`, or with `question` and its choices",
        ),
        NamedShape::Trace(kind) => return of_trace(kind, row, number, trace),
    };
    found.unwrap_or_else(|| {
        Shaped::Unknown(RowError::OtherShape {
            wanted,
            keys: keys(row),
        })
    })
}

fn longbench(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let text = crate::longbench::prompt_of(row)?;
    let origin = PromptOrigin::of("LongBench", LONGBENCH);
    Some(prompt(&text, None, row, number, &origin))
}

/// A row of a trace: text is made for it, unless it carries its own.
fn of_trace(
    kind: TraceKind,
    row: &Map<String, Value>,
    number: u64,
    trace: &TraceText<'_>,
) -> Shaped {
    // A row that carries its own text needs none made.
    if let Some(found) = messages(row, number) {
        return found;
    }
    if let Some(Value::String(text)) = row.get("text_input") {
        let origin = PromptOrigin::of(kind.name(), &["text_input"]);
        return of_a_trace(prompt(text, system(row), row, number, &origin));
    }
    match trace::prompt(kind, row, number, trace) {
        Err(error) => Shaped::Unknown(error.into()),
        Ok(None) => Shaped::Skip("no input tokens"),
        Ok(Some(trace::TracePrompt {
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
            let origin = PromptOrigin::of(kind.name(), &[]);
            of_a_trace(prompt(&text, None, &row, number, &origin))
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

/// A row with a list of messages.
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
    let origin = PromptOrigin::of("messages", &["messages"]);
    Some(messages_row(messages, row, number, &origin))
}

/// A row whose prompt is the ids of its tokens: under their own key, or in the place of a text.
fn token_ids(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    for key in ["prompt_token_ids", "prompt"] {
        let Some(Value::Array(ids)) = row.get(key) else {
            continue;
        };
        if key == "prompt_token_ids" || ids.first().is_some_and(Value::is_number) {
            let origin = PromptOrigin::of("token ids", std::slice::from_ref(&key));
            return Some(ids_row(ids, row, number, &origin));
        }
    }
    None
}

/// A row of the Responses API: a list of items that are not all messages of a chat, or a text, with
/// instructions.
fn items(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let instructed = row.get("instructions").is_some_and(Value::is_string);
    let origin = PromptOrigin::of("input", &["input"]);
    match row.get("input")? {
        Value::Array(items) if !items.is_empty() => {
            let typed = items.iter().any(|item| item.get("type").is_some());
            let parts = items
                .iter()
                .filter_map(|item| item.get("content")?.as_array());
            let own = parts.flatten().any(|part| {
                let kind = part.get("type").and_then(Value::as_str).unwrap_or("");
                kind.starts_with("input_") || kind == "output_text"
            });
            (typed || own || instructed).then(|| items_row(items, row, number, &origin))
        }
        Value::String(text) if instructed => {
            let asked = prompt(text, None, row, number, &origin);
            Some(with_options(asked, row, &["instructions"]))
        }
        _ => None,
    }
}

/// A row with a conversation, as ShareGPT has it.
fn conversations(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let turns = row.get("conversations").or(row.get("conversation"))?;
    let origin = PromptOrigin::of("conversations", &["conversations", "conversation"]);
    Some(conversation(turns.as_array()?, row, number, &origin))
}

/// The first of several turns: `user_messages`, `turns` (texts, or objects with a text), `texts`.
fn turns(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    for key in ["user_messages", "turns", "texts", "prompts"] {
        let Some(Value::Array(turns)) = row.get(key) else {
            continue;
        };
        let first = turns.first();
        let Some(text) = first.and_then(text_of_turn) else {
            return Some(Shaped::Skip("no turns"));
        };
        let mut row = row.clone();
        // What the turn asks for itself.
        if let Some(Value::Object(turn)) = first {
            for (key, value) in turn.iter().filter(|(key, _)| fields::is_sent(key)) {
                row.insert(key.clone(), value.clone());
            }
        }
        let origin = PromptOrigin::of(key, std::slice::from_ref(&key));
        return Some(prompt(text, system(&row), &row, number, &origin));
    }
    None
}

/// The text that a turn of a list asks.
pub(crate) fn text_of_turn(turn: &Value) -> Option<&str> {
    let mut texts = TEXTS.iter();
    turn.as_str()
        .or_else(|| texts.find_map(|key| turn.get(*key)?.as_str()))
}

/// A table with a column for each turn, `prompt_0`, `prompt_1`, … or `prompt-1`, …: the columns of
/// the first one under their plain names, and those that belong to no turn.
fn first_turn(object: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut suffixes = ["_0", "-0", "_1", "-1"].into_iter();
    let suffix = suffixes.find(|suffix| {
        let mut columns = TEXTS.iter().map(|key| format!("{key}{suffix}"));
        columns.any(|column| object.contains_key(&column))
    })?;
    let mut row: Map<String, Value> = object
        .iter()
        .filter(|(key, _)| !is_numbered(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in object {
        if let Some(plain) = key.strip_suffix(suffix) {
            row.insert(plain.to_owned(), value.clone());
        }
    }
    Some(row)
}

/// Whether a column belongs to one turn, by the number at the end of its name.
fn is_numbered(column: &str) -> bool {
    let number = column.rsplit_once(['_', '-']).map(|(_, number)| number);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}
