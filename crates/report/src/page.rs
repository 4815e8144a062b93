//! What the report and the Markdown summary are made of.

use crate::{Details, RunInfo};
use dualround_model::{Comparison, Plan, RoundResult};

/// A run with its rounds and what was compared.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) run: &'a RunInfo,
    pub(crate) rounds: &'a [RoundResult],
    pub(crate) comparison: &'a Comparison,
    pub(crate) details: &'a dyn Details,
}

impl<'a> Page<'a> {
    /// The rounds of a level.
    pub(crate) fn rounds_of(self, level: u32) -> impl Iterator<Item = &'a RoundResult> {
        let rounds = self.rounds.iter();
        rounds.filter(move |round| round.meta.level == level)
    }

    /// What a level is called.
    pub(crate) fn level_name(self, level: u32) -> String {
        level_name(&self.run.plan, level)
    }
}

/// What a level is called: its concurrency, with its count where it repeats one.
pub(crate) fn level_name(plan: &Plan, level: u32) -> String {
    let concurrency = plan.levels.get(level as usize).copied().unwrap_or_default();
    match crate::files::repeat(plan, level) {
        1 => concurrency.to_string(),
        again => format!("{concurrency} #{again}"),
    }
}
