//! A run read back from its folder.

use super::measure::options;
use crate::exit::Usage;
use dualround_model::{Comparison, Known, RoundResult};
use dualround_report::{RunFiles, RunInfo, read_journal};
use dualround_stats::{compare, summarise};
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
    let mut rounds: Vec<RoundResult> = read_journal(&files.journal_path())?
        .into_iter()
        .map(|run| summarise(run, &options))
        .collect();
    let known = Known {
        canary: info.canary.clone(),
        engines: info.engines.clone(),
        reuse: info.reuse,
    };
    let levels = rounds.chunk_by_mut(|a, b| a.meta.level == b.meta.level);
    let levels = levels.map(|level| {
        let at = level[0].meta.level;
        compare(level, &known.at_level(at, &info.plan.dataset))
    });
    let comparison = Comparison {
        levels: levels.collect(),
        canary: info.canary.clone(),
    };
    Ok(Saved {
        files,
        info,
        rounds,
        comparison,
    })
}
