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
    let lengths = lengths(rounds);
    let cycles = design.cycles.iter();
    let apart: HashSet<u32> = cycles
        .flat_map(|(cold, warm)| sessions_apart(cold, warm))
        .collect();
    let told = rounds.iter().map(|round| of_round(round, &lengths));
    Some(SessionComparison {
        left_out: apart.len() as u64,
        rounds: told.collect(),
    })
}

/// The turns of each session, as far as any round sent them.
fn lengths(rounds: &[RoundResult]) -> HashMap<u32, u32> {
    let mut lengths = HashMap::new();
    for round in rounds {
        for (index, _) in round.requests.iter() {
            if let Some(turn) = round.requests.turn(index) {
                let most: &mut u32 = lengths.entry(turn.session).or_default();
                *most = turn.turn.max(*most);
            }
        }
    }
    lengths
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

fn of_round(round: &RoundResult, lengths: &HashMap<u32, u32>) -> RoundOfSessions {
    let mut sums: BTreeMap<u32, TurnSums> = BTreeMap::new();
    let mut last: HashMap<u32, u32> = HashMap::new();
    for (index, row) in round.requests.iter() {
        let Some(turn) = round.requests.turn(index) else {
            continue;
        };
        last.entry(turn.session).or_default();
        if !row.is_success() {
            continue;
        }
        last.insert(turn.session, turn.turn);
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
    let early = last
        .iter()
        .filter(|(session, turn)| lengths[session] > **turn);
    let lost = last.iter().map(|(session, turn)| lengths[session] - turn);
    RoundOfSessions {
        round: round.meta.spec.number,
        kind: round.meta.spec.kind,
        sessions: last.len() as u64,
        ended_early: early.count() as u64,
        overflowed: overflows(round),
        lost_turns: lost.map(u64::from).sum(),
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
