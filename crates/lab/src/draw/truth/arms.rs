//! What is true of mixed rounds: counts, rates, the ratio of the arms, and what chance could have made
//! of it.

use super::{
    AskedRound, AskedRounds, AskedRow,
    means::mean,
    tosses::{BlockValues, Tosses},
};
use crate::draw::{
    records::cached_tokens,
    scenario::{LostTruth, MixedTruth},
};
use dualround_model::{Arm, MixedPlace, RoundKind};
use std::collections::{BTreeMap, BTreeSet};

/// What any two prompts may share where a salt hides it, and a block: so much of a request says
/// nothing.
const ALLOWED: u64 = 64 + 16;
/// Share of a round that is tolerated beyond it.
const TOLERANCE: f64 = 0.01;

/// A request of a mixed round that has a place.
struct ArmRow {
    row: usize,
    place: MixedPlace,
    asked: AskedRow,
    /// TTFT of its cold request.
    cold: Option<f64>,
}

impl ArmRow {
    /// ln(TTFT / own cold TTFT), where it counts.
    fn value(&self) -> Option<f64> {
        let (cold, now) = self.cold.zip(self.asked.ttft)?;
        (!self.place.ramp).then(|| (now / cold).ln())
    }

    fn is_answered(&self) -> bool {
        self.asked.ttft.is_some()
    }
}

/// What is true of all mixed rounds; `None` without one.
pub(super) fn mixed(asked: AskedRounds<'_>) -> Option<MixedTruth> {
    let rounds: Vec<Vec<ArmRow>> = mixed_rounds(asked).collect();
    if rounds.is_empty() {
        return None;
    }
    let of_arm = |arm: Arm| {
        rounds
            .iter()
            .flatten()
            .filter(move |one| one.place.arm == arm)
    };
    let values = |arm: Arm| of_arm(arm).filter_map(ArmRow::value);
    let counted = rounds.iter().flatten().filter(|one| one.value().is_some());
    let prompts: BTreeSet<usize> = counted.map(|one| asked.prompts[one.row]).collect();
    let answers = |arm: Arm| of_arm(arm).filter(|one| one.is_answered());
    let rate = |arm: Arm| {
        let sum = |tokens: fn(&ArmRow, u64) -> u64| {
            let answers = answers(arm);
            answers
                .map(|one| tokens(one, asked.tokens[one.row]))
                .sum::<u64>()
        };
        let (cached, all) = (sum(cached), sum(|_, tokens| tokens));
        (all > 0).then(|| cached as f64 / all as f64)
    };
    let blocks: Vec<Vec<BlockValues>> = rounds.iter().map(|round| blocks(round)).collect();
    let tosses = Tosses::of(&blocks);
    let misses: Vec<f64> = values(Arm::Miss).collect();
    let exp = |(low, high): (f64, f64)| (low.exp(), high.exp());
    let tosses = tosses.as_ref();
    Some(MixedTruth {
        blocks: blocks.iter().map(|blocks| blocks.len() as u64).sum(),
        tosses: tosses.map_or(0.0, |tosses| tosses.ways),
        hit_requests: values(Arm::Hit).count() as u64,
        miss_requests: misses.len() as u64,
        prompts: prompts.len() as u64,
        hit_answers: answers(Arm::Hit).count() as u64,
        missed: answers(Arm::Hit).filter(|one| !one.asked.hit).count() as u64,
        hit_rate: rate(Arm::Hit),
        miss_rate: rate(Arm::Miss),
        misses_hit: rounds.iter().any(|round| misses_hit(asked, round)),
        lost: lost(&rounds),
        ratio: tosses.map(|tosses| tosses.difference().exp()),
        drift: (!misses.is_empty()).then(|| mean(&misses).exp()),
        p: tosses.map(Tosses::p),
        low: tosses.map(|tosses| exp(tosses.end(-1.0))),
        high: tosses
            .map(|tosses| exp(tosses.end(1.0)))
            .filter(|(_, high)| high.is_finite()),
    })
}

