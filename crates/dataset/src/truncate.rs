//! `--max-input-length`: one side of the prompt is kept, by default the end, where the question is.

use crate::{DatasetError, FileTokenizer, search};
use dualround_model::{Keep, Sample};

/// A unit in which the lengths of texts are counted: tokens of some tokenizer, or characters.
pub trait CountTokens {
    /// Length of a text.
    ///
    /// # Errors
    /// [`DatasetError`] when it cannot be had.
    fn count(&self, text: &str) -> Result<u64, DatasetError>;

    /// The byte at which the last `count` of a text that is longer begin.
    ///
    /// # Errors
    /// As [`CountTokens::count`].
    fn keep_end(&self, text: &str, count: u64) -> Result<usize, DatasetError> {
        let starts = search::starts(text);
        let all = starts.len() - 1;
        let chars = search::longest(all, count, |chars| self.count(&text[starts[all - chars]..]))?;
        Ok(starts[all - chars])
    }

    /// The byte at which the first `count` of a text that is longer end.
    ///
    /// # Errors
    /// As [`CountTokens::count`].
    fn keep_start(&self, text: &str, count: u64) -> Result<usize, DatasetError> {
        let starts = search::starts(text);
        let chars = search::longest(starts.len() - 1, count, |chars| {
            self.count(&text[..starts[chars]])
        })?;
        Ok(starts[chars])
    }
}

impl CountTokens for FileTokenizer {
    fn count(&self, text: &str) -> Result<u64, DatasetError> {
        Ok(FileTokenizer::count(self, text))
    }

    fn keep_end(&self, text: &str, count: u64) -> Result<usize, DatasetError> {
        Ok(FileTokenizer::keep_end(self, text, count))
    }

    fn keep_start(&self, text: &str, count: u64) -> Result<usize, DatasetError> {
        Ok(FileTokenizer::keep_start(self, text, count))
    }
}

/// The unit where there is no tokenizer.
pub(crate) struct Characters;

impl CountTokens for Characters {
    fn count(&self, text: &str) -> Result<u64, DatasetError> {
        Ok(text.chars().count() as u64)
    }

    fn keep_end(&self, text: &str, count: u64) -> Result<usize, DatasetError> {
        let starts = search::starts(text);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(starts[(starts.len() - 1).saturating_sub(count)])
    }

    fn keep_start(&self, text: &str, count: u64) -> Result<usize, DatasetError> {
        let starts = search::starts(text);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(starts[count.min(starts.len() - 1)])
    }
}

/// Cuts a sample to `limit`, counted over the texts of all messages from the side that is kept. The
/// text in which the limit falls keeps that side; texts beyond it become empty.
pub(crate) fn truncate(
    sample: &mut Sample,
    limit: u64,
    keep: Keep,
    count: &dyn CountTokens,
) -> Result<(), DatasetError> {
    if let Some(ids) = ids_of(sample) {
        truncate_ids(sample, &ids, limit, keep);
        return Ok(());
    }
    let mut texts = sample.texts_mut();
    if keep == Keep::End {
        texts.reverse();
    }
    let mut left = limit;
    let mut truncated = false;
    for text in texts {
        let length = count.count(text)?;
        if length <= left {
            left -= length;
            continue;
        }
        truncated = true;
        match keep {
            Keep::End => {
                let from = count.keep_end(text, left)?;
                text.drain(..from);
            }
            Keep::Start => {
                let to = count.keep_start(text, left)?;
                text.truncate(to);
            }
        }
        left = 0;
    }
    sample.truncated |= truncated;
    Ok(())
}

/// The token ids that a prompt is made of; `None` where it is text.
pub(crate) fn ids_of(sample: &Sample) -> Option<Vec<u32>> {
    let ids = sample.token_ids()?.as_array()?.iter();
    ids.map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

/// A prompt of token ids is cut in tokens, whatever the unit of texts is.
fn truncate_ids(sample: &mut Sample, ids: &[u32], limit: u64, keep: Keep) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if ids.len() <= limit {
        return;
    }
    let kept = match keep {
        Keep::End => &ids[ids.len() - limit..],
        Keep::Start => &ids[..limit],
    };
    sample.messages = vec![Sample::message_of_ids(kept)];
    sample.truncated = true;
}
