//! Any bytes as an HTTP/1.1 response: pieces of any size give the same head, body and end.

use dualround_wire::{Frame, HttpError, ResponseDecoder, ResponseHead};

#[derive(Debug, Default, PartialEq)]
struct Seen {
    heads: Vec<ResponseHead>,
    body: Vec<u8>,
    ended: bool,
    error: Option<HttpError>,
}

/// Decodes as a connection does: what was not used is given again with more behind it.
fn decode(pieces: &[&[u8]]) -> Seen {
    let mut decoder = ResponseDecoder::new();
    let mut seen = Seen::default();
    'pieces: for piece in pieces {
        let mut rest = *piece;
        loop {
            let (frame, used) = match decoder.decode(rest) {
                Ok(decoded) => decoded,
                Err(error) => {
                    seen.error = Some(error);
                    break 'pieces;
                }
            };
            assert!(used <= rest.len());
            match frame {
                Frame::NeedMore => break,
                Frame::Head(head) => seen.heads.push(*head),
                Frame::Body(part) => seen.body.extend_from_slice(part),
                Frame::End => {
                    seen.ended = true;
                    break 'pieces;
                }
            }
            rest = &rest[used..];
        }
    }
    let _ = decoder.eof();
    assert!(seen.heads.len() <= 1);
    seen
}

/// The first byte is the size of the pieces.
pub(crate) fn one(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else {
        return;
    };
    let size = usize::from(*size % 64) + 1;
    let whole = decode(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
    let pieced = decode(&pieces);
    if whole.error.is_none() && pieced.error.is_none() {
        assert_eq!(whole, pieced);
    }
}
