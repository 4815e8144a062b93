//! Rounds beside the schedule's cold and warm ones: outer tiers alone, and shares of each prompt.
//! Each is judged as one pair with the cold round of its epoch.

use super::{
    design::{Cycle, Design},
    estimate::estimate_all,
};
use crate::{
    cache::hits::Hits,
    cache::server,
    level::kinds::{cold_of, of_kind},
};
use dualround_model::{
    Allowance, ExternalTier, MetricComparison, PartialPoint, RequestRow, RoundKind, RoundResult,
};

/// A round with the cold one of its epoch.
fn with_cold<'a>(rounds: &'a [RoundResult], round: &'a RoundResult) -> Option<Cycle<'a>> {
    Some((cold_of(rounds, round)?, round))
}

/// TTFT over cycles that are judged as one pair each.
fn ttft(cycles: Vec<Cycle<'_>>, noise: Allowance) -> MetricComparison {
    let design = Design::pairs(cycles);
    estimate_all(&design, RequestRow::ttft_ms, noise).metric
}

/// The partial rounds, smallest share first.
pub(crate) fn partial(rounds: &[RoundResult], noise: Allowance) -> Vec<PartialPoint> {
    let partial = of_kind(rounds, RoundKind::Partial);
    let mut points: Vec<PartialPoint> = partial
        .filter_map(|round| partial_point(rounds, round, noise))
        .collect();
    points.sort_by_key(|point| point.cut.asked_percent);
    points
}

fn partial_point(
    rounds: &[RoundResult],
    round: &RoundResult,
    noise: Allowance,
) -> Option<PartialPoint> {
    let alone = std::slice::from_ref(round);
    Some(PartialPoint {
        cut: round.meta.cut?,
        ttft: ttft(vec![with_cold(rounds, round)?], noise),
        usage: Hits::of_kind(alone, RoundKind::Partial).rate(),
        server: server::rate(alone.iter()),
    })
}

/// The rounds of outer tiers alone.
pub(crate) fn external(rounds: &[RoundResult], noise: Allowance) -> Option<ExternalTier> {
    let external = of_kind(rounds, RoundKind::External);
    let cycles: Vec<Cycle<'_>> = external
        .filter_map(|round| with_cold(rounds, round))
        .collect();
    (!cycles.is_empty()).then(|| ExternalTier {
        ttft: ttft(cycles, noise),
        usage: Hits::of_kind(rounds, RoundKind::External).rate(),
        tiers: server::tiers(rounds, RoundKind::External),
    })
}
