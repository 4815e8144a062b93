//! What a plan needs of a file: how many rows, and how long their prompts are to be.

use crate::{FileTokenizer, truncate::ids_of};
use dualround_model::{DatasetPlan, Sample, Sampling};

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
