//! What needs the requests of finished rounds themselves, which stand in the journal alone.

use dualround_model::{Answers, RoundResult};
use dualround_report::{Details, FromJournal, Measured, RoundReader, RunFiles};
use dualround_stats::{AnswerFold, RoundMetrics, SummaryOptions};

/// The requests of a run's rounds, with what is computed of them.
pub(crate) fn details(files: &RunFiles, options: &SummaryOptions) -> impl Details + use<> {
    let options = options.clone();
    FromJournal::new(files.journal_path(), move |round| -> Measured<'_> {
        let metrics = RoundMetrics::new(round, options.clone());
        Box::new(move |record| metrics.of(record))
    })
}

/// Compares the texts that the rounds of a level were answered with; `None` where none were kept.
///
/// # Errors
/// When the journal cannot be read.
pub(crate) fn answers(files: &RunFiles, rounds: &[RoundResult]) -> anyhow::Result<Option<Answers>> {
    let (path, mut fold, mut kept) = (files.journal_path(), AnswerFold::default(), false);
    for two in rounds.windows(2) {
        let (before, after) = (two[0].meta.spec.kind, two[1].meta.spec.kind);
        if !AnswerFold::takes(before, after) {
            continue;
        }
        let [one, other] = [&two[0], &two[1]].map(|round| RoundReader::open(&path, round));
        let (one, other) = (one?, other?);
        for index in one.indexes() {
            let Some((a, b)) = one.record(index)?.zip(other.record(index)?) else {
                continue;
            };
            kept |= a.output.is_some() || b.output.is_some();
            let both = a.outcome.is_success() && b.outcome.is_success();
            if let Some((a, b)) = a.output.zip(b.output).filter(|_| both) {
                fold.add(before, &a, &b);
            }
        }
    }
    Ok(kept.then(|| fold.finish()))
}
