//! A row to a prompt: the shapes that datasets come in.

use crate::trace::{self, Trace};
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

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Shaped {
    /// A prompt, with the name of its shape.
    Sample(Box<Sample>, &'static str),
    /// No usable prompt in a row of a known shape; the reason.
    Skip(&'static str),
    /// Not understood; why.
    Unknown(String),
}

/// Request fields that a row may carry along.
const OPTIONS: [&str; 11] = [
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "seed",
    "chat_template_kwargs",
    "presence_penalty",
    "frequency_penalty",
    "functions",
];
const LENGTHS: [&str; 6] = [
    "output_tokens",
    "output_length",
    "output_tokens_count",
    "completion_tokens_count",
    "max_tokens",
    "max_completion_tokens",
];

/// Keys that state the length of the prompt in tokens.
const INPUTS: [&str; 3] = ["input_tokens", "prompt_tokens_count", "input_tokens_count"];

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
        Value::String(text) => return prompt(text, None, &Map::new(), number, "plain string"),
        Value::Object(object) => object,
        _ => return Shaped::Unknown("a row is a JSON object or a string".to_owned()),
    };
    if let Some(key) = reading.text_key {
        return match object.get(key) {
            Some(Value::String(text)) => prompt(text, system(object), object, number, "text key"),
            Some(_) => Shaped::Unknown(format!("the value of `{key}` is no text")),
            None => Shaped::Unknown(format!("no key `{key}`; it has: {}", keys(object))),
        };
    }
    // A Batch row wraps the request.
    if let Some(Value::Object(body)) = object.get("body") {
        let mut body = body.clone();
        if let Some(id) = object.get("custom_id") {
            body.entry("custom_id").or_insert_with(|| id.clone());
        }
        return shape(&Value::Object(body), number, reading);
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
        return prompt(&text, None, object, number, "LongBench");
    }
    for key in TEXTS {
        if let Some(Value::String(text)) = object.get(key) {
            return prompt(text, system(object), object, number, key);
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

fn as_named(named: Named, row: &Map<String, Value>, number: u64, trace: &Trace<'_>) -> Shaped {
    let (found, wanted) = match named {
        Named::Messages => (messages(row, number), "a list `messages`"),
        Named::Sharegpt => (conversations(row, number), "a list `conversations`"),
        Named::Longbench => (
            crate::longbench::prompt_of(row)
                .map(|text| prompt(&text, None, row, number, "LongBench")),
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
        return prompt(text, system(row), row, number, kind.name());
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
            prompt(&text, None, &row, number, kind.name())
        }
    }
}

fn messages(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let messages = row.get("messages")?.as_array()?;
    Some(messages_row(messages, row, number))
}

fn conversations(row: &Map<String, Value>, number: u64) -> Option<Shaped> {
    let turns = row.get("conversations").or(row.get("conversation"))?;
    Some(conversation(turns.as_array()?, row, number))
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
                    for (key, value) in turn.iter().filter(|(key, _)| is_option(key)) {
                        row.insert(key.clone(), value.clone());
                    }
                }
                prompt(text, system(&row), &row, number, key)
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

fn is_option(key: &str) -> bool {
    OPTIONS.contains(&key) || LENGTHS.contains(&key)
}

fn keys(object: &Map<String, Value>) -> String {
    let keys: Vec<String> = object.keys().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() {
        "(none)".to_owned()
    } else {
        keys.join(", ")
    }
}

fn system(object: &Map<String, Value>) -> Option<&str> {
    let texts = ["system", "system_prompt", "prefix"];
    let text = texts.iter().find_map(|key| object.get(*key)?.as_str());
    text.filter(|text| !text.is_empty())
}

fn prompt(
    text: &str,
    system: Option<&str>,
    row: &Map<String, Value>,
    number: u64,
    shape: &'static str,
) -> Shaped {
    if text.trim().is_empty() {
        return Shaped::Skip("empty prompt");
    }
    let mut messages = Vec::with_capacity(2);
    if let Some(system) = system {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": text}));
    sample(messages, row, number, shape)
}

fn messages_row(messages: &[Value], row: &Map<String, Value>, number: u64) -> Shaped {
    if messages.is_empty() {
        return Shaped::Skip("no messages");
    }
    if let Some(bad) = messages
        .iter()
        .find(|message| message.get("role").is_none())
    {
        let keys = bad.as_object().map_or_else(|| "no object".to_owned(), keys);
        return Shaped::Unknown(format!("a message has no `role`; it has {keys}"));
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
    sample(asked.to_vec(), row, number, "messages")
}

/// ShareGPT: up to the first human turn, the system text kept.
fn conversation(turns: &[Value], row: &Map<String, Value>, number: u64) -> Shaped {
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
        Some(text) => prompt(text, system_text, row, number, "conversations"),
    }
}

fn sample(
    messages: Vec<Value>,
    row: &Map<String, Value>,
    number: u64,
    shape: &'static str,
) -> Shaped {
    let mut output_tokens = None;
    for key in LENGTHS {
        match row.get(key) {
            None | Some(Value::Null) => {}
            Some(value) => match value.as_u64().filter(|n| *n > 0) {
                Some(n) => {
                    output_tokens = Some(n);
                    break;
                }
                None => {
                    return Shaped::Unknown(format!("`{key}` is {value}, not a positive integer"));
                }
            },
        }
    }
    let options = OPTIONS.iter().filter_map(|key| {
        let value = row.get(*key).filter(|value| !value.is_null())?;
        Some(((*key).to_owned(), value.clone()))
    });
    let id = ["id", "_id", "custom_id", "session_id", "chat_id"]
        .iter()
        .find_map(|key| row.get(*key))
        .and_then(|id| match id {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
    let sample = Sample {
        row: number,
        id,
        messages,
        output_tokens,
        input_tokens: INPUTS.iter().find_map(|key| row.get(*key)?.as_u64()),
        options: options.collect(),
        truncated: false,
    };
    Shaped::Sample(Box::new(sample), shape)
}
