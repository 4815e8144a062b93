//! One metric of a design: ratio, times that divide, spread, and the interval that decides. A
//! prompt is one observation, however often it was asked.

use super::{arithmetic::arithmetic, design::Design, overload};
use crate::{
    level::pairs::{MetricOf, PairFilter, matched},
    numbers::intervals::{
        FEWEST, Interval, coverage_of_looks, hodges_lehmann, t_interval, t_interval_at,
    },
    numbers::mean::mean,
    numbers::quantile::quantile,
};
use dualround_model::{
    Allowance, AllowanceSource, IntervalKind, MetricComparison, Repeated, RequestRow, RoundResult,
    Source, Withheld,
};
use std::collections::HashSet;

/// t(0.975, 1) · √(3/4): what the distance of two repeats of one side is multiplied by for an exact
/// 95 % interval of (mean of both) − (one of the other side), all of one variance.
const REPEATS_FACTOR: f64 = 11.0;

/// Repeats of a round, apart as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RepeatsApart {
    pub(crate) rounds: Repeated,
    /// ln of the last over the first, in the mean over prompts.
    pub(crate) ln: f64,
    /// Its interval over prompts.
    interval: Option<Interval>,
}

impl RepeatsApart {
    fn of(rounds: Repeated, lns: impl Iterator<Item = f64>) -> Self {
        let lns: Vec<f64> = lns.collect();
        Self {
            rounds,
            ln: mean(lns.iter().copied()),
            interval: prompts_interval(&lns),
        }
    }
}

/// A metric, and what the decision needs of it beside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Estimate {
    pub(crate) metric: MetricComparison,
    /// The repeats that are farthest apart, where a round was repeated.
    pub(crate) apart: Option<RepeatsApart>,
    /// With several cycles: what a round takes longer than the one before, in ln, by the first and
    /// the last cold one. It is in each cycle's ratio.
    pub(crate) trend: Option<f64>,
}

/// Logarithms of a metric of one prompt, or session, cold and warm.
#[derive(Clone, Copy)]
struct PairLogs {
    prompt: u64,
    cold: f64,
    warm: f64,
    /// Last − first of the cold rounds; 0 where there is one.
    colds_apart: f64,
    /// The same of the warm ones.
    warms_apart: f64,
}

/// Mean logarithms of both sides.
#[derive(Clone, Copy)]
struct MeanLogs {
    cold: f64,
    warm: f64,
}

impl MeanLogs {
    fn of(logs: &[PairLogs]) -> Self {
        Self {
            cold: mean(logs.iter().map(|logs| logs.cold)),
            warm: mean(logs.iter().map(|logs| logs.warm)),
        }
    }

    /// Each cycle has the same weight.
    fn of_cycles(cycles: &[Self]) -> Self {
        Self {
            cold: mean(cycles.iter().map(|cycle| cycle.cold)),
            warm: mean(cycles.iter().map(|cycle| cycle.warm)),
        }
    }
}

/// One logarithm of one prompt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PromptLog {
    pub(crate) prompt: u64,
    pub(crate) ln: f64,
}

/// Estimates a metric over all pairs of a design. `noise` is the allowance between rounds.
pub(crate) fn estimate_all(design: &Design<'_>, pick: MetricOf, noise: Allowance) -> Estimate {
    estimate(design, pick, noise, &|_, _| true)
}

/// Estimates a metric over the pairs of a design that are kept.
pub(crate) fn estimate(
    design: &Design<'_>,
    pick: MetricOf,
    noise: Allowance,
    keep: PairFilter<'_>,
) -> Estimate {
    let cycles = by_cycle(design, pick, keep);
    let mut metric = arithmetic(design, pick, keep);
    if overload::is_in(design) {
        metric.prompts = prompts_of(&cycles);
        withhold(&mut metric, Withheld::Overloaded);
        return Estimate {
            metric,
            ..Estimate::default()
        };
    }
    let means: Vec<MeanLogs> = cycles.iter().map(|logs| MeanLogs::of(logs)).collect();
    let logs = match cycles.len() {
        1 => cycles.into_iter().next().unwrap_or_default(),
        // A prompt is one observation, in however many cycles it was asked.
        _ => by_prompt(cycles.concat()),
    };
    if logs.is_empty() {
        return Estimate {
            metric,
            ..Estimate::default()
        };
    }
    let typical = if design.is_by_cycles() {
        MeanLogs::of_cycles(&means)
    } else {
        MeanLogs::of(&logs)
    };
    let spread = fill_in(&mut metric, typical, &logs);
    let apart = repeats_apart(design, &logs);
    let interval = match design.source {
        // What rounds differ by is between the cycles: nothing is allowed for beside it. A few
        // prompts decide nothing, however often they are asked.
        Source::Cycles | Source::Until => {
            spread.and_then(|_| between_cycles(&means, design.looks()))
        }
        _ => spread.map(|spread| {
            let allowance = widening(noise, &apart);
            metric.allowance = Some(allowance);
            widened(spread, allowance)
        }),
    };
    metric.interval_low = interval.map(|interval| interval.low.exp());
    metric.interval_high = interval.map(|interval| interval.high.exp());
    metric.interval_kind = interval.map(|_| match design.source {
        Source::Cycles => IntervalKind::TCycles,
        Source::Until => IntervalKind::TSequential,
        _ => IntervalKind::Allowed,
    });
    let farthest = apart.into_iter();
    Estimate {
        metric,
        apart: farthest.max_by(|a, b| a.ln.abs().total_cmp(&b.ln.abs())),
        trend: trend(design, pick),
    }
}

