//! Any bytes as a stream of events: pieces of any size give the same events, and no more is held
//! than the limit.

use dualround_wire::{SseDecoder, SseError};

/// Largest event here.
const LIMIT: usize = 4096;

/// Names and data of events, and whether a piece of one was left.
type Decoded = (Vec<(String, Vec<u8>)>, Result<bool, SseError>);

/// Everything that a decoder delivers.
fn decode(pieces: &[&[u8]]) -> Decoded {
    let mut decoder = SseDecoder::with_limit(LIMIT);
    let mut events = Vec::new();
    for piece in pieces {
        let fed = decoder.feed(piece, |event| {
            assert!(event.data.len() <= LIMIT + piece.len());
            events.push((event.event.to_owned(), event.data.to_vec()));
        });
        if let Err(error) = fed {
            return (events, Err(error));
        }
    }
    let tail = decoder.finish(|event| events.push((event.event.to_owned(), event.data.to_vec())));
    (events, Ok(tail == dualround_wire::SseTail::Unterminated))
}

/// The first byte is the size of the pieces.
pub(crate) fn one(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let size = usize::from(*size % 32) + 1;
    let whole = decode(&[stream]);
    let pieces: Vec<&[u8]> = stream.chunks(size).collect();
    let pieced = decode(&pieces);
    // An event above the limit is found out sooner in pieces: what came before it is the same.
    match (&whole.1, &pieced.1) {
        (Ok(_), Ok(_)) => assert_eq!(whole, pieced),
        _ => {
            let both = whole.0.len().min(pieced.0.len());
            assert_eq!(whole.0[..both], pieced.0[..both]);
        }
    }
}
