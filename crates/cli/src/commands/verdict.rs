//! The exit code of a run that came to its end: what its gates say, and what there is to report.

use crate::screen::alarm;
use crate::{exit, gate::Gate};
use dualround_model::{Lang, LevelComparison, Load, Plan, RoundResult, RoundStop, Verdict};
use dualround_report::{level_json, load_text};

/// Holds a run against its gates, and says which failed.
pub(crate) fn verdict(plan: &Plan, rounds: &[RoundResult], levels: &[LevelComparison]) -> u8 {
    let judged = JudgedRun {
        plan,
        rounds,
        levels,
        lang: plan.output.lang,
    };
    if let Some(code) = judged.nothing() {
        return code;
    }
    // All that failed is told, of every kind; the first decides.
    let failed = [
        judged.not_cold(),
        judged.gates(),
        judged.ended(),
        judged.too_many_failures(),
    ];
    failed.into_iter().flatten().next().unwrap_or(exit::OK)
}

struct JudgedRun<'a> {
    plan: &'a Plan,
    rounds: &'a [RoundResult],
    levels: &'a [LevelComparison],
    lang: Lang,
}

impl JudgedRun<'_> {
    /// Says why the exit code is this one.
    fn fail(&self, code: u8, [en, zh]: [String; 2]) -> u8 {
        alarm(&self.lang.pick([
            format!("{en} (exit code {code})"),
            format!("{zh}（退出码 {code}）"),
        ]));
        code
    }

    /// The same of each, as a gate.
    fn fail_each(&self, failed: impl Iterator<Item = [String; 2]>) -> Option<u8> {
        let mut code = None;
        for words in failed {
            code = Some(self.fail(exit::GATE, words));
        }
        code
    }

    /// No request succeeded, or none in both rounds where the schedule had a pair to make.
    fn nothing(&self) -> Option<u8> {
        let successes = self.rounds.iter();
        let successes: u64 = successes.map(|r| r.summary.successful_requests).sum();
        let pairless = !self.levels.iter().any(LevelComparison::has_pairs);
        let words = if successes == 0 {
            [
                "nothing valid to report: every request failed".to_owned(),
                "没有有效结果：所有请求均失败".to_owned(),
            ]
        } else if self.plan.schedule.has_pair() && pairless && !self.was_ended() {
            [
                "nothing valid to report: no request succeeded in a cold round and in its warm one"
                    .to_owned(),
                "没有有效结果：没有请求在冷轮及其热轮中都成功".to_owned(),
            ]
        } else {
            return None;
        };
        Some(self.fail(exit::NOTHING, words))
    }

    /// `--require-cold`; every level that was not is told.
    fn not_cold(&self) -> Option<u8> {
        if !self.plan.cold.require_cold {
            return None;
        }
        let levels = self.levels.iter().filter_map(|level| {
            let [at, at_zh] = at(level.load);
            let verdict = match level.cold.verdict {
                Verdict::Cold => return None,
                Verdict::Contaminated => "contaminated",
                Verdict::Unknown => "unknown",
            };
            Some([
                format!("--require-cold: the cold round at {at} is {verdict} (cold.verdict)"),
                format!("--require-cold：{at_zh} 的冷轮判定为 {verdict}（cold.verdict）"),
            ])
        });
        self.fail_each(levels)
    }

    /// Every `--fail-if` against every level; all that fail are told.
    fn gates(&self) -> Option<u8> {
        let mut failed = None;
        let gates = self.plan.cold.fail_if.iter();
        for gate in gates.filter_map(|text| Gate::parse(text).ok()) {
            for level in self.levels {
                let held = match gate.check(&level_json(level)) {
                    Ok(held) => held,
                    Err(error) => {
                        alarm(&error.to_string());
                        failed.get_or_insert(exit::USAGE);
                        break;
                    }
                };
                let Some(reason) = held.failure(&gate, self.lang) else {
                    continue;
                };
                let (text, [at, at_zh]) = (gate.text(), at(level.load));
                self.fail(
                    exit::GATE,
                    [
                        format!("--fail-if '{text}' at {at}: {reason}"),
                        format!("--fail-if '{text}'，{at_zh}：{reason}"),
                    ],
                );
                failed.get_or_insert(exit::GATE);
            }
        }
        failed
    }

    /// Whether a limit of failures ended a level.
    fn was_ended(&self) -> bool {
        let mut rounds = self.rounds.iter();
        rounds.any(|round| round.meta.stopped.is_some_and(RoundStop::is_failure))
    }

    /// A limit of failures ended a level; every one is told.
    fn ended(&self) -> Option<u8> {
        let ended = self.rounds.iter().filter_map(|round| {
            let stop = round.meta.stopped.filter(|stop| stop.is_failure())?;
            let (flag, [at, at_zh]) = (stop.flag(), at(round.meta.load));
            Some([
                format!("{flag}: the level of {at} was ended early"),
                format!("{flag}：{at_zh} 提前结束"),
            ])
        });
        self.fail_each(ended)
    }

    /// `--max-failure-rate`; every round above it is told.
    fn too_many_failures(&self) -> Option<u8> {
        let limit = self.plan.limits.max_failure_rate?;
        let above = self
            .rounds
            .iter()
            .filter(|round| failure_rate(round) > limit);
        let told = above.map(|round| {
            let (rate, [at, at_zh]) = (100.0 * failure_rate(round), at(round.meta.load));
            let number = round.meta.spec.number;
            [
                format!(
                    "--max-failure-rate {limit}: {rate:.2} % of the requests failed at {at} in round {number}"
                ),
                format!(
                    "--max-failure-rate {limit}：{at_zh} 第 {number} 轮有 {rate:.2}% 的请求失败"
                ),
            ]
        });
        self.fail_each(told)
    }
}

/// The share of a round's requests that failed.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn failure_rate(round: &RoundResult) -> f64 {
    round.summary.failed_requests as f64 / round.summary.total_requests.max(1) as f64
}

/// A level by its load, in both languages.
fn at(load: Load) -> [String; 2] {
    [Lang::En, Lang::Zh].map(|lang| load_text(load, lang))
}
