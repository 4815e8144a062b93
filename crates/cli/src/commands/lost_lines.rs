//! What is gone from a journal, and what that means for the run in it.

use crate::{
    exit::{self, Usage},
    screen::alarm,
};
use dualround_model::{Lang, RoundResult, RoundStop};
use dualround_report::{RunFiles, RunInfo, load_text};

/// Lines named one by one at most.
const NAMED: usize = 5;

/// What a journal should hold and does not.
#[derive(Debug, Default)]
pub(super) struct LostLines {
    /// Lines that cannot be read.
    pub(super) damaged: Vec<usize>,
    /// Rounds whose last line is gone.
    pub(super) ends: usize,
    /// Rounds that stand there a second time.
    pub(super) repeated: usize,
}

impl LostLines {
    /// Says it, where there is anything.
    pub(super) fn tell(&self, files: &RunFiles, lang: Lang) {
        let journal = files.journal_path();
        let journal = journal.display();
        if !self.damaged.is_empty() {
            let named = &self.damaged[..self.damaged.len().min(NAMED)];
            let named: Vec<String> = named.iter().map(ToString::to_string).collect();
            let (named, count) = (named.join(", "), self.damaged.len());
            alarm(&lang.pick([
                format!("{journal}: {count} lines cannot be read and are passed over (line {named}): what they told is gone"),
                format!("{journal}：有 {count} 行无法读取，已跳过（第 {named} 行）：其内容已丢失"),
            ]));
        }
        let ends = self.ends;
        if ends > 0 {
            alarm(&lang.pick([
                format!("{journal}: the lines that ended {ends} rounds are gone: these rounds are made of their requests, without the server's metrics and counters"),
                format!("{journal}：{ends} 轮的结束行已丢失：这些轮次仅由其请求得出，没有 Prometheus 指标与计数器"),
            ]));
        }
        let repeated = self.repeated;
        if repeated > 0 {
            alarm(&lang.pick([
                format!("{journal}: {repeated} rounds stand there a second time and count once"),
                format!("{journal}：{repeated} 轮重复出现，只计一次"),
            ]));
        }
    }
}

/// Whether the run measured what it was to, and was judged: no signal or error ended it.
pub(super) fn came_to_its_end(info: &RunInfo) -> bool {
    let judged = [exit::OK, exit::GATE, exit::NOTHING].map(i32::from);
    let is_judged = info.exit_code.is_some_and(|code| judged.contains(&code));
    info.finished_at.is_some() && !info.interrupted && is_judged
}

/// Refuses a run that came to its end and of which whole rounds are gone: what would be said of the
/// rest would not hold for it, and its files would be written over.
///
/// # Errors
/// [`Usage`] that names the rounds.
pub(super) fn whole(info: &RunInfo, rounds: &[RoundResult], files: &RunFiles) -> Result<(), Usage> {
    if !came_to_its_end(info) {
        return Ok(());
    }
    let specs = info.plan.rounds();
    let mut gone = Vec::new();
    for (level, load) in (0..).zip(&info.plan.levels) {
        let of_level: Vec<&RoundResult> = rounds
            .iter()
            .filter(|round| round.meta.level == level)
            .collect();
        // A limit ends a level early.
        let stopped = of_level.iter().filter_map(|round| round.meta.stopped);
        if stopped.into_iter().any(RoundStop::is_failure) {
            continue;
        }
        let there: Vec<u32> = of_level
            .iter()
            .map(|round| round.meta.spec.number)
            .collect();
        let missing = specs.iter().filter(|spec| !there.contains(&spec.number));
        let at = load_text(*load, Lang::En);
        gone.extend(missing.map(|spec| format!("round {} of {at}", spec.number)));
    }
    if gone.is_empty() {
        return Ok(());
    }
    Err(Usage(format!(
        "{}: the run came to its end, and its journal lacks {}: nothing that the rest would say holds for the run. The files that it wrote itself are left as they are",
        files.journal_path().display(),
        gone.join(", ")
    )))
}