/// Different prompts of all cycles.
fn prompts_of(cycles: &[Vec<PairLogs>]) -> u64 {
    let prompts = cycles.iter().flatten().map(|logs| logs.prompt);
    prompts.collect::<HashSet<u64>>().len() as u64
}

/// Fills in ratios and typical values; the interval of the spread over prompts, in logarithms.
fn fill_in(
    metric: &mut MetricComparison,
    typical: MeanLogs,
    logs: &[PairLogs],
) -> Option<Interval> {
    let mut ratios: Vec<f64> = logs.iter().map(|logs| logs.cold - logs.warm).collect();
    let spread = prompts_interval(&ratios);
    ratios.sort_unstable_by(f64::total_cmp);
    metric.prompts = logs.len() as u64;
    metric.cold_typical = Some(typical.cold.exp());
    metric.warm_typical = Some(typical.warm.exp());
    metric.ratio = Some((typical.cold - typical.warm).exp());
    metric.ratio_median = quantile(&ratios, 0.5).map(f64::exp);
    metric.hodges_lehmann = hodges_lehmann(&ratios).map(f64::exp);
    metric.spread_low = spread.map(|spread| spread.low.exp());
    metric.spread_high = spread.map(|spread| spread.high.exp());
    spread
}

/// How far the repeats of each side are apart that has several rounds.
fn repeats_apart(design: &Design<'_>, logs: &[PairLogs]) -> Vec<RepeatsApart> {
    let mut apart = Vec::new();
    if design.colds.len() > 1 {
        let lns = logs.iter().map(|logs| logs.colds_apart);
        apart.push(RepeatsApart::of(Repeated::Cold, lns));
    }
    if design.warms.len() > 1 {
        let lns = logs.iter().map(|logs| logs.warms_apart);
        apart.push(RepeatsApart::of(Repeated::Warm, lns));
    }
    apart
}

/// The interval of the ratio over cycles, in logarithms: what rounds differ by as a whole is in it.
/// Of several looks all together cover 95 %.
fn between_cycles(means: &[MeanLogs], looks: u32) -> Option<Interval> {
    let ratios: Vec<f64> = means.iter().map(|mean| mean.cold - mean.warm).collect();
    t_interval_at(&ratios, coverage_of_looks(looks))
}

/// An interval in logarithms, widened on both sides.
fn widened(interval: Interval, allowance: Allowance) -> Interval {
    let by = (allowance.percent / 100.0).ln_1p();
    Interval {
        low: interval.low - by,
        high: interval.high + by,
    }
}

/// What a round takes longer than the one before, in ln, by the prompts that both the first and the
/// last cold round have.
fn trend(design: &Design<'_>, pick: MetricOf) -> Option<f64> {
    let (first, _) = design.cycles.first()?;
    let (last, _) = design.cycles.last()?;
    let rounds = last.meta.spec.number.checked_sub(first.meta.spec.number)?;
    let drifts = matched(first, last).filter_map(|(_, a, b)| Some(ln(b, pick)? - ln(a, pick)?));
    let drifts: Vec<f64> = drifts.collect();
    (rounds > 0 && !drifts.is_empty()).then(|| mean(drifts.into_iter()) / f64::from(rounds))
}

/// The logarithms of a design, one entry a prompt in each cycle that has any.
fn by_cycle(design: &Design<'_>, pick: MetricOf, keep: PairFilter<'_>) -> Vec<Vec<PairLogs>> {
    let mut cycles = match design.source {
        Source::Cwc => vec![by_prompt(repeated(design, pick, keep))],
        _ => {
            let each = design.cycles.iter();
            each.map(|(cold, warm)| by_prompt(paired(cold, warm, pick, keep)))
                .collect()
        }
    };
    cycles.retain(|logs| !logs.is_empty());
    cycles
}

/// ln(cold / warm) of a metric by prompt, a list a cycle, each in the order of prompts.
pub(crate) fn ratios(design: &Design<'_>, pick: MetricOf) -> Vec<Vec<PromptLog>> {
    let cycles = by_cycle(design, pick, &|_, _| true);
    cycles.iter().map(|logs| ratios_of(logs)).collect()
}

fn ratios_of(logs: &[PairLogs]) -> Vec<PromptLog> {
    let ratios = logs.iter().map(|logs| PromptLog {
        prompt: logs.prompt,
        ln: logs.cold - logs.warm,
    });
    ratios.collect()
}

