//! Mixed rounds: hits against misses inside one round, by a test that knows how the coin fell.

use crate::{
    cache::cold::is_contaminated,
    cache::hits::Hits,
    decision::{MARGIN, decide},
    level::classes::class_of,
    level::kinds::{cold_of, of_kind},
    level::lost::too_many,
    level::overload,
    level::pairs::is_whole,
    numbers::intervals::FEWEST,
    numbers::mean::mean,
    numbers::randomisation::{BlockSum, Randomised, randomisation_test},
    numbers::residuals::Explained,
};
use dualround_model::{
    Arm, BlockNeed, Class, ConclusionKind, LostPairs, MixedFinding, Overload, Reason, RequestRow,
    RoundKind, RoundResult, RunEvidence,
};
use std::collections::{BTreeMap, HashSet};

/// By how much more, or less, misses may compute than in their cold round, as a share.
const SHARING: f64 = 0.05;
/// Share of the requests of the hit arm that may miss.
const MISSED: f64 = 0.05;

/// Hits against misses over the mixed rounds of a level; `None` without such a round. `replayed`: a
/// response cache gave answers back, whose usage is an old story.
pub(crate) fn mixed(
    rounds: &[RoundResult],
    known: &RunEvidence,
    replayed: bool,
) -> Option<MixedFinding> {
    let all: Vec<MixedRound<'_>> = of_kind(rounds, RoundKind::Mixed)
        .filter_map(|round| MixedRound::of(rounds, round))
        .collect();
    if all.is_empty() {
        return None;
    }
    let blocks: Vec<Vec<BlockSum>> = all.iter().map(MixedRound::blocks).collect();
    let tested = randomisation_test(&blocks);
    let values = || all.iter().flat_map(|round| &round.values);
    let prompts: HashSet<u64> = values().map(|value| value.prompt).collect();
    let of_arm = |arm: Arm| values().filter(move |value| value.arm == arm);
    let hits = Hits::of_all(all.iter().flat_map(|round| round.rows(Arm::Hit)));
    let misses = Hits::of_all(all.iter().flat_map(|round| round.rows(Arm::Miss)));
    let mut found = MixedFinding {
        blocks: blocks.iter().map(|blocks| blocks.len() as u64).sum(),
        hit_requests: of_arm(Arm::Hit).count() as u64,
        miss_requests: of_arm(Arm::Miss).count() as u64,
        prompts: prompts.len() as u64,
        missed_share: None,
        hit_rate: hits.rate(),
        hit_known: hits.known,
        hit_of: hits.of,
        miss_rate: misses.rate(),
        miss_known: misses.known,
        miss_of: misses.of,
        ratio: tested.map(|tested| tested.difference.exp()),
        low: None,
        high: None,
        p: None,
        descriptive: true,
        drift: drift(of_arm(Arm::Miss)),
        kind: ConclusionKind::CannotTell,
        bound: None,
        reason: None,
    };
    let missed = if replayed { None } else { missed(&all, hits) };
    found.missed_share = missed.map(|(missed, of)| missed as f64 / of as f64);
    let enough = tested.filter(|tested| BlockNeed::are_enough(tested.blocks, tested.tosses));
    if let Some(tested) = enough {
        found.descriptive = false;
        found.p = Some(tested.p);
        found.low = tested.interval.map(|interval| interval.low.exp());
        found.high = tested.interval.map(|interval| interval.high.exp());
    }
    found.reason = why_nothing(&found, &all, known, missed);
    if found.reason.is_none() {
        judge(&mut found, enough);
    }
    let cold = all.iter().map(|round| (round.cold, round.round));
    if let Some(overload) = overload::of_pairs(&cold.collect::<Vec<_>>()) {
        withhold(&mut found, overload);
    }
    Some(found)
}

/// Takes the figures back of blocks whose misses the server cannot hold.
fn withhold(found: &mut MixedFinding, overload: Overload) {
    found.kind = ConclusionKind::Withheld;
    found.reason = Some(Reason::Overloaded(overload));
    (found.ratio, found.low, found.high) = (None, None, None);
    (found.p, found.bound, found.drift) = (None, None, None);
}

