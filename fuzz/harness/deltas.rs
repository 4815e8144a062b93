//! Any text as the data of events, one a line: the reader that remembers the shape of the last
//! event says what a full parse says.

use dualround_wire::{ChatReader, ChunkFacts, StreamEvent, error_text, parse_body, parse_event};

/// Lines are events; one that begins with `:` names the kind of those behind it.
pub(crate) fn one(data: &[u8]) {
    let mut reader = ChatReader::default();
    let mut kind = String::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(b":") {
            kind = String::from_utf8_lossy(name).into_owned();
            continue;
        }
        // The id is told by the first chunk of a shape alone.
        let plain = |event| match event {
            StreamEvent::Chunk(facts) => format!("{:?}", ChunkFacts { id: None, ..facts }),
            other => format!("{other:?}"),
        };
        let quick = plain(reader.read(&kind, line));
        let full = plain(parse_event(&kind, line));
        assert_eq!(quick, full, "{}", String::from_utf8_lossy(line));
    }
    let _ = parse_body(data);
    assert!(!error_text(data).contains('\u{1b}'));
}
