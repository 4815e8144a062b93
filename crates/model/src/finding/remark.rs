//! What stands beside a claim, and why a figure is not given.

use serde::{Deserialize, Serialize};

/// What a conclusion is said with: what was not controlled, and what would tell more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remark {
    /// A round holds too few of the requests of the others and was not used.
    RoundLeftOut,
    /// Under `--cold none` a later cold round repeats the bytes of the first one: it counts as warm.
    ColdRepeats,
    /// From cold round to cold round the server went one way, which is in the ratio.
    Trend {
        /// TTFT of a round over that of the one before.
        per_round: f64,
        /// TTFT of the last cold round over that of the first.
        first_to_last: f64,
    },
    /// More cycles tell more; there are three already.
    MoreCycles,
    /// Three cycles and more, or as many as it takes, tell more.
    ThreeCycles,
    /// The same, or a mixed round, which fresh text in the prompts allows.
    ThreeCyclesOrMixed,
    /// A larger budget for cycles tells more.
    MoreBudget,
    /// Cycles ended before as many were run as there may be, and can go on.
    GoOn,
    /// More mixed rounds tell more.
    MoreMixed,
    /// The failures of the rounds tell more.
    SeeFailures,
    /// Requests waited at the client for a place in flight, which TTFT from t0 does not hold.
    WaitedAtClient {
        /// Mean TTFT from the due instant of the cold rounds, ms.
        cold_ms: f64,
        /// The same of the warm ones.
        warm_ms: f64,
    },
    /// Too few requests arrived to tell whether a side was overloaded.
    OverloadUnknown,
    /// Where that is unknown: the backlog of a side grew to the end of a round, as it does where a rate is
    /// not held, and where answers take about as long as the round.
    BacklogGrew {
        /// Of a warm round, not of a cold one.
        warm: bool,
        /// When the middle request was due.
        middle: u64,
        /// When the last one was.
        end: u64,
    },
    /// A server that warms up in its first round would look the same.
    WarmUpNotControlled {
        /// A cold round behind the pair controls it, and the schedule has none.
        repeat_cold: bool,
    },
}

/// Why a metric's ratio is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Withheld {
    /// Answers of different length (by more than 5 %), which ITL and latency depend on.
    UnequalAnswers {
        /// Pairs.
        pairs: u64,
        /// Of so many.
        of: u64,
    },
    /// A side could not hold the rate at which requests arrived.
    Overloaded,
}

/// Why there is no line of TTFT over computed tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPrefillLine {
    /// Above concurrency 1 requests wait for each other.
    Queueing,
    /// Too few requests tell TTFT, prompt and cached tokens.
    FewPoints,
    /// The computed parts are all of nearly one length.
    NearlyOneLength,
    /// The computed parts are all of one length.
    OneLength,
    /// TTFT does not follow the computed tokens.
    NotFollowed,
    /// The line would begin below 0 ms.
    BelowZero,
}
