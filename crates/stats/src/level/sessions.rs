//! Rounds of sessions, turn by turn: TTFT, hits, what could have been hit, and the gap before.

use super::pairs::sessions_apart;
use crate::{cache::own_hits, level::design::Design, numbers::mean::mean};
use dualround_model::{
    FailureKind, RequestRow, RoundOfSessions, RoundResult, SessionComparison, TurnFigures,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The sessions of a level; `None` where requests stand by themselves.
pub(crate) fn sessions(rounds: &[RoundResult], design: &Design<'_>) -> Option<SessionComparison> {
    if !rounds.iter().any(|round| round.requests.has_turns()) {
        return None;
    }
    let cycles = design.cycles.iter();
    let apart: HashSet<u32> = cycles
        .flat_map(|(cold, warm)| sessions_apart(cold, warm))
        .collect();
    let told = rounds.iter().map(of_round);
    Some(SessionComparison {
        left_out: apart.len() as u64,
        rounds: told.collect(),
    })
}

/// Sums of one turn over the sessions of a round.
#[derive(Default)]
struct TurnSums {
    requests: u64,
    ttft_ms: Vec<f64>,
    prompt: u64,
    hit: u64,
    known: u64,
    reachable: u64,
    reachable_known: bool,
    gaps_s: Vec<f64>,
}

fn of_round(round: &RoundResult) -> RoundOfSessions {
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
            let reachable = own_hits::reachable(round, index, prompt);
            sums.reachable += reachable.unwrap_or(0);
            sums.reachable_known |= reachable.is_some();
        }
    }
    let turns: Vec<TurnFigures> = sums
        .iter()
        .map(|(turn, sums)| sums.figures(*turn))
        .collect();
    let early = answered.values().filter(|(of, turns)| of > turns);
    RoundOfSessions {
        round: round.meta.spec.number,
        kind: round.meta.spec.kind,
        sessions: answered.len() as u64,
        ended_early: early.count() as u64,
        overflowed: overflows(round),
        lost_turns: u64::from(round.meta.not_started),
        reached_share: reached(&turns),
        turns,
    }
}

/// Sessions that the server's context ended: each by one request.
fn overflows(round: &RoundResult) -> u64 {
    let kind = FailureKind::ContextOverflow.to_string();
    round.summary.failures.get(&kind).copied().unwrap_or(0)
}

/// Hits over what could have been, of the turns of which both are known.
fn reached(turns: &[TurnFigures]) -> Option<f64> {
    let known = turns
        .iter()
        .filter_map(|turn| turn.hit_tokens.zip(turn.reachable_tokens));
    let (hit, reachable) = known.fold((0, 0), |(a, b), (hit, reachable)| (a + hit, b + reachable));
    (reachable > 0).then(|| hit as f64 / reachable as f64)
}

/// From the end of the turn before to t0, s.
fn gap_s(round: &RoundResult, index: u32, row: &RequestRow) -> Option<f64> {
    let before = round.requests.turn_before(index)?;
    let start = row.start_ns()?;
    Some(start.saturating_sub(before.end_ns()) as f64 / 1e9)
}

impl TurnSums {
    fn figures(&self, turn: u32) -> TurnFigures {
        let mean_of = |values: &[f64]| (!values.is_empty()).then(|| mean(values.iter().copied()));
        TurnFigures {
            turn,
            requests: self.requests,
            ttft_ms: mean_of(&self.ttft_ms),
            prompt_tokens: self.prompt,
            hit_tokens: (self.known > 0).then_some(self.hit),
            reachable_tokens: self.reachable_known.then_some(self.reachable),
            gap_s: mean_of(&self.gaps_s),
        }
    }
}
