//! Sessions as their rows come: which are drawn, and where the next turn of each belongs.

use super::{
    draft::SessionDraft,
    error::SessionError,
    turn_row::{LastTurn, TurnKey},
};
use crate::draw::{DrawKey, SeededDraw};
use serde_json::Value;
use std::collections::HashMap;

/// Where the next turn of a session or chat belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum TurnSeat {
    /// Behind the last turn of a session that is kept.
    Kept(KeptSeat),
    /// The session was not drawn.
    NotDrawn,
    /// A row of the session was left out: what follows it cannot be asked.
    Broken,
}

/// A place behind a turn of a session that is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptSeat {
    /// The key of the session's root.
    pub(super) root: DrawKey,
    /// The session itself.
    pub(super) session: u32,
    /// The turn after which it is, 1-based.
    pub(super) after: u32,
    /// What that turn's row says of itself.
    pub(super) last: LastTurn,
}

/// The sessions that are drawn so far.
pub(super) struct Gather {
    draw: SeededDraw<SessionDraft>,
    seats: HashMap<String, TurnSeat>,
    /// Recorded answers to the last turns of sessions, by the same names.
    answers: HashMap<String, Vec<Value>>,
    /// How often each name of a whole session was given.
    names: HashMap<String, u32>,
    /// Chats that others name as the one before them, and that did not stand before them.
    missed: HashMap<String, u64>,
    /// The number of the next session.
    pub(super) next: u32,
    /// Sessions that were seen, those that fork off others left aside.
    pub(super) seen: u64,
}

impl Gather {
    pub(super) fn new(k: Option<u64>) -> Self {
        Self {
            draw: SeededDraw::new(k),
            seats: HashMap::new(),
            answers: HashMap::new(),
            names: HashMap::new(),
            missed: HashMap::new(),
            next: 0,
            seen: 0,
        }
    }

    /// Whether a session of this key would be kept as things stand.
    pub(super) fn wants(&self, key: DrawKey) -> bool {
        self.draw.wants(key)
    }

    /// The number of a session that begins.
    pub(super) fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Keeps a session, and drops the last one where there are too many.
    pub(super) fn put(&mut self, key: DrawKey, draft: SessionDraft) {
        self.draw.put(key, draft);
    }

    /// The name of a whole session that no other has: routers tell sessions by it.
    pub(super) fn own_name(&mut self, name: String) -> String {
        let times = self.names.entry(name.clone()).or_default();
        *times += 1;
        match times {
            1 => name,
            times => format!("{name}~{times}"),
        }
    }

    /// Holds that a chat stands once, and behind the one that it names.
    ///
    /// # Errors
    /// [`SessionError::ChatTwice`], [`SessionError::ChatOfItself`],
    /// [`SessionError::ChatBehindItsChild`].
    pub(super) fn check_chat(&mut self, key: &TurnKey) -> Result<(), SessionError> {
        let TurnKey::Chat { own, parent } = key else {
            return Ok(());
        };
        let chat = own.clone();
        if self.seats.contains_key(own) {
            return Err(SessionError::ChatTwice { chat });
        }
        if parent.as_ref() == Some(own) {
            return Err(SessionError::ChatOfItself { chat });
        }
        if self.missed.contains_key(own) {
            return Err(SessionError::ChatBehindItsChild { chat });
        }
        if let Some(parent) = parent
            .as_ref()
            .filter(|parent| !self.seats.contains_key(*parent))
        {
            *self.missed.entry(parent.clone()).or_default() += 1;
        }
        Ok(())
    }

    /// Chats behind ones that did not stand before them.
    pub(super) fn lost_parents(&self) -> u64 {
        self.missed.values().sum()
    }

    /// Where the row of this key belongs; `None`: it begins a session.
    pub(super) fn seat(&self, key: &TurnKey) -> Option<TurnSeat> {
        let known = match key {
            TurnKey::Session(session) => self.seats.get(session),
            TurnKey::Chat { parent, .. } => self.seats.get(parent.as_deref()?),
        };
        match known.copied()? {
            // It was dropped for another one meanwhile.
            TurnSeat::Kept(seat) if !self.draw.keeps(seat.root) => Some(TurnSeat::NotDrawn),
            seat => Some(seat),
        }
    }

    /// Notes where the row that follows this one belongs.
    pub(super) fn sit(&mut self, key: &TurnKey, seat: TurnSeat) {
        self.seats.insert(key.own_name().to_owned(), seat);
    }

    /// Notes what was answered to the row of this key.
    pub(super) fn answer(&mut self, key: &TurnKey, answer: Vec<Value>) {
        if !answer.is_empty() {
            self.answers.insert(key.own_name().to_owned(), answer);
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
        self.draw.get_mut(root)?.find(number)
    }

    /// What was drawn, in the order of the draw.
    pub(super) fn finish(self) -> Vec<SessionDraft> {
        let drawn = self.draw.finish().into_iter();
        drawn.filter(|draft| !draft.turns.is_empty()).collect()
    }
}
