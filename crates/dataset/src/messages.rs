//! Messages as the API takes them, and lists of turns in general.

use crate::quote::short;
use serde_json::{Map, Value};

/// A message that the API does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// A message that is no object.
    #[error("messages[{at}] is {value}, no object")]
    NoObject {
        /// Its place in the list, 0-based.
        at: usize,
        /// What stands there, shortened.
        value: String,
    },
    /// A message without a role.
    #[error("a message has no `role`; messages[{at}] has {keys}")]
    NoRole {
        /// Its place in the list, 0-based.
        at: usize,
        /// The keys it has.
        keys: String,
    },
    /// A field of another type.
    #[error("messages[{at}].{field} is {value}, {wanted}")]
    Field {
        /// The place of the message in the list, 0-based.
        at: usize,
        /// The field.
        field: &'static str,
        /// What stands there, shortened.
        value: String,
        /// What it is not.
        wanted: &'static str,
    },
}

/// Objects with a role or a speaker.
pub(crate) fn is_turns(value: &Value) -> bool {
    let turns = value.as_array();
    turns.is_some_and(|turns| !turns.is_empty() && turns.iter().all(is_turn))
}

fn is_turn(value: &Value) -> bool {
    value.get("role").is_some() || value.get("from").is_some()
}

/// A message in which the system or its developer speaks.
pub(crate) fn is_system(message: &Value) -> bool {
    let role = message.get("role");
    role.is_some_and(|role| role == "system" || role == "developer")
}

/// Checks that messages are such as the API takes.
///
/// # Errors
/// Which one is none, and why.
pub(crate) fn check_messages(messages: &[Value]) -> Result<(), MessageError> {
    for (at, message) in messages.iter().enumerate() {
        let Some(fields) = message.as_object() else {
            return Err(MessageError::NoObject {
                at,
                value: short(message),
            });
        };
        check_role(at, fields)?;
        check_content(at, fields)?;
        check_tool_calls(at, fields)?;
    }
    Ok(())
}

fn check_role(at: usize, message: &Map<String, Value>) -> Result<(), MessageError> {
    match message.get("role") {
        Some(Value::String(_)) => Ok(()),
        Some(role) => Err(MessageError::Field {
            at,
            field: "role",
            value: short(role),
            wanted: "no text",
        }),
        None => {
            let keys: Vec<String> = message.keys().map(|key| format!("`{key}`")).collect();
            Err(MessageError::NoRole {
                at,
                keys: keys.join(", "),
            })
        }
    }
}

fn check_content(at: usize, message: &Map<String, Value>) -> Result<(), MessageError> {
    match message.get("content") {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) if parts.iter().all(is_part) => Ok(()),
        Some(content) => Err(MessageError::Field {
            at,
            field: "content",
            value: short(content),
            wanted: "neither text nor parts",
        }),
    }
}

fn is_part(value: &Value) -> bool {
    value.is_object() || value.is_string()
}

fn check_tool_calls(at: usize, message: &Map<String, Value>) -> Result<(), MessageError> {
    match message.get("tool_calls") {
        None | Some(Value::Null | Value::Array(_)) => Ok(()),
        Some(calls) => Err(MessageError::Field {
            at,
            field: "tool_calls",
            value: short(calls),
            wanted: "no list",
        }),
    }
}
