//! Any text as the events of one of the APIs, chosen by the first byte, one event a line: a reader that
//! remembers the events before says what a new one says, and a body is read or refused.

use dualround_model::Api;
use dualround_wire::{ChunkFacts, EventReader, SseEvent, StreamEvent, read_body};

/// Lines are events; one that begins with `:` names the kind of those behind it.
pub(crate) fn one(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let api = Api::ALL[usize::from(*first) % Api::ALL.len()];
    let mut reader = EventReader::of(api);
    let mut kind = String::new();
    for line in rest.split(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(b":") {
            kind = String::from_utf8_lossy(name).into_owned();
            continue;
        }
        let event = SseEvent {
            event: &kind,
            data: line,
            stray: false,
        };
        let quick = plain(reader.read_event(event));
        let fresh = plain(EventReader::of(api).read_event(event));
        assert_eq!(quick, fresh, "{api:?}: {}", String::from_utf8_lossy(line));
    }
    let _ = read_body(api, rest);
}

/// Without the id, which the first event of a shape alone tells, and without the counts, which are those
/// of all events so far.
fn plain(event: StreamEvent<'_>) -> String {
    let facts = |facts| ChunkFacts {
        id: None,
        usage: None,
        ..facts
    };
    match event {
        StreamEvent::Chunk(found) => format!("{:?}", facts(found)),
        other => format!("{other:?}"),
    }
}
