//! Response framing: every split of the same bytes gives the same response.

use dualround_wire::{Frame, HttpError, ResponseDecoder, ResponseHead};
use proptest::prelude::*;

#[derive(Debug, Default, PartialEq)]
struct Seen {
    head: Option<ResponseHead>,
    body: Vec<u8>,
    ended: bool,
    unused: usize,
}

fn decode_in(pieces: &[&[u8]]) -> Result<Seen, HttpError> {
    let mut decoder = ResponseDecoder::new();
    let mut seen = Seen::default();
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let (frame, used) = decoder.decode(rest)?;
            rest = &rest[used..];
            match frame {
                Frame::NeedMore => break,
                Frame::Head(head) => seen.head = Some(*head),
                Frame::Body(body) => seen.body.extend_from_slice(body),
                Frame::End => seen.ended = true,
            }
        }
        seen.unused += rest.len();
    }
    Ok(seen)
}

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: \
    chunked\r\n\r\n5;ext=1\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\nX-Trailer: a\r\n\r\n";

#[test]
fn chunked_with_extensions_and_trailers() {
    let seen = decode_in(&[CHUNKED]).unwrap();
    assert_eq!(seen.body, b"hello 0123456789");
    assert!(seen.ended);
    let head = seen.head.unwrap();
    assert_eq!((head.status, head.keep_alive), (200, true));
    assert_eq!(head.content_type.as_deref(), Some("text/event-stream"));
}

#[test]
fn by_length_and_by_end() {
    let seen = decode_in(&[b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"]).unwrap();
    assert_eq!((seen.body.as_slice(), seen.ended), (&b"abc"[..], true));
    let mut decoder = ResponseDecoder::new();
    let (frame, used) = decoder.decode(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    assert!(matches!(frame, Frame::Head(head) if !head.keep_alive));
    assert_eq!(used, 19);
    assert_eq!(decoder.decode(b"abc").unwrap(), (Frame::Body(b"abc"), 3));
    assert_eq!(decoder.eof(), Ok(true));
}

#[test]
fn informational_heads_are_passed_over() {
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    let seen = decode_in(&[bytes]).unwrap();
    assert_eq!(seen.head.unwrap().status, 204);
    assert!(seen.ended);
}

#[test]
fn a_cut_body_is_no_end() {
    let mut decoder = ResponseDecoder::new();
    decoder
        .decode(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        .unwrap();
    assert_eq!(decoder.eof(), Err(HttpError::UnexpectedEof));
}

#[test]
fn broken_framing_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["xyz\r\n", "\r\n", "5\r\nhelloX", "fffffffffffffffff\r\n"] {
        assert!(
            decode_in(&[head.as_bytes(), body.as_bytes()]).is_err(),
            "{body}"
        );
    }
    assert!(decode_in(&[b"SSH-2.0-OpenSSH\r\n"]).is_err());
    let twice = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(decode_in(&[twice]), Err(HttpError::Length));
    let flood = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(300));
    assert_eq!(decode_in(&[flood.as_bytes()]), Err(HttpError::HeadTooLarge));
    let long = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(70_000));
    assert_eq!(decode_in(&[long.as_bytes()]), Err(HttpError::HeadTooLarge));
}

#[test]
fn every_single_split_is_the_same() {
    let whole = decode_in(&[CHUNKED]).unwrap();
    for cut in 0..=CHUNKED.len() {
        assert_eq!(
            decode_in(&[&CHUNKED[..cut], &CHUNKED[cut..]]).unwrap(),
            whole,
            "cut at {cut}"
        );
    }
}

proptest! {
    #[test]
    fn any_split_is_the_same(cuts in prop::collection::vec(0..CHUNKED.len(), 0..20)) {
        let mut cuts = cuts;
        cuts.extend([0, CHUNKED.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &CHUNKED[w[0]..w[1]]).collect();
        prop_assert_eq!(decode_in(&pieces).unwrap(), decode_in(&[CHUNKED]).unwrap());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_in(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &bytes]);
        let _ = decode_in(&[&bytes]);
    }
}

#[test]
fn x11_one_length_told_twice_is_one_length() {
    let head = |length: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nab");
    let mut decoder = ResponseDecoder::new();
    let (frame, _) = decoder
        .decode(head("2, 2").as_bytes())
        .map(|(frame, used)| {
            (
                matches!(frame, Frame::Head(head) if head.content_length == Some(2)),
                used,
            )
        })
        .unwrap();
    assert!(frame);
    for bad in ["2, 3", "2,", "two", "-1"] {
        let mut decoder = ResponseDecoder::new();
        assert!(decoder.decode(head(bad).as_bytes()).is_err(), "{bad}");
    }
}
