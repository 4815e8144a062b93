//! Lengths in tokens of a given tokenizer.

use crate::{
    DatasetError, TokenizerError,
    words::{TextLang, made_text},
};
use std::path::Path;

/// A tokenizer from a `tokenizer.json`.
pub struct FileTokenizer {
    inner: tokenizers::Tokenizer,
    /// Where it was read.
    name: String,
}

impl std::fmt::Debug for FileTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileTokenizer({})", self.name)
    }
}

impl FileTokenizer {
    /// Reads a `tokenizer.json`, or the one in a model's folder.
    ///
    /// # Errors
    /// [`DatasetError::Tokenizer`] names the file and what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = if path.is_dir() {
            path.join("tokenizer.json")
        } else {
            path.to_owned()
        };
        let name = file.display().to_string();
        match read_file(&file) {
            Ok(inner) => Ok(Self { inner, name }),
            Err(reason) => Err(DatasetError::Tokenizer { name, reason }),
        }
    }

    /// Byte ranges of the tokens of a text, without special tokens; empty when it cannot be read.
    fn offsets(&self, text: &str) -> Vec<(usize, usize)> {
        let encoded = self.inner.encode(text, false);
        encoded.map_or_else(|_| Vec::new(), |found| found.get_offsets().to_vec())
    }

    /// Tokens of a text, without special tokens.
    pub fn count(&self, text: &str) -> u64 {
        let encoded = self.inner.encode_fast(text, false);
        encoded.map_or(0, |found| found.len() as u64)
    }

    /// The ids of the tokens of a text, without special tokens.
    ///
    /// # Errors
    /// [`DatasetError::NotCounted`] with the tokenizer's words.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, DatasetError> {
        let encoded = self.inner.encode_fast(text, false);
        match encoded {
            Ok(found) => Ok(found.get_ids().to_vec()),
            Err(error) => Err(DatasetError::NotCounted(format!("{}: {error}", self.name))),
        }
    }

    /// Where the last `count` tokens begin, on a character boundary.
    pub(crate) fn keep_end(&self, text: &str, count: u64) -> usize {
        let offsets = self.offsets(text);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match offsets.len().checked_sub(count) {
            None | Some(0) => 0,
            Some(at) => boundary(
                text,
                offsets.get(at).map_or(text.len(), |(start, _)| *start),
            ),
        }
    }

    /// Where the first `count` tokens end, on a character boundary.
    pub(crate) fn keep_start(&self, text: &str, count: u64) -> usize {
        let offsets = self.offsets(text);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count == 0 {
            return 0;
        }
        if count >= offsets.len() {
            return text.len();
        }
        let (_, end) = offsets[count - 1];
        boundary(text, end)
    }

    /// Made text of exactly `count` tokens by this tokenizer where words can be found that make
    /// it, else the nearest below.
    pub fn made(&self, seed: u64, id: u64, count: u64, lang: TextLang) -> String {
        let mut words = count;
        let mut text = made_text(seed, id, words, lang);
        let mut have = self.count(&text);
        // Words of several tokens, or several of one: as many as come out right, cut to size.
        for _ in 0..8 {
            if have >= count {
                break;
            }
            words = words * 5 / 4 + 1;
            text = made_text(seed, id, words, lang);
            have = self.count(&text);
        }
        if have > count {
            let at = self.keep_start(&text, count);
            text.truncate(at);
        }
        text
    }
}

fn read_file(file: &Path) -> Result<tokenizers::Tokenizer, TokenizerError> {
    if !file.exists() {
        return Err(TokenizerError::Missing);
    }
    read_whole(file).map_err(|error| TokenizerError::Unreadable(error.to_string()))
}

/// A tokenizer that counts whole texts, whatever its file says of padding and cutting.
fn read_whole(file: &Path) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut tokenizer = tokenizers::Tokenizer::from_file(file)?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None)?;
    Ok(tokenizer)
}

/// The next place from here on that is between two characters.
fn boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}
