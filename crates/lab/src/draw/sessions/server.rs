//! The engines of a world of sessions: each keeps every prompt that it has answered.

use super::{
    scenario::{Routing, SessionScenario},
    talks::{DrawnTurn, common},
};
use crate::draw::random::Random;

/// Behind which fresh value a prompt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// The value of an epoch.
    Epoch(u32),
    /// A value of its own.
    Own(usize),
}

/// What an engine has in its cache.
struct KeptPrompt {
    ids: Vec<u32>,
    behind: Behind,
    session: u32,
    /// Since when, ms.
    from_ms: f64,
    /// It should not have known it.
    foreign: bool,
}

/// What is looked for in a cache.
#[derive(Clone, Copy)]
pub(super) struct Lookup {
    pub(super) behind: Behind,
    pub(super) at_ms: f64,
    /// Also in what it should not have known.
    pub(super) foreign: bool,
}

/// The engines behind the address.
pub(super) struct Engines<'a> {
    scenario: &'a SessionScenario,
    kept: Vec<Vec<KeptPrompt>>,
    sent: usize,
}

impl<'a> Engines<'a> {
    pub(super) fn new(scenario: &'a SessionScenario) -> Self {
        Self {
            scenario,
            kept: (0..scenario.replicas).map(|_| Vec::new()).collect(),
            sent: 0,
        }
    }

    /// The engine that gets the next request.
    pub(super) fn choose(&mut self, turn: &DrawnTurn, random: &mut Random) -> usize {
        self.sent += 1;
        let replicas = self.scenario.replicas;
        match self.scenario.routing {
            Routing::Random => random.whole(0, replicas - 1) as usize,
            Routing::InTurns => self.sent % replicas as usize,
            Routing::BySession => (turn.session % replicas) as usize,
        }
    }

    /// Tokens of a prompt that an engine has in whole blocks, of what it was sent in this run or of
    /// everything; the last one is always computed.
    pub(super) fn find(&self, engine: usize, turn: &DrawnTurn, of: Lookup) -> u64 {
        let Lookup {
            behind,
            at_ms,
            foreign,
        } = of;
        if !self.scenario.cache {
            return 0;
        }
        let template = self.scenario.template as usize;
        // The template stands before a marker and behind a salt.
        let of_template = if self.scenario.salted { 0 } else { template };
        let there = self.kept[engine]
            .iter()
            .filter(|kept| kept.from_ms <= at_ms && (foreign || !kept.foreign));
        let found = there.map(|kept| {
            if kept.behind == behind {
                common(&kept.ids, &turn.ids)
            } else {
                of_template
            }
        });
        // Who asks a canary leaves it.
        let at_first = if self.scenario.canary { of_template } else { 0 };
        let found = found.fold(at_first, usize::max);
        let block = u64::from(self.scenario.block);
        (found as u64).min(turn.tokens() - 1) / block * block
    }

    /// An engine has answered a prompt, and keeps it.
    pub(super) fn keep(
        &mut self,
        engine: usize,
        turn: &DrawnTurn,
        behind: Behind,
        from_ms: f64,
        again: bool,
    ) {
        let mut ids = turn.ids.clone();
        if self.scenario.keeps_answers {
            ids.extend(turn.answer(again));
        }
        self.kept[engine].push(KeptPrompt {
            ids,
            behind,
            session: turn.session,
            from_ms,
            foreign: false,
        });
    }

    /// Every engine has known this prompt for long.
    pub(super) fn know(&mut self, turn: &DrawnTurn, behind: Behind) {
        for kept in &mut self.kept {
            kept.push(KeptPrompt {
                ids: turn.ids.clone(),
                behind,
                session: turn.session,
                from_ms: 0.0,
                foreign: true,
            });
        }
    }

    /// What was sent of a session is gone.
    pub(super) fn forget(&mut self, session: u32) {
        for kept in &mut self.kept {
            kept.retain(|one| one.session != session);
        }
    }
}
