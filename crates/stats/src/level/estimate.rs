//! One metric of a design: ratio, times that divide, spread, and the interval that decides. A
//! prompt is one observation, however often it was asked.

use super::design::Design;
use crate::{
    level::pairs::matched,
    numbers::intervals::{FEWEST, Interval, hodges_lehmann, t_interval},
    numbers::quantile::quantile,
};
use dualround_model::{
    Allowance, AllowanceSource, IntervalKind, MetricComparison, Repeated, RequestRow, RoundResult,
    Source, Withheld,
};

/// t(0.975, 1) · √(3/4): what the distance of two repeats of one side is multiplied by for an exact
/// 95 % interval of (mean of both) − (one of the other side), all of one variance.
const REPEATS_FACTOR: f64 = 11.0;

/// Which value of a request is compared.
pub(crate) type Pick = fn(&RequestRow) -> Option<f64>;
/// Which pairs are, by their cold and warm request.
pub(crate) type Keep<'f> = &'f dyn Fn(&RequestRow, &RequestRow) -> bool;

/// Repeats of a round, apart as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Apart {
    pub(crate) rounds: Repeated,
    /// ln of the last over the first.
    pub(crate) ln: f64,
}

/// A metric, and what the decision needs of it beside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Estimate {
    pub(crate) metric: MetricComparison,
    /// The repeats that are farthest apart, where a round was repeated.
    pub(crate) apart: Option<Apart>,
    /// With several cycles: what a round takes longer than the one before, in ln, by the first and
    /// the last cold one. It is in each cycle's ratio.
    pub(crate) trend: Option<f64>,
}

/// Logarithms of one prompt.
#[derive(Clone, Copy)]
struct Logs {
    prompt: u64,
    cold: f64,
    warm: f64,
    /// Last − first of the cold rounds and of the warm ones; 0 where there is one.
    apart: [f64; 2],
}

/// Estimates a metric over the pairs of a design. `noise` is the allowance between rounds.
pub(crate) fn estimate(
    design: &Design<'_>,
    pick: Pick,
    noise: Allowance,
    keep: Keep<'_>,
) -> Estimate {
    let cycles = by_cycle(design, pick, keep);
    let mut metric = arithmetic(design, pick, keep);
    let means = cycles.iter().map(|logs| middle(logs));
    let means: Vec<(f64, f64)> = means.collect();
    let logs = match cycles.len() {
        1 => cycles.into_iter().next().unwrap_or_default(),
        _ => by_prompt(cycles.concat()),
    };
    if logs.is_empty() {
        return Estimate {
            metric,
            ..Estimate::default()
        };
    }
    let (cold, warm) = match design.source {
        Source::Cycles => (
            mean(means.iter().map(|(cold, _)| *cold)),
            mean(means.iter().map(|(_, warm)| *warm)),
        ),
        _ => middle(&logs),
    };
    let mut ratios: Vec<f64> = logs.iter().map(|logs| logs.cold - logs.warm).collect();
    let spread = prompts_interval(&ratios);
    ratios.sort_unstable_by(f64::total_cmp);
    metric.prompts = logs.len() as u64;
    metric.cold_typical = Some(cold.exp());
    metric.warm_typical = Some(warm.exp());
    metric.ratio = Some((cold - warm).exp());
    metric.ratio_median = quantile(&ratios, 0.5).map(f64::exp);
    metric.hodges_lehmann = hodges_lehmann(&ratios).map(f64::exp);
    metric.spread_low = spread.map(|spread| spread.low.exp());
    metric.spread_high = spread.map(|spread| spread.high.exp());
    let sides = [
        (Repeated::Cold, design.colds.len(), 0),
        (Repeated::Warm, design.warms.len(), 1),
    ];
    let apart: Vec<(Apart, Option<Interval>)> = sides
        .into_iter()
        .filter(|(_, repeats, _)| *repeats > 1)
        .map(|(rounds, _, at)| {
            let values: Vec<f64> = logs.iter().map(|logs| logs.apart[at]).collect();
            let ln = mean(values.iter().copied());
            (Apart { rounds, ln }, prompts_interval(&values))
        })
        .collect();
    let interval = match design.source {
        Source::Cycles => {
            let cycles: Vec<f64> = means.iter().map(|(cold, warm)| cold - warm).collect();
            let enough = spread.is_some();
            let interval = if enough { t_interval(&cycles) } else { None };
            interval.map(|interval| (interval, IntervalKind::TCycles))
        }
        _ => spread.map(|spread| {
            let allowance = widening(noise, &apart);
            metric.allowance = Some(allowance);
            let by = (allowance.percent / 100.0).ln_1p();
            let interval = Interval {
                low: spread.low - by,
                high: spread.high + by,
            };
            (interval, IntervalKind::Allowed)
        }),
    };
    metric.interval_low = interval.map(|(interval, _)| interval.low.exp());
    metric.interval_high = interval.map(|(interval, _)| interval.high.exp());
    metric.interval_kind = interval.map(|(_, kind)| kind);
    let farthest = apart.into_iter().map(|(apart, _)| apart);
    Estimate {
        metric,
        apart: farthest.max_by(|a, b| a.ln.abs().total_cmp(&b.ln.abs())),
        trend: trend(design, pick),
    }
}

