//! What needs the requests of finished rounds themselves, which stand in the journal alone.

use dualround_model::{Answers, LevelComparison, Plan, RoundResult, RunEvidence};
use dualround_report::{RequestReceiver, RequestSource, RoundReader, RunFiles};
use dualround_stats::{AnswerFold, RoundMetrics, SummaryOptions, compare};
use std::{
    io,
    path::{Path, PathBuf},
};

/// The requests of a run's rounds, with what is computed of them.
pub(crate) struct FromJournal<'a> {
    path: PathBuf,
    options: &'a SummaryOptions,
}

impl<'a> FromJournal<'a> {
    pub(crate) fn new(files: &RunFiles, options: &'a SummaryOptions) -> Self {
        let path = files.journal_path();
        Self { path, options }
    }
}

impl RequestSource for FromJournal<'_> {
    fn each(
        &self,
        round: &RoundResult,
        every: usize,
        take: &mut RequestReceiver<'_>,
    ) -> io::Result<()> {
        let metrics = RoundMetrics::new(round, self.options);
        let reader = RoundReader::open(&self.path, round).map_err(io::Error::other)?;
        for index in reader.indexes().step_by(every) {
            if let Some(record) = reader.record(index).map_err(io::Error::other)? {
                let metrics = metrics.of(&record);
                take(record, metrics)?;
            }
        }
        Ok(())
    }
}

/// Compares the rounds of a level, and the answers where they were kept.
///
/// # Errors
/// When the journal cannot be read.
pub(crate) fn compare_level(
    files: &RunFiles,
    plan: &Plan,
    rounds: &mut [RoundResult],
    known: &RunEvidence,
) -> anyhow::Result<LevelComparison> {
    let mut level = compare(rounds, &plan.judging(), known);
    if plan.output.keeps_answers() {
        level.answers = answers(&files.journal_path(), rounds)?;
    }
    Ok(level)
}

/// Compares the texts that the rounds of a level were answered with; `None` where there are none.
fn answers(path: &Path, rounds: &[RoundResult]) -> anyhow::Result<Option<Answers>> {
    let (mut fold, mut kept) = (AnswerFold::default(), false);
    for two in rounds.windows(2) {
        let (before, after) = (two[0].meta.spec.kind, two[1].meta.spec.kind);
        if !AnswerFold::takes(before, after) {
            continue;
        }
        let one = RoundReader::open(path, &two[0])?;
        let other = RoundReader::open(path, &two[1])?;
        for index in one.indexes() {
            let Some((a, b)) = one.record(index)?.zip(other.record(index)?) else {
                continue;
            };
            kept |= a.output.is_some() || b.output.is_some();
            let both = a.outcome.is_success() && b.outcome.is_success();
            if both && let Some((a, b)) = a.output.zip(b.output) {
                fold.add(before, &a, &b);
            }
        }
    }
    Ok(kept.then(|| fold.finish()))
}
