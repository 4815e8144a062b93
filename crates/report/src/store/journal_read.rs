//! The journal read back: all of it once, entry by entry, or single requests of a round.

use crate::{ReportError, store::journal::JournalLine};
use dualround_model::{Evidence, RequestRecord, RoundMeta, RoundResult};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    cell::RefCell,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

/// One thing that the journal tells; they come in the order in which they happened.
#[derive(Debug)]
pub enum JournalEntry {
    /// A round begins.
    Begun(Box<RoundMeta>),
    /// A request of it has ended.
    Request(Box<RequestRecord>),
    /// The round has ended; its requests stand at these bytes.
    Round(Box<RoundMeta>, Range<u64>),
    /// What was found out about a level.
    Evidence(Box<Evidence>),
    /// A line that cannot be read and was passed over, 1-based: what it told is gone.
    Damaged(usize),
    /// The line that ended a round is gone; the round follows as far as its requests tell.
    EndLost,
}

/// A round that has begun, as far as its requests tell.
struct OpenRound {
    meta: Box<RoundMeta>,
    requests: u32,
    queued_ns: Option<u64>,
    ended_ns: Option<u64>,
}

impl OpenRound {
    fn add(&mut self, record: &RequestRecord) {
        self.requests += 1;
        let time = &record.timeline;
        let queued = self.queued_ns.unwrap_or(time.queued_ns);
        self.queued_ns = Some(queued.min(time.queued_ns));
        self.ended_ns = self.ended_ns.max(Some(time.end_ns));
    }

    /// A round of a run that went on behind it, whose end is gone from the journal.
    fn without_end(self) -> Box<RoundMeta> {
        let mut meta = self.salvaged();
        meta.without_end();
        meta
    }

    /// A round whose end nobody has seen. Those that were in flight stand with those that were not
    /// started: nothing is known of them.
    fn salvaged(self) -> Box<RoundMeta> {
        let mut meta = self.meta;
        meta.started_ns = self.queued_ns.unwrap_or(meta.started_ns);
        meta.ended_ns = self.ended_ns.unwrap_or(meta.ended_ns);
        meta.not_started = meta.planned.saturating_sub(self.requests);
        meta.interrupted = true;
        meta.unfinished = true;
        meta
    }
}

/// Reads a journal and hands over what is in it. A last line that was cut short by a crash is passed
/// over in silence, any other that is no record as [`JournalEntry::Damaged`]. A round that had begun
/// but not ended is there with the requests that had; it counts as interrupted.
///
/// # Errors
/// [`ReportError`] when the file cannot be read, or holds no record at all.
pub fn read_journal(path: &Path, take: &mut dyn FnMut(JournalEntry)) -> Result<(), ReportError> {
    let mut file = open(path)?;
    let mut telling = JournalTelling {
        take,
        round: None,
        from: 0,
    };
    let (mut line, mut number, mut at) = (Vec::new(), 0, 0);
    let mut damage = Damage::default();
    loop {
        line.clear();
        let read = file.read_until(b'\n', &mut line);
        let length = read.map_err(ReportError::read(path))? as u64;
        if length == 0 {
            break;
        }
        let begin = at;
        at += length;
        number += 1;
        match serde_json::from_slice(&line) {
            Ok(told) => {
                damage.has_records = true;
                telling.line(told, begin..at);
            }
            // A crash ends the last line anywhere, within a character too.
            Err(_) if is_last(&mut file, path)? => {
                at = begin;
                break;
            }
            Err(error) => {
                damage.first.get_or_insert((number, error.to_string()));
                (telling.take)(JournalEntry::Damaged(number));
            }
        }
    }
    damage.checked(path)?;
    telling.end(at);
    Ok(())
}

/// Makes entries of the lines of a journal.
struct JournalTelling<'a> {
    take: &'a mut dyn FnMut(JournalEntry),
    /// The round that has begun and not ended.
    round: Option<OpenRound>,
    /// Where its requests begin, bytes.
    from: u64,
}

