//! Traces of real traffic without its text: lengths, and ids of the blocks that prompts are made
//! of. Text is made for them, the same for the same id, so that prompts share what the real ones
//! shared. Units and block sizes differ between traces; they are known by the keys of a row, never
//! guessed from its numbers.

use crate::{
    weka,
    words::{TextLang, made_text},
};
use serde_json::{Map, Value};

/// A row of a trace whose lengths or blocks cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A length that is not there.
    #[error("no `{key}`")]
    NoLength {
        /// Its key.
        key: &'static str,
    },
    /// A length that is no number.
    #[error("`{key}` is {value}, not a number of tokens")]
    NotALength {
        /// Its key.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// A length beyond every model.
    #[error("`{key}` is {tokens}: no model takes so many tokens")]
    TooLong {
        /// Its key.
        key: &'static str,
        /// What stands there.
        tokens: u64,
    },
    /// Blocks that do not make up the length of the prompt.
    #[error("{blocks} hash_ids do not go with {input} tokens in blocks of {size}")]
    Blocks {
        /// How many there are.
        blocks: u64,
        /// Tokens of the prompt.
        input: u64,
        /// Tokens of a block.
        size: u64,
    },
}

/// Tokens of one prompt above which a number is damage rather than a length.
const MOST: u64 = 16 << 20;

/// A trace that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceKind {
    /// Mooncake: `input_length`, `output_length`, `hash_ids` of 512 tokens.
    Mooncake,
    /// Alibaba Bailian: the same and `chat_id`; blocks of 16 tokens.
    Bailian,
    /// BurstGPT: `Request tokens`, `Response tokens`.
    Burstgpt,
    /// Azure LLM inference: `ContextTokens`, `GeneratedTokens`.
    Azure,
    /// Weka: `in`, `out`, `hash_ids` and the `block_size` of the session.
    Weka,
}

impl TraceKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mooncake => "Mooncake trace",
            Self::Bailian => "Bailian trace",
            Self::Burstgpt => "BurstGPT trace",
            Self::Azure => "Azure trace",
            Self::Weka => "Weka trace",
        }
    }

    /// Tokens of a block.
    fn block(self, row: &Map<String, Value>) -> Option<u64> {
        match self {
            Self::Weka => Some(row.get("block_size")?.as_u64().unwrap_or(64)),
            Self::Mooncake => Some(512),
            Self::Bailian => Some(16),
            Self::Burstgpt | Self::Azure => None,
        }
    }

    fn lengths(self) -> LengthKeys {
        let (input, output) = match self {
            Self::Mooncake | Self::Bailian => ("input_length", "output_length"),
            Self::Burstgpt => ("Request tokens", "Response tokens"),
            Self::Azure => ("ContextTokens", "GeneratedTokens"),
            Self::Weka => ("in", "out"),
        };
        LengthKeys { input, output }
    }
}

/// The keys of the lengths of question and answer.
struct LengthKeys {
    input: &'static str,
    output: &'static str,
}

/// The rules by which text is made for a trace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TraceText<'a> {
    /// Of the text.
    pub(crate) seed: u64,
    /// Tokens of a block, where the user says so.
    pub(crate) block: Option<u64>,
    /// Makes the text exactly so many tokens long.
    pub(crate) tokens: Option<&'a crate::FileTokenizer>,
}

impl TraceText<'_> {
    /// The text of an id, so many tokens long.
    fn make(&self, id: u64, count: u64) -> String {
        match self.tokens {
            Some(tokens) => tokens.made(self.seed, id, count, TextLang::En),
            None => made_text(self.seed, id, count, TextLang::En),
        }
    }
}

/// Which trace a row is of.
pub(crate) fn kind(row: &Map<String, Value>) -> Option<TraceKind> {
    if row.contains_key("hash_ids") && row.contains_key("input_length") {
        let is_bailian = row.contains_key("chat_id") || row.contains_key("parent_chat_id");
        return Some(if is_bailian {
            TraceKind::Bailian
        } else {
            TraceKind::Mooncake
        });
    }
    if ["hash_ids", "block_size", "in"]
        .iter()
        .all(|key| row.contains_key(*key))
    {
        return Some(TraceKind::Weka);
    }
    [TraceKind::Burstgpt, TraceKind::Azure]
        .into_iter()
        .find(|kind| {
            let LengthKeys { input, output } = kind.lengths();
            row.contains_key(input) && row.contains_key(output)
        })
}

/// Whether these are the columns of a trace.
pub(crate) fn is_header<'a>(columns: impl Iterator<Item = &'a str>) -> bool {
    let columns: Vec<&str> = columns.map(str::trim).collect();
    [TraceKind::Burstgpt, TraceKind::Azure].iter().any(|kind| {
        let LengthKeys { input, output } = kind.lengths();
        columns.contains(&input) && columns.contains(&output)
    })
}

/// What a row of a trace asked.
pub(crate) struct TracePrompt {
    /// Made text of `input` tokens.
    pub(crate) text: String,
    pub(crate) input: u64,
    /// Tokens of the answer; `None` when there was none.
    pub(crate) output: Option<u64>,
}

/// What a row asked; `None` when it was nothing.
///
/// # Errors
/// The lengths that are none, or do not go with the blocks.
pub(crate) fn prompt(
    kind: TraceKind,
    row: &Map<String, Value>,
    number: u64,
    trace: &TraceText<'_>,
) -> Result<Option<TracePrompt>, TraceError> {
    let keys = kind.lengths();
    let input = length(row, keys.input)?;
    let output = length(row, keys.output)?;
    if input == 0 {
        return Ok(None);
    }
    let text = match kind.block(row) {
        // Every row by itself.
        None => trace.make(number, input),
        Some(size) => {
            let size = trace.block.unwrap_or(size).max(1);
            text_of_blocks(row, number, input, size, trace)?
        }
    };
    Ok(Some(TracePrompt {
        text,
        input,
        output: (output > 0).then_some(output),
    }))
}

/// The texts of a row's blocks, one after the other, `input` tokens in all.
fn text_of_blocks(
    row: &Map<String, Value>,
    number: u64,
    input: u64,
    size: u64,
    trace: &TraceText<'_>,
) -> Result<String, TraceError> {
    let ids = row.get("hash_ids").and_then(Value::as_array);
    let ids: Vec<u64> = ids
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    let (blocks, whole) = (ids.len() as u64, input / size);
    // The last, partial block may have an id or not.
    if blocks != input.div_ceil(size) && blocks != whole {
        return Err(TraceError::Blocks {
            blocks,
            input,
            size,
        });
    }
    let mut text = String::new();
    let mut left = input;
    let space = row.get(weka::SPACE).and_then(Value::as_u64).unwrap_or(0);
    for id in ids {
        text.push_str(&trace.make(id ^ space, left.min(size)));
        left -= left.min(size);
    }
    if left > 0 {
        // Without an id it is nobody else's.
        text.push_str(&trace.make(number ^ space ^ (1 << 63), left));
    }
    Ok(text)
}

/// The length under a key, tokens.
fn length(row: &Map<String, Value>, key: &'static str) -> Result<u64, TraceError> {
    let value = row.get(key).ok_or(TraceError::NoLength { key })?;
    let Some(tokens) = value.as_u64() else {
        return Err(TraceError::NotALength {
            key,
            value: value.to_string(),
        });
    };
    if tokens > MOST {
        return Err(TraceError::TooLong { key, tokens });
    }
    Ok(tokens)
}
