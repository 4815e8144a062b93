//! One run against another: what `dualround compare` finds.

use crate::{ChangeCaveat, ChangeReason, CostComparison, Load, Which};
use serde::{Deserialize, Serialize};

/// What may be said of a metric in the new run against the base run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The interval lies wholly on the good side of the margin.
    Better,
    /// Wholly on the bad side.
    Worse,
    /// Wholly inside the margin.
    Same,
    /// None of these, or there is no interval.
    CannotTell,
}

/// Where the interval of a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeInterval {
    /// Student's t over prompts that both runs asked: spread within the two runs.
    Paired,
    /// Welch's t over the prompts of both runs: spread within the two runs.
    Unpaired,
    /// Welch's t interval over the cycles of both runs (three or more each).
    TCycles,
    /// The distance of two intervals of their own (re-randomised blocks of each run), whose half
    /// widths add as squares.
    Rerandomised,
    /// Newcombe's interval of the difference of two shares: spread within the two runs.
    Shares,
    /// Linearised ratio estimator with Student's t: spread within the two runs.
    RatioOfSums,
}

/// One metric in both runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricChange {
    /// Name in the files.
    pub name: String,
    /// Base run: a mean in ms, a rate, or a share.
    pub base: Option<f64>,
    /// New run.
    pub new: Option<f64>,
    /// `change` is new − base of shares; else new / base − 1.
    pub absolute: bool,
    /// The change.
    pub change: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// What the interval is; `None` without one.
    pub interval_kind: Option<ChangeInterval>,
    /// Prompts that both have, or those of the smaller side, or cycles.
    pub n: u64,
    /// Changes within ± this are none.
    pub margin: f64,
    /// What may be said.
    pub judgement: Judgement,
    /// Why it cannot be told.
    pub reason: Option<ChangeReason>,
}

/// A level that both runs have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelChange {
    /// The load of the level.
    #[serde(flatten)]
    pub load: Load,
    /// Both runs asked the same, so requests are compared one by one.
    pub paired: bool,
    /// The cold rounds.
    pub cold: Vec<MetricChange>,
    /// The warm rounds.
    pub warm: Vec<MetricChange>,
    /// What the cache is worth.
    pub cache: Vec<MetricChange>,
    /// What the reader must know.
    pub caveats: Vec<ChangeCaveat>,
    /// What requests cost in both runs, where both have prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostChange>,
}

/// What a successful request costs in two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostChange {
    /// The base run's.
    pub base: CostComparison,
    /// The new run's.
    pub new: CostComparison,
}

impl CostChange {
    /// Both are in one currency: amounts of two are not held against each other.
    pub fn is_comparable(&self) -> bool {
        self.base.currency == self.new.currency
    }
}

impl LevelChange {
    /// All metrics with the part that they belong to.
    pub fn metrics(&self) -> impl Iterator<Item = (&'static str, &MetricChange)> {
        [
            ("cold", &self.cold),
            ("warm", &self.warm),
            ("cache", &self.cache),
        ]
        .into_iter()
        .flat_map(|(part, metrics)| metrics.iter().map(move |metric| (part, metric)))
    }
}

/// A level that one of the runs lacks, so that nothing can be said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissingLevel {
    /// The load of the level.
    #[serde(flatten)]
    pub load: Load,
    /// The run that has it.
    pub only_in: Which,
}

/// A new run against the base run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunChange {
    /// Levels that both have, in the order of the base run.
    pub levels: Vec<LevelChange>,
    /// Levels that one of them lacks.
    pub missing: Vec<MissingLevel>,
    /// What the reader must know of the runs as a whole.
    pub caveats: Vec<ChangeCaveat>,
}
