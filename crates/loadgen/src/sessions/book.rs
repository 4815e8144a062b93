//! The answers of a run that later turns build on: the first of each is pinned, and stands in the
//! history of every round.

use crate::lock::lock;
use dualround_model::{PinnedAnswers, Sample};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

/// A turn: its session and its place in it.
pub(super) type TurnKey = (u32, u32);

/// The answers that are pinned so far, and those that are wanted.
#[derive(Debug, Default)]
pub(crate) struct AnswerBook {
    wanted: HashSet<TurnKey>,
    pinned: Mutex<HashMap<TurnKey, Arc<[Value]>>>,
}

impl AnswerBook {
    /// The book of a run that asks these samples.
    pub(crate) fn of(samples: &[Arc<Sample>]) -> Self {
        let histories = samples.iter().filter_map(|sample| sample.history());
        let pinned = histories.filter(|(_, history)| history.pinned);
        let before = pinned.filter_map(|(_, history)| history.before.turn.as_deref());
        Self {
            wanted: before.map(|turn| (turn.session, turn.turn)).collect(),
            pinned: Mutex::default(),
        }
    }

    /// No answer is wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// The answer to this turn is pinned.
    pub(crate) fn has(&self, session: u32, turn: u32) -> bool {
        self.pinned().contains_key(&(session, turn))
    }

    /// A later turn builds on the answer to this one.
    pub(crate) fn wants(&self, session: u32, turn: u32) -> bool {
        self.wanted.contains(&(session, turn))
    }

    /// Pins an answer, where none is.
    pub(crate) fn pin(&self, session: u32, turn: u32, answer: Arc<[Value]>) {
        self.pinned().entry((session, turn)).or_insert(answer);
    }

    /// The answer that is pinned for this turn is this one.
    pub(crate) fn is(&self, session: u32, turn: u32, answer: &[Value]) -> bool {
        let pinned = self.pinned().get(&(session, turn)).cloned();
        pinned.is_some_and(|pinned| *pinned == *answer)
    }

    fn pinned(&self) -> MutexGuard<'_, HashMap<TurnKey, Arc<[Value]>>> {
        lock(&self.pinned)
    }
}

impl PinnedAnswers for AnswerBook {
    fn answer(&self, session: u32, turn: u32) -> Option<Vec<Value>> {
        let answer = self.pinned().get(&(session, turn)).cloned();
        answer.map(|answer| answer.to_vec())
    }
}
