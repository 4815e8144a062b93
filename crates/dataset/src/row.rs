//! A row of a data set as it comes out of a file, and its position there.

use crate::DatasetError;
use serde_json::Value;
use std::fmt;

/// A row, or a line that is none.
pub(crate) enum FileRow<'a> {
    /// The bytes of a JSON value, not yet looked at, and where it stands.
    Json(RowPosition, &'a [u8]),
    /// A value and where it stands.
    Value(RowPosition, Value),
    /// A line that is no row.
    Bad(u64, String),
}

impl FileRow<'_> {
    /// Reads what was not looked at yet.
    pub(crate) fn parsed(self) -> Self {
        match self {
            Self::Json(place, text) => match serde_json::from_slice(text) {
                Ok(value) => Self::Value(place, value),
                Err(error) => Self::Bad(place.number(), describe(text, &error)),
            },
            other => other,
        }
    }

    /// Only asks whether it can be read.
    pub(crate) fn checked(self) -> Self {
        match self {
            Self::Json(place, text) => {
                match serde_json::from_slice::<serde::de::IgnoredAny>(text) {
                    Ok(_) if std::str::from_utf8(text).is_ok() => Self::Json(place, text),
                    Ok(_) => Self::Bad(place.number(), bad_utf8(text).unwrap_or_default()),
                    Err(error) => Self::Bad(place.number(), describe(text, &error)),
                }
            }
            other => other,
        }
    }
}

/// The position of a row in its file, 1-based.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RowPosition {
    /// A physical line.
    Line(u64),
    /// An element of a list, a row of a table.
    Row(u64),
}

impl RowPosition {
    /// The number alone.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for RowPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Row(number) => write!(f, "row {number}"),
        }
    }
}

/// A receiver of rows; it may stop the reading with an error.
pub(crate) type RowSink<'a> = dyn FnMut(FileRow<'_>) -> Result<(), DatasetError> + 'a;

/// Says at which byte a text is not UTF-8; `None` where it is.
pub(crate) fn bad_utf8(text: &[u8]) -> Option<String> {
    let error = std::str::from_utf8(text).err()?;
    Some(format!("not UTF-8 (byte {})", error.valid_up_to() + 1))
}

fn describe(text: &[u8], error: &serde_json::Error) -> String {
    bad_utf8(text).unwrap_or_else(|| {
        let words = error.to_string();
        let mut words = words.split(" at line ").next().unwrap_or("");
        // The parser's own words speak of an escape that ends.
        let surrogate = text
            .windows(3)
            .any(|part| part.eq_ignore_ascii_case(b"\\ud"));
        if surrogate && (words.contains("hex escape") || words.contains("surrogate")) {
            words = "an escape is one half of a surrogate pair, half of a character,";
        }
        format!("not JSON: {words} at column {}", error.column())
    })
}
