//! A run whose levels are all finished is judged again, by the gates of now.

use crate::{
    commands::{from_journal::FromJournal, resume::Resumed, verdict::verdict},
    screen::{self, note},
};
use dualround_model::{Comparison, Plan};
use dualround_stats::SummaryOptions;

/// Every level is there: the run is judged again, by the gates of now.
pub(super) fn judge_again(resumed: &Resumed, plan: &Plan) -> anyhow::Result<u8> {
    note(plan.output.lang.pick([
        "every level of that run is finished; it is judged again",
        "该次运行的所有负载级别均已完成，重新判定",
    ]));
    let rounds = &resumed.rounds;
    let by_level = rounds.chunk_by(|a, b| a.meta.level == b.meta.level);
    for (level, rounds) in resumed.levels.iter().zip(by_level) {
        screen::level(level, rounds, plan);
    }
    screen::end(plan, &resumed.info.warnings, rounds, &resumed.levels);
    let code = verdict(plan, rounds, &resumed.levels);
    let mut info = resumed.info.clone();
    info.exit_code = Some(i32::from(code));
    info.plan.cold = plan.cold.clone();
    info.plan.round_noise = plan.round_noise;
    let comparison = Comparison {
        levels: resumed.levels.clone(),
        canary: info.canary.clone(),
    };
    let options = SummaryOptions::of(&info.plan, info.canary.as_ref(), &info.engines);
    let details = FromJournal::new(&resumed.files, &options);
    resumed.files.write_run(&info)?;
    resumed.files.write_comparison(&comparison)?;
    (resumed.files).write_report(&info, rounds, &comparison, &details)?;
    Ok(code)
}
