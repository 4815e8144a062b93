//! Rows out of a file, one at a time.

use crate::{
    DatasetError,
    source::{Layout, recognise},
};
use serde_json::Value;
use std::io::{self, BufRead, Read};

/// A row, or a line that is none.
pub(crate) enum Row {
    /// A JSON value, with its 1-based line (JSONL) or row (JSON).
    Value(u64, Value),
    /// A line that is no JSON.
    Bad(u64, String),
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
                take(Row::Value(number, value))?;
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
            Ok(value) => Row::Value(number, value),
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
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        let line = error.line() as u64;
        DatasetError::BadJson {
            name: name.to_owned(),
            line,
            reason: error.to_string(),
        }
    })?;
    match value {
        Value::Array(rows) => Ok(rows),
        Value::Object(mut object) => match object.remove("data") {
            Some(Value::Array(rows)) => Ok(rows),
            _ => {
                let keys: Vec<&str> = object.keys().map(String::as_str).collect();
                let what = format!(
                    "a JSON object is no list of rows; it has the keys {}: give a list, or a list under `data`",
                    keys.join(", ")
                );
                Err(DatasetError::NotRows {
                    name: name.to_owned(),
                    what,
                })
            }
        },
        _ => {
            let what = "it holds one JSON value that is no list".to_owned();
            Err(DatasetError::NotRows {
                name: name.to_owned(),
                what,
            })
        }
    }
}