/// What the spread is widened by: the noise, or what repeats differed by where that is known to be
/// more, or by the exact interval where that is less.
fn widening(noise: Allowance, apart: &[RepeatsApart]) -> Allowance {
    if apart.is_empty() {
        return noise;
    }
    let (mut far, mut distance) = (0.0_f64, 0.0_f64);
    for repeats in apart {
        if let Some(interval) = repeats.interval {
            far = far.max(interval.low.abs().max(interval.high.abs()));
        }
        distance = distance.max(repeats.ln.abs());
    }
    let exact = REPEATS_FACTOR * distance;
    let allowed = (noise.percent / 100.0).ln_1p();
    if far <= allowed && allowed <= exact {
        return noise;
    }
    Allowance {
        percent: 100.0 * allowed.max(far).min(exact).exp_m1(),
        source: AllowanceSource::Control,
    }
}

/// Student's t interval over prompts; `None` below six.
fn prompts_interval(values: &[f64]) -> Option<Interval> {
    if values.len() < FEWEST {
        return None;
    }
    t_interval(values)
}

/// The logarithm of a success that has the metric and is above zero.
fn ln(row: &RequestRow, pick: MetricOf) -> Option<f64> {
    let value = pick(row).filter(|value| *value > 0.0)?;
    row.is_success().then(|| value.ln())
}

/// The pairs of one cycle, of its cold round and its warm one.
fn paired(
    one: &RoundResult,
    other: &RoundResult,
    pick: MetricOf,
    keep: PairFilter<'_>,
) -> Vec<PairLogs> {
    matched(one, other)
        .filter(|(_, cold, warm)| keep(cold, warm))
        .filter_map(|(index, cold, warm)| {
            Some(PairLogs {
                prompt: one.requests.unit(index, cold),
                cold: ln(cold, pick)?,
                warm: ln(warm, pick)?,
                colds_apart: 0.0,
                warms_apart: 0.0,
            })
        })
        .collect()
}

/// The requests that have the metric in all repeats of both sides.
fn repeated(design: &Design<'_>, pick: MetricOf, keep: PairFilter<'_>) -> Vec<PairLogs> {
    let Some((one, warm)) = design.cycles.first() else {
        return Vec::new();
    };
    matched(one, warm)
        .filter(|(_, cold, warm)| keep(cold, warm))
        .filter_map(|(index, row, _)| {
            let cold = over_repeats(&design.colds, index, pick)?;
            let warm = over_repeats(&design.warms, index, pick)?;
            Some(PairLogs {
                prompt: one.requests.unit(index, row),
                cold: cold.mean,
                warm: warm.mean,
                colds_apart: cold.last - cold.first,
                warms_apart: warm.last - warm.first,
            })
        })
        .collect()
}

/// Logarithms of one request in the repeats of a round.
struct RepeatLogs {
    mean: f64,
    first: f64,
    last: f64,
}

/// The logarithms of a request over the repeats of a round; `None` where one of them lacks the
/// metric.
fn over_repeats(rounds: &[&RoundResult], index: u32, pick: MetricOf) -> Option<RepeatLogs> {
    let mut sum = 0.0;
    let (mut first, mut last) = (None, 0.0);
    for round in rounds {
        last = ln(round.requests.get(index)?, pick)?;
        first = first.or(Some(last));
        sum += last;
    }
    Some(RepeatLogs {
        mean: sum / rounds.len() as f64,
        first: first?,
        last,
    })
}

/// One entry a prompt: the mean over its requests. In place: of a million requests a second list
/// would be the most that is in memory.
fn by_prompt(mut logs: Vec<PairLogs>) -> Vec<PairLogs> {
    logs.sort_unstable_by_key(|logs| logs.prompt);
    let (mut from, mut to) = (0, 0);
    while from < logs.len() {
        let prompt = logs[from].prompt;
        let same = logs[from..].iter().take_while(|logs| logs.prompt == prompt);
        let same = &logs[from..from + same.count()];
        let merged = PairLogs {
            prompt,
            cold: mean(same.iter().map(|logs| logs.cold)),
            warm: mean(same.iter().map(|logs| logs.warm)),
            colds_apart: mean(same.iter().map(|logs| logs.colds_apart)),
            warms_apart: mean(same.iter().map(|logs| logs.warms_apart)),
        };
        from += same.len();
        logs[to] = merged;
        to += 1;
    }
    logs.truncate(to);
    logs
}

/// Takes the figures of a metric back and says why.
pub(crate) fn withhold(metric: &mut MetricComparison, reason: Withheld) {
    *metric = MetricComparison {
        pairs: metric.pairs,
        prompts: metric.prompts,
        cold_avg: metric.cold_avg,
        warm_avg: metric.warm_avg,
        withheld: Some(reason),
        ..MetricComparison::default()
    };
}
