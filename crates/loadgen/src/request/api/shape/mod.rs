//! Rows as one API or another has them. What is asked is the same in all: a row of one shape is made
//! one of chat completions, and of that the API's own, where each of its fields has a counterpart.

mod from_messages;
mod from_responses;

use super::error::BodyError;
use dualround_model::{Api, Sample};
use serde_json::{Map, Value};

/// What a row asks: its messages or items, and the fields beside them.
#[derive(Clone, Debug)]
pub(super) struct RowParts {
    pub(super) messages: Vec<Value>,
    pub(super) options: Map<String, Value>,
}

/// The API in whose shape a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowShape {
    /// Chat completions, or what is alike in all of them.
    Chat,
    Messages,
    Responses,
}

/// Types of content blocks that only Messages has.
const BLOCKS: [&str; 6] = [
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
    "document",
    "image",
];

/// Types of parts and items that only Responses has.
const ITEMS: [&str; 10] = [
    "input_text",
    "output_text",
    "input_image",
    "input_file",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "reasoning",
    "summary_text",
];

/// The type of a block, a part, an item or a tool; empty where it has none.
pub(super) fn kind(value: &Value) -> &str {
    text_of(value, "type").unwrap_or("")
}

/// The tools of a row, each made another API's.
pub(super) fn each_tool(
    tools: &Value,
    made: impl Fn(&Value) -> Result<Value, BodyError>,
) -> Result<Value, BodyError> {
    let tools = tools.as_array().into_iter().flatten();
    tools
        .map(made)
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

/// A tool that the API has no place for.
pub(super) fn refused_tool(tool: &Value, api: Api) -> BodyError {
    BodyError::key(format!("tools of type {}", kind(tool)), api)
}

/// Holds the fields of a chat's message against those that other APIs have a place for.
///
/// # Errors
/// [`BodyError::TokenIds`] where it is made of ids, [`BodyError::Key`] for any other field.
pub(super) fn check_message(message: &Value, api: Api) -> Result<(), BodyError> {
    let known = ["role", "content", "tool_calls", "tool_call_id"];
    let fields = message.as_object().into_iter().flatten();
    let mut told = fields.filter(|(_, value)| !value.is_null());
    match told.find(|(key, _)| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some((key, _)) if key == "token_ids" => Err(BodyError::TokenIds { api: api.name() }),
        Some((key, _)) => Err(BodyError::key(format!("messages[].{key}"), api)),
    }
}

/// The first tool of a row.
fn first_tool(options: &Map<String, Value>) -> Option<&Value> {
    options.get("tools")?.get(0)
}

impl RowShape {
    /// Of a row, by what only one API has.
    pub(super) fn of(parts: &RowParts) -> Self {
        let messages = parts.messages.iter();
        let contents = messages
            .clone()
            .filter_map(|message| message.get("content"));
        let within = contents.filter_map(Value::as_array).flatten();
        let kinds: Vec<&str> = messages.chain(within).map(kind).collect();
        let has = |of: &[&str]| kinds.iter().any(|kind| of.contains(kind));
        let tool = first_tool(&parts.options);
        let flat = tool.is_some_and(|tool| {
            kind(tool) == "function" && tool.get("function").is_none() && tool.get("name").is_some()
        });
        let schema = tool.is_some_and(|tool| tool.get("input_schema").is_some());
        if has(&ITEMS) || parts.options.contains_key("instructions") || flat {
            Self::Responses
        } else if has(&BLOCKS) || parts.options.contains_key("system") || schema {
            Self::Messages
        } else {
            Self::Chat
        }
    }
}

impl RowParts {
    /// Of a sample.
    pub(super) fn of(sample: &Sample) -> Self {
        Self {
            messages: sample.messages.clone(),
            options: sample.options.clone(),
        }
    }

    /// The same as chat completions have it.
    ///
    /// # Errors
    /// [`BodyError::Key`] for what has no counterpart there.
    pub(super) fn into_chat(self) -> Result<Self, BodyError> {
        match RowShape::of(&self) {
            RowShape::Chat => Ok(self),
            RowShape::Messages => from_messages::chat(self),
            RowShape::Responses => from_responses::chat(self),
        }
    }
}

/// A text, where a value is one.
pub(super) fn text_of<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Takes the messages of a system away from the beginning of a chat: their contents.
pub(super) fn leading_system(messages: &mut Vec<Value>) -> Vec<Value> {
    let is_system = |message: &&Value| {
        text_of(message, "role").is_some_and(|role| ["system", "developer"].contains(&role))
    };
    let count = messages.iter().take_while(is_system).count();
    let taken = messages.drain(..count);
    let contents = taken.filter_map(|message| message.get("content").cloned());
    contents.filter(|content| !content.is_null()).collect()
}
