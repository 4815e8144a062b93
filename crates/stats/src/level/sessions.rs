//! Rounds of sessions, turn by turn: TTFT, hits, what could have been hit, and the gap before.

use super::{design::Cycle, no_reuse, pairs::sessions_apart};
use crate::{
    cache::{own_hits, replicas},
    level::design::Design,
    numbers::{mean::mean, share::share},
};
use dualround_model::{
    FailureKind, Flag, RequestRow, RoundKind, RoundOfSessions, RoundResult, RunEvidence,
    SessionComparison, TurnFigures,
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
    let mut level = LevelSoFar::default();
    let told = rounds.iter().map(|round| {
        level.take(round);
        of_round(round, &level, known)
    });
    Some(SessionComparison {
        rounds: told.collect(),
        left_out: apart(&design.cycles),
        left_out_inside: apart(&no_reuse::cycles(rounds)),
    })
}

/// Sessions that have other turns on one side of a pair of rounds than on the other.
fn apart(cycles: &[Cycle<'_>]) -> u64 {
    let cycles = cycles.iter();
    let apart: HashSet<u32> = cycles
        .flat_map(|(one, other)| sessions_apart(one, other))
        .collect();
    apart.len() as u64
}

/// What the rounds of a level have done so far.
#[derive(Default)]
struct LevelSoFar {
    /// Turns that were answered since the last cold round began, in earlier rounds.
    answered: HashSet<u32>,
    of_round_before: HashSet<u32>,
    /// Sessions of which a turn failed in the first round: they end there in every round.
    failed_first: HashSet<u32>,
}

impl LevelSoFar {
    fn take(&mut self, round: &RoundResult) {
        let answered = round.requests.successes().map(|(index, _)| index);
        match round.meta.spec.kind {
            RoundKind::NoReuse => {}
            RoundKind::Cold => {
                self.answered.clear();
                self.of_round_before = answered.collect();
            }
            _ => {
                self.answered.extend(self.of_round_before.drain());
                self.of_round_before = answered.collect();
            }
        }
        if round.meta.spec.number == 1 {
            self.failed_first = failed(round);
        }
    }
}

/// Sessions of which a turn failed.
fn failed(round: &RoundResult) -> HashSet<u32> {
    let ended = round.requests.iter();
    let failed = ended.filter(|(_, row)| !row.is_success() && !row.is_cancelled());
    failed
        .filter_map(|(index, _)| Some(round.requests.turn(index)?.session))
        .collect()
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
    /// Requests that are in `reach`.
    reach_known: u64,
    reach: Option<ReachSums>,
    gaps_s: Vec<f64>,
}

fn of_round(round: &RoundResult, level: &LevelSoFar, known: &RunEvidence) -> RoundOfSessions {
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
            let answered = level.answered.contains(&index);
            let reachable = own_hits::reachable(round, index, prompt, answered);
            sums.add_reach(round, index, (cached, prompt), reachable);
        }
    }
    let turns: Vec<TurnFigures> = sums
        .iter()
        .map(|(turn, sums)| sums.figures(*turn))
        .collect();
    let failed = failed(round);
    let too_long = too_long(round, &answered);
    let is_ended = |session: &u32| {
        failed.contains(session)
            || level.failed_first.contains(session)
            || too_long.contains(session)
    };
    let short = answered.iter().filter(|(_, (of, turns))| of > turns);
    let (early, cut): (Vec<u32>, Vec<u32>) = short.map(|(session, _)| *session).partition(is_ended);
    let reach = reach(sums.values());
    let replicas = replicas::of_round(round, known);
    let chance = reach.and_then(ReachSums::chance_share);
    RoundOfSessions {
        round: round.meta.spec.number,
        kind: round.meta.spec.kind,
        sessions: answered.len() as u64,
        ended_early: early.len() as u64,
        cut_short: cut.len() as u64,
        overflowed: overflows(round) + too_long.len() as u64,
        lost_turns: u64::from(round.meta.not_started),
        reached_share: reach.and_then(|reach| share(reach.hit, reach.reachable)),
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
fn too_long(round: &RoundResult, answered: &HashMap<u32, (u32, u32)>) -> HashSet<u32> {
    let ended = round.meta.too_long.iter().filter(|unsent| {
        let before = answered.get(&unsent.session);
        before.is_some_and(|(_, turns)| turns + 1 == unsent.turn)
    });
    ended.map(|unsent| unsent.session).collect()
}

/// Hits of what could have been, and that, of all turns together.
fn reach<'a>(turns: impl Iterator<Item = &'a TurnSums>) -> Option<ReachSums> {
    turns.filter_map(|turn| turn.reach).reduce(ReachSums::with)
}

/// From the end of the turn before to t0, s; `None` of a turn that was sent again, whose first t0 is
/// not kept.
fn gap_s(round: &RoundResult, index: u32, row: &RequestRow) -> Option<f64> {
    if row.has(Flag::Retried) {
        return None;
    }
    let before = round.requests.turn_before(index)?;
    let start = row.start_ns()?;
    Some(start.saturating_sub(before.end_ns()) as f64 / 1e9)
}

impl ReachSums {
    /// What chance would reach of what could be.
    fn chance_share(self) -> Option<f64> {
        let chance = self.chance?;
        (self.reachable > 0).then(|| chance / self.reachable as f64)
    }

    fn with(self, other: Self) -> Self {
        Self {
            hit: self.hit + other.hit,
            reachable: self.reachable + other.reachable,
            chance: self.chance.zip(other.chance).map(|(a, b)| a + b),
        }
    }
}

impl TurnSums {
    /// A request whose hits of its prompt are known, and what it could have hit, where that is.
    fn add_reach(
        &mut self,
        round: &RoundResult,
        index: u32,
        (hit, prompt): (u64, u64),
        reachable: Option<u64>,
    ) {
        let Some(reachable) = reachable else {
            return;
        };
        self.reach_known += 1;
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
        // A share of all of them needs all of them.
        let reach = if self.reach_known == self.known {
            self.reach
        } else {
            None
        };
        TurnFigures {
            turn,
            requests: self.requests,
            ttft_ms: mean_of(&self.ttft_ms),
            prompt_tokens: self.prompt,
            hit_tokens: (self.known > 0).then_some(self.hit),
            reachable_tokens: reach.map(|reach| reach.reachable),
            gap_s: mean_of(&self.gaps_s),
        }
    }
}
