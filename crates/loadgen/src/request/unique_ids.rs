//! Ids of requests, each of which names one.

use std::collections::{HashMap, HashSet};

/// The ids of a round, each of which names one request.
#[derive(Default)]
pub(super) struct UniqueIds {
    taken: HashSet<String>,
    /// The next number of an id that was repeated.
    next: HashMap<String, u64>,
}

impl UniqueIds {
    /// The id, or with a number where an earlier row has it.
    pub(super) fn unique(&mut self, id: &str) -> String {
        if self.taken.insert(id.to_owned()) {
            return id.to_owned();
        }
        let next = self.next.entry(id.to_owned()).or_insert(2);
        loop {
            let candidate = format!("{id}#{next}");
            *next += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v00i_every_request_of_a_round_has_its_own_id() {
        let mut ids = UniqueIds::default();
        let made = ["a", "b", "a", "a#2", "a"].map(|id| ids.unique(id));
        assert_eq!(made, ["a", "b", "a#2", "a#2#2", "a#3"]);
    }
}
