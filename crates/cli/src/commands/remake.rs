//! `dualround report`: the files of a run made again from its journal.

use super::{from_journal::FromJournal, saved};
use crate::{
    args::ReportArgs,
    exit, prices,
    screen::{self, note},
};
use dualround_report::FolderLock;
use dualround_stats::SummaryOptions;

/// Says that a run did not come to its end, and how it can.
fn unfinished(run: &saved::SavedRun) {
    let plan = &run.info.plan;
    let (found, all) = (run.comparison.levels.len(), plan.levels.len());
    let ended_early = run.info.finished_at.is_none() || run.info.interrupted;
    if !ended_early && found == all {
        return;
    }
    let dir = run.files.dir().display();
    note(&plan.output.lang.pick([
        format!(
            "this run did not come to its end ({found} of {all} levels have requests); to go on at its first unfinished level: the command of the run with --resume {dir}"
        ),
        format!(
            "该次运行未到达终点（{all} 个负载级别中 {found} 个有请求）；可从首个未完成的负载级别继续：在运行时的命令后加上 --resume {dir}"
        ),
    ]));
}

/// Runs `dualround report`: the files of a run, made again from its journal.
pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<u8> {
    let _lock = if args.dir.is_dir() {
        FolderLock::take(&args.dir)?
    } else {
        None
    };
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let mut run = saved::read_as(&args.dir, |plan| {
        plan.prices = prices.or(plan.prices.take());
    })?;
    prices::check_model(&run.info.plan)?;
    let output = &mut run.info.plan.output;
    if let Some(asked) = args.lang {
        output.lang = asked.means();
    }
    if let Some(asked) = args.tables {
        output.tables = asked.means();
    }
    output.csv_bom |= args.csv_bom;
    output.chunk_times |= args.chunk_times;
    let plan = &run.info.plan;
    unfinished(&run);
    if run.rounds.is_empty() {
        note("the journal holds no finished round");
        return Ok(exit::NOTHING);
    }
    let (canary, engines) = (run.info.canary.as_ref(), &run.info.engines);
    let options = SummaryOptions::of(plan, canary, engines);
    let details = FromJournal::new(&run.files, &options);
    let levels = run.rounds.chunk_by(|a, b| a.meta.level == b.meta.level);
    for (level, rounds) in run.comparison.levels.iter().zip(levels) {
        for (at, round) in rounds.iter().enumerate() {
            screen::round(round, &rounds[..at], plan);
            run.files.write_round(round, plan, &details)?;
        }
        screen::level(level, rounds, plan);
    }
    screen::end(
        plan,
        &run.info.warnings,
        &run.rounds,
        &run.comparison.levels,
    );
    run.files.write_summaries(&run.rounds, plan)?;
    run.files.write_comparison(&run.comparison)?;
    run.files
        .write_report(&run.info, &run.rounds, &run.comparison, &details)?;
    Ok(exit::OK)
}
