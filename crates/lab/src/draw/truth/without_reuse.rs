//! What is true of rounds without reuse against cold ones.

use super::{
    AskedRounds,
    several::{Together, several},
};
use crate::draw::{
    records::cached_tokens,
    scenario::{CyclePlace, InsideTruth, ScenarioTruth},
};
use dualround_model::RoundKind;

/// What prompts share behind values of their own, and a block.
const ALLOWED: u64 = 16 + 16;
/// Share of a round that is tolerated beyond it.
const TOLERANCE: f64 = 0.01;

/// Rounds without reuse against cold ones, as pairs; `effect`: what the world has, in ln; `None`
/// without a pair.
pub(super) fn inside(asked: AskedRounds<'_>, effect: f64, allowed: f64) -> Option<InsideTruth> {
    let pairs = pairs(asked);
    if pairs.is_empty() {
        return None;
    }
    // The one without reuse stands where a cold round does.
    let mut figures = ScenarioTruth {
        cycles: pairs.clone(),
        ..ScenarioTruth::default()
    };
    several(&mut figures, asked, Together::ByPrompt, allowed);
    let without: Vec<usize> = pairs.iter().map(|pair| pair.cold).collect();
    let cold: Vec<usize> = pairs.iter().map(|pair| pair.warm).collect();
    let seen = without.iter().map(|round| HitsOf::round(asked, *round));
    let seen: Vec<HitsOf> = seen.collect();
    Some(InsideTruth {
        cycles: pairs.len() as u64,
        prompts: figures.prompts,
        lost: asked.lost(&pairs),
        ratio: effect.exp(),
        seen_ratio: figures.seen_ratio.filter(|ratio| ratio.is_finite()),
        interval: figures.interval,
        rate_without: rate(asked, &without),
        rate: rate(asked, &cold),
        contaminated: seen.iter().any(HitsOf::is_contaminated),
        any_foreign: seen.iter().any(|round| round.cached > 0),
        unanswered: seen.iter().any(|round| round.tokens == 0),
    })
}

/// Each round without reuse with the next cold one, else with the last one before it.
fn pairs(asked: AskedRounds<'_>) -> Vec<CyclePlace> {
    let of_kind = |kind: RoundKind| {
        let rounds = asked.rounds.iter().enumerate();
        rounds
            .filter(move |(_, round)| round.kind == kind)
            .map(|(at, _)| at)
    };
    let mut pairs = Vec::new();
    for without in of_kind(RoundKind::NoReuse) {
        let after = of_kind(RoundKind::Cold).find(|cold| *cold > without);
        let before = of_kind(RoundKind::Cold)
            .filter(|cold| *cold < without)
            .max();
        pairs.extend(after.or(before).map(|warm| CyclePlace {
            cold: without,
            warm,
        }));
    }
    pairs
}

/// Tokens of the answers of rounds that came from a cache, as a share.
fn rate(asked: AskedRounds<'_>, rounds: &[usize]) -> Option<f64> {
    let (mut cached, mut tokens) = (0, 0);
    for round in rounds {
        let hits = HitsOf::round(asked, *round);
        cached += hits.cached;
        tokens += hits.tokens;
    }
    (tokens > 0).then(|| cached as f64 / tokens as f64)
}

/// Tokens of a round's answers.
#[derive(Default)]
struct HitsOf {
    tokens: u64,
    cached: u64,
    /// Beyond what is allowed a request.
    beyond: u64,
    /// Some request took half of its prompt beyond it.
    half: bool,
}

impl HitsOf {
    fn round(asked: AskedRounds<'_>, round: usize) -> Self {
        let mut sums = Self::default();
        let rows = asked.rounds[round].rows.iter().zip(asked.tokens);
        for (_, tokens) in rows.clone().filter(|(row, _)| row.ttft.is_some()) {
            sums.tokens += tokens;
        }
        for (_, tokens) in rows.filter(|(row, _)| row.ttft.is_some() && row.hit) {
            let cached = cached_tokens(*tokens);
            // Of one that is cached whole nothing is allowed.
            let whole = 10 * cached >= 9 * tokens;
            let beyond = cached.saturating_sub(if whole { 0 } else { ALLOWED });
            sums.cached += cached;
            sums.beyond += beyond;
            sums.half |= beyond > 0 && 2 * beyond >= *tokens;
        }
        sums
    }

    fn is_contaminated(&self) -> bool {
        self.half || self.beyond as f64 > TOLERANCE * self.tokens as f64
    }
}
