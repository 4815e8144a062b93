//! Rounds of sessions: their order, the maker of their bodies, and what they have sent.

use super::{
    epoch::{RoundBodies, no_bodies},
    mixed,
    session::Session,
    tokens::TurnBodies,
    turn_samples::{SentTurns, starts},
};
use crate::{
    LoadError,
    round::blocks::{BlockCut, BlockLength},
    round::order::RoundOrder,
    sessions::{MakerBasis, SessionOrder, TurnFreshness, TurnMaker},
};
use dualround_model::{ColdAction, RoundKind, RoundSpec, Sample, UnsentTurn, roots};
use std::{collections::HashSet, sync::Arc};

impl Session {
    /// The order of a round of sessions; `None` where the level asks none.
    pub(super) fn session_order(&self, level: u32, spec: RoundSpec) -> Option<RoundOrder> {
        let samples = self.setting.samples();
        let plan = &self.setting.plan;
        let context = self.context_tokens();
        let mut sessions = SessionOrder::of(samples, |position| {
            let answered = self.answered.as_ref();
            let sample = samples.get(position as usize);
            sample.is_none_or(|sample| fits(sample, context))
                && answered.is_none_or(|answered| answered.contains(&position))
                && self.epoch.is_begun(spec.kind, position)
        })?;
        let arrivals = self.arrivals_of(level, spec);
        if let Some(arrivals) = arrivals {
            // What is due later than a round may take does not begin.
            sessions.roots.truncate(arrivals.due_ns.len());
        }
        let mut order = RoundOrder::closed(sessions.positions(), &plan.limits);
        (order.level, order.round) = (level, spec.number);
        order.sessions = Some(sessions);
        if let Some(arrivals) = arrivals {
            order.pacing = arrivals.pacing(plan.max_concurrency);
            order.duration_ms = None;
        }
        Some(order)
    }

    /// The first turn of each session that is not sent, since it states more tokens than the context has.
    pub(super) fn too_long_turns(&self) -> Vec<UnsentTurn> {
        let context = self.context_tokens();
        let mut found: Vec<UnsentTurn> = Vec::new();
        for sample in self.setting.samples() {
            let Some(turn) = sample.turn.as_deref() else {
                continue;
            };
            let is_known = found.last().is_some_and(|one| one.session == turn.session);
            if !is_known && !fits(sample, context) {
                found.push(UnsentTurn {
                    session: turn.session,
                    turn: turn.turn,
                });
            }
        }
        found
    }

    /// Tokens of the smallest context of the engines that tell theirs: a prompt that states more needs
    /// not be sent to be known to be too long.
    fn context_tokens(&self) -> Option<u64> {
        let engines = self.engines.reports();
        engines
            .iter()
            .filter_map(|engine| engine.context_tokens)
            .min()
    }

    /// Requests that a round is to send: of sessions all of their turns, whether an earlier round had
    /// them answered or not.
    pub(super) fn planned(&self, order: &RoundOrder) -> u32 {
        let all = match &order.sessions {
            Some(sessions) => self.turns_of(sessions.roots.len()),
            None => order.requests.len(),
        };
        u32::try_from(all).unwrap_or(u32::MAX)
    }

    /// Turns of all sessions, or where a round may not take so long, of those that begin in it.
    fn turns_of(&self, begun: usize) -> usize {
        let samples = self.setting.samples();
        let Some(arrivals) = &self.arrivals else {
            return samples.len();
        };
        let starts = starts(samples);
        if arrivals.due_ns.len() >= starts.len() {
            return samples.len();
        }
        let begin = starts.iter().take(begun);
        let begin: HashSet<u32> = begin
            .filter_map(|sample| Some(sample.turn.as_deref()?.session))
            .collect();
        let of = roots(samples);
        of.iter().filter(|root| begin.contains(root)).count()
    }

