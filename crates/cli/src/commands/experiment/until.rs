//! A level that repeats its cold and its warm round until the interval over its cycles decides, or
//! its part of the budget is spent.

use super::Experiment;
use crate::{args::budget::Budget, exit::Usage, progress::UntilPosition, screen::note};
use dualround_loadgen::Cancel;
use dualround_model::{Lang, RoundKind, RoundMeta, RoundResult, RoundSpec, UntilPlan};
use dualround_report::load_text;
use dualround_stats::compare;
use std::time::Duration;

/// Where a cycle runs.
#[derive(Clone, Copy)]
struct LevelPlace {
    level: u32,
    /// Where the rounds of its level begin among those of the run.
    first: usize,
}

/// What one cycle came to.
enum CycleEnd {
    /// The next cycle may begin.
    Whole,
    /// It was cancelled, or had too many failures.
    Broken,
}

impl Experiment<'_> {
    /// Runs cycles of a level; `first`: where its rounds begin among those of the run. Returns why the
    /// run cannot go on, where the budget is too short for the fewest cycles.
    pub(super) fn until_decided(
        &mut self,
        level: u32,
        first: usize,
        until: UntilPlan,
        cancel: &Cancel,
    ) -> anyhow::Result<Option<Usage>> {
        loop {
            let rounds = &self.rounds[first..];
            let cycles = u32::try_from(rounds.len() / 2).unwrap_or(u32::MAX);
            let most = rounds.iter().find_map(|round| round.meta.most_cycles);
            let most = match (most, cycle_ns(rounds)) {
                (None, Some(cycle)) => {
                    let share = self.share_of(level, until);
                    let most = UntilPlan::cycles(share, cycle);
                    if most < UntilPlan::FEWEST {
                        return Ok(Some(self.too_short(level, until, cycle, most)));
                    }
                    Some(most)
                }
                (most, _) => most,
            };
            let mut position = UntilPosition {
                cycle: cycles + 1,
                most,
                left: self.left(level, first, until),
                ratio: None,
            };
            if cycles >= UntilPlan::FEWEST {
                let ended = self.look(level, first, &mut position);
                // The last cycles may have been slower than the first: time that is spent is spent.
                let is_spent = position.left.is_zero();
                if ended || is_spent || most.is_some_and(|most| cycles >= most) {
                    return Ok(None);
                }
            }
            self.session.set_most_cycles(most);
            let at = LevelPlace { level, first };
            match self.cycle(at, until, position, cancel)? {
                CycleEnd::Whole => {}
                CycleEnd::Broken => return Ok(None),
            }
        }
    }

    /// Runs a cold round and a warm one.
    fn cycle(
        &mut self,
        at: LevelPlace,
        until: UntilPlan,
        mut position: UntilPosition,
        cancel: &Cancel,
    ) -> anyhow::Result<CycleEnd> {
        let cycle = position.cycle - 1;
        for (step, kind) in (1..).zip([RoundKind::Cold, RoundKind::Warm]) {
            if cancel.is_cancelled() {
                return Ok(CycleEnd::Broken);
            }
            let spec = RoundSpec {
                number: 2 * cycle + step,
                epoch: Some(cycle),
                kind,
                kept_percent: None,
            };
            position.left = self.left(at.level, at.first, until);
            self.round(at.level, spec, Some(position), cancel)?;
            if self.had_too_many_failures() {
                return Ok(CycleEnd::Broken);
            }
        }
        Ok(CycleEnd::Whole)
    }

    /// Looks at the cycles so far, and says what they come to. Returns whether that ends the level.
    fn look(&self, level: u32, first: usize, position: &mut UntilPosition) -> bool {
        let mut rounds = self.rounds[first..].to_vec();
        let known = self.known.at_level(level, &self.stored.dataset);
        let found = compare(&mut rounds, &self.stored.judging(), &known);
        let (ttft, done) = (&found.ttft, position.cycle - 1);
        let interval = ttft.interval_low.zip(ttft.interval_high);
        position.ratio = ttft.ratio.zip(interval);
        let ended = found.conclusion.is_final();
        if let (false, Some((ratio, (low, high)))) = (ended, position.ratio) {
            let most = position.most.unwrap_or(done);
            note(&self.stored.output.lang.pick([
                format!(
                    "cycle {done} of at most {most}: {ratio:.3}× ({low:.3}–{high:.3}×), not decided yet"
                ),
                format!("第 {done} 个冷热循环（最多 {most} 个）：{ratio:.3}×（{low:.3}–{high:.3}×），尚未判定"),
            ]));
        }
        ended
    }

    /// The time that a level may take: what earlier levels left, in equal parts for those to come, ns.
    fn share_of(&self, level: u32, until: UntilPlan) -> u64 {
        let budget = until.budget_ms.saturating_mul(1_000_000);
        budget.saturating_sub(self.spent_before(level)) / self.levels_to_come(level)
    }

    /// Levels that are to be run, this one among them.
    fn levels_to_come(&self, level: u32) -> u64 {
        let levels = self.stored.levels.len() as u64;
        levels.saturating_sub(u64::from(level)).max(1)
    }

    /// What rounds of earlier levels took, ns.
    fn spent_before(&self, level: u32) -> u64 {
        let earlier = self.rounds.iter().filter(|round| round.meta.level < level);
        earlier.map(|round| took_ns(&round.meta)).sum()
    }

    /// What is left of a level's time.
    fn left(&self, level: u32, first: usize, until: UntilPlan) -> Duration {
        let spent: u64 = self.rounds[first..]
            .iter()
            .map(|round| took_ns(&round.meta))
            .sum();
        Duration::from_nanos(self.share_of(level, until).saturating_sub(spent))
    }

    /// Says which budget would have been enough.
    fn too_short(&self, level: u32, until: UntilPlan, cycle_ns: u64, most: u32) -> Usage {
        let to_come = self.levels_to_come(level);
        let fewest = u64::from(UntilPlan::FEWEST);
        let needed_ns = self.spent_before(level) + fewest * cycle_ns * to_come;
        let needed = needed_ns.div_ceil(1_000_000_000);
        let budget = Budget::of_ms(until.budget_ms);
        let cycle = Duration::from_nanos(cycle_ns).as_secs_f64();
        let at = load_text(self.stored.own_load(level), Lang::En);
        Usage(format!(
            "--budget {budget}: a cold and a warm round at {at} took {cycle:.1} s, so there is time for {most} such cycles of this level, and at least {fewest} are needed: give --budget {needed}s or more (the same command with --resume DIR and that budget goes on)"
        ))
    }
}

/// What the first cycle took, from what was done before it to its end, ns; `None` before there is one.
fn cycle_ns(rounds: &[RoundResult]) -> Option<u64> {
    let (cold, warm) = (&rounds.first()?.meta, &rounds.get(1)?.meta);
    Some(warm.ended_ns.saturating_sub(began_ns(cold)))
}

/// What a round took with what was done before it, ns.
fn took_ns(meta: &RoundMeta) -> u64 {
    meta.ended_ns.saturating_sub(began_ns(meta))
}

fn began_ns(meta: &RoundMeta) -> u64 {
    meta.prepared_ns.unwrap_or(meta.started_ns)
}
