//! What can go wrong with the files of a run.

use std::{io, path::PathBuf};

/// Why the files of a run cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder holds an earlier run.
    #[error("{} holds an earlier run: choose another --output-dir, or replace it with --overwrite", dir.display())]
    Occupied {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process writes into the folder.
    #[error("another dualround writes into {}{}: wait for it, or choose another --output-dir", dir.display(), by(*process))]
    Busy {
        /// The folder.
        dir: PathBuf,
        /// Its number, where it is known.
        process: Option<u32>,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal cannot be continued while a run goes on: the disk is full, say.
    #[error(
        "cannot write {}: {source}; the run was stopped, what had ended until then is kept: make room, then `dualround report` makes the files and --resume goes on",
        path.display()
    )]
    Append {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the journal is no record.
    #[error("{} line {line}: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// Why.
        reason: String,
    },
}

fn by(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(" (process {process})"))
}

impl ReportError {
    /// What becomes of an error of the system when this path was to be written.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }

    /// What becomes of an error of the system when this path was to be read.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
