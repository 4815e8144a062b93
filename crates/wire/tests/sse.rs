//! Event framing, case by case, and every split of the same bytes.
#![cfg(test)]

use dualround_wire::{SseDecoder, SseTail};
use proptest::prelude::*;

type Events = Vec<(String, String)>;

/// Stands for the name of lines that are no event.
const STRAY: &str = "(stray)";

fn decode_in(pieces: &[&[u8]]) -> (Events, SseTail) {
    let mut decoder = SseDecoder::new();
    let mut events = Vec::new();
    let mut take = |event: dualround_wire::SseEvent<'_>| {
        let data = String::from_utf8_lossy(event.data).into_owned();
        let name = if event.stray { STRAY } else { event.event };
        events.push((name.to_owned(), data));
    };
    for piece in pieces {
        decoder.feed(piece, &mut take).unwrap();
    }
    let tail = decoder.finish(&mut take);
    (events, tail)
}

fn data(pieces: &[&str]) -> Vec<String> {
    let pieces: Vec<&[u8]> = pieces.iter().map(|p| p.as_bytes()).collect();
    decode_in(&pieces)
        .0
        .into_iter()
        .filter(|(name, _)| name != STRAY)
        .map(|(_, data)| data)
        .collect()
}

#[test]
fn b001_data_without_space() {
    assert_eq!(
        data(&["data:{\"a\":1}\n\ndata: [DONE]\n\n"]),
        ["{\"a\":1}", "[DONE]"]
    );
    // One space is part of the framing, more belong to the data.
    assert_eq!(data(&["data:   x\n\n"]), ["  x"]);
}

#[test]
fn b002_crlf_line_ends() {
    assert_eq!(data(&["data: a\r\n\r\ndata: b\r\n\r\n"]), ["a", "b"]);
    assert_eq!(
        data(&["data: a\r", "\n\r", "\ndata: b\r\rdata: c\n\n"]),
        ["a", "b", "c"]
    );
}

#[test]
fn b004_several_events_in_one_segment() {
    assert_eq!(
        data(&["data: a\n\ndata: b\n\ndata: c\n\n"]),
        ["a", "b", "c"]
    );
}

#[test]
fn b005_one_event_over_several_segments() {
    assert_eq!(
        data(&["data: {\"con", "tent\":1}\n", "\n", "data: [DO", "NE]\n\n"]).len(),
        2
    );
}

#[test]
fn b006_whitespace_of_the_model_survives() {
    assert_eq!(
        data(&["data:", " {\"x\"}\n\ndata: a", " b\n\n"]),
        ["{\"x\"}", "a b"]
    );
}

#[test]
fn b007_utf8_split_between_segments() {
    let bytes = "data: 你好🙂\n\n".as_bytes();
    for cut in 1..bytes.len() {
        let (events, _) = decode_in(&[&bytes[..cut], &bytes[cut..]]);
        assert_eq!(events, [(String::new(), "你好🙂".to_owned())]);
    }
}

#[test]
fn b008_comments_and_named_events() {
    let (events, _) = decode_in(&[b": keep-alive\n\n:\n\nevent: ping\ndata: {}\n\ndata: x\n\n"]);
    let expected = [("ping", "{}"), ("", "x")].map(|(e, d)| (e.to_owned(), d.to_owned()));
    assert_eq!(events, expected);
}

#[test]
fn b010_a_byte_order_mark_is_dropped_only_at_the_start() {
    let (events, _) = decode_in(&[b"\xEF", b"\xBB\xBFdata: a\n\ndata: \xEF\xBB\xBFb\n\n"]);
    assert_eq!(events[0].1, "a");
    assert_eq!(events[1].1, "\u{feff}b");
}

#[test]
fn b011_several_data_lines_are_one_event() {
    assert_eq!(data(&["data: {\"a\":\ndata: 1}\n\n"]), ["{\"a\":\n1}"]);
}

#[test]
fn b012_unicode_separators_end_no_line() {
    assert_eq!(
        data(&["data: a\u{2028}b\u{2029}c\u{85}d\n\n"]),
        ["a\u{2028}b\u{2029}c\u{85}d"]
    );
}