/// What the misses take longer than in their cold round.
fn drift<'a>(misses: impl Iterator<Item = &'a ArmValue>) -> Option<f64> {
    let lns: Vec<f64> = misses.map(|value| value.ln).collect();
    (!lns.is_empty()).then(|| mean(lns.into_iter()).exp())
}

/// What keeps the arms from being compared.
fn why_nothing(
    found: &MixedFinding,
    all: &[MixedRound<'_>],
    known: &RunEvidence,
    missed: Option<(u64, u64)>,
) -> Option<Reason> {
    if found.hit_requests + found.miss_requests == 0 {
        return Some(Reason::NoPairs);
    }
    if let Some((missed, of)) = missed
        && missed as f64 > MISSED * of as f64
    {
        return Some(Reason::ArmMissed { missed, of });
    }
    if found.descriptive {
        let blocks = found.blocks;
        return Some(Reason::FewBlocks { blocks });
    }
    if found.prompts < FEWEST as u64 {
        let prompts = found.prompts;
        return Some(Reason::FewPrompts { prompts });
    }
    let lost = all.iter().fold(LostPairs::default(), MixedRound::add_lost);
    if too_many(lost) {
        let LostPairs { cold, warm, of } = lost;
        return Some(Reason::LostPairs { cold, warm, of });
    }
    if all
        .iter()
        .any(|round| is_contaminated(&round.misses_alone(), known))
    {
        return Some(Reason::MissesHit);
    }
    let computed = computed_again(all)?;
    let alike = (1.0 / (1.0 + SHARING)..=1.0 + SHARING).contains(&computed);
    (!alike).then_some(Reason::OtherSharing { computed })
}

/// Prompt tokens that the misses computed, over those that they computed in their cold round; `None`
/// where that is not known of all of them.
fn computed_again(all: &[MixedRound<'_>]) -> Option<f64> {
    let (mut now, mut before) = (0_u64, 0_u64);
    for round in all {
        let requests = &round.round.requests;
        for (index, row) in requests.successes() {
            let is_miss = requests
                .mixed_place(index)
                .is_some_and(|at| at.arm == Arm::Miss);
            let cold = round.cold.requests.get(index).filter(|row| is_whole(row));
            let (true, true, Some(cold)) = (is_miss, is_whole(row), cold) else {
                continue;
            };
            now += row.input_tokens()?.saturating_sub(row.cached_tokens()?);
            before += cold.input_tokens()?.saturating_sub(cold.cached_tokens()?);
        }
    }
    (before > 0).then(|| now as f64 / before as f64)
}

/// What the interval says: it needs no allowance, since both arms are of one round.
fn judge(found: &mut MixedFinding, tested: Option<Randomised>) {
    let interval = tested.and_then(|tested| tested.interval);
    let (low, high) = (found.low, found.high);
    found.kind = decide(low, high, MARGIN);
    match found.kind {
        ConclusionKind::NoEffect => {
            found.bound = interval.map(|interval| interval.high.max(-interval.low).exp());
        }
        ConclusionKind::CannotTell => found.reason = Some(Reason::AcrossMargin),
        ConclusionKind::Effect | ConclusionKind::Withheld => {}
    }
}

/// Requests of the hit arm that missed, of how many, where that is known of all.
fn missed(all: &[MixedRound<'_>], hits: Hits) -> Option<(u64, u64)> {
    let rows = all.iter().flat_map(|round| round.rows(Arm::Hit));
    let missed = rows.filter(|row| class_of(row) == Some(Class::Miss));
    hits.is_whole().then(|| (missed.count() as u64, hits.of))
}

/// A mixed round, with the cold one whose bytes it repeats.
struct MixedRound<'a> {
    round: &'a RoundResult,
    cold: &'a RoundResult,
    /// Those of the requests that count.
    values: Vec<ArmValue>,
}

/// A request that counts.
struct ArmValue {
    start_ns: u64,
    block: u32,
    arm: Arm,
    prompt: u64,
    /// ln(TTFT / own cold TTFT).
    ln: f64,
}

impl<'a> MixedRound<'a> {
    fn of(rounds: &'a [RoundResult], round: &'a RoundResult) -> Option<Self> {
        let cold = cold_of(rounds, round)?;
        let values = round.requests.successes().filter_map(|(index, row)| {
            let place = round.requests.mixed_place(index)?;
            let before = cold.requests.get(index).filter(|row| is_whole(row))?;
            if !is_whole(row) {
                return None;
            }
            let (before, now) = before.ttft_ms().zip(row.ttft_ms())?;
            (!place.ramp && before > 0.0 && now > 0.0).then(|| ArmValue {
                start_ns: row.start_ns().unwrap_or(0),
                block: place.block,
                arm: place.arm,
                prompt: round.requests.unit(index, row),
                ln: (now / before).ln(),
            })
        });
        let mut values: Vec<ArmValue> = values.collect();
        values.sort_by_key(|value| value.start_ns);
        Some(Self {
            round,
            cold,
            values,
        })
    }

    /// Its blocks with the hit arm first, over what is left of the values when a straight line over
    /// their place in the round is taken off, whatever the arm: a drift. Of few blocks a place is
    /// nearly an arm, and nothing is taken off.
    fn blocks(&self) -> Vec<BlockSum> {
        let lns: Vec<f64> = self.values.iter().map(|value| value.ln).collect();
        let hits = self
            .values
            .iter()
            .map(|value| f64::from(value.arm == Arm::Hit));
        let hits: Vec<f64> = hits.collect();
        let blocks: HashSet<u32> = self.values.iter().map(|value| value.block).collect();
        if (blocks.len() as u64) < BlockNeed::BLOCKS {
            return self.sums(&lns, &hits);
        }
        let places = (0..self.values.len()).map(|place| place as f64);
        let explained = Explained::by(&[places.collect()]);
        self.sums(&explained.taken_off(&lns), &explained.taken_off(&hits))
    }

    /// Sums by block of values and of what an effect on the hit arm adds to them.
    fn sums(&self, values: &[f64], effects: &[f64]) -> Vec<BlockSum> {
        let mut blocks: BTreeMap<u32, BlockSum> = BTreeMap::new();
        for (at, (value, effect)) in self.values.iter().zip(values.iter().zip(effects)) {
            let block = blocks.entry(at.block).or_insert(BlockSum {
                n: 0.0,
                sum: 0.0,
                effect: 0.0,
                first: at.arm == Arm::Hit,
            });
            block.n += 1.0;
            block.sum += value;
            block.effect += effect;
        }
        blocks.into_values().collect()
    }

    /// The successes of an arm, the ramp among them.
    fn rows(&self, arm: Arm) -> impl Iterator<Item = &'a RequestRow> {
        let requests = &self.round.requests;
        let of_arm = requests.successes().filter(move |(index, _)| {
            requests
                .mixed_place(*index)
                .is_some_and(|place| place.arm == arm)
        });
        of_arm.map(|(_, row)| row)
    }

    /// Adds what one side alone lost: of the misses as `cold`, of the hits as `warm`. What the cold
    /// round lost is in neither.
    fn add_lost(lost: LostPairs, round: &Self) -> LostPairs {
        let mut lost = lost;
        for (index, row) in round.round.requests.iter() {
            let before = round.cold.requests.get(index);
            let Some(place) = round.round.requests.mixed_place(index) else {
                continue;
            };
            if row.is_cancelled() || !before.is_some_and(is_whole) {
                continue;
            }
            lost.of += 1;
            if !is_whole(row) || row.ttft_ms().is_none() {
                match place.arm {
                    Arm::Miss => lost.cold += 1,
                    Arm::Hit => lost.warm += 1,
                }
            }
        }
        lost
    }

    /// The round as if its misses had been all of it.
    fn misses_alone(&self) -> RoundResult {
        RoundResult {
            requests: self.round.requests.of_arm(Arm::Miss),
            expected: None,
            chance: None,
            ..self.round.clone()
        }
    }
}
