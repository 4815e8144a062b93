//! What a run reads its prompts from, and which of them it asks.

use crate::SessionPlan;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is read and how it is selected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetPlan {
    /// The file.
    pub path: PathBuf,
    /// Use this key of each row as the prompt.
    pub text_key: Option<String>,
    /// Pass over rows that cannot be read, counting them.
    pub skip_bad_rows: bool,
    /// What the file is, where it is not recognised: a layout or a shape by name.
    #[serde(default)]
    pub format: Option<String>,
    /// How many samples: one number for all levels, or one a level; empty: all.
    pub num_samples: Vec<u64>,
    /// Levels ask the same samples, or each its own.
    #[serde(default)]
    pub sampling: Sampling,
    /// Draw rows in proportion to the number under this key.
    #[serde(default)]
    pub weight_key: Option<String>,
    /// Shortest and longest prompt that is used, in the unit of lengths.
    #[serde(default)]
    pub lengths: (Option<u64>, Option<u64>),
    /// The `tokenizer.json` that lengths are counted with; `None`: characters.
    #[serde(default)]
    pub tokenizer: Option<PathBuf>,
    /// Whether prompts are cut in tokens that the engine counts.
    #[serde(default)]
    pub engine_tokens: EngineTokens,
    /// Which side of a prompt that is too long is kept.
    #[serde(default)]
    pub keep: Keep,
    /// Tokens of a block of a trace; `None`: as the trace is known for.
    #[serde(default)]
    pub trace_block_size: Option<u64>,
    /// Repeat rows when more samples are asked for than there are.
    pub oversample: bool,
    /// Longest prompt, in tokens of `tokenizer`, else of the engine, else in characters.
    pub max_input_length: Option<u64>,
    /// Seed of the draw.
    pub seed: u64,
    /// Take the first rows with their times, in the order of the file, in the place of a draw.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replay: bool,
    /// The unit of a number under `timestamp`, where the format does not fix it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_unit: Option<TimestampUnit>,
    /// How sessions are played, where all turns of a conversation are asked; `None`: rows are asked
    /// one by one.
    #[serde(flatten)]
    pub sessions: Option<SessionPlan>,
}

impl DatasetPlan {
    /// All rows of a file, as they are.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            text_key: None,
            skip_bad_rows: false,
            format: None,
            num_samples: Vec::new(),
            sampling: Sampling::default(),
            weight_key: None,
            lengths: (None, None),
            tokenizer: None,
            engine_tokens: EngineTokens::Never,
            keep: Keep::default(),
            trace_block_size: None,
            oversample: false,
            max_input_length: None,
            seed: 0,
            replay: false,
            timestamp_unit: None,
            sessions: None,
        }
    }
}

impl DatasetPlan {
    /// How many samples the level at this position asks for.
    pub fn samples_of(&self, level: usize) -> Option<u64> {
        self.num_samples
            .get(level)
            .or(self.num_samples.last())
            .copied()
    }

    /// Whether levels may ask other samples than the first one does.
    pub fn levels_differ(&self) -> bool {
        let numbers = self.num_samples.windows(2).any(|pair| pair[0] != pair[1]);
        self.sampling == Sampling::Disjoint || numbers
    }

    /// The unit of `max_input_length`: `tokens` or `characters`.
    pub fn unit(&self) -> &'static str {
        if self.tokenizer.is_some() || self.engine_tokens == EngineTokens::Always {
            "tokens"
        } else {
            "characters"
        }
    }
}

/// Whether the engine's own `/tokenize` counts the tokens of `max_input_length`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineTokens {
    /// It does not: a tokenizer was named, or characters were.
    #[default]
    Never,
    /// Where it has one; characters elsewhere.
    WhereItCan,
    /// It does.
    Always,
}

/// The unit of the times that rows state as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// Which samples the levels ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// The same; of a smaller number the beginning of the draw.
    #[default]
    Same,
    /// Each level its own.
    Disjoint,
}

/// Which side of a prompt that is too long is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The end, where the question stands.
    #[default]
    End,
    /// The beginning.
    Start,
}