/// By the prompts that both the first and the last cold round have.
fn trend(design: &Design<'_>, pick: Pick) -> Option<f64> {
    let (first, _) = design.cycles.first()?;
    let (last, _) = design.cycles.last()?;
    let rounds = last.meta.spec.number.checked_sub(first.meta.spec.number)?;
    let drifts = matched(first, last).filter_map(|(_, a, b)| Some(ln(b, pick)? - ln(a, pick)?));
    let drifts: Vec<f64> = drifts.collect();
    (rounds > 0 && !drifts.is_empty()).then(|| mean(drifts.into_iter()) / f64::from(rounds))
}

/// The logarithms of a design, one entry a prompt in each cycle that has any.
fn by_cycle(design: &Design<'_>, pick: Pick, keep: Keep<'_>) -> Vec<Vec<Logs>> {
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
pub(crate) fn ratios(design: &Design<'_>, pick: Pick) -> Vec<Vec<(u64, f64)>> {
    let ratio = |logs: &Logs| (logs.prompt, logs.cold - logs.warm);
    let cycles = by_cycle(design, pick, &|_, _| true);
    cycles
        .iter()
        .map(|logs| logs.iter().map(ratio).collect())
        .collect()
}

/// What the spread is widened by: the noise, or what repeats differed by where that is known to be
/// more, or by the exact interval where that is less.
fn widening(noise: Allowance, apart: &[(Apart, Option<Interval>)]) -> Allowance {
    if apart.is_empty() {
        return noise;
    }
    let far = |interval: &Option<Interval>| interval.map_or(0.0, |i| i.low.abs().max(i.high.abs()));
    let far = apart.iter().map(|(_, interval)| far(interval));
    let far = far.fold(0.0, f64::max);
    let distance = apart.iter().map(|(apart, _)| apart.ln.abs());
    let exact = REPEATS_FACTOR * distance.fold(0.0, f64::max);
    let allowed = (noise.percent / 100.0).ln_1p();
    if far <= allowed && allowed <= exact {
        return noise;
    }
    Allowance {
        percent: 100.0 * allowed.max(far).min(exact).exp_m1(),
        source: AllowanceSource::Control,
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// Mean logarithms of both sides.
fn middle(logs: &[Logs]) -> (f64, f64) {
    (
        mean(logs.iter().map(|logs| logs.cold)),
        mean(logs.iter().map(|logs| logs.warm)),
    )
}

/// Student's t interval over prompts; `None` below six.
fn prompts_interval(values: &[f64]) -> Option<Interval> {
    if values.len() < FEWEST {
        return None;
    }
    t_interval(values)
}

fn ln(row: &RequestRow, pick: Pick) -> Option<f64> {
    let value = pick(row).filter(|value| *value > 0.0)?;
    row.is_success().then(|| value.ln())
}

/// The pairs of one cycle.
fn paired(cold: &RoundResult, warm: &RoundResult, pick: Pick, keep: Keep<'_>) -> Vec<Logs> {
    matched(cold, warm)
        .filter(|(_, cold, warm)| keep(cold, warm))
        .filter_map(|(_, cold, warm)| {
            Some(Logs {
                prompt: cold.prompt(),
                cold: ln(cold, pick)?,
                warm: ln(warm, pick)?,
                apart: [0.0; 2],
            })
        })
        .collect()
}

/// The requests that have the metric in all repeats of both sides.
fn repeated(design: &Design<'_>, pick: Pick, keep: Keep<'_>) -> Vec<Logs> {
    let Some((cold, warm)) = design.cycles.first() else {
        return Vec::new();
    };
    let side = |rounds: &[&RoundResult], index: u32| {
        let mut sum = 0.0;
        let (mut first, mut last) = (None, 0.0);
        for round in rounds {
            last = ln(round.requests.get(index)?, pick)?;
            first = first.or(Some(last));
            sum += last;
        }
        Some((sum / rounds.len() as f64, last - first?))
    };
    matched(cold, warm)
        .filter(|(_, cold, warm)| keep(cold, warm))
        .filter_map(|(index, row, _)| {
            let (cold, colds) = side(&design.colds, index)?;
            let (warm, warms) = side(&design.warms, index)?;
            Some(Logs {
                prompt: row.prompt(),
                cold,
                warm,
                apart: [colds, warms],
            })
        })
        .collect()
}

/// One entry a prompt: the mean over its requests. In place: of a million requests a second list
/// would be the most that is in memory.
fn by_prompt(mut logs: Vec<Logs>) -> Vec<Logs> {
    logs.sort_unstable_by_key(|logs| logs.prompt);
    let (mut from, mut to) = (0, 0);
    while from < logs.len() {
        let prompt = logs[from].prompt;
        let same = logs[from..].iter().take_while(|logs| logs.prompt == prompt);
        let same = &logs[from..from + same.count()];
        let of = |pick: &dyn Fn(&Logs) -> f64| mean(same.iter().map(pick));
        let merged = Logs {
            prompt,
            cold: of(&|logs| logs.cold),
            warm: of(&|logs| logs.warm),
            apart: [of(&|logs| logs.apart[0]), of(&|logs| logs.apart[1])],
        };
        from += same.len();
        logs[to] = merged;
        to += 1;
    }
    logs.truncate(to);
    logs
}

/// Counts and arithmetic figures over the pairs of the cycles; of repeated rounds each side is their
/// mean.
fn arithmetic(design: &Design<'_>, pick: Pick, keep: Keep<'_>) -> MetricComparison {
    let side = |rounds: &[&RoundResult], index: u32, own: &RequestRow| {
        if rounds.len() < 2 {
            return pick(own);
        }
        let values = rounds.iter().map(|round| {
            let row = round.requests.get(index).filter(|row| row.is_success())?;
            pick(row)
        });
        let values: Vec<f64> = values.collect::<Option<_>>()?;
        Some(mean(values.into_iter()))
    };
    let pairs = || {
        let cycles = design.cycles.iter();
        cycles
            .flat_map(|(cold, warm)| matched(cold, warm))
            .filter(|(_, cold, warm)| keep(cold, warm))
    };
    let n = pairs().filter(|(_, cold, warm)| pick(cold).is_some() && pick(warm).is_some());
    let n = n.count() as u64;
    let both = || {
        pairs().filter_map(|(index, cold, warm)| {
            side(&design.colds, index, cold).zip(side(&design.warms, index, warm))
        })
    };
    let values = both().count();
    let of = |one: fn((f64, f64)) -> f64| {
        (values > 0).then(|| both().map(one).sum::<f64>() / values as f64)
    };
    let faster = both().filter(|(cold, warm)| warm < cold).count() as f64;
    let mut shifts: Vec<f64> = both().map(|(cold, warm)| cold - warm).collect();
    shifts.sort_unstable_by(f64::total_cmp);
    let (cold_avg, warm_avg) = (of(|(cold, _)| cold), of(|(_, warm)| warm));
    let above_zero = cold_avg.zip(warm_avg).filter(|(_, warm)| *warm > 0.0);
    MetricComparison {
        pairs: n,
        cold_avg,
        warm_avg,
        ratio_of_means: above_zero.map(|(cold, warm)| cold / warm),
        shift_ms: hodges_lehmann(&shifts),
        improved_share: (values > 0).then(|| faster / values as f64),
        ..MetricComparison::default()
    }
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
