//! What is true of drawn rounds, by the table in docs/methodology.md, computed in the plainest way
//! and by nothing that `stats` uses.

mod means;
mod one_cycle;
mod several;

use super::scenario::{CyclePlace, LostTruth, ScenarioTruth};
use dualround_model::RoundKind;
use one_cycle::one_cycle;
use several::{Together, several};

/// A round as it was asked: TTFT by row, ms; `None` where it failed. Rows beyond were not started.
pub(super) struct RoundTimes {
    pub(super) kind: RoundKind,
    pub(super) times: Vec<Option<f64>>,
}

impl RoundTimes {
    fn time(&self, row: usize) -> Option<f64> {
        self.times.get(row).copied().flatten()
    }
}

/// The rounds of a world as they were asked.
#[derive(Clone, Copy)]
pub(super) struct AskedRounds<'a> {
    pub(super) rounds: &'a [RoundTimes],
    /// Which prompt each row is.
    pub(super) prompts: &'a [usize],
    /// Whether the row hits in warm rounds.
    pub(super) hits: &'a [bool],
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
            let started = cold.times.len().min(warm.times.len());
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

/// What is true of rounds; `effect`: the mean of ln(cold / warm) that the world has; `noise`: what
/// is allowed between rounds, percent.
pub(super) fn truth(asked: AskedRounds<'_>, effect: f64, noise: f64) -> ScenarioTruth {
    let run = asked.cycles();
    let held: Vec<usize> = run
        .iter()
        .map(|cycle| asked.paired_rows(*cycle).len())
        .collect();
    let most = held.iter().copied().max().unwrap_or(0);
    let (mut cycles, mut pairs) = (Vec::new(), 0);
    for (cycle, held) in run.iter().zip(held) {
        // One that was cut short would have the weight of a whole one.
        if held > 0 && 2 * held >= most {
            cycles.push(*cycle);
            pairs += held;
        }
    }
    let mut truth = ScenarioTruth {
        ratio: effect.exp(),
        row: "none".to_owned(),
        cycles: cycles.clone(),
        pairs: u32::try_from(pairs).unwrap_or(u32::MAX),
        lost: asked.lost(&run),
        ..ScenarioTruth::default()
    };
    let allowed = (noise / 100.0).ln_1p();
    match cycles[..] {
        [] => {}
        [cycle] => one_cycle(&mut truth, asked, cycle, allowed),
        [_, _] => several(&mut truth, asked, Together::ByPrompt, allowed),
        [..] => several(&mut truth, asked, Together::ByCycle, allowed),
    }
    truth
}
