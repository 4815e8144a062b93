//! What stands beside one run's change against another.

use crate::{ColdMethod, Load};
use serde::{Deserialize, Serialize};

/// One of the two runs of a comparison, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The base run.
    Base,
    /// The new one.
    New,
    /// Both.
    Both,
}

/// Why a change cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangeReason {
    /// One of the runs has no such value.
    NoValue,
    /// One of the runs does not know its cached tokens.
    NoCachedTokens,
    /// At least six prompts are needed.
    FewPrompts {
        /// There are.
        prompts: u64,
    },
    /// The mixed rounds of one of the runs do not tell hits from misses.
    NotMixed,
    /// One figure a round: an interval needs three cycles in both runs.
    FewRounds {
        /// Rounds of the run that has fewer.
        rounds: u64,
    },
    /// A figure of a round is 0: nothing is a multiple of it.
    NoRatio,
    /// A cold round was contaminated.
    Contaminated {
        /// Of which run.
        run: Which,
    },
    /// The server could not hold the rate of a round, so its times grow with the length of the round.
    Overloaded {
        /// In which run.
        run: Which,
    },
    /// Pairs have answers of different length (by more than 5 %).
    UnequalAnswers {
        /// Pairs.
        pairs: u64,
        /// Of so many.
        of: u64,
    },
    /// The answers are of other lengths, tokens on average.
    OtherAnswers {
        /// In the base run.
        base: f64,
        /// In the new one.
        new: f64,
    },
    /// The prompts were of other lengths, tokens on average.
    OtherPrompts {
        /// In the base run.
        base: f64,
        /// In the new one.
        new: f64,
    },
    /// What other lengths of the prompts account for is not known.
    LengthsUnknown,
}

/// What the reader of a comparison must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangeCaveat {
    /// A level that one run lacks.
    MissingLevel {
        /// Its load.
        load: Load,
        /// The run that has it.
        only_in: Which,
    },
    /// Other requests were sent.
    OtherRequests,
    /// Cold rounds were made cold in other ways.
    OtherMethods {
        /// In the base run.
        base: Vec<ColdMethod>,
        /// In the new one.
        new: Vec<ColdMethod>,
    },
    /// Prompts were of other lengths, tokens on average; what depends on it is widened.
    LengthsAllowed {
        /// In the base run.
        base: f64,
        /// In the new one.
        new: f64,
    },
    /// What other lengths of the prompts account for is not known, so nothing that depends on it is
    /// claimed.
    LengthsUnknown,
    /// A cold round was contaminated.
    Contaminated {
        /// Of which run.
        run: Which,
    },
    /// Warm answers were given back by a response cache.
    ResponseCache {
        /// In which run.
        run: Which,
    },
    /// Answers came compressed, which holds tokens together.
    Compressed {
        /// In which run alone.
        run: Which,
    },
    /// Records of requests are gone from a round.
    RecordsMissing {
        /// In which run.
        run: Which,
    },
    /// The runs themselves differ in something.
    Differs {
        /// A flag, or `model`, `dataset`, `engine`, `engine version`, `schedule`, `cold policy`,
        /// `workers`, `client machine`, `dualround`.
        what: String,
        /// Of the base run; `None`: not known.
        base: Option<String>,
        /// Of the new one.
        new: Option<String>,
    },
    /// The cycles of a run were stopped by what they showed, so that an interval over them is narrower
    /// than one of cycles that were fixed beforehand.
    StoppedWhenDecided {
        /// Which.
        run: Which,
    },
    /// A run was ended early.
    EndedEarly {
        /// Which.
        run: Which,
    },
}
