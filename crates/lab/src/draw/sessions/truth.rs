//! What is true of a round of sessions, whoever reports what.

use super::{
    play::{Played, TurnEnd, is_too_long},
    scenario::{SessionRoundTruth, SessionScenario, TooLong, TurnTruth},
    talks::{DrawnTurn, common},
    told::named_loads,
};
use crate::draw::records::OUTPUT_TOKENS;
use dualround_model::RoundKind;
use std::collections::{BTreeMap, BTreeSet};

/// A round that was played.
pub(super) struct RoundPlayed<'a> {
    pub(super) scenario: &'a SessionScenario,
    pub(super) turns: &'a [DrawnTurn],
    pub(super) kind: RoundKind,
    pub(super) played: &'a [Played],
    /// Rounds of the same epoch before it.
    pub(super) before: &'a [Vec<Played>],
    /// Turns whose ids are known: those that were answered in the first round.
    pub(super) known: &'a BTreeSet<usize>,
}

/// A sum whose parts may be unknown.
#[derive(Clone, Copy, Default)]
struct HitSums {
    hit: u64,
    could: u64,
    chance: f64,
}

impl RoundPlayed<'_> {
    fn answered(&self) -> impl Iterator<Item = &Played> {
        let ended = self.played.iter();
        ended.filter(|one| one.end == TurnEnd::Answered)
    }

    /// Tokens that a request begins with like another one of the round, which was sent before it ended.
    fn shared(&self, one: &Played) -> usize {
        let own = &self.turns[one.at].ids;
        let others = self.played.iter().filter(|other| {
            other.at != one.at && other.start_ms < one.end_ms && self.known.contains(&other.at)
        });
        let shared = others.map(|other| common(own, &self.turns[other.at].ids));
        shared.max().unwrap_or(0)
    }

    /// The turn before, where the answer that it got is the one that stands in the history.
    fn before_with_answer(&self, one: &Played) -> Option<usize> {
        let is_own = self.scenario.answer == 0 && self.turns[one.at].turn > 1 && one.again;
        is_own.then(|| one.at - 1)
    }

    /// An earlier round of the epoch had it answered.
    fn was_answered(&self, at: usize) -> bool {
        let mut before = self.before.iter().flatten();
        before.any(|one| one.at == at && one.end == TurnEnd::Answered)
    }

    /// What a cache that forgets nothing could give.
    fn reachable(&self, one: &Played) -> Option<u64> {
        let tokens = self.turns[one.at].tokens();
        match self.kind {
            RoundKind::NoReuse => Some(0),
            RoundKind::Warm => self.was_answered(one.at).then_some(tokens),
            _ if !self.scenario.ids => None,
            _ => {
                let answer = self
                    .before_with_answer(one)
                    .map_or(0, |_| OUTPUT_TOKENS as usize);
                Some(((self.shared(one) + answer) as u64).min(tokens))
            }
        }
    }

    /// The mean of what it would hit of replicas at random: the best of those before that met the same
    /// one.
    fn by_chance(&self, one: &Played) -> f64 {
        let own = &self.turns[one.at].ids;
        let replicas = f64::from(self.scenario.replicas_named());
        let same_round = self
            .played
            .iter()
            .filter(|other| other.at != one.at && other.start_ms < one.end_ms);
        let others = self.before.iter().flatten().chain(same_round);
        let others = others.filter(|other| self.known.contains(&other.at));
        let mut found: Vec<usize> = others
            .map(|other| common(own, &self.turns[other.at].ids))
            .collect();
        if self.kind == RoundKind::Cold
            && let Some(before) = self.before_with_answer(one)
        {
            let before = self.turns[before].ids.len();
            found.push((before + OUTPUT_TOKENS as usize).min(own.len()));
            if let Some(plain) = found.iter().position(|tokens| *tokens == before) {
                found.remove(plain);
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        let (mut sum, mut none_yet) = (0.0, 1.0);
        for tokens in found {
            sum += tokens as f64 * none_yet / replicas;
            none_yet *= 1.0 - 1.0 / replicas;
        }
        sum
    }

    /// Everything about the round.
    pub(super) fn truth(&self) -> SessionRoundTruth {
        let mut truth = SessionRoundTruth {
            letter: letter(self.kind).to_owned(),
            lost_turns: (self.turns.len() - self.played.len()) as u64,
            ..SessionRoundTruth::default()
        };
        self.endings(&mut truth);
        self.by_turn(&mut truth);
        self.foreign(&mut truth);
        let loads = named_loads(self.scenario, self.turns, self.played);
        let mut sums: Option<HitSums> = None;
        for one in self.answered().filter(|one| self.scenario.tells(one.at)) {
            let Some(could) = self.reachable(one) else {
                continue;
            };
            let sums = sums.get_or_insert_default();
            sums.hit += one.cached.min(could);
            sums.could += could;
            if self.scenario.ids && loads.is_some() {
                sums.chance += self.by_chance(one);
            }
        }
        let sums = sums.filter(|sums| sums.could > 0);
        truth.reached = sums.map(|sums| sums.hit as f64 / sums.could as f64);
        let has_chance = self.scenario.ids && loads.is_some() && self.kind != RoundKind::NoReuse;
        truth.chance = match sums {
            Some(sums) if has_chance => Some(sums.chance / sums.could as f64),
            _ => None,
        };
        truth.loads = loads;
        truth
    }

    fn endings(&self, truth: &mut SessionRoundTruth) {
        let mut sessions: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for one in self.played {
            let turn = &self.turns[one.at];
            let of_session = sessions.entry(turn.session).or_insert((turn.of, 0));
            of_session.1 += u32::from(one.end == TurnEnd::Answered);
            let is_told = self.scenario.too_long == TooLong::ByCode;
            truth.overflowed += u64::from(one.end == TurnEnd::TooLong && is_told);
        }
        truth.sessions = sessions.len() as u64;
        let early = sessions.values().filter(|(of, answered)| answered < of);
        truth.ended_early = early.count() as u64;
        if self.scenario.too_long == TooLong::Stated {
            // Those that were answered up to the turn that was not sent.
            let stopped = self.turns.iter().filter(|turn| {
                let before = sessions.get(&turn.session).map(|(_, answered)| *answered);
                let is_next = before == Some(turn.turn - 1) && turn.turn > 1;
                is_next && is_too_long(self.scenario, turn)
            });
            truth.overflowed += stopped.count() as u64;
        }
    }

    fn by_turn(&self, truth: &mut SessionRoundTruth) {
        let ends: BTreeMap<usize, f64> =
            self.played.iter().map(|one| (one.at, one.end_ms)).collect();
        let mut turns: BTreeMap<u32, (TurnTruth, f64)> = BTreeMap::new();
        // A share of all requests of a turn needs all of them.
        let mut unknown: BTreeSet<u32> = BTreeSet::new();
        for one in self.answered() {
            let turn = &self.turns[one.at];
            let (sums, gaps) = turns.entry(turn.turn).or_default();
            sums.turn = turn.turn;
            sums.requests += 1;
            sums.ttft_ms += one.ttft_ms;
            if turn.turn > 1 {
                *gaps += (one.start_ms - ends[&(one.at - 1)]) / 1000.0;
            }
            truth.all[0] += turn.tokens();
            truth.all[1] += one.cached;
            if !self.scenario.tells(one.at) {
                continue;
            }
            sums.prompt += turn.tokens();
            sums.hit = Some(sums.hit.unwrap_or(0) + one.cached);
            match self.reachable(one) {
                Some(could) => sums.reachable = Some(sums.reachable.unwrap_or(0) + could),
                None => {
                    unknown.insert(turn.turn);
                }
            }
        }
        truth.turns = turns
            .into_values()
            .map(|(sums, gaps)| {
                let requests = sums.requests as f64;
                TurnTruth {
                    ttft_ms: sums.ttft_ms / requests,
                    reachable: if unknown.contains(&sums.turn) {
                        None
                    } else {
                        sums.reachable
                    },
                    gap_s: (sums.turn > 1).then_some(gaps / requests),
                    ..sums
                }
            })
            .collect();
    }

    /// What came from a cache that should have known nothing, and what of it would have been seen.
    fn foreign(&self, truth: &mut SessionRoundTruth) {
        let scenario = self.scenario;
        let blocks = if scenario.block_known { 1 } else { 2 };
        let allowed = u64::from(scenario.template.max(16)) + blocks * u64::from(scenario.block);
        for one in self.answered() {
            let turn = &self.turns[one.at];
            let shared = self.shared(one) as u64 + u64::from(OUTPUT_TOKENS);
            truth.any_foreign += one.foreign;
            let foreign = one.cached.saturating_sub(shared + allowed);
            truth.foreign_tokens += foreign;
            truth.foreign_halves += u64::from(2 * foreign >= turn.tokens());
            let before = if turn.turn > 1 {
                self.turns[one.at - 1].tokens() + u64::from(OUTPUT_TOKENS)
            } else {
                0
            };
            truth.new += turn.tokens() - before.min(shared).min(turn.tokens());
            truth.visible += turn.tokens().saturating_sub(shared + allowed);
        }
    }
}

fn letter(kind: RoundKind) -> &'static str {
    match kind {
        RoundKind::Cold => "C",
        RoundKind::Warm => "W",
        RoundKind::NoReuse => "N",
        _ => "",
    }
}