impl JournalTelling<'_> {
    /// Takes the next line, which stands at these bytes.
    fn line(&mut self, line: JournalLine, bytes: Range<u64>) {
        match line {
            JournalLine::Begun(meta) => {
                if let Some(open) = self.round.take().filter(|open| open.requests > 0) {
                    (self.take)(JournalEntry::EndLost);
                    let requests = self.from..bytes.start;
                    (self.take)(JournalEntry::Round(open.without_end(), requests));
                }
                self.from = bytes.end;
                (self.take)(JournalEntry::Begun(meta.clone()));
                self.round = Some(OpenRound {
                    meta,
                    requests: 0,
                    queued_ns: None,
                    ended_ns: None,
                });
            }
            JournalLine::Request(record) => {
                if let Some(round) = &mut self.round {
                    round.add(&record);
                }
                (self.take)(JournalEntry::Request(record));
            }
            JournalLine::Round(meta) => {
                (self.take)(JournalEntry::Round(meta, self.from..bytes.start));
                self.round = None;
                self.from = bytes.end;
            }
            JournalLine::Evidence(evidence) => (self.take)(JournalEntry::Evidence(evidence)),
        }
    }

    /// The journal ends at `at`, in the middle of a round where the program was killed.
    fn end(self, at: u64) {
        if let Some(round) = self.round.filter(|round| round.requests > 0) {
            (self.take)(JournalEntry::Round(round.salvaged(), self.from..at));
        }
    }
}

/// What of a journal could not be read.
#[derive(Default)]
struct Damage {
    /// The first line that is no record, and why.
    first: Option<(usize, String)>,
    /// Some line is one.
    has_records: bool,
}

impl Damage {
    /// A file without any record is no journal.
    fn checked(self, path: &Path) -> Result<(), ReportError> {
        match self.first {
            Some((line, reason)) if !self.has_records => Err(ReportError::Journal {
                path: path.to_owned(),
                line,
                reason,
            }),
            _ => Ok(()),
        }
    }
}

fn open(path: &Path) -> Result<BufReader<File>, ReportError> {
    let file = File::open(path).map_err(ReportError::read(path))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

fn is_last(file: &mut BufReader<File>, path: &Path) -> Result<bool, ReportError> {
    let rest = file.fill_buf().map_err(ReportError::read(path))?;
    Ok(rest.is_empty())
}

/// Cuts the journal off behind a round, whose requests end at `end`, and what was found out about its
/// level: what comes after that is run again. `None` keeps nothing.
///
/// # Errors
/// [`ReportError`] when it cannot be read or cut.
pub fn cut_journal(path: &Path, end: Option<u64>) -> Result<(), ReportError> {
    let kept = match end {
        None => 0,
        Some(end) => {
            let mut file = open(path)?;
            end_of_round(&mut file, end).map_err(ReportError::read(path))?
        }
    };
    let file = File::options().write(true).open(path);
    let cut = file.and_then(|file| {
        file.set_len(kept)?;
        file.sync_all()
    });
    cut.map_err(ReportError::write(path))
}

/// Where the lines of a round end whose requests end at `end`: behind the line of the round itself,
/// and behind what was found out about its level, where that follows.
fn end_of_round(file: &mut BufReader<File>, end: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(end))?;
    let mut line = Vec::new();
    let at = end + file.read_until(b'\n', &mut line)? as u64;
    line.clear();
    let length = file.read_until(b'\n', &mut line)? as u64;
    if line.starts_with(b"{\"evidence\"") && line.ends_with(b"\n") {
        return Ok(at + length);
    }
    Ok(at)
}

/// Bytes of the journal that are read at once, for requests that do not stand in their order.
const AHEAD: usize = 1 << 20;

/// The one field of a line that an index is made of.
#[derive(Deserialize)]
struct Indexed {
    request: IndexOnly,
}

