//! Fisher's randomisation test: which of two arms a block was given was decided by a coin, so what
//! other tosses would have come to is known exactly, whatever the blocks are like and however the
//! server drifts (Fisher, The Design of Experiments (1935); Rosenbaum, Observational Studies, §2).

use crate::numbers::intervals::Interval;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Tosses that are all looked at; of more so many are drawn.
const MOST: usize = 10_000;
/// Blocks that are looked at in all draws together: of very many blocks fewer tosses are drawn.
const WORK: usize = 200_000_000;
/// Tosses that are drawn at least.
const LEAST: usize = 999;
/// What an interval leaves out on both sides together.
const ALPHA: f64 = 0.05;
/// Differences that are equal but for rounding.
const EQUAL: f64 = 1e-9;
/// Any number: the same blocks always give the same figures.
const SEED: u64 = 0x6d69_7865_6400;

/// A block of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BlockSum {
    /// Values in it, above 0.
    pub(crate) n: f64,
    /// Their sum.
    pub(crate) sum: f64,
    /// The sum of what an effect of 1 on the first arm, as the coin gave it, adds to them: their
    /// number in the first arm and 0 in the second, unless something was taken off the values.
    pub(crate) effect: f64,
    /// The coin gave it the first arm.
    pub(crate) first: bool,
}

/// What a test came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Randomised {
    /// Mean of the second arm − mean of the first, within rounds: the effect that leaves none.
    pub(crate) difference: f64,
    /// The differences that the test does not reject at 5 %; `None`: it rejects none.
    pub(crate) interval: Option<Interval>,
    /// Share of the tosses that part the arms as far as this one.
    pub(crate) p: f64,
    /// Tosses that there could have been.
    pub(crate) tosses: f64,
    /// Blocks of the rounds that have both arms.
    pub(crate) blocks: u64,
}

/// What one toss comes to: the difference of the arms, and how much of an effect of the toss that
/// was made it would show.
#[derive(Clone, Copy)]
struct Toss {
    difference: f64,
    share: f64,
}

impl Toss {
    const NOTHING: Self = Self {
        difference: 0.0,
        share: 0.0,
    };

    fn add(self, other: Self, weight: f64) -> Self {
        Self {
            difference: self.difference + weight * other.difference,
            share: self.share + weight * other.share,
        }
    }
}

/// Tests whether the arms differ, over rounds in each of which a coin of its own gave as many blocks
/// to the first arm. What a round is like as a whole is in no difference. `None` where no round has
/// both arms.
pub(crate) fn randomisation_test(rounds: &[Vec<BlockSum>]) -> Option<Randomised> {
    let rounds: Vec<TossedRound<'_>> = rounds.iter().filter_map(|r| TossedRound::of(r)).collect();
    let all: f64 = rounds.iter().map(|round| round.n).sum();
    let tosses: f64 = rounds.iter().map(TossedRound::tosses).product();
    let weights: Vec<f64> = rounds.iter().map(|round| round.n / all).collect();
    let made = rounds.iter().zip(&weights);
    let made = made.fold(Toss::NOTHING, |sum, (round, weight)| {
        sum.add(round.made(), *weight)
    });
    if rounds.is_empty() || made.share < EQUAL {
        return None;
    }
    let others = if tosses <= MOST as f64 {
        every(&rounds, &weights)
    } else {
        drawn(&rounds, &weights, made)
    };
    let as_far = |toss: &&Toss| {
        toss.difference.abs() >= made.difference.abs() - EQUAL * (1.0 + made.difference.abs())
    };
    Some(Randomised {
        difference: made.difference / made.share,
        interval: not_rejected(made, &others),
        p: others.iter().filter(as_far).count() as f64 / others.len() as f64,
        tosses,
        blocks: rounds.iter().map(|round| round.blocks.len() as u64).sum(),
    })
}

