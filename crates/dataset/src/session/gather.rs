//! Sessions as their rows come: which are drawn, and where the next turn of each belongs.

use super::{
    draft::SessionDraft,
    turn_row::{LastTurn, TurnKey},
};
use crate::draw::DrawKey;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Where the next turn of a session or chat belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum TurnSeat {
    /// Behind the last turn of a session that is kept.
    Kept {
        /// The key of the session's root.
        root: DrawKey,
        /// The session itself.
        session: u32,
        /// The turn after which it belongs.
        turn: u32,
        last: LastTurn,
    },
    /// The session was not drawn.
    NotDrawn,
    /// A row of the session was left out: what follows it cannot be asked.
    Broken,
}

/// The sessions that are drawn so far.
pub(super) struct Gather {
    k: Option<usize>,
    kept: BTreeMap<DrawKey, SessionDraft>,
    seats: HashMap<String, TurnSeat>,
    /// Recorded answers to the last turns of sessions, by the same names.
    answers: HashMap<String, Vec<Value>>,
    /// The number of the next session.
    pub(super) next: u32,
    /// Sessions that were seen, those that fork off others left aside.
    pub(super) seen: u64,
}

impl Gather {
    pub(super) fn new(k: Option<u64>) -> Self {
        Self {
            k: k.map(|k| usize::try_from(k).unwrap_or(usize::MAX)),
            kept: BTreeMap::new(),
            seats: HashMap::new(),
            answers: HashMap::new(),
            next: 0,
            seen: 0,
        }
    }

    /// Whether a session of this key would be kept as things stand.
    pub(super) fn wants(&self, key: DrawKey) -> bool {
        let room = self.k.is_none_or(|k| self.kept.len() < k);
        room || self
            .kept
            .last_key_value()
            .is_some_and(|(last, _)| key < *last)
    }

    /// The number of a session that begins.
    pub(super) fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Keeps a session, and drops the last one where there are too many.
    pub(super) fn put(&mut self, key: DrawKey, draft: SessionDraft) {
        self.kept.insert(key, draft);
        if self.k.is_some_and(|k| self.kept.len() > k) {
            self.kept.pop_last();
        }
    }

    /// Where the row of this key belongs; `None`: it begins a session.
    pub(super) fn seat(&self, key: &TurnKey) -> Option<TurnSeat> {
        let known = match key {
            TurnKey::Session(session) => self.seats.get(session),
            TurnKey::Chat { parent, .. } => self.seats.get(parent.as_deref()?),
        };
        match known.copied()? {
            // It was dropped for another one meanwhile.
            TurnSeat::Kept { root, .. } if !self.kept.contains_key(&root) => {
                Some(TurnSeat::NotDrawn)
            }
            seat => Some(seat),
        }
    }

    /// Notes where the row that follows this one belongs.
    pub(super) fn sit(&mut self, key: &TurnKey, seat: TurnSeat) {
        self.seats.insert(own_name(key).to_owned(), seat);
    }

    /// Notes what was answered to the row of this key.
    pub(super) fn answer(&mut self, key: &TurnKey, answer: Vec<Value>) {
        if !answer.is_empty() {
            self.answers.insert(own_name(key).to_owned(), answer);
        }
    }

    /// What was answered to the row before the one of this key; empty where no row says.
    pub(super) fn answer_before(&mut self, key: &TurnKey) -> Vec<Value> {
        let answer = match key {
            // Another row may follow the same one.
            TurnKey::Chat { parent, .. } => {
                let parent = parent.as_deref();
                parent.and_then(|parent| self.answers.get(parent).cloned())
            }
            TurnKey::Session(session) => self.answers.remove(session),
        };
        answer.unwrap_or_default()
    }

    /// The session of this number, where it is still kept.
    pub(super) fn session(&mut self, root: DrawKey, number: u32) -> Option<&mut SessionDraft> {
        self.kept.get_mut(&root)?.find(number)
    }

    /// What was drawn, in the order of the draw.
    pub(super) fn finish(self) -> Vec<SessionDraft> {
        let drawn = self.kept.into_values();
        drawn.filter(|draft| !draft.turns.is_empty()).collect()
    }
}

/// The name by which the row that follows finds this one.
fn own_name(key: &TurnKey) -> &str {
    match key {
        TurnKey::Session(session) => session,
        TurnKey::Chat { own, .. } => own,
    }
}
