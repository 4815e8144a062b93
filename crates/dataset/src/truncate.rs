//! `--max-input-length`: one side of the prompt is kept, by default the end, where the question is.

use crate::Tokens;
use dualround_model::{Keep, Sample};

/// Cuts a sample to `limit` tokens or characters, counted over the texts of all messages from the
/// side that is kept. The text in which the limit falls keeps that side; texts beyond it become
/// empty.
pub(crate) fn truncate(sample: &mut Sample, limit: u64, keep: Keep, tokens: Option<&Tokens>) {
    let mut texts = sample.texts_mut();
    if keep == Keep::End {
        texts.reverse();
    }
    let mut left = limit;
    let mut truncated = false;
    for text in texts {
        let length = match tokens {
            Some(tokens) => tokens.count(text),
            None => text.chars().count() as u64,
        };
        if length <= left {
            left -= length;
            continue;
        }
        truncated = true;
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
    sample.truncated |= truncated;
}

/// Where the character at this position begins.
fn character(text: &str, position: u64) -> usize {
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let mut starts = text.char_indices().map(|(at, _)| at);
    starts.nth(position).unwrap_or(text.len())
}
