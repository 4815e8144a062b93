//! A time of one run in logarithms, by prompt and by cycle.

use crate::{level::design::CYCLE_SHARE, level::estimate::PromptLog, numbers::mean::mean_of};
use dualround_model::{RequestRow, RoundResult};

/// A time of a request of a round, by its index.
pub(super) type RoundMetricOf = fn(&RoundResult, u32, &RequestRow) -> Option<f64>;

/// Logarithms of one run by prompt, a list a cycle, each in order of the prompts.
pub(super) struct RunLogs {
    pub(super) cycles: Vec<Vec<PromptLog>>,
}

impl RunLogs {
    /// The logarithms of a time of successful requests; of a prompt that a round asked several
    /// times, the mean.
    pub(super) fn of(rounds: &[&RoundResult], pick: RoundMetricOf) -> Self {
        Self::of_logs(rounds.iter().map(|round| of_round(round, pick)).collect())
    }

    /// Logarithms that are there already, a list a cycle.
    pub(super) fn of_logs(cycles: Vec<Vec<PromptLog>>) -> Self {
        // One that was cut short would have the weight of a whole one.
        let most = cycles.iter().map(Vec::len).max().unwrap_or(0);
        let whole = cycles
            .into_iter()
            .filter(|cycle| !cycle.is_empty() && cycle.len() as f64 >= CYCLE_SHARE * most as f64);
        Self {
            cycles: whole.collect(),
        }
    }

    /// The mean over the cycles of each prompt that all of them have.
    pub(super) fn by_prompt(&self) -> Vec<PromptLog> {
        let Some((first, rest)) = self.cycles.split_first() else {
            return Vec::new();
        };
        let everywhere = first.iter().filter_map(|log| {
            let mut sum = log.ln;
            for cycle in rest {
                sum += ln_of(cycle, log.prompt)?;
            }
            Some(PromptLog {
                prompt: log.prompt,
                ln: sum / self.cycles.len() as f64,
            })
        });
        everywhere.collect()
    }

    /// The mean of each cycle over these prompts.
    pub(super) fn by_cycle(&self, prompts: Option<&[u64]>) -> Vec<f64> {
        let cycles = self.cycles.iter().map(|cycle| {
            let used = cycle.iter().filter(|log| {
                prompts.is_none_or(|wanted| wanted.binary_search(&log.prompt).is_ok())
            });
            used.map(|log| log.ln).collect::<Vec<_>>()
        });
        cycles.filter_map(|values| mean_of(&values)).collect()
    }
}

/// One round's logarithms, in order of the prompts.
fn of_round(round: &RoundResult, pick: RoundMetricOf) -> Vec<PromptLog> {
    let logs = round.requests.successes().filter_map(|(index, row)| {
        let value = pick(round, index, row).filter(|value| *value > 0.0)?;
        Some(PromptLog {
            prompt: round.requests.unit(index, row),
            ln: value.ln(),
        })
    });
    let mut logs: Vec<PromptLog> = logs.collect();
    logs.sort_by_key(|log| log.prompt);
    let same = logs.chunk_by(|a, b| a.prompt == b.prompt);
    let means = same.map(|same| {
        let sum: f64 = same.iter().map(|log| log.ln).sum();
        PromptLog {
            prompt: same[0].prompt,
            ln: sum / same.len() as f64,
        }
    });
    means.collect()
}

/// The logarithm of a prompt in a list in order of the prompts.
fn ln_of(logs: &[PromptLog], prompt: u64) -> Option<f64> {
    let at = logs.binary_search_by_key(&prompt, |log| log.prompt).ok()?;
    Some(logs[at].ln)
}

/// A prompt that both runs have, with the logarithm of each.
pub(super) struct CommonPrompt {
    pub(super) prompt: u64,
    pub(super) base: f64,
    pub(super) new: f64,
}

/// The prompts that both runs have, in their order.
pub(super) fn common_prompts(base: &[PromptLog], new: &[PromptLog]) -> Vec<CommonPrompt> {
    let common = base.iter().filter_map(|log| {
        Some(CommonPrompt {
            prompt: log.prompt,
            base: log.ln,
            new: ln_of(new, log.prompt)?,
        })
    });
    common.collect()
}

pub(super) fn lns(logs: &[PromptLog]) -> Vec<f64> {
    logs.iter().map(|log| log.ln).collect()
}
