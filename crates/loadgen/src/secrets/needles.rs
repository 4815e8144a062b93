//! What a text is searched for: the secrets, what their encodings leave of them, and long pieces.

use super::unescape::layers;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use std::{collections::HashSet, fmt::Write, ops::Range};

/// Bytes of a secret that give it away wherever they stand: a server that quotes a key in part is
/// masked from here on; shorter pieces are how services name a key (`sk-ab…yz`).
pub(super) const PIECE: usize = 12;

/// The byte strings that a text is searched for.
#[derive(Clone, Default)]
pub(super) struct Needles {
    /// As they stand, in any case where they are long.
    whole: Vec<Vec<u8>>,
    folded: Vec<Vec<u8>>,
    /// Every run of [`PIECE`] bytes of a key, in lower case.
    pieces: HashSet<[u8; PIECE]>,
}

impl Needles {
    pub(super) fn of(secrets: &[String]) -> Self {
        let mut needles = Self::default();
        for secret in secrets {
            // What is quoted once more must be found where it is read once more, too.
            for layer in layers(secret) {
                let bytes: Vec<u8> = layer.iter().map(|unit| unit.byte).collect();
                needles.add(bytes);
            }
            for encoded in encodings(secret.as_bytes()) {
                needles.add(encoded.into_bytes());
            }
        }
        needles
    }

    fn add(&mut self, bytes: Vec<u8>) {
        let folded = bytes.to_ascii_lowercase();
        if !bytes.contains(&b' ') {
            let pieces = folded.windows(PIECE);
            let pieces = pieces.filter_map(|piece| <[u8; PIECE]>::try_from(piece).ok());
            self.pieces.extend(pieces);
        }
        if bytes.len() >= PIECE {
            self.folded.push(folded);
        } else {
            self.whole.push(bytes);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.folded.is_empty()
    }

    /// The places of whole needles in a text.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let lower = bytes.to_ascii_lowercase();
        let mut found = Vec::new();
        let all = self.whole.iter().map(|needle| (needle, bytes));
        for (needle, text) in all.chain(self.folded.iter().map(|needle| (needle, &*lower))) {
            let at = memchr::memmem::find_iter(text, needle);
            found.extend(at.map(|at| at..at + needle.len()));
        }
        found
    }

    /// The places of long pieces of needles in a text.
    pub(super) fn find_pieces(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let lower = bytes.to_ascii_lowercase();
        let windows = lower.windows(PIECE).enumerate();
        let found = windows.filter(|(_, piece)| self.pieces.contains(*piece));
        found.map(|(at, _)| at..at + PIECE).collect()
    }

    /// The number of bytes at the end with which a needle begins, of at least `shortest`.
    pub(super) fn begun(&self, bytes: &[u8], shortest: usize) -> Option<usize> {
        let lower = bytes.to_ascii_lowercase();
        let all = self.whole.iter().map(|needle| (needle, bytes));
        let all = all.chain(self.folded.iter().map(|needle| (needle, &*lower)));
        all.filter_map(|(needle, text)| begun_at_end(text, needle, shortest))
            .max()
    }
}

/// Bytes at the end of a text with which this needle begins, of at least `shortest`.
fn begun_at_end(text: &[u8], needle: &[u8], shortest: usize) -> Option<usize> {
    let mut lengths = (shortest..needle.len()).rev();
    lengths.find(|length| text.ends_with(&needle[..*length]))
}

/// In hexadecimal digits, and what Base64 of any text around it has of it.
fn encodings(secret: &[u8]) -> Vec<String> {
    let hex = secret.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut all = vec![hex];
    for engine in [&STANDARD, &URL_SAFE] {
        all.push(engine.encode(secret));
        for before in 0..3 {
            let mut text = vec![0; before];
            text.extend_from_slice(secret);
            // Digits that hold bits of what stands around it are not its own.
            let (first, last) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
            let core = engine.encode(&text).get(first..last).map(str::to_owned);
            all.extend(core.filter(|core| core.len() >= PIECE));
        }
    }
    all
}
