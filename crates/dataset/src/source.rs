//! A file as it lies there: unpacked, without its byte order mark, and recognised by its content
//! rather than by its name.

use crate::DatasetError;
use flate2::bufread::MultiGzDecoder;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Bytes read at once.
const BUFFER: usize = 1 << 18;

/// Packed bytes read from files so far, by all readers of this process.
static BYTES_READ: AtomicU64 = AtomicU64::new(0);

/// Bytes that this process has read from data set files so far, packed as they lie there: what a
/// progress bar shows.
pub fn bytes_read() -> u64 {
    BYTES_READ.load(Relaxed)
}

struct Counted<R>(R);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(into)?;
        BYTES_READ.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// How the rows stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One JSON value a line.
    Lines,
    /// A JSON list.
    List,
    /// One JSON object for the whole file, with a list in it.
    Whole,
    /// A table with a header: columns separated by this byte.
    Table(u8),
    /// One prompt a line.
    Text,
    /// Apache Parquet.
    Parquet,
}

impl Layout {
    /// Name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lines => "JSONL",
            Self::List | Self::Whole => "JSON",
            Self::Table(b'\t') => "TSV",
            Self::Table(_) => "CSV",
            Self::Text => "text, one prompt a line",
            Self::Parquet => "Parquet",
        }
    }
}

/// What can be read only once, a pipe or the standard input (`-`), kept for whoever reads it again.
fn once(path: &Path) -> io::Result<Option<&'static [u8]>> {
    static READ: Mutex<BTreeMap<PathBuf, &'static [u8]>> = Mutex::new(BTreeMap::new());
    let is_stdin = path == Path::new("-");
    let is_pipe = || std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
    if !is_stdin && !is_pipe() {
        return Ok(None);
    }
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = read.get(path) {
        return Ok(Some(bytes));
    }
    let mut bytes = Vec::new();
    if is_stdin {
        Counted(io::stdin().lock()).read_to_end(&mut bytes)?;
    } else {
        Counted(File::open(path)?).read_to_end(&mut bytes)?;
    }
    // As long as the process, which reads a handful of them.
    let bytes: &'static [u8] = bytes.leak();
    read.insert(path.to_owned(), bytes);
    Ok(Some(bytes))
}

/// An opened file.
pub(crate) struct Source<'a> {
    /// For messages.
    pub(crate) name: String,
    /// Where it lies; `None` in memory.
    pub(crate) path: Option<PathBuf>,
    /// Its content, unpacked.
    pub(crate) reader: Box<dyn BufRead + 'a>,
}

impl Source<'static> {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let name = path.display().to_string();
        let io = |source| DatasetError::Io {
            name: name.clone(),
            source,
        };
        if let Some(bytes) = once(path).map_err(io)? {
            return Source::of(name, None, bytes);
        }
        let file = File::open(path).and_then(|file| {
            if file.metadata()?.is_dir() {
                return Err(io::Error::other("it is a folder"));
            }
            Ok(file)
        });
        let file = file.map_err(io)?;
        Source::of(
            name,
            Some(path.to_owned()),
            BufReader::with_capacity(BUFFER, Counted(file)),
        )
    }
}

impl<'a> Source<'a> {
    /// A file that is in memory.
    pub(crate) fn bytes(name: &str, bytes: &'a [u8]) -> Result<Self, DatasetError> {
        Self::of(name.to_owned(), None, bytes)
    }

    fn of(
        name: String,
        path: Option<PathBuf>,
        mut packed: impl BufRead + 'a,
    ) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::Io {
            name: name.clone(),
            source,
        };
        let start = packed.fill_buf().map_err(io)?;
        let unpacked = |reader: Box<dyn Read + 'a>| -> Box<dyn BufRead + 'a> {
            Box::new(BufReader::with_capacity(BUFFER, reader))
        };
        let mut reader: Box<dyn BufRead + 'a> = if start.starts_with(b"\x1f\x8b") {
            unpacked(Box::new(MultiGzDecoder::new(packed)))
        } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
            unpacked(Box::new(zstd::Decoder::with_buffer(packed).map_err(io)?))
        } else {
            Box::new(packed)
        };
        if reader.fill_buf().map_err(io)?.starts_with(b"\xEF\xBB\xBF") {
            reader.consume(3);
        }
        Ok(Self { name, path, reader })
    }

    /// Looks at the beginning. The name decides only where the content leaves it open.
    pub(crate) fn recognise(&mut self) -> Result<Layout, DatasetError> {
        let not_rows = |what: &str| DatasetError::NotRows {
            name: self.name.clone(),
            what: what.to_owned(),
        };
        let start = self.reader.fill_buf().map_err(|source| DatasetError::Io {
            name: self.name.clone(),
            source,
        })?;
        if start.starts_with(b"PAR1") {
            return Ok(Layout::Parquet);
        }
        if start.starts_with(b"version https://git-lfs") {
            return Err(not_rows(
                "it is a Git-LFS pointer, not the file itself: run git lfs pull",
            ));
        }
        if let Some(what) = packed(start) {
            return Err(not_rows(&format!(
                "it is {what}, which is not read: unpack or convert it first"
            )));
        }
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        Ok(match first {
            None if start.is_empty() => return Err(not_rows("it is empty: no rows")),
            Some(b'[') => Layout::List,
            Some(b'{') if is_wrapper(start) => Layout::Whole,
            Some(b'{') => Layout::Lines,
            _ => by_name(&self.name, start),
        })
    }
}

fn by_name(name: &str, start: &[u8]) -> Layout {
    let name = name.to_ascii_lowercase();
    let name = [".gz", ".zst"]
        .iter()
        .find_map(|packed| name.strip_suffix(packed))
        .unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("csv") => Layout::Table(b','),
        Some("tsv") => Layout::Table(b'\t'),
        Some("txt" | "text") => Layout::Text,
        _ => {
            let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
            let line = String::from_utf8_lossy(line);
            if crate::trace::is_header(line.trim_end().split(',')) {
                Layout::Table(b',')
            } else {
                Layout::Lines
            }
        }
    }
}

/// What packs a file that is not unpacked here, by its first bytes.
fn packed(start: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 11] = [
        (b"\xfd7zXZ\0", "packed with xz"),
        (b"BZh", "packed with bzip2"),
        (b"PK\x03\x04", "a zip archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\x04\x22\x4d\x18", "packed with lz4"),
        (b"Rar!\x1a\x07", "a rar archive"),
        (b"ARROW1", "an Arrow file"),
        (b"\x80\x04\x95", "a Python pickle"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
    ];
    let found = KNOWN.iter().find(|(magic, _)| start.starts_with(magic));
    let page = || {
        let begin = start.trim_ascii_start();
        let begin = begin.get(..15).unwrap_or(begin).to_ascii_lowercase();
        let html = begin.starts_with(b"<!doctype html") || begin.starts_with(b"<html");
        html.then_some("an HTML page")
    };
    // A tar archive says so behind its first name.
    let tar = || (start.get(257..262) == Some(b"ustar")).then_some("a tar archive");
    found.map(|(_, what)| *what).or_else(tar).or_else(page)
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
