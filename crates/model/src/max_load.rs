//! The most a server can take within a service level objective, with its cache cold and warm.

use serde::{Deserialize, Serialize};

/// What a load is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadUnit {
    /// Requests a second that arrive (open loop).
    Rate,
    /// Requests in flight (closed loop).
    Concurrency,
}

impl LoadUnit {
    /// Loads of the unit are whole numbers.
    pub fn is_whole(self) -> bool {
        self == Self::Concurrency
    }
}

/// The side of a search: the state of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadSide {
    /// Nothing of the prompts is cached.
    Cold,
    /// All of them were sent before.
    Warm,
}

impl LoadSide {
    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

/// What a probe came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeVerdict {
    /// The share of requests within the SLO is high enough, at 95 %.
    Met,
    /// It is not shown to be.
    NotMet,
    /// The server could not hold the rate, however many requests were within the SLO so far.
    Overloaded,
    /// It was not decided by as many requests as it may have; counts as not met.
    Undecided,
    /// The user or the budget ended it before it was decided; it does not count.
    CutShort,
}

/// One load that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadProbe {
    /// The load.
    pub load: f64,
    /// Requests that were looked at: that ended, with what was not sent left out.
    pub n: u64,
    /// Those that succeeded within the SLO.
    pub met: u64,
    /// `met / n`; `None` where nothing ended.
    pub share: Option<f64>,
    /// The lowest share that this does not exclude at 95 %, by Clopper and Pearson.
    pub low: Option<f64>,
    /// What it came to.
    pub verdict: ProbeVerdict,
    /// How long it took with all that went before it, s.
    pub seconds: f64,
    /// The folder of its run, below that of the search.
    pub folder: String,
}

/// Why a side has no exact value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadBound {
    /// The highest load that was allowed was met: the most is at least that.
    AtLeast,
    /// Not even the lowest load was met: the most is below it.
    Below,
    /// The search was ended early: the most is that or more, below the lowest load not met.
    Unfinished,
    /// A cold probe was not cold.
    Contaminated,
}

/// The most of one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MostLoad {
    /// The side.
    pub side: LoadSide,
    /// The highest load that was met; `None` where none was, or the side says nothing.
    pub value: Option<f64>,
    /// The lowest load that was not met.
    pub not_met: Option<f64>,
    /// What it is counted in.
    pub unit: LoadUnit,
    /// Why the value is not exact to the step of the search.
    pub bound: Option<LoadBound>,
    /// Every load that was tried, in order.
    pub probes: Vec<LoadProbe>,
}

/// The most a server can take, cold and warm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxLoad {
    /// The share of requests that must be within the SLO, 0 to 1.
    pub share: f64,
    /// Requests of a probe at the least.
    pub n: u64,
    /// Both sides, cold first.
    pub sides: Vec<MostLoad>,
    /// Warm over cold; `None` where either is not known.
    pub ratio: Option<f64>,
    /// The ratio is that or more.
    pub ratio_at_least: bool,
}

impl MaxLoad {
    /// Puts the sides against each other.
    pub fn of(share: f64, n: u64, sides: Vec<MostLoad>) -> Self {
        let known = |side: LoadSide| sides.iter().find(|one| one.side == side);
        let exact = |one: &&MostLoad| one.bound.is_none();
        let cold = known(LoadSide::Cold).filter(exact);
        let open = |one: &MostLoad| one.bound == Some(LoadBound::AtLeast);
        let warm = known(LoadSide::Warm).filter(|one| exact(one) || open(one));
        let values = cold
            .and_then(|cold| cold.value)
            .zip(warm.and_then(|warm| warm.value));
        Self {
            share,
            n,
            ratio: values.map(|(cold, warm)| warm / cold),
            ratio_at_least: values.is_some() && warm.is_some_and(open),
            sides,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(side: LoadSide, value: f64, bound: Option<LoadBound>) -> MostLoad {
        MostLoad {
            side,
            value: Some(value),
            not_met: None,
            unit: LoadUnit::Rate,
            bound,
            probes: Vec::new(),
        }
    }

    #[test]
    fn nothing_is_divided_by_a_bound() {
        let of = |cold, warm| {
            let sides = vec![
                side(LoadSide::Cold, 4.0, cold),
                side(LoadSide::Warm, 10.0, warm),
            ];
            let found = MaxLoad::of(0.99, 473, sides);
            (found.ratio, found.ratio_at_least)
        };
        assert_eq!(of(None, None), (Some(2.5), false));
        assert_eq!(of(None, Some(LoadBound::AtLeast)), (Some(2.5), true));
        assert_eq!(of(Some(LoadBound::AtLeast), None), (None, false));
        for open in [
            LoadBound::Unfinished,
            LoadBound::Below,
            LoadBound::Contaminated,
        ] {
            assert_eq!(of(None, Some(open)), (None, false));
            assert_eq!(of(Some(open), None), (None, false));
        }
    }
}
