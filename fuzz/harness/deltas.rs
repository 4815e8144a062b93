//! Any text as the data of events, one a line: the reader that remembers the shape of the last
//! event says what a full parse says.

use dualround_wire::{ChatReader, error_text, parse_body, parse_event};

/// Lines are events; one that begins with `:` names the kind of those behind it.
pub(crate) fn one(data: &[u8]) {
    let mut reader = ChatReader::default();
    let mut kind = String::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(b":") {
            kind = String::from_utf8_lossy(name).into_owned();
            continue;
        }
        let quick = format!("{:?}", reader.read(&kind, line));
        let full = format!("{:?}", parse_event(&kind, line));
        assert_eq!(quick, full, "{}", String::from_utf8_lossy(line));
    }
    let _ = parse_body(data);
    assert!(!error_text(data).contains('\u{1b}'));
}
