//! What is true of drawn rounds, by the table in docs/en/method/speed.md, computed in the plainest way
//! and by nothing that `stats` uses.

mod arms;
mod means;
mod one_cycle;
mod several;
mod tosses;
mod without_reuse;

use super::scenario::{CyclePlace, LostTruth, ScenarioTruth};
use arms::mixed;
use dualround_model::{MixedPlace, RoundKind};
use one_cycle::one_cycle;
use several::{Together, several};
use without_reuse::inside;

/// A request as it was asked in a round.
#[derive(Clone, Copy)]
pub(super) struct AskedRow {
    /// TTFT, ms; `None`: it failed.
    pub(super) ttft: Option<f64>,
    /// It took its prompt from the cache.
    pub(super) hit: bool,
    /// Where it stands in a mixed round.
    pub(super) place: Option<MixedPlace>,
}

/// A round as it was asked. Rows beyond were not started.
pub(super) struct AskedRound {
    pub(super) kind: RoundKind,
    pub(super) rows: Vec<AskedRow>,
}

impl AskedRound {
    fn time(&self, row: usize) -> Option<f64> {
        self.rows.get(row)?.ttft
    }
}

/// What a world makes faster, in ln.
#[derive(Clone, Copy)]
pub(super) struct WorldEffects {
    /// A warm round than a cold one, over prompts.
    pub(super) warm: f64,
    /// A cold round than one without reuse.
    pub(super) without: f64,
}

/// The rounds of a world as they were asked.
#[derive(Clone, Copy)]
pub(super) struct AskedRounds<'a> {
    pub(super) rounds: &'a [AskedRound],
    /// Which prompt each row is.
    pub(super) prompts: &'a [usize],
    /// Whether the row hits in warm rounds.
    pub(super) hits: &'a [bool],
    /// Tokens of each row.
    pub(super) tokens: &'a [u64],
}

impl AskedRounds<'_> {
    /// TTFT of a row in a round, ms; `None` where it failed or was not started.
    fn time(&self, round: usize, row: usize) -> Option<f64> {
        self.rounds[round].time(row)
    }

    /// Cold and warm TTFT of a row, where both succeeded.
    fn pair(&self, cycle: CyclePlace, row: usize) -> Option<(f64, f64)> {
        self.time(cycle.cold, row).zip(self.time(cycle.warm, row))
    }

    /// The rows that succeeded in both rounds.
    fn paired_rows(&self, cycle: CyclePlace) -> Vec<usize> {
        let rows = 0..self.prompts.len();
        rows.filter(|row| self.pair(cycle, *row).is_some())
            .collect()
    }

    /// Each cold round with the first warm one before the next cold round.
    fn cycles(&self) -> Vec<CyclePlace> {
        let mut cycles = Vec::new();
        for (cold, round) in self.rounds.iter().enumerate() {
            if round.kind != RoundKind::Cold {
                continue;
            }
            let rest = self.rounds.iter().enumerate().skip(cold + 1);
            let mut epoch = rest.take_while(|(_, next)| next.kind != RoundKind::Cold);
            if let Some((warm, _)) = epoch.find(|(_, next)| next.kind == RoundKind::Warm) {
                cycles.push(CyclePlace { cold, warm });
            }
        }
        cycles
    }

    /// Pairs of which one side alone succeeded. What was not started on a side says nothing.
    fn lost(&self, cycles: &[CyclePlace]) -> LostTruth {
        let mut lost = LostTruth::default();
        for cycle in cycles {
            let (cold, warm) = (&self.rounds[cycle.cold], &self.rounds[cycle.warm]);
            let started = cold.rows.len().min(warm.rows.len());
            for row in 0..self.prompts.len().min(started) {
                let (in_cold, in_warm) = (cold.time(row).is_some(), warm.time(row).is_some());
                lost.of += u32::from(in_cold || in_warm);
                lost.cold += u32::from(!in_cold && in_warm);
                lost.warm += u32::from(in_cold && !in_warm);
            }
        }
        lost
    }
}

/// What is true of rounds; `noise`: what is allowed between rounds, percent; `most`: cycles at most,
/// where they were run until they decide.
pub(super) fn truth(
    asked: AskedRounds<'_>,
    effects: WorldEffects,
    noise: f64,
    most: Option<u32>,
) -> ScenarioTruth {
    let mut run = asked.cycles();
    if most.is_some() {
        // Looks are at whole cycles.
        let is_whole = |round: usize| asked.rounds[round].rows.len() == asked.prompts.len();
        run.retain(|cycle| is_whole(cycle.cold) && is_whole(cycle.warm));
    }
    let held: Vec<usize> = run
        .iter()
        .map(|cycle| asked.paired_rows(*cycle).len())
        .collect();
    let fullest = held.iter().copied().max().unwrap_or(0);
    let (mut cycles, mut pairs) = (Vec::new(), 0);
    for (cycle, held) in run.iter().zip(held) {
        // One that was cut short would have the weight of a whole one.
        if held > 0 && 2 * held >= fullest {
            cycles.push(*cycle);
            pairs += held;
        }
    }
    let allowed = (noise / 100.0).ln_1p();
    let mut truth = ScenarioTruth {
        ratio: effects.warm.exp(),
        row: "none".to_owned(),
        cycles: cycles.clone(),
        cycles_run: run.len() as u64,
        pairs: u32::try_from(pairs).unwrap_or(u32::MAX),
        lost: asked.lost(&run),
        warm_rounds: warm_rounds(asked).count() as u64,
        warm_successes: warm_successes(asked),
        mixed: mixed(asked),
        inside: inside(asked, effects.without, allowed),
        ..ScenarioTruth::default()
    };
    match cycles[..] {
        [] => {}
        [cycle] => one_cycle(&mut truth, asked, cycle, allowed),
        [_, _] => several(&mut truth, asked, Together::ByPrompt, allowed),
        [..] => {
            // Of several looks each has its part of what may go wrong.
            let looks = most.map_or(1, |most| most - 2);
            several(&mut truth, asked, Together::ByCycle { looks }, allowed);
            if most.is_some() {
                truth.row = "until".to_owned();
            }
        }
    }
    truth
}

fn warm_rounds<'a>(asked: AskedRounds<'a>) -> impl Iterator<Item = &'a AskedRound> {
    let rounds = asked.rounds.iter();
    rounds.filter(|round| round.kind == RoundKind::Warm)
}

fn warm_successes(asked: AskedRounds<'_>) -> u64 {
    let rows = warm_rounds(asked).flat_map(|round| &round.rows);
    rows.filter(|row| row.ttft.is_some()).count() as u64
}
