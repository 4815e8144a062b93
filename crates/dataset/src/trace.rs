//! Traces of real traffic without its text: lengths, and ids of the blocks that prompts are made
//! of. Text is made for them, the same for the same id, so that prompts share what the real ones
//! shared. Units and block sizes differ between traces; they are known by the keys of a row, never
//! guessed from its numbers.

use crate::{
    weka,
    words::{TextLang, made_text},
};
use serde_json::{Map, Value};

/// Tokens of one prompt above which a number is damage rather than a length.
const MOST: u64 = 16 << 20;

/// Traces that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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

impl Kind {
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

    /// The keys of the lengths of question and answer.
    fn lengths(self) -> (&'static str, &'static str) {
        match self {
            Self::Mooncake | Self::Bailian => ("input_length", "output_length"),
            Self::Burstgpt => ("Request tokens", "Response tokens"),
            Self::Azure => ("ContextTokens", "GeneratedTokens"),
            Self::Weka => ("in", "out"),
        }
    }
}

/// How text is made for a trace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace<'a> {
    /// Of the text.
    pub(crate) seed: u64,
    /// Tokens of a block, where the user says so.
    pub(crate) block: Option<u64>,
    /// Makes the text exactly so many tokens long.
    pub(crate) tokens: Option<&'a crate::Tokens>,
}

/// Which trace a row is of.
pub(crate) fn kind(row: &Map<String, Value>) -> Option<Kind> {
    let has = |key: &str| row.contains_key(key);
    if has("hash_ids") && has("input_length") {
        let bailian = has("chat_id") || has("parent_chat_id");
        return Some(if bailian {
            Kind::Bailian
        } else {
            Kind::Mooncake
        });
    }
    if has("hash_ids") && has("block_size") && has("in") {
        return Some(Kind::Weka);
    }
    [Kind::Burstgpt, Kind::Azure]
        .into_iter()
        .find(|kind| has(kind.lengths().0) && has(kind.lengths().1))
}

/// Whether these are the columns of a trace.
pub(crate) fn is_header<'a>(columns: impl Iterator<Item = &'a str>) -> bool {
    let columns: Vec<&str> = columns.map(str::trim).collect();
    [Kind::Burstgpt, Kind::Azure]
        .iter()
        .any(|kind| columns.contains(&kind.lengths().0) && columns.contains(&kind.lengths().1))
}

/// What a row of a trace asked.
pub(crate) struct Asked {
    /// Made text of `input` tokens.
    pub(crate) text: String,
    pub(crate) input: u64,
    /// Tokens of the answer; `None` when there was none.
    pub(crate) output: Option<u64>,
}

/// What a row asked; `None` when it was nothing.
pub(crate) fn prompt(
    kind: Kind,
    row: &Map<String, Value>,
    number: u64,
    trace: &Trace<'_>,
) -> Result<Option<Asked>, String> {
    let (input_key, output_key) = kind.lengths();
    let input = length(row, input_key)?;
    let output = length(row, output_key)?;
    if input == 0 {
        return Ok(None);
    }
    let make = |id: u64, count: u64| match trace.tokens {
        Some(tokens) => tokens.made(trace.seed, id, count, TextLang::En),
        None => made_text(trace.seed, id, count, TextLang::En),
    };
    let text = match kind.block(row) {
        // Every row by itself.
        None => make(number, input),
        Some(size) => {
            let size = trace.block.unwrap_or(size).max(1);
            let ids = row.get("hash_ids").and_then(Value::as_array);
            let ids: Vec<u64> = ids
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect();
            let (blocks, whole) = (ids.len() as u64, input / size);
            // The last, partial block may have an id or not.
            if blocks != input.div_ceil(size) && blocks != whole {
                return Err(format!(
                    "{blocks} hash_ids do not go with {input} tokens in blocks of {size} \
                     (--trace-block-size says another size)"
                ));
            }
            let mut text = String::new();
            let mut left = input;
            let space = row.get(weka::SPACE).and_then(Value::as_u64).unwrap_or(0);
            for id in ids {
                text.push_str(&make(id ^ space, left.min(size)));
                left -= left.min(size);
            }
            if left > 0 {
                // Without an id it is nobody else's.
                text.push_str(&make(number ^ space ^ (1 << 63), left));
            }
            text
        }
    };
    Ok(Some(Asked {
        text,
        input,
        output: (output > 0).then_some(output),
    }))
}

fn length(row: &Map<String, Value>, key: &str) -> Result<u64, String> {
    let value = row.get(key).ok_or_else(|| format!("no `{key}`"))?;
    let tokens = value
        .as_u64()
        .ok_or_else(|| format!("`{key}` is {value}, not a number of tokens"))?;
    if tokens > MOST {
        return Err(format!(
            "`{key}` is {tokens}: no model takes so many tokens"
        ));
    }
    Ok(tokens)
}
