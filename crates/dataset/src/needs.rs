//! What a plan needs of a file: how many rows, how long their prompts are to be, and which of those that
//! were drawn each level takes.

use crate::{DatasetError, FileTokenizer, tally::RowTally, truncate::ids_of};
use dualround_model::{DatasetPlan, Sample, Sampling};
use std::ops::Range;

/// How long prompts are to be.
pub(crate) struct Lengths<'a> {
    least: Option<u64>,
    most: Option<u64>,
    tokens: Option<&'a FileTokenizer>,
}

impl<'a> Lengths<'a> {
    pub(crate) fn of(plan: &DatasetPlan, tokens: Option<&'a FileTokenizer>) -> Self {
        let (least, most) = plan.lengths;
        Self {
            least,
            most,
            tokens,
        }
    }

    /// Whether a prompt is so long.
    ///
    /// # Errors
    /// The reason for which it is left out.
    pub(crate) fn fits(&self, sample: &Sample) -> Result<(), &'static str> {
        if self.least.is_none() && self.most.is_none() {
            return Ok(());
        }
        let length = length(sample, self.tokens);
        if self.least.is_some_and(|least| length < least) {
            return Err("shorter than --min-length");
        }
        if self.most.is_some_and(|most| length > most) {
            return Err("longer than --max-length");
        }
        Ok(())
    }
}

/// Length of a sample's text, in tokens or characters.
pub(crate) fn length(sample: &Sample, tokens: Option<&FileTokenizer>) -> u64 {
    if let Some(ids) = ids_of(sample) {
        return ids.len() as u64;
    }
    let text = sample.text();
    match tokens {
        Some(tokens) => tokens.count(&text),
        None => text.chars().count() as u64,
    }
}

/// How many rows the levels need together; `None`: all.
pub(crate) fn needed(plan: &DatasetPlan, levels: usize) -> Option<u64> {
    let counts = (0..levels).map(|level| plan.samples_of(level));
    match plan.sampling {
        Sampling::Same => counts.collect::<Option<Vec<_>>>()?.into_iter().max(),
        Sampling::Disjoint => counts.sum(),
    }
}

/// What a level takes of the draw.
pub(crate) struct LevelShare {
    /// Their places in the order of the draw.
    pub(crate) own: Range<usize>,
    /// How many it asks for, which may be more than there are.
    pub(crate) wanted: usize,
}

/// What each level takes of so many that were drawn: all of them the first, or each its own.
pub(crate) fn shares(plan: &DatasetPlan, drawn: usize, levels: usize) -> Vec<LevelShare> {
    let mut from = 0_usize;
    let mut out = Vec::with_capacity(levels);
    for level in 0..levels {
        let wanted = plan.samples_of(level);
        let wanted = wanted.map_or(drawn, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let end = from.max(from.saturating_add(wanted).min(drawn));
        out.push(LevelShare {
            own: from..end,
            wanted,
        });
        if plan.sampling == Sampling::Disjoint {
            from = end;
        }
    }
    out
}

/// Refuses a file of which nothing was drawn.
///
/// # Errors
/// [`DatasetError::Empty`], with what its rows were.
pub(crate) fn refuse_empty(name: &str, drawn: usize, tally: &RowTally) -> Result<(), DatasetError> {
    if drawn > 0 {
        return Ok(());
    }
    let detail = if tally.rows > 0 {
        format!(": {}", tally.words())
    } else {
        String::new()
    };
    let name = name.to_owned();
    Err(DatasetError::Empty { name, detail })
}

/// Refuses a draw that leaves a level without anything.
///
/// # Errors
/// [`DatasetError::TooFewRows`] naming the first such level.
pub(crate) fn refuse_empty_level<T>(
    name: &str,
    drawn: usize,
    levels: &[Vec<T>],
) -> Result<(), DatasetError> {
    match levels.iter().position(Vec::is_empty) {
        None => Ok(()),
        Some(without) => Err(DatasetError::TooFewRows {
            name: name.to_owned(),
            level: without + 1,
            drawn,
        }),
    }
}