    /// The maker of a round's bodies.
    ///
    /// # Errors
    /// [`LoadError::Worker`] where it cannot be started.
    pub(super) fn turn_bodies(
        &mut self,
        spec: RoundSpec,
        order: &mut RoundOrder,
    ) -> Result<RoundBodies, LoadError> {
        let samples = self.setting.samples().to_vec();
        let mut action = None;
        let mut key = self.epoch.key.clone();
        let (freshness, facts) = match spec.kind {
            RoundKind::NoReuse => {
                let values: Vec<_> = samples.iter().map(|_| self.cold.fresh()).collect();
                key = self.cold.next_key(&self.setting);
                // Its values are many, and none of them is told.
                action = values.first().map(|value| ColdAction {
                    method: value.method(),
                    ..ColdAction::default()
                });
                let facts = self.epoch.facts.of_new_epoch();
                (TurnFreshness::Each(values), facts)
            }
            RoundKind::Mixed => {
                let misses = self.toss(spec, order, &samples);
                let value = self.cold.fresh();
                action = Some(value.clone().action());
                let freshness = TurnFreshness::Arms {
                    epoch: self.epoch.breaker.clone(),
                    value,
                    misses,
                    facts: self.epoch.facts.of_new_epoch(),
                };
                (freshness, self.epoch.facts.clone())
            }
            _ => {
                let breaker = self.epoch.breaker.clone();
                (TurnFreshness::Shared(breaker), self.epoch.facts.clone())
            }
        };
        let maker = TurnMaker::start(MakerBasis {
            plan: self.setting.plan.clone(),
            target: self.setting.target().clone(),
            samples,
            freshness,
            key,
            book: Arc::clone(&self.book),
            units: Arc::clone(&self.units),
            facts,
            round: spec.number,
        })?;
        Ok(RoundBodies {
            cold: action,
            turns: Some(Arc::new(maker)),
            ..RoundBodies::of_epoch(Arc::new(no_bodies()))
        })
    }

    /// Cuts a round into blocks of whole sessions and tosses their coin; the positions whose arm meets
    /// no cache.
    fn toss(
        &self,
        spec: RoundSpec,
        order: &mut RoundOrder,
        samples: &[Arc<Sample>],
    ) -> HashSet<u32> {
        let concurrency = self.load(order.level, spec).concurrency();
        let length = BlockLength::InFlight(concurrency.unwrap_or(1));
        let roots = roots(samples);
        let cut = BlockCut::of(&order.requests, length, |position| {
            roots.get(position as usize)
        });
        let blocks = cut.toss(length, mixed::coin_seed(self.setting.plan.seed, order));
        let misses = mixed::misses(&cut.requests, &blocks);
        order.requests = cut.requests;
        order.blocks = Some(blocks);
        misses
    }

    /// What the level under way has sent in its epoch; `None` where it asks no sessions.
    fn sent_turns(&self) -> Option<SentTurns> {
        let setting = &self.setting;
        setting.asks_sessions().then(|| SentTurns {
            plan: setting.plan.clone(),
            samples: setting.samples().to_vec(),
            breaker: self.epoch.breaker.clone(),
            key: self.epoch.key.clone(),
            book: Arc::clone(&self.book),
            answered: self.answered.clone().unwrap_or_default(),
        })
    }

    /// The ids of each request of the last epoch, in the order of the dataset; `None` where the
    /// engine has no tokenizer to ask, or it would take too long.
    pub fn token_ids(&mut self) -> Option<&[Vec<u32>]> {
        self.ask_token_ids();
        self.epoch.token_ids.as_deref()
    }

    /// The same, handed over: nothing of the level is sent any more.
    pub fn take_token_ids(&mut self) -> Option<Vec<Vec<u32>>> {
        self.ask_token_ids();
        self.epoch.token_ids.take()
    }

    fn ask_token_ids(&mut self) {
        if self.epoch.token_ids.is_some() {
            return;
        }
        let turns = self.sent_turns();
        let turns = turns.as_ref().map(|turns| turns as &dyn TurnBodies);
        self.epoch
            .ask_token_ids(&self.setting, &self.engines, turns);
    }
}

/// What a prompt states of its length is not beyond the context, where both are known.
fn fits(sample: &Sample, context: Option<u64>) -> bool {
    let known = sample.input_tokens.zip(context);
    known.is_none_or(|(tokens, context)| tokens <= context)
}
