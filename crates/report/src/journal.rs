//! `requests.jsonl`: every request as it ended, appended and never rewritten. All other files are
//! made from it and can be made again.

use crate::ReportError;
use dualround_model::{RequestRecord, RoundMeta, RoundRun};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
};

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LineRef<'a> {
    Request(&'a RequestRecord),
    Round(&'a RoundMeta),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Request(Box<RequestRecord>),
    Round(Box<RoundMeta>),
}

/// The open journal.
#[derive(Debug)]
pub struct Journal(BufWriter<File>);

impl Journal {
    pub(crate) fn new(file: File) -> Self {
        Self(BufWriter::with_capacity(1 << 16, file))
    }

    /// Appends a request.
    ///
    /// # Errors
    /// As writing a file.
    pub fn append(&mut self, record: &RequestRecord) -> io::Result<()> {
        self.line(&LineRef::Request(record))
    }

    /// Appends the facts of a round that has ended, behind its requests.
    ///
    /// # Errors
    /// As writing a file.
    pub fn round(&mut self, meta: &RoundMeta) -> io::Result<()> {
        self.line(&LineRef::Round(meta))?;
        self.flush()
    }

    fn line(&mut self, line: &LineRef<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, line)?;
        self.0.write_all(b"\n")
    }

    /// Hands what is buffered to the system.
    ///
    /// # Errors
    /// As writing a file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Reads the finished rounds of a journal. A last line that was cut short by a crash is passed
/// over, and so are the requests of a round that did not end.
///
/// # Errors
/// [`ReportError`] when the file cannot be read or another line is no record.
pub fn read_journal(path: &Path) -> Result<Vec<RoundRun>, ReportError> {
    let file = File::open(path).map_err(ReportError::read(path))?;
    let mut lines = BufReader::new(file).lines().enumerate().peekable();
    let mut rounds = Vec::new();
    let mut records: Vec<RequestRecord> = Vec::new();
    while let Some((at, line)) = lines.next() {
        let line = line.map_err(ReportError::read(path))?;
        match serde_json::from_str(&line) {
            Ok(Line::Request(record)) => records.push(*record),
            Ok(Line::Round(meta)) => {
                let mut records = std::mem::take(&mut records);
                records.sort_by_key(|record| record.index);
                rounds.push(RoundRun {
                    meta: *meta,
                    records,
                });
            }
            Err(_) if lines.peek().is_none() => {}
            Err(error) => {
                let (path, reason) = (path.to_owned(), error.to_string());
                return Err(ReportError::Journal {
                    path,
                    line: at + 1,
                    reason,
                });
            }
        }
    }
    Ok(rounds)
}
