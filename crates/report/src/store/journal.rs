//! `requests.jsonl`: every request as it ended, appended and never rewritten. All other files are
//! made from it and can be made again.

use crate::ReportError;
use dualround_model::{Evidence, RequestRecord, RoundMeta};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Write},
    ops::Range,
    path::PathBuf,
};

/// Bytes of lines that are handed to the system though nobody asks for it yet.
const WAITING: usize = 1 << 16;

/// A line of the journal that is to be written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LineRef<'a> {
    Begun(&'a RoundMeta),
    Request(&'a RequestRecord),
    Round(&'a RoundMeta),
    Evidence(&'a Evidence),
}

/// A line of the journal that was read back.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JournalLine {
    Begun(Box<RoundMeta>),
    Request(Box<RequestRecord>),
    Round(Box<RoundMeta>),
    Evidence(Box<Evidence>),
}

/// The journal of a run, open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Lines that are not yet handed to the system.
    waiting: Vec<u8>,
    /// Where the next line will stand, and where the first request of the round stands.
    at: u64,
    from: u64,
}

impl Journal {
    pub(crate) fn open(path: PathBuf) -> Result<Self, ReportError> {
        let file = File::options().append(true).create(true).open(&path);
        let file = file.map_err(ReportError::write(&path))?;
        let at = file.metadata().map_err(ReportError::write(&path))?.len();
        Ok(Self {
            path,
            file,
            waiting: Vec::with_capacity(2 * WAITING),
            at,
            from: at,
        })
    }

    /// Appends what is known of a round that begins.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn begun(&mut self, meta: &RoundMeta) -> Result<(), ReportError> {
        self.line(&LineRef::Begun(meta))?;
        self.from = self.at;
        self.flush()
    }

    /// Appends a request.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn append(&mut self, record: &RequestRecord) -> Result<(), ReportError> {
        self.line(&LineRef::Request(record))
    }

    /// Appends the facts of a round that has ended, behind its requests. Returns where these stand,
    /// bytes.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn round(&mut self, meta: &RoundMeta) -> Result<Range<u64>, ReportError> {
        let requests = self.from..self.at;
        self.line(&LineRef::Round(meta))?;
        self.from = self.at;
        self.flush()?;
        Ok(requests)
    }

    /// Appends what was found out about a level, behind its rounds.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn evidence(&mut self, evidence: &Evidence) -> Result<(), ReportError> {
        self.line(&LineRef::Evidence(evidence))?;
        self.from = self.at;
        self.flush()
    }

    // A line is made in memory: written piece by piece into a file's buffer it takes twice as long.
    fn line(&mut self, line: &LineRef<'_>) -> Result<(), ReportError> {
        let before = self.waiting.len();
        if let Err(error) = serde_json::to_writer(&mut self.waiting, line) {
            self.waiting.truncate(before);
            return Err(self.failed(io::Error::from(error)));
        }
        self.waiting.push(b'\n');
        self.at += (self.waiting.len() - before) as u64;
        if self.waiting.len() < WAITING {
            return Ok(());
        }
        self.flush()
    }

    /// Hands what is buffered to the system: a crash of this program cannot lose it any more.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn flush(&mut self) -> Result<(), ReportError> {
        let written = self.file.write_all(&self.waiting);
        self.waiting.clear();
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ReportError {
        let path = self.path.clone();
        ReportError::Append { path, source }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