/// The effects that the test does not reject. An effect that is taken off the blocks of the first
/// arm shows in another toss by its share; a toss parts the arms as far as the one made for effects
/// between two roots, among them the difference that was found.
fn not_rejected(made: Toss, tosses: &[Toss]) -> Option<Interval> {
    let mut lows = Vec::with_capacity(tosses.len());
    let mut highs = Vec::with_capacity(tosses.len());
    for toss in tosses {
        let (less, more) = (made.share - toss.share, made.share + toss.share);
        if less < EQUAL || more < EQUAL {
            // The same toss, or its mirror image, or one that shows an effect even more: as far
            // apart whatever is taken off.
            lows.push(f64::NEG_INFINITY);
            highs.push(f64::INFINITY);
            continue;
        }
        let one = (made.difference - toss.difference) / less;
        let other = (made.difference + toss.difference) / more;
        lows.push(one.min(other));
        highs.push(one.max(other));
    }
    lows.sort_unstable_by(f64::total_cmp);
    highs.sort_unstable_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let left_out = (ALPHA * tosses.len() as f64 + EQUAL) as usize;
    let (low, high) = (*lows.get(left_out)?, *highs.get(left_out)?);
    (low.is_finite() && high.is_finite()).then_some(Interval { low, high })
}

/// Every toss there could have been.
fn every(rounds: &[TossedRound<'_>], weights: &[f64]) -> Vec<Toss> {
    let mut sums = vec![Toss::NOTHING];
    for (round, weight) in rounds.iter().zip(weights) {
        let own = round.every();
        let with_own = |sum: Toss| own.iter().map(move |toss| sum.add(*toss, *weight));
        sums = sums.into_iter().flat_map(with_own).collect();
    }
    sums
}

/// The toss that was made, and drawn ones.
fn drawn(rounds: &[TossedRound<'_>], weights: &[f64], made: Toss) -> Vec<Toss> {
    let blocks: usize = rounds.iter().map(|round| round.blocks.len()).sum();
    let draws = (WORK / blocks).clamp(LEAST, MOST);
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut sums = vec![Toss::NOTHING; draws];
    for (round, weight) in rounds.iter().zip(weights) {
        let mut order: Vec<usize> = (0..round.blocks.len()).collect();
        for sum in &mut sums {
            *sum = sum.add(round.draw(&mut order, &mut random), *weight);
        }
    }
    sums.push(made);
    sums
}

/// The blocks of one round that has both arms.
struct TossedRound<'a> {
    blocks: &'a [BlockSum],
    /// Blocks of the first arm.
    first: usize,
    /// Values in all of them.
    n: f64,
    sum: f64,
    /// What an effect on the first arm adds to all of them.
    effect: f64,
}

impl<'a> TossedRound<'a> {
    fn of(blocks: &'a [BlockSum]) -> Option<Self> {
        let first = blocks.iter().filter(|block| block.first).count();
        (first > 0 && first < blocks.len()).then(|| Self {
            blocks,
            first,
            n: blocks.iter().map(|block| block.n).sum(),
            sum: blocks.iter().map(|block| block.sum).sum(),
            effect: blocks.iter().map(|block| block.effect).sum(),
        })
    }

    /// C(blocks, first).
    fn tosses(&self) -> f64 {
        let (all, some) = (
            self.blocks.len(),
            self.first.min(self.blocks.len() - self.first),
        );
        (1..=some).fold(1.0, |ways, k| ways * (all - some + k) as f64 / k as f64)
    }

    /// What giving these blocks the first arm comes to.
    fn toss(&self, first: impl Iterator<Item = usize>) -> Toss {
        let (mut n, mut sum, mut effect) = (0.0, 0.0, 0.0);
        for at in first {
            let block = self.blocks[at];
            n += block.n;
            sum += block.sum;
            effect += block.effect;
        }
        let rest = self.n - n;
        Toss {
            difference: (self.sum - sum) / rest - sum / n,
            share: effect / n - (self.effect - effect) / rest,
        }
    }

    /// The toss that was made.
    fn made(&self) -> Toss {
        self.toss((0..self.blocks.len()).filter(|at| self.blocks[*at].first))
    }

    /// Every choice of as many blocks, in the order of their positions.
    fn every(&self) -> Vec<Toss> {
        let mut chosen: Vec<usize> = (0..self.first).collect();
        let mut tosses = vec![self.toss(chosen.iter().copied())];
        while next_choice(&mut chosen, self.blocks.len()) {
            tosses.push(self.toss(chosen.iter().copied()));
        }
        tosses
    }

    /// One choice drawn; `order` holds all positions and is shuffled in part.
    fn draw(&self, order: &mut [usize], random: &mut ChaCha8Rng) -> Toss {
        for at in 0..self.first {
            let left = (order.len() - at) as u64;
            // Below 2^32 blocks the bias of the remainder is below 2^-32.
            let pick = at + usize::try_from(random.next_u64() % left).unwrap_or(0);
            order.swap(at, pick);
        }
        self.toss(order[..self.first].iter().copied())
    }
}

/// The next choice of positions below `all` in lexicographic order; `false` behind the last.
fn next_choice(chosen: &mut [usize], all: usize) -> bool {
    let some = chosen.len();
    let movable = (0..some).rev().find(|at| chosen[*at] < all - some + at);
    let Some(at) = movable else {
        return false;
    };
    chosen[at] += 1;
    for later in at + 1..some {
        chosen[later] = chosen[later - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(values: &[(f64, bool)]) -> Vec<BlockSum> {
        let blocks = values.iter();
        blocks
            .map(|(sum, first)| BlockSum {
                n: 1.0,
                sum: *sum,
                effect: if *first { 1.0 } else { 0.0 },
                first: *first,
            })
            .collect()
    }

    #[test]
    fn a_small_test_by_hand() {
        // Of the six tosses of four blocks two part the arms as far: this one and its mirror image.
        let found = randomisation_test(&[round(&[
            (1.0, true),
            (2.0, true),
            (5.0, false),
            (6.0, false),
        ])]);
        let found = found.unwrap();
        assert!((found.difference - 4.0).abs() < 1e-12);
        assert!((found.p - 2.0 / 6.0).abs() < 1e-12);
        assert!((found.tosses - 6.0).abs() < 1e-12);
        // Two of six cannot be left out at 5 %: no effect is rejected.
        assert_eq!(found.interval, None);
    }

    #[test]
    fn without_both_arms_there_is_no_test() {
        assert_eq!(randomisation_test(&[]), None);
        assert_eq!(
            randomisation_test(&[round(&[(1.0, true), (2.0, true)])]),
            None
        );
    }

    #[test]
    fn the_interval_holds_what_the_test_does_not_reject() {
        let values: Vec<(f64, bool)> = (0..12)
            .map(|at| {
                let noise = f64::from(at * at % 7) / 10.0;
                (noise + if at % 2 == 0 { 0.0 } else { 1.5 }, at % 2 == 0)
            })
            .collect();
        let found = randomisation_test(&[round(&values)]).unwrap();
        let interval = found.interval.unwrap();
        assert!(interval.low < found.difference && found.difference < interval.high);
        // Taking an effect off the first arm, as the interval says: just inside p is above 5 %, just
        // outside it is not.
        let p_without = |effect: f64| {
            let values: Vec<(f64, bool)> = values
                .iter()
                .map(|(value, first)| (value + if *first { effect } else { 0.0 }, *first))
                .collect();
            randomisation_test(&[round(&values)]).unwrap().p
        };
        assert!(p_without(interval.low + 1e-6) > 0.05);
        assert!(p_without(interval.low - 1e-6) <= 0.05);
        assert!(p_without(interval.high - 1e-6) > 0.05);
        assert!(p_without(interval.high + 1e-6) <= 0.05);
    }

    #[test]
    fn what_a_round_is_like_as_a_whole_changes_nothing() {
        let values = [(1.0, true), (2.5, false), (1.2, true), (2.4, false)];
        let moved: Vec<(f64, bool)> = values.iter().map(|(v, a)| (v + 40.0, *a)).collect();
        let one = randomisation_test(&[round(&values), round(&values)]).unwrap();
        let two = randomisation_test(&[round(&values), round(&moved)]).unwrap();
        assert!((one.difference - two.difference).abs() < 1e-9);
        assert!((one.p - two.p).abs() < 1e-12);
        assert!((one.tosses - 36.0).abs() < 1e-9);
    }

    #[test]
    fn many_tosses_are_drawn_and_always_the_same() {
        let values: Vec<(f64, bool)> = (0..40)
            .map(|at| (f64::from(at * 7 % 13), at % 2 == 0))
            .collect();
        let one = randomisation_test(&[round(&values)]).unwrap();
        assert_eq!(randomisation_test(&[round(&values)]), Some(one));
        assert!(one.tosses > 1e9);
        assert!(one.p > 0.05 && one.p <= 1.0);
    }
}
