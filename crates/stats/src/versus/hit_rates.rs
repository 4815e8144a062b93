//! Hit rates of two runs: ratios of sums over requests.

use super::change::{Better, CYCLES, absolute, blank};
use crate::{
    level::design::CYCLE_SHARE,
    numbers::intervals::{FEWEST, Interval, t_quantile, welch},
    numbers::mean::mean_of,
};
use dualround_model::{ChangeInterval, ChangeReason, MetricChange, RoundResult};
use std::collections::BTreeMap;

/// Hit rates that differ by less are alike.
const HIT_MARGIN: f64 = 0.05;

/// The tokens of one prompt, over its requests that reported both.
#[derive(Clone, Copy, Default)]
pub(super) struct PromptTokens {
    prompt: u64,
    cached: f64,
    tokens: f64,
}

/// What one prompt adds to the deviation of a rate.
struct Deviation {
    prompt: u64,
    of_rate: f64,
}

/// Cached and prompt tokens of a run.
pub(super) struct RunHits {
    /// In order of the prompts.
    prompts: Vec<PromptTokens>,
    /// The rate of each round that has one.
    rounds: Vec<f64>,
}

impl RunHits {
    /// The tokens of requests that reported both, and the rates of rounds that hold enough of them.
    pub(super) fn of(rounds: &[&RoundResult]) -> Self {
        let mut sums: BTreeMap<u64, PromptTokens> = BTreeMap::new();
        for (_, row) in rounds.iter().flat_map(|round| round.requests.successes()) {
            let known = row.cached_tokens().zip(row.input_tokens());
            if let Some((cached, input)) = known {
                let prompt = row.prompt();
                let sum = sums.entry(prompt).or_default();
                sum.prompt = prompt;
                sum.cached += cached as f64;
                sum.tokens += input as f64;
            }
        }
        // A round that was cut short would have the weight of a whole one.
        let summaries = rounds.iter().map(|round| &round.summary);
        let known = summaries.clone().map(|one| one.cache_known_requests);
        let most = known.max().unwrap_or(0);
        let rates = summaries
            .filter(|one| one.cache_known_requests as f64 >= CYCLE_SHARE * most as f64)
            .filter_map(|one| one.cache_hit_rate);
        Self {
            prompts: sums.into_values().collect(),
            rounds: rates.collect(),
        }
    }

    /// Σ cached / Σ prompt.
    fn rate(&self) -> Option<f64> {
        let cached: f64 = self.prompts.iter().map(|one| one.cached).sum();
        let all: f64 = self.prompts.iter().map(|one| one.tokens).sum();
        (all > 0.0).then(|| cached / all)
    }

    /// What each prompt adds to the deviation of the rate: (cached − rate · prompt) / mean prompt
    /// (Cochran, Sampling Techniques, 6.3).
    fn deviations(&self) -> Vec<Deviation> {
        let rate = self.rate().unwrap_or(0.0);
        let n = self.prompts.len().max(1) as f64;
        let mean = self.prompts.iter().map(|one| one.tokens).sum::<f64>() / n;
        let each = self.prompts.iter();
        let deviations = each.map(|one| Deviation {
            prompt: one.prompt,
            of_rate: (one.cached - rate * one.tokens) / mean,
        });
        deviations.collect()
    }
}

/// The change of a ratio of sums over requests, as a difference of shares.
pub(super) fn ratio_of_sums(
    name: &str,
    base: &RunHits,
    new: &RunHits,
    paired: bool,
) -> MetricChange {
    let mut out = blank(name, HIT_MARGIN, true);
    (out.base, out.new) = (base.rate(), new.rate());
    out.n = base.prompts.len().min(new.prompts.len()) as u64;
    let Some((old, now)) = out.base.zip(out.new) else {
        out.reason = Some(ChangeReason::NoCachedTokens);
        return out;
    };
    let few = base.prompts.len().min(new.prompts.len()) < FEWEST;
    if !few && base.rounds.len() >= CYCLES && new.rounds.len() >= CYCLES {
        out.n = base.rounds.len().min(new.rounds.len()) as u64;
        let interval = welch(&base.rounds, &new.rounds);
        let kind = ChangeInterval::TCycles;
        absolute(&mut out, now - old, interval, kind, Better::Higher);
        return out;
    }
    let interval = half_width(&base.deviations(), &new.deviations(), paired);
    let interval = interval.map(|half| Interval {
        low: now - old - half,
        high: now - old + half,
    });
    absolute(
        &mut out,
        now - old,
        interval,
        ChangeInterval::RatioOfSums,
        Better::Higher,
    );
    if interval.is_none() {
        out.reason = Some(ChangeReason::FewPrompts { prompts: out.n });
    }
    out
}

/// Half of the interval of the difference of two rates: over pairs where both runs have the same
/// prompts, else by Welch.
fn half_width(base: &[Deviation], new: &[Deviation], paired: bool) -> Option<f64> {
    if base.len() < FEWEST || new.len() < FEWEST {
        return None;
    }
    let mut pairs = base.iter().zip(new);
    let alike = base.len() == new.len() && pairs.all(|(old, now)| old.prompt == now.prompt);
    if paired && alike {
        let pairs = base.iter().zip(new);
        let differences: Vec<f64> = pairs.map(|(old, now)| now.of_rate - old.of_rate).collect();
        let n = differences.len() as f64;
        let error = (squares(&differences) / (n - 1.0) / n).sqrt();
        return t_quantile(n - 1.0).map(|t| t * error);
    }
    let old: Vec<f64> = base.iter().map(|one| one.of_rate).collect();
    let now: Vec<f64> = new.iter().map(|one| one.of_rate).collect();
    welch(&old, &now).map(|interval| (interval.high - interval.low) / 2.0)
}

/// The sum of squared distances from the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = mean_of(values).unwrap_or(0.0);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::Judgement;

    #[test]
    fn b047_hit_rates_are_ratios_of_sums() {
        // Long prompts hit, short ones do not: the mean of shares would be 0.5.
        let rows = |hit: f64| {
            let row = |prompt: u64| {
                let (cached, tokens) = match prompt % 2 {
                    0 => (hit * 900.0, 900.0),
                    _ => (0.0, 100.0),
                };
                PromptTokens {
                    prompt,
                    cached,
                    tokens,
                }
            };
            RunHits {
                prompts: (0..40).map(row).collect(),
                rounds: Vec::new(),
            }
        };
        let metric = ratio_of_sums("cache_hit_rate", &rows(1.0), &rows(0.2), true);
        assert!((metric.base.unwrap() - 0.9).abs() < 1e-12);
        assert!((metric.change.unwrap() + 0.72).abs() < 1e-12);
        assert_eq!(metric.judgement, Judgement::Worse);
        let same = ratio_of_sums("cache_hit_rate", &rows(0.9), &rows(0.9), true);
        assert_eq!((same.judgement, same.low), (Judgement::Same, Some(0.0)));
    }
}
