//! Beginnings of texts that were seen before.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Remembers texts by a hash over everything up to each step.
#[derive(Default)]
pub(crate) struct Beginnings(HashSet<u64>);

impl Beginnings {
    /// The pieces of a text, and how many at its beginning an earlier text had too, in whole steps
    /// of so many pieces.
    pub(crate) fn count(
        &mut self,
        pieces: impl Iterator<Item = impl Hash>,
        step: u64,
    ) -> (u64, u64) {
        let mut hasher = DefaultHasher::new();
        let (mut all, mut shared, mut known) = (0, 0, true);
        for piece in pieces {
            piece.hash(&mut hasher);
            all += 1;
            if all % step == 0 {
                known &= !self.0.insert(hasher.finish());
                if known {
                    shared = all;
                }
            }
        }
        (all, shared)
    }
}
