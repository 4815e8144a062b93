//! What was sent in each turn, as digests: rounds that repeat one another are held against them.

use crate::lock::lock;
use dualround_model::{BodyDigest, hex};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};

/// The digests of a level's bodies by position, as far as they were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelFacts {
    /// Without what makes them fresh: equal in all rounds.
    content: Arc<Mutex<Vec<Option<BodyDigest>>>>,
    /// As sent: equal in the rounds of an epoch.
    wire: Arc<Mutex<Vec<Option<BodyDigest>>>>,
}

/// A body that is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChangedBody {
    /// What differs: `content` or `wire`.
    pub(crate) what: &'static str,
    pub(crate) found: BodyDigest,
    pub(crate) expected: BodyDigest,
}

impl LevelFacts {
    /// The facts of a round with another fresh value: what it asks is the same, its bytes are not.
    pub(crate) fn of_new_epoch(&self) -> Self {
        Self {
            content: Arc::clone(&self.content),
            wire: Arc::default(),
        }
    }

    /// Takes the digests of a body.
    ///
    /// # Errors
    /// [`ChangedBody`] where it is not what the rounds before sent there.
    pub(super) fn take(
        &self,
        position: usize,
        content: BodyDigest,
        wire: BodyDigest,
    ) -> Result<(), ChangedBody> {
        hold(&self.content, position, content, "content")?;
        hold(&self.wire, position, wire, "wire")
    }

    /// The digest over the contents so far.
    pub(crate) fn content_digest(&self) -> String {
        digest_of(&self.content)
    }

    /// The digest over the bodies so far.
    pub(crate) fn wire_digest(&self) -> String {
        digest_of(&self.wire)
    }
}

fn hold(
    known: &Mutex<Vec<Option<BodyDigest>>>,
    position: usize,
    found: BodyDigest,
    what: &'static str,
) -> Result<(), ChangedBody> {
    let mut known = lock(known);
    if known.len() <= position {
        known.resize(position + 1, None);
    }
    let expected = *known[position].get_or_insert(found);
    if expected == found {
        return Ok(());
    }
    Err(ChangedBody {
        what,
        found,
        expected,
    })
}

fn digest_of(known: &Mutex<Vec<Option<BodyDigest>>>) -> String {
    let mut hash = Sha256::new();
    for digest in lock(known).iter().flatten() {
        hash.update(digest);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_not_what_it_was_is_found() {
        let (facts, one, two) = (LevelFacts::default(), [1; 16], [2; 16]);
        facts.take(3, one, one).unwrap();
        facts.take(3, one, one).unwrap();
        let changed = facts.take(3, one, two).unwrap_err();
        assert_eq!(
            (changed.what, changed.found, changed.expected),
            ("wire", two, one)
        );
        assert_eq!(facts.take(3, two, one).unwrap_err().what, "content");
        let epoch = facts.of_new_epoch();
        epoch.take(3, one, two).unwrap();
        assert_eq!(epoch.content_digest(), facts.content_digest());
        assert_ne!(epoch.wire_digest(), facts.wire_digest());
        assert_eq!(epoch.take(3, two, two).unwrap_err().what, "content");
    }
}
