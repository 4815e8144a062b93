//! `requests.jsonl`: every request as it ended, appended and never rewritten. All other files are
//! made from it and can be made again.

use crate::ReportError;
use dualround_model::{Evidence, RequestRecord, RoundMeta};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    ops::Range,
    path::PathBuf,
};

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
    out: BufWriter<File>,
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
            out: BufWriter::with_capacity(1 << 16, file),
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

    fn line(&mut self, line: &LineRef<'_>) -> Result<(), ReportError> {
        let mut out = Counting {
            out: &mut self.out,
            written: &mut self.at,
        };
        let written = serde_json::to_writer(&mut out, line).map_err(io::Error::from);
        written
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|source| self.failed(source))
    }

    /// Hands what is buffered to the system: a crash of this program cannot lose it any more.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn flush(&mut self) -> Result<(), ReportError> {
        self.out.flush().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ReportError {
        let path = self.path.clone();
        ReportError::Append { path, source }
    }
}

/// Adds up the bytes that go through it.
struct Counting<'a, W> {
    out: &'a mut W,
    written: &'a mut u64,
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        *self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
