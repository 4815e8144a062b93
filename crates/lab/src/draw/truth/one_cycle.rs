//! One cycle, with the repeats of its rounds.

use super::{
    AskedRounds,
    means::{PromptValue, as_ratios, mean, middles, prompt_means, spread, values, widened},
};
use crate::draw::{
    plain::PlainFigures,
    scenario::{ClassTruth, CyclePlace, ScenarioTruth},
};
use dualround_model::RoundKind;

/// A repeat of a round counts when it holds this share of the prompts of the pair.
const REPEAT_SHARE: f64 = 0.9;
/// t(0.975, 1) · √(3/4): the distance of two repeats times this is an exact 95 % interval.
const REPEATS_FACTOR: f64 = 11.0;

/// A cycle, with the repeats of its rounds that hold enough of it.
struct RepeatedCycle<'a> {
    asked: AskedRounds<'a>,
    colds: Vec<usize>,
    warms: Vec<usize>,
    /// Rows that succeeded in both rounds of the cycle itself.
    pair: Vec<usize>,
    /// Rows that succeeded in all repeats.
    complete: Vec<usize>,
}

impl<'a> RepeatedCycle<'a> {
    fn of(asked: AskedRounds<'a>, cycle: CyclePlace) -> Self {
        let pair = asked.paired_rows(cycle);
        let colds = repeats(asked, &pair, RoundKind::Cold, cycle.cold);
        let warms = repeats(asked, &pair, RoundKind::Warm, cycle.warm);
        let mut complete = pair.clone();
        for round in colds.iter().chain(&warms) {
            complete.retain(|row| asked.time(*round, *row).is_some());
        }
        Self {
            asked,
            colds,
            warms,
            pair,
            complete,
        }
    }

    /// The mean of ln over some rounds.
    fn side(&self, rounds: &[usize], row: usize) -> f64 {
        let logs = rounds.iter().filter_map(|at| self.asked.time(*at, row));
        mean(&logs.map(f64::ln).collect::<Vec<_>>())
    }

    /// ln(cold / warm).
    fn effect(&self, row: usize) -> f64 {
        self.side(&self.colds, row) - self.side(&self.warms, row)
    }

    /// A value of these rows, as the mean of each prompt.
    fn by_prompt(&self, rows: &[usize], value: impl Fn(usize) -> f64) -> Vec<f64> {
        let rows = rows.iter().map(|row| PromptValue {
            prompt: self.asked.prompts[*row],
            value: value(*row),
        });
        values(&prompt_means(&rows.collect::<Vec<_>>()))
    }

    /// ln of the last over the first of these rounds, by prompt; `None` of one round.
    fn apart(&self, rounds: &[usize]) -> Option<Vec<f64>> {
        let (first, last) = (*rounds.first()?, *rounds.last()?);
        (first != last).then(|| {
            self.by_prompt(&self.complete, |row| {
                self.side(&[last], row) - self.side(&[first], row)
            })
        })
    }

    /// The warm requests that hit, or those that missed.
    fn class(&self, hits: bool) -> ClassTruth {
        let rows = self.of_class(&self.complete, hits);
        let found = self.by_prompt(&rows, |row| self.effect(row));
        let requests = self.of_class(&self.pair, hits).len();
        ClassTruth {
            requests: u32::try_from(requests).unwrap_or(u32::MAX),
            ratio: (!found.is_empty()).then(|| mean(&found).exp()),
        }
    }

    fn of_class(&self, rows: &[usize], hits: bool) -> Vec<usize> {
        let rows = rows.iter().copied();
        rows.filter(|row| self.asked.hits[*row] == hits).collect()
    }

    /// Plain figures, each side the mean of its rounds.
    fn plain(&self) -> Option<PlainFigures> {
        let rows = self.complete.iter();
        let pairs = rows.map(|row| {
            (
                self.mean_ms(&self.colds, *row),
                self.mean_ms(&self.warms, *row),
            )
        });
        PlainFigures::of(&pairs.collect::<Vec<_>>())
    }

    fn mean_ms(&self, rounds: &[usize], row: usize) -> f64 {
        let times = rounds.iter().filter_map(|at| self.asked.time(*at, row));
        mean(&times.collect::<Vec<_>>())
    }
}

/// The rounds of a kind that hold nearly all of the pair, the pair's own among them.
fn repeats(asked: AskedRounds<'_>, pair: &[usize], kind: RoundKind, own: usize) -> Vec<usize> {
    let mut repeats = Vec::new();
    for (at, round) in asked.rounds.iter().enumerate() {
        let there = pair.iter().filter(|row| round.time(**row).is_some());
        let held = there.count() as f64 >= REPEAT_SHARE * pair.len() as f64;
        if round.kind == kind && (at == own || held) {
            repeats.push(at);
        }
    }
    repeats
}

/// Fills in what is true of one cycle.
pub(super) fn one_cycle(
    truth: &mut ScenarioTruth,
    asked: AskedRounds<'_>,
    cycle: CyclePlace,
    allowed: f64,
) {
    let cycle = RepeatedCycle::of(asked, cycle);
    truth.hits = cycle.class(true);
    truth.misses = cycle.class(false);
    let one = cycle.colds.len() == 1 && cycle.warms.len() == 1;
    truth.row = if one { "cw" } else { "cwc" }.to_owned();
    let effects = cycle.by_prompt(&cycle.complete, |row| cycle.effect(row));
    if effects.is_empty() {
        return;
    }
    truth.plain = cycle.plain();
    truth.middles = Some(middles(&effects));
    let cold = cycle.by_prompt(&cycle.complete, |row| cycle.side(&cycle.colds, row));
    let warm = cycle.by_prompt(&cycle.complete, |row| cycle.side(&cycle.warms, row));
    let (cold, warm) = (mean(&cold), mean(&warm));
    truth.prompts = u32::try_from(effects.len()).unwrap_or(u32::MAX);
    truth.seen_ratio = Some((cold - warm).exp());
    truth.seen_ms = Some((cold.exp(), warm.exp()));
    let (colds, warms) = (cycle.apart(&cycle.colds), cycle.apart(&cycle.warms));
    truth.colds_apart = colds.as_deref().map(mean);
    truth.warms_apart = warms.as_deref().map(mean);
    let Some(of_prompts) = spread(&effects) else {
        return;
    };
    truth.spread = Some(as_ratios(of_prompts));
    let apart: Vec<Vec<f64>> = colds.into_iter().chain(warms).collect();
    let by = widening(allowed, &apart);
    truth.interval = Some(as_ratios(widened(of_prompts, by)));
}

/// What the spread is widened by: what is allowed, or more where repeats are known to be farther
/// apart, but no more than the exact interval of their distance.
fn widening(allowed: f64, apart: &[Vec<f64>]) -> f64 {
    if apart.is_empty() {
        return allowed;
    }
    let far = apart.iter().filter_map(|values| spread(values));
    let far = far.map(|(low, high)| low.abs().max(high.abs()));
    let distance = apart.iter().map(|values| mean(values).abs());
    allowed
        .max(far.fold(0.0, f64::max))
        .min(REPEATS_FACTOR * distance.fold(0.0, f64::max))
}