#[test]
fn b013_the_end_of_the_stream() {
    let whole = decode_in(&[b"data: x\n\ndata: [DONE]"]);
    assert_eq!((whole.0.len(), whole.1), (2, SseTail::Clean));
    let cut = decode_in(&[b"data: x\n\ndata: {\"a\":\"B"]);
    assert_eq!((cut.0.len(), cut.1), (1, SseTail::Unterminated));
    assert_eq!(decode_in(&[b": comment"]).1, SseTail::Clean);
}

#[test]
fn an_endless_event_is_refused() {
    let mut decoder = SseDecoder::with_limit(100);
    assert!(decoder.feed(&[b'x'; 200], |_| {}).is_err());
}

/// The same rules, written naively over the whole text.
fn naive(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        let Some(line) = line.strip_suffix('\n') else {
            break;
        };
        if line.is_empty() {
            let data: Vec<&str> = lines
                .drain(..)
                .filter_map(|l| l.strip_prefix("data:").or((l == "data").then_some("")))
                .map(|l| l.strip_prefix(' ').unwrap_or(l))
                .collect();
            if !data.is_empty() {
                events.push(data.join("\n"));
            }
        } else {
            lines.push(line);
        }
    }
    events
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        parts in prop::collection::vec("(data: ?|: |event: |)[a-c你]{0,3}(\n|\r|\r\n|\n\n|\r\n\r\n)", 0..12),
        cuts in prop::collection::vec(0_usize..200, 0..8),
    ) {
        let text = format!("{}\n\n", parts.concat());
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
        cuts.push(0);
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        let (split, _) = decode_in(&pieces);
        let (whole, _) = decode_in(&[bytes]);
        prop_assert_eq!(&split, &whole);
        prop_assert_eq!(data(&[&text]), naive(&text));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_in(&[&bytes]);
    }
}

#[test]
fn f004_an_error_field_is_an_error_event() {
    let stream = "data: a\n\nerror: {\"code\":500,\"message\":\"context shift is disabled\"}\n\n";
    let (events, _) = decode_in(&[stream.as_bytes()]);
    let error = "{\"code\":500,\"message\":\"context shift is disabled\"}";
    assert_eq!(
        events,
        [
            (String::new(), "a".to_owned()),
            ("error".to_owned(), error.to_owned())
        ]
    );
    for nothing in ["null", "none", "0", "{}", "false"] {
        let stream = format!("data: a\nerror: {nothing}\n\n");
        assert_eq!(data(&[&stream]), ["a"], "{nothing}");
    }
    // An empty one tells nothing, and what is pending stays.
    assert_eq!(
        data(&["data: a\nerror:\n\nerror: \n\ndata: b\n\n"]),
        ["a", "b"]
    );
}

#[test]
fn f004_lines_that_are_no_fields_are_the_words_of_a_server() {
    let stray = |text: &str| (STRAY.to_owned(), text.to_owned());
    let event = |text: &str| (String::new(), text.to_owned());
    for (stream, events) in [
        (
            "data: a\n\n{\"error\": {\"code\": 500}}\n\ndata: b\n\n",
            vec![
                event("a"),
                stray("{\"error\": {\"code\": 500}}"),
                event("b"),
            ],
        ),
        (
            "data: a\n\nInternal Server Error\n",
            vec![event("a"), stray("Internal Server Error")],
        ),
        (
            "data: a\n\n{\n \"error\": \"x\"\n}\ndata: b\n\n",
            vec![event("a"), stray("{\n \"error\": \"x\"\n}"), event("b")],
        ),
        ("data: a\n\nboom", vec![event("a"), stray("boom")]),
        // Fields of the standard, and ones that it passes over.
        (
            ": note\nid: 1\nretry: 5\nmeta: x\nx-y: z\nid\ndata: a\n\n",
            vec![event("a")],
        ),
    ] {
        assert_eq!(decode_in(&[stream.as_bytes()]).0, events, "{stream}");
    }
}
