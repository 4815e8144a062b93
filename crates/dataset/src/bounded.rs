//! No row takes more memory than this: a line without an end, or a small packed file that unpacks to
//! one, is told instead.

use crate::{rows::Take, source::Source};
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

/// Bounds the rows of a source: `read` is given the source and what to hand its rows to.
pub(crate) fn bounded<'a, T>(
    mut source: Source<'a>,
    limit: u64,
    take: &mut Take<'_>,
    read: impl FnOnce(Source<'a>, &mut Take<'_>) -> T,
) -> T {
    let since = Rc::new(Cell::new(0));
    source.reader = Box::new(Bounded {
        inner: source.reader,
        since: Rc::clone(&since),
        limit,
    });
    read(source, &mut |row| {
        since.set(0);
        take(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::each_of_file;

    const LIMIT: u64 = 200_000;

    #[test]
    fn b146_a_row_without_an_end_is_told_and_a_long_file_is_none() {
        let long = "x".repeat(400_000);
        for (name, open, row, close) in [
            ("d.jsonl", "", "{\"text\": \"TEXT\"}\n", ""),
            ("d.json", "[", "{\"text\": \"TEXT\"},", "{}]"),
            ("d.txt", "", "TEXT\n", ""),
            ("d.csv", "text\n", "\"TEXT\"\n", ""),
        ] {
            let read = |text: &str| {
                let mut rows = 0;
                let source = Source::bytes(name, text.as_bytes()).unwrap();
                let found = bounded(
                    source,
                    LIMIT,
                    &mut |_| {
                        rows += 1;
                        Ok(())
                    },
                    |source, take| each_of_file(source, None, take),
                );
                (rows, found.map(|_| ()).map_err(|error| error.to_string()))
            };
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
        let source = Source::bytes("d.json", whole.as_bytes()).unwrap();
        let found = bounded(source, LIMIT, &mut |_| Ok(()), |source, take| {
            each_of_file(source, None, take)
        });
        assert!(found.unwrap_err().to_string().contains("JSONL"));
    }
}
