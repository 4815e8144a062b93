//! `--max-input-length`: the end of the prompt is kept, where the question stands.

use dualround_model::Sample;
use serde_json::Value;

/// Cuts a sample to its last `limit` characters, counted over the texts of all messages, last one
/// first. The message in which the limit falls keeps its end; texts before it become empty.
pub(crate) fn truncate(sample: &mut Sample, limit: u64) {
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    for message in sample.messages.iter_mut().rev() {
        match message.get_mut("content") {
            Some(Value::String(text)) => sample.truncated |= cut(text, &mut left),
            Some(Value::Array(parts)) => {
                for part in parts.iter_mut().rev() {
                    if let Some(Value::String(text)) = part.get_mut("text") {
                        sample.truncated |= cut(text, &mut left);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Keeps the last `left` characters and takes them off `left`; true when something was cut.
fn cut(text: &mut String, left: &mut usize) -> bool {
    let mut starts = text.char_indices().rev().map(|(at, _)| at);
    let keep_from = match *left {
        0 => text.len(),
        // Fewer characters than that: all of them stay.
        left => starts.nth(left - 1).unwrap_or(0),
    };
    let was = text.len();
    text.drain(..keep_from);
    *left -= text.chars().count();
    text.len() < was
}
