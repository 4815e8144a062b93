//! What other tosses of the coin would have come to, each written out.

use crate::draw::random::Random;

/// Tosses that are all looked at.
const MOST: f64 = 10_000.0;
/// Of more so many are drawn here, and about as many as [`MOST`] by the program.
const DRAWN: usize = 2000;
/// How many standard errors two draws may be apart.
const ERRORS: f64 = 5.0;
/// Differences that are equal but for rounding.
const EQUAL: f64 = 1e-9;
/// No effect is larger, in ln.
const LARGEST: f64 = 1e4;

/// A block of a mixed round.
#[derive(Clone, Copy)]
pub(super) struct BlockValues {
    pub(super) n: f64,
    pub(super) sum: f64,
    /// What hits that are slower by 1 add to the sum.
    pub(super) effect: f64,
    pub(super) is_hit: bool,
}

/// A toss: the difference of the arms (misses − hits) when hits are made slower by δ is
/// `plain` + δ · `by_effect`.
#[derive(Clone, Copy)]
struct Toss {
    plain: f64,
    by_effect: f64,
}

/// The tosses of the rounds that have both arms.
pub(super) struct Tosses {
    made: Toss,
    all: Vec<Toss>,
    /// Ways that there are.
    pub(super) ways: f64,
}

impl Tosses {
    /// All tosses, or many; `None` where no round has both arms.
    pub(super) fn of(rounds: &[Vec<BlockValues>]) -> Option<Self> {
        let both = rounds.iter().filter(|blocks| {
            let hits = blocks.iter().filter(|block| block.is_hit).count();
            hits > 0 && hits < blocks.len()
        });
        let rounds: Vec<&Vec<BlockValues>> = both.collect();
        if rounds.is_empty() {
            return None;
        }
        let coin = |blocks: &&Vec<BlockValues>| -> Vec<bool> {
            blocks.iter().map(|block| block.is_hit).collect()
        };
        let made: Vec<Vec<bool>> = rounds.iter().map(coin).collect();
        let ways = made.iter().map(|coin| ways(coin)).product();
        let all = if ways <= MOST {
            every(&made)
        } else {
            drawn(&made)
        };
        let all = all.iter().map(|toss| difference(&rounds, toss));
        Some(Self {
            made: difference(&rounds, &made),
            all: all.collect(),
            ways,
        })
    }

    /// The effect that leaves no difference, in ln.
    pub(super) fn difference(&self) -> f64 {
        -self.made.plain / self.made.by_effect
    }

    fn is_exact(&self) -> bool {
        self.ways <= MOST
    }

    /// Share of the tosses that part the arms as far as the one made, with hits made slower by so
    /// much.
    fn p_at(&self, effect: f64) -> f64 {
        let made = self.made.plain + effect * self.made.by_effect;
        let least = made.abs() - EQUAL * (1.0 + made.abs());
        let shown = self.made.by_effect.abs() - EQUAL;
        let is_far = |toss: &&Toss| {
            // One that shows an effect even more is as far, whatever is taken off.
            let more = effect != 0.0 && toss.by_effect.abs() >= shown;
            more || (toss.plain + effect * toss.by_effect).abs() >= least
        };
        self.all.iter().filter(is_far).count() as f64 / self.all.len() as f64
    }

    /// Where p lies.
    pub(super) fn p(&self) -> (f64, f64) {
        let p = self.p_at(0.0);
        if self.is_exact() {
            return (p, p);
        }
        let likely = p.clamp(0.002, 0.998);
        let error = (likely * (1.0 - likely) * (1.0 / DRAWN as f64 + 1.0 / MOST)).sqrt();
        (p - ERRORS * error - 0.001, p + ERRORS * error + 0.001)
    }

    /// Where an end of the interval lies, the lower (`way` −1) or the upper one (`way` 1), in ln:
    /// the effect from which on the test rejects at 5 %. Infinite where it rejects none.
    pub(super) fn end(&self, way: f64) -> (f64, f64) {
        let error = ERRORS * (0.05 * 0.95 * (1.0 / DRAWN as f64 + 1.0 / MOST)).sqrt();
        let error = if self.is_exact() { 0.0 } else { error };
        let ends = [0.05 - error, 0.05 + error].map(|level| self.last_kept(way, level));
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    }

