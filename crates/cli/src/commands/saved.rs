//! A run read back from its folder.

use super::{
    from_journal::compare_level,
    lost_lines::{LostLines, came_to_its_end, whole},
};
use crate::exit::Usage;
use dualround_model::{
    Comparison, Evidence, LevelComparison, Plan, RoundKind, RoundResult, RunEvidence,
};
use dualround_report::{JournalEntry, RunFiles, RunInfo, read_journal};
use dualround_stats::{RoundFold, SummaryOptions};
use std::path::Path;

/// A run with everything computed from its journal.
pub(crate) struct SavedRun {
    pub(crate) files: RunFiles,
    pub(crate) info: RunInfo,
    pub(crate) rounds: Vec<RoundResult>,
    pub(crate) comparison: Comparison,
}

/// Refuses a folder that no run was written into.
///
/// # Errors
/// [`Usage`] that says where to look.
pub(crate) fn must_hold_run(dir: &Path) -> Result<(), Usage> {
    if dir.join("run.json").exists() {
        return Ok(());
    }
    let dir = dir.display();
    Err(Usage(format!(
        "{dir} holds no run (no run.json): give the folder of a run, or look with `dualround list {dir}`"
    )))
}

/// Reads a folder, judged by a plan that `change` makes of the one in it. A run without a finished
/// round has no `rounds`.
///
/// # Errors
/// When the folder holds no run, or its journal cannot be read.
pub(crate) fn read_as(dir: &Path, change: impl FnOnce(&mut Plan)) -> anyhow::Result<SavedRun> {
    let files = RunFiles::existing(dir);
    must_hold_run(dir)?;
    let mut info = files.read_run()?;
    change(&mut info.plan);
    let options = SummaryOptions::of(&info.plan, info.canary.as_ref(), &info.engines);
    let mut rounds: Vec<RoundResult> = Vec::new();
    let mut fold = RoundFold::new(options.clone(), 0);
    let mut found: Vec<Evidence> = Vec::new();
    let mut lost = LostLines::default();
    read_journal(&files.journal_path(), &mut |entry| match entry {
        JournalEntry::Begun(meta) => fold = RoundFold::new(options.clone(), meta.planned),
        JournalEntry::Request(record) => fold.add(&record),
        JournalEntry::Round(mut meta, requests) => {
            if meta.unfinished && came_to_its_end(&info) {
                meta.without_end();
                lost.ends += 1;
            }
            let ended = std::mem::replace(&mut fold, RoundFold::new(options.clone(), 0));
            if rounds.iter().any(|known| known.meta.is_same_round(&meta)) {
                lost.repeated += 1;
            } else {
                rounds.push(ended.finish(*meta, requests));
            }
        }
        JournalEntry::Evidence(evidence) => found.push(*evidence),
        JournalEntry::Damaged(line) => lost.damaged.push(line),
        JournalEntry::EndLost => lost.ends += 1,
    })?;
    lost.tell(&files, info.plan.output.lang);
    whole(&info, &rounds, &files)?;
    for evidence in &mut found {
        for expected in std::mem::take(&mut evidence.expected) {
            let mut cold = rounds.iter_mut().filter(|round| {
                let spec = round.meta.spec;
                let place = (round.meta.level, spec.epoch, spec.kind);
                place == (evidence.level, expected.epoch, RoundKind::Cold)
            });
            if let Some(round) = cold.next() {
                round.expected = Some(expected);
            }
        }
        let of_level = rounds.iter_mut();
        for round in of_level.filter(|round| round.meta.level == evidence.level) {
            round.take_chance(&evidence.chance);
        }
    }
    // A run that was killed has it in its journal only.
    let told = found.iter().find_map(|evidence| evidence.reuse);
    info.reuse = info.reuse.or(told);
    let known = RunEvidence {
        canary: info.canary.clone(),
        engines: info.engines.clone(),
        reuse: info.reuse,
    };
    let levels = rounds.chunk_by_mut(|a, b| a.meta.level == b.meta.level);
    let levels = levels.map(|rounds| {
        let at = rounds[0].meta.level;
        let mut known = known.at_level(at, &info.plan.dataset);
        // A level that was kept when the run was resumed is judged by the canary of its own session.
        if let Some(evidence) = found.iter().find(|evidence| evidence.level == at) {
            known.canary.clone_from(&evidence.canary);
        }
        compare_level(&files, &info.plan, rounds, &known)
    });
    let comparison = Comparison {
        levels: levels.collect::<anyhow::Result<Vec<LevelComparison>>>()?,
        canary: info.canary.clone(),
    };
    Ok(SavedRun {
        files,
        info,
        rounds,
        comparison,
    })
}
