//! Cycles that are run until they decide: how often they decide wrongly over all looks together, and
//! how soon.

use crate::{
    draw::{Scenario, draw, number_of},
    judge::lowest_rate,
    run::{UntilRun, until_decided},
};

/// Effects within ± 5 % are none.
const MARGIN: f64 = 1.05;
/// How often a decision may be wrong.
const WRONG: f64 = 0.05;

/// A cell of the study.
#[derive(Clone, Copy, Debug)]
pub struct UntilCell {
    /// The true ratio.
    pub ratio: f64,
    /// Standard deviation of ln between rounds.
    pub tau: f64,
    /// Cycles at most.
    pub most: u32,
    /// Below how many cycles it must decide in the mean.
    pub soon: Option<f64>,
}

const fn cell(ratio: f64, tau: f64) -> UntilCell {
    UntilCell {
        ratio,
        tau,
        most: 20,
        soon: None,
    }
}

const fn soon(ratio: f64, tau: f64) -> UntilCell {
    UntilCell {
        soon: Some(6.0),
        ..cell(ratio, tau)
    }
}

/// All cells, each with 20 cycles at most.
pub const CELLS: [UntilCell; 17] = [
    cell(1.0, 0.01),
    cell(1.0, 0.03),
    cell(1.0, 0.10),
    cell(1.05, 0.01),
    cell(1.05, 0.03),
    cell(1.05, 0.10),
    cell(1.06, 0.01),
    cell(1.06, 0.03),
    cell(1.06, 0.10),
    soon(1.3, 0.01),
    soon(1.3, 0.03),
    cell(1.3, 0.10),
    soon(1.5, 0.03),
    cell(1.5, 0.10),
    soon(2.0, 0.03),
    soon(2.0, 0.10),
    soon(4.0, 0.10),
];

/// Cycles at most for which all cells are tried.
pub const MOST: [u32; 3] = [6, 12, 20];

/// What the runs of a cell came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct UntilRow {
    /// Runs.
    pub runs: u64,
    /// Decided for an effect.
    pub effects: u64,
    /// Decided for none.
    pub no_effects: u64,
    /// Of these decisions, the wrong ones.
    pub wrong_effects: u64,
    /// The same of no effect.
    pub wrong_no_effects: u64,
    /// The interval of the last look does not hold the truth.
    pub uncovered: u64,
    /// Cycles of all runs.
    pub cycles: u64,
}

impl UntilCell {
    /// The same with other cycles at most.
    pub fn with_most(self, most: u32) -> Self {
        Self { most, ..self }
    }

    /// Runs the cell so many times.
    pub fn run(&self, runs: u64) -> UntilRow {
        let seed = number_of(&format!("{} {} {}", self.ratio, self.tau, self.most));
        let schedule = "CW".repeat(self.most as usize);
        let mut row = UntilRow::default();
        for run in 0..runs {
            let mut scenario = Scenario::noisy(&schedule, self.tau, self.ratio);
            scenario.most_cycles = Some(self.most);
            scenario.seed = seed.wrapping_add(run);
            self.add(&mut row, &until_decided(&scenario, draw(&scenario)));
        }
        row
    }

    fn add(&self, row: &mut UntilRow, run: &UntilRun) {
        let level = &run.level;
        let is_none = (1.0 / MARGIN..=MARGIN).contains(&self.ratio);
        let (effect, none) = match level["conclusion"]["kind"].as_str() {
            Some("effect") => (true, false),
            Some("no_effect") => (false, true),
            _ => (false, false),
        };
        let other_way = level["ttft"]["ratio"]
            .as_f64()
            .is_some_and(|ratio| ratio < 1.0);
        let ends = level["ttft"]["interval_low"].as_f64();
        let ends = ends.zip(level["ttft"]["interval_high"].as_f64());
        let holds = ends.is_some_and(|(low, high)| low <= self.ratio && self.ratio <= high);
        row.runs += 1;
        row.effects += u64::from(effect);
        row.no_effects += u64::from(none);
        row.wrong_effects += u64::from(effect && (is_none || other_way));
        row.wrong_no_effects += u64::from(none && !is_none);
        row.uncovered += u64::from(!holds);
        row.cycles += u64::from(run.cycles);
    }

    /// What the 99 % bounds exclude of what is asked.
    pub fn faults(&self, row: &UntilRow) -> Vec<String> {
        let at = format!(
            "until at a ratio of {}, τ {}, at most {} cycles",
            self.ratio, self.tau, self.most
        );
        let mut faults = Vec::new();
        for (what, wrong) in [
            ("a wrong effect", row.wrong_effects),
            ("a wrong no effect", row.wrong_no_effects),
            ("not covered", row.uncovered),
        ] {
            if lowest_rate(wrong, row.runs) > WRONG {
                faults.push(format!("{at}: {what} in {wrong} of {}", row.runs));
            }
        }
        let mean = row.mean_cycles();
        if self.soon.is_some_and(|soon| mean >= soon) {
            faults.push(format!("{at}: {mean:.2} cycles in the mean"));
        }
        faults
    }
}

impl UntilRow {
    /// Cycles of a run in the mean.
    pub fn mean_cycles(&self) -> f64 {
        self.cycles as f64 / self.runs as f64
    }
}
