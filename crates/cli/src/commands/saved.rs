//! A run read back from its folder.

use super::{from_journal::compare_level, measure::options};
use crate::exit::Usage;
use dualround_model::{Comparison, Known, LevelComparison, RoundResult};
use dualround_report::{Entry, RunFiles, RunInfo, read_journal};
use dualround_stats::RoundFold;
use std::path::Path;

/// A run with everything computed from its journal.
pub(crate) struct Saved {
    pub(crate) files: RunFiles,
    pub(crate) info: RunInfo,
    pub(crate) rounds: Vec<RoundResult>,
    pub(crate) comparison: Comparison,
}

/// Reads a folder. A run without a finished round has no `rounds`.
///
/// # Errors
/// When the folder holds no run, or its journal cannot be read.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Saved> {
    let files = RunFiles::existing(dir);
    if !dir.join("run.json").exists() {
        let dir = dir.display();
        return Err(Usage(format!(
            "{dir} holds no run (no run.json): give the folder of a run, or look with `dualround list {dir}`"
        ))
        .into());
    }
    let info = files.read_run()?;
    let options = options(&info.plan);
    let mut rounds: Vec<RoundResult> = Vec::new();
    let empty = |planned| RoundFold::new(options.clone(), planned);
    let mut fold = empty(0);
    read_journal(&files.journal_path(), &mut |entry| match entry {
        Entry::Begun(meta) => fold = empty(meta.planned),
        Entry::Request(record) => fold.add(&record),
        Entry::Round(meta, requests) => {
            let ended = std::mem::replace(&mut fold, empty(0));
            rounds.push(ended.finish(*meta, requests));
        }
    })?;
    let known = Known {
        canary: info.canary.clone(),
        engines: info.engines.clone(),
        reuse: info.reuse,
    };
    let levels = rounds.chunk_by_mut(|a, b| a.meta.level == b.meta.level);
    let levels = levels.map(|rounds| {
        let at = rounds[0].meta.level;
        let known = known.at_level(at, &info.plan.dataset);
        compare_level(&files, &info.plan, rounds, &known)
    });
    let comparison = Comparison {
        levels: levels.collect::<anyhow::Result<Vec<LevelComparison>>>()?,
        canary: info.canary.clone(),
    };
    Ok(Saved {
        files,
        info,
        rounds,
        comparison,
    })
}
