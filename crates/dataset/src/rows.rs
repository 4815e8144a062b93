//! Rows out of a file, one at a time: memory does not grow with the file.

use crate::{
    DatasetError,
    bounded::{LONGEST, bound},
    elements::{ListEnd, elements},
    error::unreadable,
    messages::is_turns,
    row::{FileRow, RowPosition, RowSink, bad_utf8},
    source::{RowLayout, RowSource},
    table, weka,
};
use serde_json::Value;
use std::io::{BufRead, Read};

/// Hands every row to `take`; `layout` where the user says it. The sessions of a Weka trace, known
/// by the first one, are taken apart.
pub(crate) fn each(
    mut source: RowSource<'_>,
    layout: Option<RowLayout>,
    take: &mut RowSink<'_>,
) -> Result<RowLayout, DatasetError> {
    let (mut is_weka, mut number) = (None, 0);
    let since = bound(&mut source, LONGEST);
    each_of_file(source, layout, &mut |row| {
        since.set(0);
        if is_weka == Some(false) {
            return take(row);
        }
        let row = row.parsed();
        let FileRow::Value(_, value) = &row else {
            return take(row);
        };
        let session = value.as_object().is_some_and(weka::is_session);
        if !*is_weka.get_or_insert(session) || !session {
            return take(row);
        }
        for request in weka::requests(value) {
            number += 1;
            take(FileRow::Value(RowPosition::Row(number), request))?;
        }
        Ok(())
    })
}

/// The same before sessions are taken apart.
pub(crate) fn each_of_file(
    mut source: RowSource<'_>,
    layout: Option<RowLayout>,
    take: &mut RowSink<'_>,
) -> Result<RowLayout, DatasetError> {
    let found = source.recognise()?;
    let layout = match layout {
        // A list is no JSONL even when it is called so.
        Some(RowLayout::Lines | RowLayout::List) if found == RowLayout::List => RowLayout::List,
        Some(layout) => layout,
        None => found,
    };
    match layout {
        RowLayout::Lines => lines(&mut source, take)?,
        RowLayout::List => list(&mut source, take)?,
        RowLayout::Whole => {
            let value = whole(&mut source)?;
            give(list_of(&source.name, value)?, take)?;
        }
        RowLayout::Table(separator) => table::each(&mut source, separator, take)?,
        RowLayout::Text => text(&mut source, take)?,
        RowLayout::Parquet => crate::parquet::each(&mut source, take)?,
    }
    Ok(layout)
}

fn give(rows: Vec<Value>, take: &mut RowSink<'_>) -> Result<(), DatasetError> {
    for (number, value) in (1..).zip(rows) {
        take(FileRow::Value(RowPosition::Row(number), value))?;
    }
    Ok(())
}

/// The lines that are not blank, with their numbers.
fn each_line(
    source: &mut RowSource<'_>,
    mut take: impl FnMut(u64, &[u8], &str) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let RowSource { name, reader, .. } = source;
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        if read.map_err(unreadable(name))? == 0 {
            return Ok(());
        }
        number += 1;
        let text = line.trim_ascii();
        if !text.is_empty() {
            take(number, text, name)?;
        }
    }
}

fn lines(source: &mut RowSource<'_>, take: &mut RowSink<'_>) -> Result<(), DatasetError> {
    let mut first = true;
    each_line(source, |number, text, name| {
        // One line may hold the whole file.
        if std::mem::take(&mut first)
            && let Ok(value) = serde_json::from_slice(text)
            && is_list(&value)
        {
            return give(list_of(name, value)?, take);
        }
        take(FileRow::Json(RowPosition::Line(number), text))
    })
}

fn text(source: &mut RowSource<'_>, take: &mut RowSink<'_>) -> Result<(), DatasetError> {
    each_line(source, |number, text, _| {
        take(match std::str::from_utf8(text) {
            Ok(text) => FileRow::Value(RowPosition::Line(number), text.into()),
            Err(_) => FileRow::Bad(number, bad_utf8(text).unwrap_or_default()),
        })
    })
}

fn list(source: &mut RowSource<'_>, take: &mut RowSink<'_>) -> Result<(), DatasetError> {
    let RowSource { name, reader, .. } = source;
    // Up to the bracket, which was seen.
    let mut skipped = Vec::new();
    reader
        .read_until(b'[', &mut skipped)
        .map_err(unreadable(name))?;
    let end = elements(reader, unreadable(name), |number, bytes| {
        take(FileRow::Json(RowPosition::Row(number), bytes))
    })?;
    if end == ListEnd::CutOff {
        return Err(DatasetError::not_rows(
            name,
            "it is not JSON: the list does not end (EOF): the file is cut off",
        ));
    }
    loop {
        let rest = reader.fill_buf().map_err(unreadable(name))?;
        if rest.is_empty() {
            return Ok(());
        }
        if !rest.trim_ascii().is_empty() {
            return Err(DatasetError::not_rows(
                name,
                "it is not JSON: something follows the end of the list",
            ));
        }
        let length = rest.len();
        reader.consume(length);
    }
}

fn whole(source: &mut RowSource<'_>) -> Result<Value, DatasetError> {
    let RowSource { name, reader, .. } = source;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(unreadable(name))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = match bad_utf8(&bytes) {
            Some(what) => format!("it is {what}"),
            None => format!("it is not JSON: {error}"),
        };
        DatasetError::not_rows(name, what)
    })
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
        "texts",
        "hash_ids",
        "prompt_token_ids",
        "prompt",
        "input",
    ];
    let lists = object.values().filter(|value| value.is_array()).count();
    let known = prompt.iter().any(|key| object.contains_key(*key)) || object.values().any(is_turns);
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
            // One row for the whole file.
            let turns = object.values().any(is_turns);
            if turns || weka::is_session(&object) {
                return Ok(vec![Value::Object(object)]);
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
    Err(DatasetError::not_rows(name, what))
}
