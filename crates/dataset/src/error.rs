//! What is wrong with a dataset, and where. What helps against it is for the caller to say.

use crate::row_error::RowError;
use std::io;

/// A dataset that cannot be read, selected from, made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file cannot be opened or read.
    #[error("cannot read dataset {name}: {source}")]
    Io {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Rows that were made or converted cannot be written.
    #[error("cannot write the rows: {0}")]
    Write(io::Error),
    /// The file holds something else than rows.
    #[error("dataset {name}: {what}")]
    NotRows {
        /// The file.
        name: String,
        /// What it is, and what to do.
        what: String,
    },
    /// A row that is no JSON.
    #[error("dataset {name} line {line}: {reason}")]
    BadJson {
        /// The file.
        name: String,
        /// 1-based physical line.
        line: u64,
        /// The parser's words.
        reason: String,
    },
    /// A row of an unknown shape, or with a field that cannot be sent.
    #[error("dataset {name} {place}: {reason}")]
    BadRow {
        /// The file.
        name: String,
        /// `line 3` or `row 3`.
        place: String,
        /// What is wrong, with the keys there are.
        reason: RowError,
    },
    /// Nothing usable is in it.
    #[error("dataset {name} holds no usable row{detail}")]
    Empty {
        /// The file.
        name: String,
        /// Why rows were left out, if there were any.
        detail: String,
    },
    /// The name of a format that is none.
    #[error("format {name}: choose auto, {known}")]
    Format {
        /// As given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A tokenizer that cannot be read.
    #[error("tokenizer {name}: {reason}")]
    Tokenizer {
        /// The file.
        name: String,
        /// Why.
        reason: TokenizerError,
    },
    /// A level of no samples.
    #[error("the number of samples must be at least 1")]
    NoSamples,
    /// Every level is to have rows of its own, and nothing says how many.
    #[error("disjoint samples need the number of rows that each level takes")]
    UncountedDisjoint,
    /// Every level is to have rows of its own, and there are too few for all.
    #[error(
        "dataset {name} has too few rows for disjoint samples: none is left for level {level} \
         ({drawn} drawn)"
    )]
    TooFewRows {
        /// The file.
        name: String,
        /// The first level without rows, 1-based.
        level: usize,
        /// Rows that there were for all levels.
        drawn: usize,
    },
    /// A row that was asked before the one above it, where rows are to be asked at their times.
    #[error(
        "dataset {name} {}: its time {} is before that of {}, {}: sort the file by time",
        row.place, row.time, before.place, before.time
    )]
    TimesNotSorted {
        /// The file.
        name: String,
        /// The row.
        row: Box<PlacedTime>,
        /// The one above it.
        before: Box<PlacedTime>,
    },
    /// A choice of rows that leaves no traffic to replay.
    #[error("a replay asks the rows as they stand in the file, so {setting} does not go with it")]
    NotWithReplay {
        /// What was asked for.
        setting: &'static str,
    },
    /// A share of hits that no workload of these sizes can have.
    #[error("hit ratio {ratio}: {reason}")]
    HitRatio {
        /// The share asked for.
        ratio: f64,
        /// Why it cannot be had.
        reason: HitRatioError,
    },
    /// A workload larger than any server answers in a day.
    #[error("{prompts} prompts of {turns} turns in {groups} groups: at most {most} rows are made")]
    TooManyRows {
        /// Conversations asked for.
        prompts: u64,
        /// Turns of each.
        turns: u64,
        /// Groups that they share beginnings in.
        groups: u64,
        /// Rows that can be made.
        most: u64,
    },
    /// Lengths cannot be counted any more, in the words of whoever counts them.
    #[error("{0}")]
    NotCounted(String),
    /// A row of several messages, where its tokens are to be sent.
    #[error(
        "row {row} has {messages} messages: --prompt-token-ids takes one text a row, since the \
         template that would join messages is the engine's"
    )]
    NotOneText {
        /// The row.
        row: u64,
        /// How many messages it has.
        messages: usize,
    },
}

/// The time of a row, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedTime {
    /// `line 3` or `row 3`.
    pub place: String,
    /// As it stands there, shortened.
    pub time: String,
}

/// A tokenizer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// Nothing lies at the path.
    #[error("there is no such file")]
    Missing,
    /// The file is no tokenizer, in the words of its parser.
    #[error("{0}")]
    Unreadable(String),
}

/// A share of hits that no split of the lengths can reach.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HitRatioError {
    /// It is no share.
    #[error("give a share from 0 to 1")]
    NotAShare,
    /// How often a beginning is found is known for single turns and equal groups alone.
    #[error("it goes with single turns, and groups that are asked equally often, only")]
    Uneven,
    /// Too many prompts are the first of their group.
    #[error(
        "with {prompts} prompts in {groups} groups at most {most:.1} % can be shared; more prompts \
         a group can do more"
    )]
    TooFewPrompts {
        /// Prompts in all.
        prompts: u64,
        /// Groups of prompts that share a beginning.
        groups: u64,
        /// What can be shared, percent.
        most: f64,
    },
}

impl DatasetError {
    /// The file holds something else than rows.
    pub(crate) fn not_rows(name: &str, what: impl Into<String>) -> Self {
        Self::NotRows {
            name: name.to_owned(),
            what: what.into(),
        }
    }
}

/// Names the file in an error of reading it.
pub(crate) fn unreadable(name: &str) -> impl Fn(io::Error) -> DatasetError + '_ {
    |source| DatasetError::Io {
        name: name.to_owned(),
        source,
    }
}
