//! False claims under noise: 24 requests whose times differ by σ 0.3, each request from itself by
//! σ 0.1, each round as a whole by σ τ; hits are reported throughout.

use crate::{
    draw::{Scenario, number_of},
    judge::{Claim, claims, lowest_rate},
    tier1::judge,
};

/// A cell of the noise table.
#[derive(Clone, Copy, Debug)]
pub struct NoiseCell {
    /// The schedule.
    pub schedule: &'static str,
    /// Standard deviation of ln between rounds.
    pub tau: f64,
    /// The true ratio.
    pub ratio: f64,
    /// The least share of runs that must find the effect.
    pub find: Option<f64>,
}

/// A cell in which no effect must be found.
const fn cell(schedule: &'static str, tau: f64, ratio: f64) -> NoiseCell {
    NoiseCell {
        schedule,
        tau,
        ratio,
        find: None,
    }
}

/// A cell in which this share of runs must find the effect.
const fn finds(schedule: &'static str, tau: f64, ratio: f64, find: f64) -> NoiseCell {
    NoiseCell {
        schedule,
        tau,
        ratio,
        find: Some(find),
    }
}

/// All cells of the table.
pub const CELLS: [NoiseCell; 22] = [
    cell("CW", 0.0, 1.0),
    cell("CW", 0.03, 1.0),
    cell("CW", 0.10, 1.0),
    cell("CWC", 0.0, 1.0),
    cell("CWC", 0.03, 1.0),
    cell("CWC", 0.10, 1.0),
    cell("CWW", 0.03, 1.0),
    cell("CWW", 0.10, 1.0),
    cell("CWCW", 0.03, 1.0),
    cell("CWCW", 0.10, 1.0),
    cell("CWCWCW", 0.0, 1.0),
    cell("CWCWCW", 0.03, 1.0),
    cell("CWCWCW", 0.10, 1.0),
    cell("CW", 0.03, 1.2),
    cell("CWC", 0.03, 1.2),
    cell("CWC", 0.10, 1.5),
    finds("CW", 0.10, 3.0, 0.95),
    finds("CWC", 0.10, 3.0, 0.95),
    finds("CWC", 0.005, 1.5, 0.95),
    finds("CWCWCW", 0.10, 2.0, 0.90),
    finds("CWCWCW", 0.03, 1.3, 0.90),
    finds("CWCWCW", 0.03, 2.0, 0.95),
];

/// What the runs of a cell came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoiseRow {
    /// Runs.
    pub runs: u64,
    /// "Cache works".
    pub works: u64,
    /// "No effect".
    pub no_effect: u64,
    /// Withheld.
    pub withheld: u64,
    /// The deciding interval does not hold the true ratio.
    pub uncovered: u64,
    /// The true ratio is beyond the stated bound.
    pub broken: u64,
    /// Verdicts without an interval, which none should be.
    pub without_interval: u64,
    /// Verdicts with a wrong fact.
    pub wrong: u64,
}

impl NoiseCell {
    /// The world of one run. Cells have seeds of their own, so that they do not err together.
    fn scenario(&self, run: u64) -> Scenario {
        let mut made = Scenario::noisy(self.schedule, self.tau, self.ratio);
        let cell = format!("{} {} {}", self.schedule, self.tau, self.ratio);
        made.seed = number_of(&cell).wrapping_add(run);
        made
    }

    /// Runs the cell so many times.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn run(&self, runs: u64) -> serde_json::Result<NoiseRow> {
        let mut row = NoiseRow::default();
        for run in 0..runs {
            let judged = judge(&self.scenario(run))?;
            let conclusion = &judged.level["conclusion"];
            let text = conclusion["text"].as_str().unwrap_or("");
            row.runs += 1;
            row.without_interval += u64::from(judged.level["ttft"]["interval_low"].is_null());
            row.wrong += u64::from(!judged.wrong.is_empty());
            row.works += u64::from(text.contains("cache works"));
            row.no_effect += u64::from(conclusion["kind"] == "no_effect");
            row.withheld += u64::from(conclusion["kind"] == "withheld");
            for (claim, wrong) in claims(&judged.scenario, &judged.truth, &judged.level) {
                match claim {
                    Claim::Uncovered => row.uncovered += u64::from(wrong),
                    Claim::BrokenBound => row.broken += u64::from(wrong),
                    _ => {}
                }
            }
        }
        Ok(row)
    }

    /// What the 99 % bounds exclude of what is asked: at most 5 % false claims and broken bounds,
    /// 93 % coverage, and effects found as often as stated.
    pub fn faults(&self, row: &NoiseRow) -> Vec<String> {
        let null = (self.ratio - 1.0).abs() < 1e-9;
        let missed = row.runs - row.works;
        let asked = [
            ("cache works at a true ratio of 1", null, row.works, 0.05),
            ("not covered", true, row.uncovered, 0.07),
            ("bound of no effect broken", true, row.broken, 0.05),
            ("no interval", true, row.without_interval, 0.0),
            ("a wrong fact", true, row.wrong, 0.0),
            (
                "effect not found",
                self.find.is_some(),
                missed,
                1.0 - self.find.unwrap_or(0.0),
            ),
        ];
        let at = format!(
            "{} at τ {} and ratio {}",
            self.schedule, self.tau, self.ratio
        );
        let broken = asked.into_iter().filter(|(_, holds, wrong, allowed)| {
            *holds && lowest_rate(*wrong, row.runs) > *allowed
        });
        broken
            .map(|(what, _, wrong, _)| format!("{at}: {what} in {wrong} of {}", row.runs))
            .collect()
    }
}
