//! A session as it is read: its turns so far, and the sessions that fork off it.

use dualround_model::{Sample, SessionFork, SessionJoin, SessionTurn, TurnGap, TurnHistory};
use std::sync::Arc;

/// A session, as far as it was read.
#[derive(Debug)]
pub(super) struct SessionDraft {
    /// Its place among the sessions of the file.
    pub(super) number: u32,
    /// Its own name, or that of its row.
    pub(super) name: Arc<str>,
    /// When it begins, ns on the clock of its trace.
    pub(super) arrival_ns: Option<u64>,
    pub(super) turns: Vec<Arc<Sample>>,
    /// Sessions that begin behind one of its turns.
    pub(super) forks: Vec<Self>,
}

/// Where a turn stands, and what it builds on.
#[derive(Debug, Default)]
pub(super) struct TurnPlacement {
    pub(super) gap: TurnGap,
    pub(super) fork: Option<SessionFork>,
    pub(super) joins: Vec<SessionJoin>,
    pub(super) history: Option<TurnHistory>,
}

impl SessionDraft {
    /// One without a turn.
    pub(super) fn new(number: u32, name: &str) -> Self {
        Self {
            number,
            name: name.into(),
            arrival_ns: None,
            turns: Vec::new(),
            forks: Vec::new(),
        }
    }

    /// Adds a turn behind the others. Where its row has no id but that of the session, it is named
    /// after the session and its place.
    pub(super) fn add(&mut self, sample: Sample, placement: TurnPlacement) {
        let TurnPlacement {
            gap,
            fork,
            joins,
            history,
        } = placement;
        let turn = SessionTurn {
            session: self.number,
            turn: self.turns_so_far() + 1,
            name: Arc::clone(&self.name),
            gap,
            fork,
            joins,
            history,
        };
        let own = sample.id.as_deref().filter(|id| **id != *self.name);
        let id = match own {
            Some(id) => id.to_owned(),
            None => format!("{}/{}", self.name, turn.turn),
        };
        self.turns.push(Arc::new(Sample {
            id: Some(id),
            turn: Some(Arc::new(turn)),
            ..sample
        }));
    }

    /// Turns that were added.
    pub(super) fn turns_so_far(&self) -> u32 {
        u32::try_from(self.turns.len()).unwrap_or(u32::MAX)
    }

    /// The session of this number: itself, or one that forks off it.
    pub(super) fn find(&mut self, number: u32) -> Option<&mut Self> {
        if self.number == number {
            return Some(self);
        }
        self.forks.iter_mut().find_map(|fork| fork.find(number))
    }

    /// All turns: its own, then those of the sessions that fork off it.
    pub(super) fn samples(&self) -> Vec<Arc<Sample>> {
        let mut all = self.turns.clone();
        for fork in &self.forks {
            all.extend(fork.samples());
        }
        all
    }
}
