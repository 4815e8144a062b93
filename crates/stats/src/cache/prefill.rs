//! TTFT against prompt tokens that had to be computed: a line by Theil and Sen (the median of the
//! slopes of all pairs of points; Sen, J. Am. Stat. Assoc. 63 (1968) 1379), which a tenth of odd
//! points does not move.

use crate::numbers::quantile::stat;
use dualround_model::{NoPrefillLine, PrefillModel, RoundResult};

/// Points that a fit needs.
const FEWEST_POINTS: usize = 8;
/// Points of a fit at most: a fixed stride thins more out, since slopes are quadratic in them.
const MOST_POINTS: usize = 800;
/// The longest prompt part must be so many times the shortest.
const SPAN: f64 = 2.0;
/// Below this share of explained spread, the line says nothing.
const FIT: f64 = 0.5;

/// A request of the fit.
#[derive(Clone, Copy)]
struct Point {
    /// Prompt tokens that had to be computed.
    tokens: f64,
    ttft_ms: f64,
}

/// The line through the rounds of a level, or why there is none.
pub(crate) fn fit(rounds: &[RoundResult]) -> PrefillModel {
    let points = points(rounds);
    let n = points.len() as u64;
    match why_no_line(rounds, &points) {
        Some(reason) => refused(n, reason),
        None => fit_line(&points, n),
    }
}

/// A point for each success whose TTFT and hits are known.
fn points(rounds: &[RoundResult]) -> Vec<Point> {
    let mut points = Vec::new();
    for (_, row) in rounds.iter().flat_map(|round| round.requests.successes()) {
        let known = row.input_tokens().zip(row.cached_tokens());
        if let Some(((input, cached), ttft_ms)) = known.zip(row.ttft_ms()) {
            let tokens = input.saturating_sub(cached) as f64;
            points.push(Point { tokens, ttft_ms });
        }
    }
    points
}

/// No line, and why.
fn refused(n: u64, reason: NoPrefillLine) -> PrefillModel {
    PrefillModel {
        n,
        refused: Some(reason),
        ..PrefillModel::default()
    }
}

/// What makes a line through these points meaningless, whatever it would be.
fn why_no_line(rounds: &[RoundResult], points: &[Point]) -> Option<NoPrefillLine> {
    let mut rounds = rounds.iter();
    if rounds.any(|round| round.meta.load.concurrency() != Some(1)) {
        return Some(NoPrefillLine::Queueing);
    }
    if points.len() < FEWEST_POINTS {
        return Some(NoPrefillLine::FewPoints);
    }
    let tokens = points.iter().map(|point| point.tokens);
    let least = tokens.clone().reduce(f64::min).unwrap_or(0.0);
    let most = tokens.reduce(f64::max).unwrap_or(0.0);
    (most < SPAN * least.max(1.0)).then_some(NoPrefillLine::NearlyOneLength)
}

/// The line of Theil and Sen, unless the points do not follow it.
fn fit_line(points: &[Point], n: u64) -> PrefillModel {
    let step = points.len().div_ceil(MOST_POINTS);
    let points: Vec<Point> = points.iter().copied().step_by(step).collect();
    let Some(slope) = stat(slopes(&points)).p50 else {
        return refused(n, NoPrefillLine::OneLength);
    };
    let overheads = points
        .iter()
        .map(|point| point.ttft_ms - slope * point.tokens);
    let overhead = stat(overheads).p50.unwrap_or(0.0);
    let middle = stat(points.iter().map(|point| point.ttft_ms)).p50;
    let middle = middle.unwrap_or(0.0);
    let all = points.iter().map(|point| (point.ttft_ms - middle).abs());
    let all: f64 = all.sum();
    let rest = points
        .iter()
        .map(|point| (point.ttft_ms - overhead - slope * point.tokens).abs());
    let rest: f64 = rest.sum();
    let fit = if all > 0.0 { 1.0 - rest / all } else { 0.0 };
    if slope <= 0.0 || fit < FIT {
        return PrefillModel {
            fit: Some(fit),
            ..refused(n, NoPrefillLine::NotFollowed)
        };
    }
    if overhead < 0.0 {
        return refused(n, NoPrefillLine::BelowZero);
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

/// The slopes of all pairs of points of different lengths, ms per token.
fn slopes(points: &[Point]) -> Vec<f64> {
    let mut slopes = Vec::new();
    for (at, a) in points.iter().enumerate() {
        for b in &points[at + 1..] {
            if a.tokens.total_cmp(&b.tokens).is_ne() {
                slopes.push((b.ttft_ms - a.ttft_ms) / (b.tokens - a.tokens));
            }
        }
    }
    slopes
}