/// The requests of each mixed round, with the cold round of its epoch.
fn mixed_rounds(asked: AskedRounds<'_>) -> impl Iterator<Item = Vec<ArmRow>> {
    let mut cold: Option<&AskedRound> = None;
    asked.rounds.iter().filter_map(move |round| {
        match round.kind {
            RoundKind::Cold => cold = Some(round),
            RoundKind::Mixed => {
                let rows = round.rows.iter().enumerate().filter_map(|(row, asked)| {
                    Some(ArmRow {
                        row,
                        place: asked.place?,
                        asked: *asked,
                        cold: cold.and_then(|cold| cold.time(row)),
                    })
                });
                return Some(rows.collect());
            }
            _ => {}
        }
        None
    })
}

fn cached(one: &ArmRow, tokens: u64) -> u64 {
    if one.asked.hit {
        cached_tokens(tokens)
    } else {
        0
    }
}

/// Blocks that a line over the round is taken off from.
const WITH_LINE: usize = 10;

/// The blocks of a round, of ten and more without a straight line over the requests that count.
fn blocks(round: &[ArmRow]) -> Vec<BlockValues> {
    let counted = round
        .iter()
        .filter_map(|one| Some((one.place, one.value()?)));
    let (places, mut values): (Vec<MixedPlace>, Vec<f64>) = counted.unzip();
    let hits = places.iter().map(|place| f64::from(place.arm == Arm::Hit));
    let mut effects: Vec<f64> = hits.collect();
    let numbers: BTreeSet<u32> = places.iter().map(|place| place.block).collect();
    if numbers.len() >= WITH_LINE {
        (values, effects) = (without_line(&values), without_line(&effects));
    }
    let mut blocks: BTreeMap<u32, BlockValues> = BTreeMap::new();
    for (place, (value, effect)) in places.iter().zip(values.iter().zip(effects)) {
        let block = blocks.entry(place.block).or_insert(BlockValues {
            n: 0.0,
            sum: 0.0,
            effect: 0.0,
            is_hit: place.arm == Arm::Hit,
        });
        block.n += 1.0;
        block.sum += value;
        block.effect += effect;
    }
    blocks.into_values().collect()
}

/// What the least-squares line over their places leaves of values.
fn without_line(values: &[f64]) -> Vec<f64> {
    let places: Vec<f64> = (0..values.len()).map(|place| place as f64).collect();
    let (at, middle) = (mean(&places), mean(values));
    let both = || places.iter().map(|place| place - at).zip(values);
    let along: f64 = both().map(|(place, value)| place * (value - middle)).sum();
    let spread: f64 = both().map(|(place, _)| place * place).sum();
    let slope = if spread > 0.0 { along / spread } else { 0.0 };
    both()
        .map(|(place, value)| value - middle - slope * place)
        .collect()
}

/// Misses took half of one prompt from a cache, or more of all than is tolerated.
fn misses_hit(asked: AskedRounds<'_>, round: &[ArmRow]) -> bool {
    let misses = round.iter().filter(|one| one.place.arm == Arm::Miss);
    let (mut beyond, mut all, mut half) = (0, 0, false);
    for one in misses.filter(|one| one.is_answered()) {
        let tokens = asked.tokens[one.row];
        // One that is cached whole has nothing allowed, where its prompt is long enough.
        let allowed = if 128 < tokens { 0 } else { ALLOWED };
        let own = cached(one, tokens).saturating_sub(allowed);
        half |= own > 0 && 2 * own >= tokens;
        beyond += own;
        all += tokens;
    }
    half || beyond as f64 > TOLERANCE * all as f64
}

/// Failures of requests whose cold one succeeded.
fn lost(rounds: &[Vec<ArmRow>]) -> LostTruth {
    let mut lost = LostTruth::default();
    let asked = rounds.iter().flatten().filter(|one| one.cold.is_some());
    for one in asked {
        lost.of += 1;
        match one.place.arm {
            _ if one.is_answered() => {}
            Arm::Miss => lost.cold += 1,
            Arm::Hit => lost.warm += 1,
        }
    }
    lost
}
