//! What is wrong with a dataset, where, and what to do about it.

use std::io;

/// Why a dataset cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file cannot be opened or read.
    #[error("cannot read dataset {name}: {source}")]
    Io {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Rows that were made or converted cannot be written.
    #[error("cannot write the rows: {0}")]
    Write(io::Error),
    /// The file holds something else than rows.
    #[error("dataset {name}: {what}")]
    NotRows {
        /// The file.
        name: String,
        /// What it is, and what to do.
        what: String,
    },
    /// A row that is no JSON.
    #[error("dataset {name} line {line}: {reason} (--skip-bad-rows passes such lines over)")]
    BadJson {
        /// The file.
        name: String,
        /// 1-based physical line.
        line: u64,
        /// The parser's words.
        reason: String,
    },
    /// A row of an unknown shape.
    #[error("dataset {name} {place}: {reason}")]
    BadRow {
        /// The file.
        name: String,
        /// `line 3` or `row 3`.
        place: String,
        /// What is wrong, with the keys there are.
        reason: String,
    },
    /// Nothing usable is in it.
    #[error("dataset {name} holds no usable row{detail}")]
    Empty {
        /// The file.
        name: String,
        /// Why rows were left out, if there were any.
        detail: String,
    },
    /// A request that makes no sense.
    #[error("{0}")]
    Invalid(String),
}
