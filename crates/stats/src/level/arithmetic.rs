//! Means, differences and shares of a metric over the pairs of a design.

use super::design::Design;
use crate::{
    level::pairs::{MetricOf, PairFilter, matched},
    numbers::intervals::hodges_lehmann,
    numbers::mean::mean,
    numbers::share::share,
};
use dualround_model::{MetricComparison, RequestRow, RoundResult};

/// Counts and arithmetic figures over the pairs of the cycles; of repeated rounds each side is
/// their mean.
pub(super) fn arithmetic(
    design: &Design<'_>,
    pick: MetricOf,
    keep: PairFilter<'_>,
) -> MetricComparison {
    let (mut pairs, mut faster) = (0, 0);
    let (mut cold_sum, mut warm_sum) = (0.0, 0.0);
    let mut shifts: Vec<f64> = Vec::new();
    let cycles = design.cycles.iter();
    for (index, cold, warm) in cycles.flat_map(|(cold, warm)| matched(cold, warm)) {
        if !keep(cold, warm) {
            continue;
        }
        pairs += u64::from(pick(cold).is_some() && pick(warm).is_some());
        let cold = value_of_side(&design.colds, index, cold, pick);
        let warm = value_of_side(&design.warms, index, warm, pick);
        let Some((cold, warm)) = cold.zip(warm) else {
            continue;
        };
        cold_sum += cold;
        warm_sum += warm;
        faster += u64::from(warm < cold);
        shifts.push(cold - warm);
    }
    shifts.sort_unstable_by(f64::total_cmp);
    let n = shifts.len() as f64;
    let averages = (!shifts.is_empty()).then(|| (cold_sum / n, warm_sum / n));
    let above_zero = averages.filter(|(_, warm)| *warm > 0.0);
    MetricComparison {
        pairs,
        cold_avg: averages.map(|(cold, _)| cold),
        warm_avg: averages.map(|(_, warm)| warm),
        ratio_of_means: above_zero.map(|(cold, warm)| cold / warm),
        shift_ms: hodges_lehmann(&shifts),
        improved_share: share(faster, shifts.len() as u64),
        ..MetricComparison::default()
    }
}

/// The value of a request, of which `own` is the row in a pair: where its round was repeated, the
/// mean over the repeats, which must all have it.
fn value_of_side(
    rounds: &[&RoundResult],
    index: u32,
    own: &RequestRow,
    pick: MetricOf,
) -> Option<f64> {
    if rounds.len() < 2 {
        return pick(own);
    }
    let values = rounds.iter().map(|round| {
        let row = round.requests.get(index).filter(|row| row.is_success())?;
        pick(row)
    });
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    Some(mean(values.into_iter()))
}