    /// The farthest effect that is not rejected at a level, by bisection: the farther, the fewer
    /// tosses part the arms as far.
    fn last_kept(&self, way: f64, level: f64) -> f64 {
        let at = |distance: f64| self.difference() + way * distance;
        if self.p_at(at(LARGEST)) > level {
            return way * f64::INFINITY;
        }
        let (mut kept, mut rejected) = (0.0, LARGEST);
        for _ in 0..80 {
            let middle = f64::midpoint(kept, rejected);
            if self.p_at(at(middle)) > level {
                kept = middle;
            } else {
                rejected = middle;
            }
        }
        at(kept)
    }
}

/// What a toss comes to: rounds weigh as much as they have values.
fn difference(rounds: &[&Vec<BlockValues>], toss: &[Vec<bool>]) -> Toss {
    let mut sum = Toss {
        plain: 0.0,
        by_effect: 0.0,
    };
    let mut all = 0.0;
    for (blocks, coin) in rounds.iter().zip(toss) {
        let arm = |is_hit: bool| {
            let blocks = blocks.iter().zip(coin);
            let of_arm = blocks.filter(move |(_, coin)| **coin == is_hit);
            of_arm.map(|(block, _)| block)
        };
        let mean = |is_hit: bool, value: fn(&BlockValues) -> f64| {
            let n: f64 = arm(is_hit).map(|block| block.n).sum();
            arm(is_hit).map(value).sum::<f64>() / n
        };
        let between = |value| mean(false, value) - mean(true, value);
        let n: f64 = blocks.iter().map(|block| block.n).sum();
        sum.plain += n * between(|block| block.sum);
        sum.by_effect += n * between(|block| block.effect);
        all += n;
    }
    Toss {
        plain: sum.plain / all,
        by_effect: sum.by_effect / all,
    }
}

/// Ways to give as many blocks to the hits.
fn ways(coin: &[bool]) -> f64 {
    let hits = coin.iter().filter(|is_hit| **is_hit).count();
    let others = coin.len() - hits;
    (1..=hits).fold(1.0, |ways, k| ways * (others + k) as f64 / k as f64)
}

/// Every toss of all rounds.
fn every(made: &[Vec<bool>]) -> Vec<Vec<Vec<bool>>> {
    let mut all: Vec<Vec<Vec<bool>>> = vec![Vec::new()];
    for coin in made {
        let hits = coin.iter().filter(|is_hit| **is_hit).count();
        let own = choices(coin.len(), hits);
        let longer = all.iter().flat_map(|before| {
            own.iter().map(|coin| {
                let mut with = before.clone();
                with.push(coin.clone());
                with
            })
        });
        all = longer.collect();
    }
    all
}

/// Every way to make so many of `len` true.
fn choices(len: usize, hits: usize) -> Vec<Vec<bool>> {
    if hits > len {
        return Vec::new();
    }
    if len == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (first, rest) in [(true, hits.checked_sub(1)), (false, Some(hits))] {
        for mut coin in rest.map_or_else(Vec::new, |rest| choices(len - 1, rest)) {
            coin.insert(0, first);
            all.push(coin);
        }
    }
    all
}

/// Some tosses of all rounds.
fn drawn(made: &[Vec<bool>]) -> Vec<Vec<Vec<bool>>> {
    let mut random = Random::new(0x70_55);
    let mut all = Vec::new();
    for _ in 0..DRAWN {
        let mut toss = made.to_vec();
        for coin in &mut toss {
            let mut left = coin.iter().filter(|is_hit| **is_hit).count();
            let blocks = coin.len();
            for (at, is_hit) in coin.iter_mut().enumerate() {
                *is_hit = random.chance(left as f64 / (blocks - at) as f64);
                left -= usize::from(*is_hit);
            }
        }
        all.push(toss);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_tosses_of_four_blocks() {
        let block = |sum, is_hit| BlockValues {
            n: 1.0,
            sum,
            effect: f64::from(is_hit),
            is_hit,
        };
        let round = vec![
            block(1.0, true),
            block(2.0, true),
            block(5.0, false),
            block(6.0, false),
        ];
        let tosses = Tosses::of(&[round]).unwrap();
        assert!((tosses.difference() - 4.0).abs() < 1e-12);
        assert!((tosses.ways - 6.0).abs() < 1e-12);
        assert!((tosses.p().0 - 1.0 / 3.0).abs() < 1e-12);
        // Two of six are never rejected at 5 %.
        assert!(tosses.end(1.0).0.is_infinite());
    }
}
