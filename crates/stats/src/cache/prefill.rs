//! TTFT against prompt tokens that had to be computed: a line by Theil and Sen (the median of the
//! slopes of all pairs of points; Sen, J. Am. Stat. Assoc. 63 (1968) 1379), which a tenth of odd
//! points does not move.

use crate::numbers::quantile::stat;
use dualround_model::{NoPrefillLine, PrefillModel, RoundResult};

/// Points of a fit at least, and at most (a fixed stride thins more out: slopes are quadratic).
const POINTS: (usize, usize) = (8, 800);
/// The longest prompt part must be so many times the shortest.
const SPAN: f64 = 2.0;
/// Below this share of explained spread, the line says nothing.
const FIT: f64 = 0.5;

/// Fits the rounds of a level.
pub(crate) fn fit(rounds: &[RoundResult]) -> PrefillModel {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (_, row) in rounds.iter().flat_map(|round| round.requests.successes()) {
        let known = row.input_tokens().zip(row.cached_tokens());
        let known = known.zip(row.ttft_ms());
        if let Some(((input, cached), ttft)) = known {
            points.push((input.saturating_sub(cached) as f64, ttft));
        }
    }
    let n = points.len() as u64;
    let queued = rounds
        .iter()
        .any(|round| round.meta.load.concurrency() != Some(1));
    let refuse = |reason: NoPrefillLine| PrefillModel {
        n,
        refused: Some(reason),
        ..PrefillModel::default()
    };
    if queued {
        return refuse(NoPrefillLine::Queueing);
    }
    if points.len() < POINTS.0 {
        return refuse(NoPrefillLine::FewPoints);
    }
    let extreme =
        |pick: fn(f64, f64) -> f64| points.iter().map(|(x, _)| *x).reduce(pick).unwrap_or(0.0);
    let (least, most) = (extreme(f64::min), extreme(f64::max));
    if most < SPAN * least.max(1.0) {
        return refuse(NoPrefillLine::NearlyOneLength);
    }
    let step = points.len().div_ceil(POINTS.1);
    let points: Vec<(f64, f64)> = points.into_iter().step_by(step).collect();
    let mut slopes = Vec::new();
    for (at, a) in points.iter().enumerate() {
        for b in &points[at + 1..] {
            if a.0.total_cmp(&b.0).is_ne() {
                slopes.push((b.1 - a.1) / (b.0 - a.0));
            }
        }
    }
    let Some(slope) = stat(slopes).p50 else {
        return refuse(NoPrefillLine::OneLength);
    };
    let overhead = stat(points.iter().map(|(x, y)| y - slope * x))
        .p50
        .unwrap_or(0.0);
    let middle = stat(points.iter().map(|(_, y)| *y)).p50.unwrap_or(0.0);
    let spread =
        |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(|point| of(point).abs()).sum::<f64>();
    let all = spread(&|(_, y)| y - middle);
    let rest = spread(&|(x, y)| y - overhead - slope * x);
    let fit = if all > 0.0 { 1.0 - rest / all } else { 0.0 };
    if slope <= 0.0 || fit < FIT {
        return PrefillModel {
            fit: Some(fit),
            ..refuse(NoPrefillLine::NotFollowed)
        };
    }
    if overhead < 0.0 {
        return refuse(NoPrefillLine::BelowZero);
    }
    PrefillModel {
        n,
        refused: None,
        overhead_ms: Some(overhead),
        ms_per_token: Some(slope),
        fit: Some(fit),
        pays_from_tokens: Some((overhead / slope).ceil()),
        efficiency: None,
    }
}
