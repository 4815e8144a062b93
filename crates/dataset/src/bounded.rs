//! No row takes more memory than this: a line without an end, or a small packed file that unpacks to
//! one, is told instead.

use crate::source::RowSource;
use std::{
    cell::Cell,
    io::{self, BufRead, Read},
    rc::Rc,
};

/// Bytes of a row at most. The longest prompts of models are some 10 MB.
pub(crate) const LONGEST: u64 = 1 << 30;

/// Bytes handed over at once. A row is told when it is longer than the bound by a piece.
const PIECE: usize = 1 << 16;

struct Bounded<'a> {
    inner: Box<dyn BufRead + 'a>,
    /// Bytes since the last row.
    since: Rc<Cell<u64>>,
    limit: u64,
}

impl Bounded<'_> {
    fn check(&self) -> io::Result<()> {
        if self.since.get() <= self.limit {
            return Ok(());
        }
        let mib = self.limit >> 20;
        Err(io::Error::other(format!(
            "a row is longer than {mib} MiB; of a list within an object all rows count as one: write one row a line (JSONL)"
        )))
    }

    fn add(&self, bytes: usize) {
        self.since.set(self.since.get() + bytes as u64);
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let read = self.inner.read(into)?;
        self.add(read);
        Ok(read)
    }
}

impl BufRead for Bounded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        let buffer = self.inner.fill_buf()?;
        // What is in memory already comes in one piece, and would be looked at once only.
        Ok(&buffer[..buffer.len().min(PIECE)])
    }

    fn consume(&mut self, bytes: usize) {
        self.add(bytes);
        self.inner.consume(bytes);
    }
}

/// Bounds the rows of a source. Whoever takes a row sets what is returned, the bytes since the last
/// one, to 0.
pub(crate) fn bound(source: &mut RowSource<'_>, limit: u64) -> Rc<Cell<u64>> {
    let since = Rc::new(Cell::new(0));
    let inner = std::mem::replace(&mut source.reader, Box::new(io::empty()));
    source.reader = Box::new(Bounded {
        inner,
        since: Rc::clone(&since),
        limit,
    });
    since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::each_of_file;

    const LIMIT: u64 = 200_000;

    /// Rows that were read, and what became of it.
    fn read(name: &str, text: &str) -> (u64, Result<(), String>) {
        let mut rows = 0;
        let mut source = RowSource::bytes(name, text.as_bytes()).unwrap();
        let since = bound(&mut source, LIMIT);
        let found = each_of_file(source, None, &mut |_| {
            since.set(0);
            rows += 1;
            Ok(())
        });
        (rows, found.map(|_| ()).map_err(|error| error.to_string()))
    }

    #[test]
    fn b146_a_row_without_an_end_is_told_and_a_long_file_is_none() {
        let long = "x".repeat(400_000);
        for (name, open, row, close) in [
            ("d.jsonl", "", "{\"text\": \"TEXT\"}\n", ""),
            ("d.json", "[", "{\"text\": \"TEXT\"},", "{}]"),
            ("d.txt", "", "TEXT\n", ""),
            ("d.csv", "text\n", "\"TEXT\"\n", ""),
        ] {
            let read = |text: &str| read(name, text);
            let short = row.replace("TEXT", "words");
            let (rows, found) = read(&format!("{open}{}{close}", short.repeat(20_000)));
            assert!(rows >= 20_000 && found.is_ok(), "{name}: {rows} {found:?}");
            let endless = row.replace("TEXT", &long);
            let (_, found) = read(&format!("{open}{short}{endless}{short}{close}"));
            let error = found.unwrap_err();
            assert!(
                error.contains(name) && error.contains("row is longer"),
                "{error}"
            );
        }
        let whole = format!(
            "{{\"data\":[{}{{}}]}}",
            "{\"text\":\"words\"},".repeat(20_000)
        );
        let (_, found) = read("d.json", &whole);
        assert!(found.unwrap_err().contains("JSONL"));
    }
}
