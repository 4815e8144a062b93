//! Rounds of sessions, turn by turn: TTFT, hits, what could have been hit, and the gap before.

use super::pairs::sessions_apart;
use crate::{
    cache::{own_hits, replicas},
    level::design::Design,
    numbers::mean::mean,
};
use dualround_model::{
    FailureKind, RequestRow, RoundOfSessions, RoundResult, RunEvidence, SessionComparison,
    TurnFigures,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The sessions of a level; `None` where requests stand by themselves.
pub(crate) fn sessions(
    rounds: &[RoundResult],
    design: &Design<'_>,
    known: &RunEvidence,
) -> Option<SessionComparison> {
    if !rounds.iter().any(|round| round.requests.has_turns()) {
        return None;
    }
    let cycles = design.cycles.iter();
    let apart: HashSet<u32> = cycles
        .flat_map(|(cold, warm)| sessions_apart(cold, warm))
        .collect();
    let told = rounds.iter().map(|round| of_round(round, known));
    Some(SessionComparison {
        left_out: apart.len() as u64,
        rounds: told.collect(),
    })
}

/// Sums over requests whose hits and what could be hit are both known, tokens.
#[derive(Clone, Copy, Default)]
struct ReachSums {
    hit: u64,
    reachable: u64,
    /// By chance; `None` where it is not known of all.
    chance: Option<f64>,
}

/// Sums of one turn over the sessions of a round.
#[derive(Default)]
struct TurnSums {
    requests: u64,
    ttft_ms: Vec<f64>,
    prompt: u64,
    hit: u64,
    known: u64,
    reach: Option<ReachSums>,
    gaps_s: Vec<f64>,
}

fn of_round(round: &RoundResult, known: &RunEvidence) -> RoundOfSessions {
    let mut sums: BTreeMap<u32, TurnSums> = BTreeMap::new();
    // Of each session its turns, and those that succeeded.
    let mut answered: HashMap<u32, (u32, u32)> = HashMap::new();
    for (index, row) in round.requests.iter() {
        let Some(turn) = round.requests.turn(index) else {
            continue;
        };
        let of_session = answered.entry(turn.session).or_insert((turn.of, 0));
        if !row.is_success() {
            continue;
        }
        of_session.1 += 1;
        let sums = sums.entry(turn.turn).or_default();
        sums.requests += 1;
        sums.ttft_ms.extend(row.ttft_ms());
        sums.gaps_s.extend(gap_s(round, index, row));
        if let Some((cached, prompt)) = row.cached_tokens().zip(row.input_tokens()) {
            sums.known += 1;
            sums.prompt += prompt;
            sums.hit += cached;
            sums.add_reach(round, index, cached, prompt);
        }
    }
    let turns: Vec<TurnFigures> = sums
        .iter()
        .map(|(turn, sums)| sums.figures(*turn))
        .collect();
    let early = answered.values().filter(|(of, turns)| of > turns);
    let reach = reach(sums.values());
    let replicas = replicas::of_round(round, known);
    let chance = reach.and_then(|reach| share(reach.chance?, reach.reachable as f64));
    RoundOfSessions {
        round: round.meta.spec.number,
        kind: round.meta.spec.kind,
        sessions: answered.len() as u64,
        ended_early: early.count() as u64,
        overflowed: overflows(round) + too_long(round, &answered),
        lost_turns: u64::from(round.meta.not_started),
        reached_share: reach.and_then(|reach| share(reach.hit as f64, reach.reachable as f64)),
        chance_share: replicas.as_ref().and(chance),
        imbalance: replicas.as_deref().and_then(replicas::imbalance),
        replicas,
        turns,
    }
}

/// Sessions that the server's context ended: each by one request.
fn overflows(round: &RoundResult) -> u64 {
    let kind = FailureKind::ContextOverflow.to_string();
    round.summary.failures.get(&kind).copied().unwrap_or(0)
}

/// Sessions of which all turns succeeded before one that stated more tokens than the context has.
fn too_long(round: &RoundResult, answered: &HashMap<u32, (u32, u32)>) -> u64 {
    let ended = round.meta.too_long.iter().filter(|unsent| {
        let before = answered.get(&unsent.session);
        before.is_some_and(|(_, turns)| turns + 1 == unsent.turn)
    });
    ended.count() as u64
}

/// Hits of what could have been, and that, of all turns together.
fn reach<'a>(turns: impl Iterator<Item = &'a TurnSums>) -> Option<ReachSums> {
    turns.filter_map(|turn| turn.reach).reduce(ReachSums::with)
}

fn share(part: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| part / of)
}

/// From the end of the turn before to t0, s.
fn gap_s(round: &RoundResult, index: u32, row: &RequestRow) -> Option<f64> {
    let before = round.requests.turn_before(index)?;
    let start = row.start_ns()?;
    Some(start.saturating_sub(before.end_ns()) as f64 / 1e9)
}

impl ReachSums {
    fn with(self, other: Self) -> Self {
        Self {
            hit: self.hit + other.hit,
            reachable: self.reachable + other.reachable,
            chance: self.chance.zip(other.chance).map(|(a, b)| a + b),
        }
    }
}

impl TurnSums {
    /// A request whose hits are known, and what it could have hit, where that is.
    fn add_reach(&mut self, round: &RoundResult, index: u32, hit: u64, prompt: u64) {
        let Some(reachable) = own_hits::reachable(round, index, prompt) else {
            return;
        };
        let chance = round.chance.as_ref();
        let chance = chance.and_then(|chance| *chance.tokens.get(index as usize)?);
        let own = ReachSums {
            // What stood in the cache before the round is no part of what it could reach.
            hit: hit.min(reachable),
            reachable,
            chance: chance.map(|tokens| tokens.min(prompt as f64)),
        };
        self.reach = Some(self.reach.map_or(own, |sums| sums.with(own)));
    }

    fn figures(&self, turn: u32) -> TurnFigures {
        let mean_of = |values: &[f64]| (!values.is_empty()).then(|| mean(values.iter().copied()));
        TurnFigures {
            turn,
            requests: self.requests,
            ttft_ms: mean_of(&self.ttft_ms),
            prompt_tokens: self.prompt,
            hit_tokens: (self.known > 0).then_some(self.hit),
            reachable_tokens: self.reach.map(|reach| reach.reachable),
            gap_s: mean_of(&self.gaps_s),
        }
    }
}
