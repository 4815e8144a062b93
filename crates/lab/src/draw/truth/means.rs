//! Means and intervals in the plainest way.

use crate::draw::{
    plain::{median, walsh_median},
    student,
};

/// Prompts that an interval over them needs.
const FEWEST: usize = 6;

/// A value of one prompt.
#[derive(Clone, Copy)]
pub(super) struct PromptValue {
    pub(super) prompt: usize,
    pub(super) value: f64,
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The different prompts in their order, each with the mean over its rows.
pub(super) fn prompt_means(values: &[PromptValue]) -> Vec<PromptValue> {
    let mut prompts: Vec<usize> = values.iter().map(|one| one.prompt).collect();
    prompts.sort_unstable();
    prompts.dedup();
    let mut means = Vec::new();
    for prompt in prompts {
        let own = values.iter().filter(|other| other.prompt == prompt);
        let own: Vec<f64> = own.map(|one| one.value).collect();
        let value = mean(&own);
        means.push(PromptValue { prompt, value });
    }
    means
}

/// The values alone.
pub(super) fn values(of: &[PromptValue]) -> Vec<f64> {
    of.iter().map(|one| one.value).collect()
}

/// Student's 95 % interval of the mean.
fn t_interval(values: &[f64]) -> (f64, f64) {
    t_interval_of_looks(values, 1)
}

/// The same where it is looked at so many times, and all of them together are to err with 5 %.
pub(super) fn t_interval_of_looks(values: &[f64], looks: u32) -> (f64, f64) {
    let n = values.len() as f64;
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let half = student::quantile(values.len() - 1, 0.025 / f64::from(looks))
        * (squares / (n - 1.0) / n).sqrt();
    (centre - half, centre + half)
}

/// The interval over prompts; `None` of too few.
pub(super) fn spread(values: &[f64]) -> Option<(f64, f64)> {
    (values.len() >= FEWEST).then(|| t_interval(values))
}

pub(super) fn as_ratios((low, high): (f64, f64)) -> (f64, f64) {
    (low.exp(), high.exp())
}

pub(super) fn widened((low, high): (f64, f64), by: f64) -> (f64, f64) {
    (low - by, high + by)
}

/// Median and Hodges–Lehmann estimate, as ratios.
pub(super) fn middles(effects: &[f64]) -> (f64, Option<f64>) {
    (median(effects).exp(), walsh_median(effects).map(f64::exp))
}
