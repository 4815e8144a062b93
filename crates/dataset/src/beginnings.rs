//! Beginnings of texts that were seen before.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Remembers texts by a hash over everything up to each step.
#[derive(Default)]
pub(crate) struct Beginnings {
    hashes: HashSet<u64>,
}

/// The length of a text, and how much of it an earlier text begins with too, in pieces.
#[derive(Clone, Copy, Default)]
pub(crate) struct SharedBeginning {
    /// All pieces of the text.
    pub(crate) length: u64,
    /// Those at its beginning that an earlier text had too, in whole steps.
    pub(crate) shared: u64,
}

impl Beginnings {
    /// Holds a text against those before it, in steps of so many pieces, and remembers it.
    pub(crate) fn count(
        &mut self,
        pieces: impl Iterator<Item = impl Hash>,
        step: u64,
    ) -> SharedBeginning {
        let mut hasher = DefaultHasher::new();
        let mut found = SharedBeginning::default();
        let mut known = true;
        for piece in pieces {
            piece.hash(&mut hasher);
            found.length += 1;
            if found.length % step == 0 {
                known &= !self.hashes.insert(hasher.finish());
                if known {
                    found.shared = found.length;
                }
            }
        }
        found
    }
}
