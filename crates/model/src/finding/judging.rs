//! What a level's comparison may claim, as data: the kind, what decided, and why not where nothing
//! was decided. The rules stand in docs/en/method/speed.md.

use crate::Schedule;
use serde::{Deserialize, Serialize};

/// What the judgement of a level depends on beside its rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judging {
    /// The schedule that was asked for, of which rounds may be missing.
    pub schedule: Schedule,
    /// `--round-noise`, percent: what two rounds of one kind may differ by. `None`: the default.
    pub round_noise: Option<f64>,
    /// All levels ask the same samples.
    pub same_samples: bool,
    /// The schedule is repeated until it is decided.
    pub until: bool,
}

impl Judging {
    /// What is allowed where `--round-noise` is not given, percent.
    pub const DEFAULT_NOISE: f64 = 25.0;

    /// The allowance between rounds.
    pub fn allowance(&self) -> Allowance {
        // A file from elsewhere may hold anything.
        let given = self
            .round_noise
            .filter(|given| (0.0..=200.0).contains(given));
        match given {
            Some(percent) => Allowance {
                percent,
                source: AllowanceSource::Flag,
            },
            None => Allowance {
                percent: Self::DEFAULT_NOISE,
                source: AllowanceSource::Default,
            },
        }
    }
}

/// Which row of the table in docs/en/method/speed.md decides a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// One pair of rounds.
    #[default]
    Cw,
    /// One pair and repeats of its cold or warm round.
    Cwc,
    /// Two cycles.
    Cwcw,
    /// Three cycles and more.
    Cycles,
    /// Cycles that were run until they decided.
    Until,
    /// Blocks of hits and misses inside one round.
    Mixed,
}

/// Where an allowance comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowanceSource {
    /// `--round-noise`.
    Flag,
    /// Its default.
    Default,
    /// What the repeats of a round differed by.
    Control,
}

/// What two rounds of one kind may differ by as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Allowance {
    /// By how much, percent.
    pub percent: f64,
    /// Who says so.
    pub source: AllowanceSource,
}

/// Rounds of one kind that were repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeated {
    /// The cold rounds.
    Cold,
    /// The warm rounds.
    Warm,
}

/// Why nothing is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// No warm round was run.
    NoWarmRound,
    /// Cold rounds only filled the cache, by another load, so nothing is compared with them.
    Primed,
    /// No request succeeded in both rounds of a cycle.
    NoPairs,
    /// The cold round was contaminated.
    Contaminated,
    /// A side could not hold the rate at which requests arrived, so its times grow with the length
    /// of the round.
    Overloaded(Overload),
    /// Repeats of a round are at least half as far apart as cold and warm.
    Drift {
        /// Which rounds.
        rounds: Repeated,
        /// TTFT of the last over that of the first.
        ratio: f64,
    },
    /// Fewer than six prompts.
    FewPrompts {
        /// How many.
        prompts: u64,
    },
    /// Too many pairs were lost on one side, so that those left are no fair sample.
    LostPairs {
        /// By the cold side alone.
        cold: u64,
        /// By the warm side alone.
        warm: u64,
        /// Of pairs that succeeded on one side at least.
        of: u64,
    },
    /// The rounds agree, but an effect of more than 35 % cannot be excluded.
    WideBound {
        /// The far end of the deciding interval, ≥ 1.
        bound: f64,
    },
    /// The deciding interval lies across the margin.
    AcrossMargin,
    /// Of requests that repeat what was sent, too many did not hit, so hits and misses were not
    /// compared.
    ArmMissed {
        /// So many.
        missed: u64,
        /// Of so many.
        of: u64,
    },
    /// Requests behind a fresh value took prompt tokens from a cache.
    MissesHit,
    /// Of prompts that share beginnings, those behind the round's fresh value had others to share with
    /// than in the cold round, so the arms differ by more than the cache.
    OtherSharing {
        /// Prompt tokens that misses computed, over those that they computed in their cold round.
        computed: f64,
    },
    /// A mixed round has too few blocks to tell hits from misses.
    FewBlocks {
        /// There are.
        blocks: u64,
    },
}

/// Which side could not hold the rate at which requests arrived; `None` where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overload {
    /// The cold side; where a round without reuse is held against a cold one, the former.
    pub cold: Option<bool>,
    /// The other one.
    pub warm: Option<bool>,
}

/// Pairs of which one side alone failed, over all cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostPairs {
    /// The cold side failed, the warm one succeeded.
    pub cold: u64,
    /// The warm side failed, the cold one succeeded.
    pub warm: u64,
    /// Pairs that succeeded on one side at least.
    pub of: u64,
}

/// Warm requests by what the cache gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// At least half of the prompt came from the cache.
    Hit,
    /// Less did.
    Miss,
}

/// The pairs of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassComparison {
    /// The class.
    pub class: Class,
    /// Warm requests in it.
    pub requests: u64,
    /// Geometric mean over its prompts of TTFT cold / warm.
    pub ratio: Option<f64>,
    /// Geometric mean of the cold TTFT, ms.
    pub cold_typical: Option<f64>,
    /// Geometric mean of the warm TTFT, ms.
    pub warm_typical: Option<f64>,
}
