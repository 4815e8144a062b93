//! Rows out of a file, one at a time.

use crate::{
    DatasetError,
    source::{Layout, recognise},
};
use serde_json::Value;
use std::{
    fmt,
    io::{self, BufRead, Read},
};

/// A row, or a line that is none.
pub(crate) enum Row {
    /// A JSON value and where it stands.
    Value(Place, Value),
    /// A line that is no JSON.
    Bad(u64, String),
}

/// Where a row stands, 1-based.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A physical line of JSONL.
    Line(u64),
    /// An element of a JSON list.
    Row(u64),
}

impl Place {
    /// The number alone.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Row(number) => write!(f, "row {number}"),
        }
    }
}

/// Hands every row to `take`, which may stop with an error. JSONL is read line by line, so memory
/// does not grow with the file.
pub(crate) fn each(
    name: &str,
    mut reader: impl BufRead,
    mut take: impl FnMut(Row) -> Result<(), DatasetError>,
) -> Result<Layout, DatasetError> {
    let layout = recognise(name, &mut reader)?;
    match layout {
        Layout::Lines => lines(name, reader, &mut take)?,
        Layout::Whole => {
            for (number, value) in (1..).zip(whole(name, reader)?) {
                take(Row::Value(Place::Row(number), value))?;
            }
        }
    }
    Ok(layout)
}

fn lines(
    name: &str,
    mut reader: impl BufRead,
    take: &mut impl FnMut(Row) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let io = |source: io::Error| DatasetError::Io {
        name: name.to_owned(),
        source,
    };
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(io)? == 0 {
            return Ok(());
        }
        number += 1;
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let row = match serde_json::from_slice(text) {
            Ok(value) if is_list(&value) => {
                for (number, value) in (1..).zip(list_of(name, value)?) {
                    take(Row::Value(Place::Row(number), value))?;
                }
                continue;
            }
            Ok(value) => Row::Value(Place::Line(number), value),
            Err(error) => Row::Bad(number, describe(text, &error)),
        };
        take(row)?;
    }
}

fn describe(text: &[u8], error: &serde_json::Error) -> String {
    match std::str::from_utf8(text) {
        Err(error) => format!("not UTF-8 (byte {})", error.valid_up_to() + 1),
        Ok(_) => {
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or("");
            format!("not JSON: {words} at column {}", error.column())
        }
    }
}

fn whole(name: &str, mut reader: impl Read) -> Result<Vec<Value>, DatasetError> {
    let mut bytes = Vec::new();
    let io = |source: io::Error| DatasetError::Io {
        name: name.to_owned(),
        source,
    };
    reader.read_to_end(&mut bytes).map_err(io)?;
    let value = serde_json::from_slice(&bytes).map_err(|error| {
        let what = match std::str::from_utf8(&bytes) {
            Err(error) => format!("it is not UTF-8 (byte {})", error.valid_up_to() + 1),
            Ok(_) => format!("it is not JSON: {error}"),
        };
        DatasetError::NotRows {
            name: name.to_owned(),
            what,
        }
    })?;
    list_of(name, value)
}

/// Lists under keys instead of a row: `{"data": […]}`, `{"train": […], "test": […]}`.
fn is_list(value: &Value) -> bool {
    let Value::Object(object) = value else {
        return false;
    };
    let prompt = [
        "messages",
        "conversations",
        "conversation",
        "user_messages",
        "turns",
    ];
    let lists = object.values().filter(|value| value.is_array()).count();
    let known = prompt.iter().any(|key| object.contains_key(*key));
    object.get("data").is_some_and(Value::is_array)
        || (lists > 0 && lists == object.len() && !known)
}

/// The rows of a JSON list, or of the list under `data`.
fn list_of(name: &str, value: Value) -> Result<Vec<Value>, DatasetError> {
    let what = match value {
        Value::Array(rows) => return Ok(rows),
        Value::Object(mut object) => {
            if let Some(Value::Array(rows)) = object.remove("data") {
                return Ok(rows);
            }
            let keys: Vec<&str> = object.keys().map(String::as_str).collect();
            format!(
                "a JSON object is no list of rows; it has the keys {}: give a list, or a list \
                 under `data`",
                keys.join(", ")
            )
        }
        _ => "it holds one JSON value that is no list".to_owned(),
    };
    Err(DatasetError::NotRows {
        name: name.to_owned(),
        what,
    })
}
