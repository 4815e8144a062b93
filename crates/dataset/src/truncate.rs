//! `--max-input-length`: one side of the prompt is kept, by default the end, where the question is.

use crate::Tokens;
use dualround_model::{Keep, Sample};
use serde_json::Value;

/// Cuts a sample to `limit` tokens or characters, counted over the texts of all messages from the
/// side that is kept. The text in which the limit falls keeps that side; texts beyond it become
/// empty.
pub(crate) fn truncate(sample: &mut Sample, limit: u64, keep: Keep, tokens: Option<&Tokens>) {
    let mut texts: Vec<&mut String> = Vec::new();
    for message in &mut sample.messages {
        match message.get_mut("content") {
            Some(Value::String(text)) => texts.push(text),
            Some(Value::Array(parts)) => {
                for part in parts {
                    if let Some(Value::String(text)) = part.get_mut("text") {
                        texts.push(text);
                    }
                }
            }
            _ => {}
        }
    }
    if keep == Keep::End {
        texts.reverse();
    }
    let mut left = limit;
    for text in texts {
        let length = match tokens {
            Some(tokens) => tokens.count(text),
            None => text.chars().count() as u64,
        };
        if length <= left {
            left -= length;
            continue;
        }
        sample.truncated = true;
        match keep {
            Keep::End => {
                let from = match tokens {
                    Some(tokens) => tokens.keep_end(text, left),
                    None => character(text, length - left),
                };
                text.drain(..from);
            }
            Keep::Start => {
                let to = match tokens {
                    Some(tokens) => tokens.keep_start(text, left),
                    None => character(text, left),
                };
                text.truncate(to);
            }
        }
        left = 0;
    }
}

/// Where the character at this position begins.
fn character(text: &str, position: u64) -> usize {
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let mut starts = text.char_indices().map(|(at, _)| at);
    starts.nth(position).unwrap_or(text.len())
}
