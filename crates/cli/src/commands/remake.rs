//! `dualround report`: the files of a run made again from its journal.

use super::{measure::options, note, print};
use crate::{args::ReportArgs, exit, lang};
use dualround_model::{Comparison, Known, RoundResult};
use dualround_report::{RunFiles, RunInfo, comparison_block, read_journal, round_table};
use dualround_stats::{compare, summarise};

/// Runs it.
pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<u8> {
    let files = RunFiles::existing(&args.dir);
    let info = files.read_run()?;
    let mut plan = info.plan.clone();
    if let Some(asked) = args.lang.as_deref() {
        plan.output.lang = lang::flag(Some(asked))?;
    }
    plan.output.csv_bom |= args.csv_bom;
    plan.output.chunk_times |= args.chunk_times;
    let runs = read_journal(&files.journal_path())?;
    if runs.is_empty() {
        note("the journal holds no finished round");
        return Ok(exit::NOTHING);
    }
    let options = options(&plan);
    let mut rounds: Vec<RoundResult> = runs
        .into_iter()
        .map(|run| summarise(run, &options))
        .collect();
    let known = Known {
        canary: info.canary.clone(),
        engines: info.engines.clone(),
        reuse: info.reuse,
    };
    let mut comparison = Comparison {
        levels: Vec::new(),
        canary: info.canary.clone(),
    };
    for level in rounds.chunk_by_mut(|a, b| a.meta.level == b.meta.level) {
        let at = level[0].meta.level;
        let compared = compare(level, &known.at_level(at, &plan.dataset));
        for round in level.iter() {
            print(&round_table(round, &plan));
            files.write_round(round, &plan)?;
        }
        print(&comparison_block(&compared, &plan));
        comparison.levels.push(compared);
    }
    files.write_summaries(&rounds, &plan)?;
    files.write_comparison(&comparison)?;
    let info = RunInfo { plan, ..info };
    files.write_report(&info, &rounds, &comparison)?;
    Ok(exit::OK)
}
