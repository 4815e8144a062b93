//! Rounds of sessions by turn, for the charts.

use crate::{number::Rounded, report_input::ReportInput};
use dualround_model::{RoundOfSessions, RoundResult, TurnFigures};
use serde::Serialize;

/// What turns came to, one entry of each column a turn.
#[derive(Serialize)]
pub(super) struct ByTurn {
    turn: Vec<u32>,
    requests: Vec<u64>,
    /// Mean TTFT, ms.
    ttft: Vec<Rounded>,
    /// Share of prompt tokens from the cache, %.
    hits: Vec<Rounded>,
    /// Share that could have been, %.
    reachable: Vec<Rounded>,
}

/// The turns of a round; `None` where requests stand by themselves.
pub(super) fn by_turn(page: ReportInput<'_>, round: &RoundResult) -> Option<ByTurn> {
    let mut levels = page.comparison.levels.iter();
    let level = levels.find(|level| level.level == round.meta.level)?;
    let mut rounds = level.sessions.as_ref()?.rounds.iter();
    let number = round.meta.spec.number;
    rounds.find(|one| one.round == number).map(columns)
}

fn columns(round: &RoundOfSessions) -> ByTurn {
    let turns = &round.turns;
    let percent = |part: fn(&TurnFigures) -> Option<u64>| {
        let share = move |turn: &TurnFigures| {
            let of = turn.prompt_tokens as f64;
            Rounded(part(turn).map(|part| 100.0 * part as f64 / of))
        };
        turns.iter().map(share).collect()
    };
    ByTurn {
        turn: turns.iter().map(|turn| turn.turn).collect(),
        requests: turns.iter().map(|turn| turn.requests).collect(),
        ttft: turns.iter().map(|turn| Rounded(turn.ttft_ms)).collect(),
        hits: percent(|turn| turn.hit_tokens),
        reachable: percent(|turn| turn.reachable_tokens),
    }
}
