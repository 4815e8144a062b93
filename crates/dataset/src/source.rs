//! A file as it lies there: unpacked, without its byte order mark, and recognised by its content
//! rather than by its name.

use crate::{DatasetError, error::unreadable};
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

/// A reader of packed bytes whose every byte is counted in [`BYTES_READ`].
struct CountingReader<R> {
    inner: R,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        BYTES_READ.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// The way in which the rows stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowLayout {
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

impl RowLayout {
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
    if !is_stdin && !is_pipe(path) {
        return Ok(None);
    }
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = read.get(path) {
        return Ok(Some(bytes));
    }
    let bytes = if is_stdin {
        read_counted(io::stdin().lock())?
    } else {
        read_counted(File::open(path)?)?
    };
    // As long as the process, which reads a handful of them.
    let bytes: &'static [u8] = bytes.leak();
    read.insert(path.to_owned(), bytes);
    Ok(Some(bytes))
}

fn is_pipe(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

fn read_counted(inner: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    CountingReader { inner }.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An opened file, from which rows are read.
pub(crate) struct RowSource<'a> {
    /// For messages.
    pub(crate) name: String,
    /// Where it lies; `None` in memory.
    pub(crate) path: Option<PathBuf>,
    /// Its content, unpacked.
    pub(crate) reader: Box<dyn BufRead + 'a>,
}

impl RowSource<'static> {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let name = path.display().to_string();
        if let Some(bytes) = once(path).map_err(unreadable(&name))? {
            return RowSource::of(name, None, bytes);
        }
        let inner = open_file(path).map_err(unreadable(&name))?;
        let reader = buffered(CountingReader { inner });
        RowSource::of(name, Some(path.to_owned()), reader)
    }
}

impl<'a> RowSource<'a> {
    /// A file that is in memory.
    pub(crate) fn bytes(name: &str, bytes: &'a [u8]) -> Result<Self, DatasetError> {
        Self::of(name.to_owned(), None, bytes)
    }

    fn of(
        name: String,
        path: Option<PathBuf>,
        mut packed: impl BufRead + 'a,
    ) -> Result<Self, DatasetError> {
        let start = packed.fill_buf().map_err(unreadable(&name))?;
        let mut reader: Box<dyn BufRead + 'a> = if start.starts_with(b"\x1f\x8b") {
            Box::new(buffered(MultiGzDecoder::new(packed)))
        } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
            let decoder = zstd::Decoder::with_buffer(packed);
            Box::new(buffered(decoder.map_err(unreadable(&name))?))
        } else {
            Box::new(packed)
        };
        let start = reader.fill_buf().map_err(unreadable(&name))?;
        if start.starts_with(b"\xEF\xBB\xBF") {
            reader.consume(3);
        }
        Ok(Self { name, path, reader })
    }

    /// Looks at the beginning. The name decides only where the content leaves it open.
    pub(crate) fn recognise(&mut self) -> Result<RowLayout, DatasetError> {
        let Self { name, reader, .. } = self;
        let start = reader.fill_buf().map_err(unreadable(name))?;
        if start.starts_with(b"PAR1") {
            return Ok(RowLayout::Parquet);
        }
        if start.starts_with(b"version https://git-lfs") {
            return Err(DatasetError::not_rows(
                name,
                "it is a Git-LFS pointer, not the file itself: run git lfs pull",
            ));
        }
        if let Some(what) = packed(start) {
            return Err(DatasetError::not_rows(
                name,
                format!("it is {what}, which is not read: unpack or convert it first"),
            ));
        }
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        Ok(match first {
            None if start.is_empty() => {
                return Err(DatasetError::not_rows(name, "it is empty: no rows"));
            }
            Some(b'[') => RowLayout::List,
            Some(b'{') if is_wrapper(start) => RowLayout::Whole,
            Some(b'{') => RowLayout::Lines,
            _ => by_name(name, start),
        })
    }
}

fn buffered<R: Read>(reader: R) -> BufReader<R> {
    BufReader::with_capacity(BUFFER, reader)
}

fn open_file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    Ok(file)
}

/// The layout that a name, else a first line, stands for where the content leaves it open.
fn by_name(name: &str, start: &[u8]) -> RowLayout {
    let name = name.to_ascii_lowercase();
    let name = [".gz", ".zst"]
        .iter()
        .find_map(|packed| name.strip_suffix(packed))
        .unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("csv") => RowLayout::Table(b','),
        Some("tsv") => RowLayout::Table(b'\t'),
        Some("txt" | "text") => RowLayout::Text,
        _ => {
            let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
            let line = String::from_utf8_lossy(line);
            if crate::trace::is_header(line.trim_end().split(',')) {
                RowLayout::Table(b',')
            } else {
                RowLayout::Lines
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
    let mut known = KNOWN.iter();
    if let Some((_, what)) = known.find(|(magic, _)| start.starts_with(magic)) {
        return Some(what);
    }
    // A tar archive says so behind its first name.
    if start.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    is_html(start).then_some("an HTML page")
}

fn is_html(start: &[u8]) -> bool {
    let begin = start.trim_ascii_start();
    let begin = begin.get(..15).unwrap_or(begin).to_ascii_lowercase();
    begin.starts_with(b"<!doctype html") || begin.starts_with(b"<html")
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
