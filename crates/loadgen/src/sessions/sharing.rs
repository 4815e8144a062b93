//! What a prompt has in common with those before it, without any of their texts.

use dualround_model::RequestRow;
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hasher},
};

/// The beginnings of all prompts so far, by a hash over everything up to each step.
#[derive(Debug, Default)]
pub(super) struct SharedBeginnings {
    known: HashSet<u64>,
}

impl SharedBeginnings {
    /// The characters that a prompt begins with as an earlier one does, in whole steps; from now on it
    /// is an earlier one itself.
    pub(super) fn add(&mut self, text: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        let (mut shared, mut is_known) = (0, true);
        let mut letters = [0; 4];
        for (count, letter) in (1_u64..).zip(text.chars()) {
            hasher.write(letter.encode_utf8(&mut letters).as_bytes());
            if count.is_multiple_of(RequestRow::SHARED_STEP) {
                is_known &= !self.known.insert(hasher.finish());
                if is_known {
                    shared = count;
                }
            }
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_shares_what_an_earlier_one_begins_with() {
        let mut beginnings = SharedBeginnings::default();
        let first = "字".repeat(100);
        assert_eq!(beginnings.add(&first), 0);
        assert_eq!(beginnings.add(&format!("{first}{}", "x".repeat(100))), 64);
        // Of a middle that both have, with another beginning, nothing.
        assert_eq!(beginnings.add(&format!("x{first}")), 0);
        assert_eq!(beginnings.add(&format!("{first}{}", "x".repeat(90))), 128);
        assert_eq!(beginnings.add(&first), 64);
    }
}
