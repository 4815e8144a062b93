//! `requests.jsonl`: every request as it ended, appended and never rewritten. All other files are
//! made from it and can be made again.

use crate::ReportError;
use dualround_model::{RequestRecord, RoundMeta, RoundRun};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LineRef<'a> {
    Begun(&'a RoundMeta),
    Request(&'a RequestRecord),
    Round(&'a RoundMeta),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begun(Box<RoundMeta>),
    Request(Box<RequestRecord>),
    Round(Box<RoundMeta>),
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Journal {
    pub(crate) fn open(path: PathBuf) -> Result<Self, ReportError> {
        let file = File::options().append(true).create(true).open(&path);
        let file = file.map_err(ReportError::write(&path))?;
        Ok(Self {
            path,
            out: BufWriter::with_capacity(1 << 16, file),
        })
    }

    /// Appends what is known of a round that begins.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn begun(&mut self, meta: &RoundMeta) -> Result<(), ReportError> {
        self.line(&LineRef::Begun(meta))?;
        self.flush()
    }

    /// Appends a request.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn append(&mut self, record: &RequestRecord) -> Result<(), ReportError> {
        self.line(&LineRef::Request(record))
    }

    /// Appends the facts of a round that has ended, behind its requests.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn round(&mut self, meta: &RoundMeta) -> Result<(), ReportError> {
        self.line(&LineRef::Round(meta))?;
        self.flush()
    }

    fn line(&mut self, line: &LineRef<'_>) -> Result<(), ReportError> {
        let written = serde_json::to_writer(&mut self.out, line).map_err(io::Error::from);
        written
            .and_then(|()| self.out.write_all(b"\n"))
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

/// Reads a journal. A last line that was cut short by a crash is passed over. A round that had
/// begun but not ended is there with the requests that had; it counts as interrupted.
///
/// # Errors
/// [`ReportError`] when the file cannot be read or another line is no record.
pub fn read_journal(path: &Path) -> Result<Vec<RoundRun>, ReportError> {
    let file = File::open(path).map_err(ReportError::read(path))?;
    let mut lines = BufReader::new(file).lines().enumerate().peekable();
    let mut rounds = Vec::new();
    let mut begun: Option<RoundMeta> = None;
    let mut records: Vec<RequestRecord> = Vec::new();
    while let Some((at, line)) = lines.next() {
        // A crash may also end a line within a character.
        let torn = lines.peek().is_none();
        let line = match line {
            Err(error) if torn && error.kind() == io::ErrorKind::InvalidData => break,
            line => line.map_err(ReportError::read(path))?,
        };
        match serde_json::from_str(&line) {
            Ok(Line::Begun(meta)) => {
                begun = Some(*meta);
                records.clear();
            }
            Ok(Line::Request(record)) => records.push(*record),
            Ok(Line::Round(meta)) => {
                begun = None;
                rounds.push(whole(*meta, std::mem::take(&mut records)));
            }
            Err(_) if torn => {}
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
    if let Some(meta) = begun.filter(|_| !records.is_empty()) {
        rounds.push(salvaged(meta, records));
    }
    Ok(rounds)
}

fn whole(meta: RoundMeta, mut records: Vec<RequestRecord>) -> RoundRun {
    records.sort_by_key(|record| record.index);
    RoundRun { meta, records }
}

/// A round whose end nobody has seen, as far as its requests tell. Those that were in flight count
/// as not started: nothing is known of them.
fn salvaged(mut meta: RoundMeta, records: Vec<RequestRecord>) -> RoundRun {
    let queued = records.iter().map(|record| record.timeline.queued_ns).min();
    let ended = records.iter().map(|record| record.timeline.end_ns).max();
    meta.started_ns = queued.unwrap_or(meta.started_ns);
    meta.ended_ns = ended.unwrap_or(meta.ended_ns);
    let ended = u32::try_from(records.len()).unwrap_or(u32::MAX);
    meta.not_started = meta.planned.saturating_sub(ended);
    meta.interrupted = true;
    whole(meta, records)
}

/// Keeps only the rounds of the first `levels` levels, so that those after them can be run again.
/// The journal is replaced at once: a crash leaves the old one or the new one.
///
/// # Errors
/// [`ReportError`] when it cannot be read or written.
pub fn keep_levels(path: &Path, levels: u32) -> Result<(), ReportError> {
    let draft = path.with_extension("jsonl.part");
    let file = File::open(path).map_err(ReportError::read(path))?;
    let write = || {
        let mut out = BufWriter::new(File::create(&draft)?);
        let mut pending: Vec<String> = Vec::new();
        for line in BufReader::new(file).lines() {
            // Only the torn end of a crash is no text, and it is of no finished round.
            let Ok(line) = line else { break };
            let Ok(parsed) = serde_json::from_str::<Line>(&line) else {
                break;
            };
            pending.push(line);
            if let Line::Round(meta) = parsed {
                for line in pending.drain(..).filter(|_| meta.level < levels) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        out.into_inner()?.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(ReportError::write(path))
}
