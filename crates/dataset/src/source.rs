//! What kind of file it is, by its content rather than by its name.

use crate::DatasetError;
use std::io::{self, BufRead};

/// How the rows stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One JSON value a line.
    Lines,
    /// One JSON value for the whole file: an array, or an object with `data`.
    Whole,
}

impl Layout {
    /// Name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lines => "JSONL",
            Self::Whole => "JSON",
        }
    }
}

/// Looks at the beginning of a file, skipping a byte order mark.
pub(crate) fn recognise(name: &str, reader: &mut dyn BufRead) -> Result<Layout, DatasetError> {
    let io = |source: io::Error| DatasetError::Io {
        name: name.to_owned(),
        source,
    };
    let not_rows = |what: &str| DatasetError::NotRows {
        name: name.to_owned(),
        what: what.to_owned(),
    };
    let start = reader.fill_buf().map_err(io)?;
    if start.starts_with(b"\x1f\x8b") {
        return Err(not_rows("it is gzip data: unpack it first (gunzip)"));
    }
    if start.starts_with(b"\x28\xb5\x2f\xfd") {
        return Err(not_rows("it is zstd data: unpack it first (zstd -d)"));
    }
    if start.starts_with(b"PAR1") {
        return Err(not_rows("it is Parquet: convert it to JSONL first"));
    }
    if start.starts_with(b"version https://git-lfs") {
        return Err(not_rows(
            "it is a Git-LFS pointer, not the file itself: run git lfs pull",
        ));
    }
    if start.starts_with(b"\xEF\xBB\xBF") {
        reader.consume(3);
    }
    let start = reader.fill_buf().map_err(io)?;
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(match first {
        None if start.is_empty() => return Err(not_rows("it is empty: no rows")),
        Some(b'[') => Layout::Whole,
        Some(b'{') if is_wrapper(start) => Layout::Whole,
        _ => Layout::Lines,
    })
}

/// An object for the whole file rather than the first line of JSONL: rows under `data`, or a first
/// line that opens an object and does not close it.
fn is_wrapper(start: &[u8]) -> bool {
    let compact = start
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace());
    if compact.take(9).eq(*b"{\"data\":[") {
        return true;
    }
    // Only a line whose end is in sight says anything.
    let mut lines = start.split_inclusive(|byte| *byte == b'\n');
    let line = lines.find(|line| !line.trim_ascii().is_empty());
    line.is_some_and(|line| {
        let open = line.trim_ascii().ends_with(b"{") || line.trim_ascii().ends_with(b",");
        line.ends_with(b"\n") && open
    })
}
