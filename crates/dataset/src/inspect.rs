//! Everything about a file without sending anything: `dualround check dataset`.

use crate::{DatasetError, digest::prompt_digest, load};
use dualround_model::Sample;
use std::{collections::HashSet, path::Path};

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Layout and shapes of the rows.
    pub format: String,
    /// Rows (lines) that are not blank.
    pub rows: u64,
    /// Rows with a usable prompt.
    pub usable: u64,
    /// Rows left out, by reason.
    pub skipped: Vec<(String, u64)>,
    /// Characters of the prompts: shortest, median, 99th percentile (nearest rank), longest.
    pub chars: Option<[u64; 4]>,
    /// Prompts that repeat an earlier one.
    pub duplicates: u64,
    /// Characters that a prompt begins with in common with its neighbour in sorted order, as a
    /// share of all characters: what a prefix cache could reuse inside one round.
    pub shared_prefix_share: f64,
    /// Rows with an output length of their own.
    pub row_output_lengths: u64,
    /// Prompts with a system message.
    pub with_system: u64,
    /// The first prompt.
    pub first: Option<Sample>,
    /// The first lines that cannot be read, with the reason.
    pub bad: Vec<(u64, String)>,
}

/// Reads a whole file, going on after lines that cannot be read.
///
/// # Errors
/// [`DatasetError`] when the file as a whole cannot be read.
pub fn inspect(path: &Path, text_key: Option<&str>) -> Result<Inspection, DatasetError> {
    let (name, reader) = load::open(path)?;
    let mut texts = Vec::new();
    let mut first = None;
    let (mut duplicates, mut row_output_lengths, mut with_system) = (0, 0, 0);
    let mut seen = HashSet::new();
    let (format, tally) = load::read(&name, reader, text_key, true, |sample| {
        duplicates += u64::from(!seen.insert(prompt_digest(&sample)));
        row_output_lengths += u64::from(sample.output_tokens.is_some());
        let system =
            |message: &serde_json::Value| message.get("role").is_some_and(|r| r == "system");
        with_system += u64::from(sample.messages.iter().any(system));
        texts.push(sample.text());
        first.get_or_insert(sample);
    })?;
    let mut lengths: Vec<u64> = texts
        .iter()
        .map(|text| text.chars().count() as u64)
        .collect();
    lengths.sort_unstable();
    let at = |percent: usize| {
        lengths
            .get((lengths.len() * percent).div_ceil(100).max(1) - 1)
            .copied()
    };
    let chars = match (at(0), at(50), at(99), at(100)) {
        (Some(min), Some(mid), Some(high), Some(max)) => Some([min, mid, high, max]),
        _ => None,
    };
    texts.sort_unstable();
    let common = |pair: &[String]| {
        pair[0]
            .chars()
            .zip(pair[1].chars())
            .take_while(|(a, b)| a == b)
            .count() as u64
    };
    let shared: u64 = texts.windows(2).map(common).sum();
    let total: u64 = lengths.iter().sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share needs no more than 52 bits"
    )]
    let shared_prefix_share = if total > 0 {
        shared as f64 / total as f64
    } else {
        0.0
    };
    Ok(Inspection {
        format,
        rows: tally.rows,
        usable: texts.len() as u64,
        skipped: tally.skipped,
        chars,
        duplicates,
        shared_prefix_share,
        row_output_lengths,
        with_system,
        first,
        bad: tally.bad,
    })
}