#[derive(Deserialize)]
struct IndexOnly {
    index: u32,
}

/// A reader of the requests of one round, by their index.
#[derive(Debug)]
pub struct RoundReader {
    path: PathBuf,
    file: RefCell<FileAt>,
    /// Where each one's line begins, by index; `u64::MAX`: it is not there.
    lines: Vec<u64>,
}

/// The open journal, and where the next byte is read, from its beginning.
#[derive(Debug)]
struct FileAt {
    reader: BufReader<File>,
    at: u64,
}

impl FileAt {
    /// The request whose line begins there.
    fn request(&mut self, begins: u64) -> io::Result<RequestRecord> {
        // Neighbours by index stand close to each other: most often the buffer holds both.
        let distance = begins.cast_signed() - self.at.cast_signed();
        self.reader.seek_relative(distance)?;
        self.at = begins;
        let mut line = Vec::new();
        self.at += self.reader.read_until(b'\n', &mut line)? as u64;
        match serde_json::from_slice(&line)? {
            JournalLine::Request(record) => Ok(*record),
            _ => Err(moved()),
        }
    }
}

impl RoundReader {
    /// Finds the requests of a round in the journal.
    ///
    /// # Errors
    /// [`ReportError`] when they are not where they should be.
    pub fn open(path: &Path, round: &RoundResult) -> Result<Self, ReportError> {
        let file = File::open(path).map_err(ReportError::read(path))?;
        let mut file = BufReader::with_capacity(AHEAD, file);
        let lines = find(&mut file, round).map_err(ReportError::read(path))?;
        Ok(Self {
            path: path.to_owned(),
            file: RefCell::new(FileAt {
                reader: file,
                at: round.journal.end,
            }),
            lines,
        })
    }

    /// The requests that ended, in the order of their index.
    pub fn indexes(&self) -> impl Iterator<Item = u32> {
        let lines = (0..).zip(&self.lines);
        lines
            .filter(|(_, at)| **at != u64::MAX)
            .map(|(index, _)| index)
    }

    /// Reads one request; `None` where it was never started.
    ///
    /// # Errors
    /// [`ReportError`] when the journal was changed meanwhile.
    pub fn record(&self, index: u32) -> Result<Option<RequestRecord>, ReportError> {
        let line = self.lines.get(index as usize);
        let Some(at) = line.filter(|at| **at != u64::MAX) else {
            return Ok(None);
        };
        let record = self.file.borrow_mut().request(*at);
        record.map(Some).map_err(ReportError::read(&self.path))
    }
}

fn moved() -> io::Error {
    io::Error::other("no request stands where one was written")
}

fn find(file: &mut BufReader<File>, round: &RoundResult) -> io::Result<Vec<u64>> {
    let mut lines = vec![u64::MAX; round.meta.planned as usize];
    let mut at = round.journal.start;
    file.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    while at < round.journal.end {
        line.clear();
        let left = round.journal.end - at;
        let length = file.by_ref().take(left).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Err(moved());
        }
        let index = index_in_front(&line).or_else(|| {
            let indexed = serde_json::from_slice::<Indexed>(&line).ok()?;
            Some(indexed.request.index)
        });
        // A damaged line is of no request. Of a repeated one the first counts.
        if let Some(index) = index
            && serde_json::from_slice::<IgnoredAny>(&line).is_ok()
        {
            let slot = lines.get_mut(index as usize).ok_or_else(moved)?;
            *slot = (*slot).min(at);
        }
        at += length as u64;
    }
    Ok(lines)
}

/// The index of a request's line, which stands before all that has no bound: there may be very many
/// lines to look at.
fn index_in_front(line: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"\"index\":";
    let front = &line[..line.len().min(80)];
    let at = front.windows(NAME.len()).position(|part| part == NAME)? + NAME.len();
    let end = at + front[at..].iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&front[at..end]).ok()?.parse().ok()
}
