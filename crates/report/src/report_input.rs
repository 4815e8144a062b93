//! What the report and the Markdown summary are made of.

use crate::{RequestSource, RunInfo};
use dualround_model::{Comparison, RoundResult};

/// The input of a report: a run with its rounds and their comparison.
#[derive(Clone, Copy)]
pub(crate) struct ReportInput<'a> {
    pub(crate) run: &'a RunInfo,
    pub(crate) rounds: &'a [RoundResult],
    pub(crate) comparison: &'a Comparison,
    pub(crate) details: &'a dyn RequestSource,
}

impl<'a> ReportInput<'a> {
    /// The rounds of a level.
    pub(crate) fn rounds_of(self, level: u32) -> impl Iterator<Item = &'a RoundResult> {
        let rounds = self.rounds.iter();
        rounds.filter(move |round| round.meta.level == level)
    }

    /// The name of a level.
    pub(crate) fn level_name(self, level: u32) -> String {
        self.run.plan.level_name(level)
    }
}
