//! A seeded draw from a stream of unknown length that is the same on every platform, and that need
//! not look at rows which cannot be in it.
//!
//! Every row has a key, a pure function of the seed and its position; the rows with the smallest
//! keys are drawn. With weights the key is an exponential of that rate, so that the smallest keys
//! are a weighted draw without replacement (Efraimidis and Spirakis, Inf. Process. Lett. 97 (2006)
//! 181).

use crate::rng::{hash, rng, unit};
use dualround_model::DatasetPlan;
use std::collections::BTreeMap;

/// The place of a row in the order of the draw; ties go to the earlier row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DrawKey {
    // The order of the fields is that of the comparison.
    order: u64,
    position: u64,
}

impl DrawKey {
    /// The key of the row at `position`.
    pub(crate) fn of(seed: u64, position: u64) -> Self {
        Self {
            order: hash(seed, position),
            position,
        }
    }

    /// The same with a weight: a row of weight 2 is drawn first twice as often as one of weight 1.
    /// `None` for weights that are not positive.
    pub(crate) fn weighted(seed: u64, position: u64, weight: f64) -> Option<Self> {
        if !weight.is_finite() || weight <= 0.0 {
            return None;
        }
        // The logarithm of a library of its own: those of platforms differ in the last digit.
        let wait = -libm::log(unit(&mut rng(hash(seed, position)))) / weight;
        // Positive floats are ordered as their bits are.
        Some(Self {
            order: wait.to_bits(),
            position,
        })
    }

    /// The key by which a plan draws what is at `position`: a replay draws the first.
    pub(crate) fn planned(plan: &DatasetPlan, position: u64) -> Self {
        if plan.replay {
            return Self { order: 0, position };
        }
        Self::of(plan.seed, position)
    }
}

/// A draw under way: the `k` items of the smallest keys so far; all of them without a `k`.
pub(crate) struct SeededDraw<T> {
    k: Option<usize>,
    kept: BTreeMap<DrawKey, T>,
}

impl<T> SeededDraw<T> {
    pub(crate) fn new(k: Option<u64>) -> Self {
        Self {
            k: k.map(|k| usize::try_from(k).unwrap_or(usize::MAX)),
            kept: BTreeMap::new(),
        }
    }

    /// Whether an item of this key would be kept as things stand.
    pub(crate) fn wants(&self, key: DrawKey) -> bool {
        let room = self.k.is_none_or(|k| self.kept.len() < k);
        let last = self.kept.last_key_value();
        room || last.is_some_and(|(last, _)| key < *last)
    }

    /// Keeps an item, and drops the last one when there are too many.
    pub(crate) fn put(&mut self, key: DrawKey, item: T) {
        self.kept.insert(key, item);
        if self.k.is_some_and(|k| self.kept.len() > k) {
            self.kept.pop_last();
        }
    }

    /// The item of this key, where it is still kept.
    pub(crate) fn get_mut(&mut self, key: DrawKey) -> Option<&mut T> {
        self.kept.get_mut(&key)
    }

    /// Whether the item of this key is still kept.
    pub(crate) fn keeps(&self, key: DrawKey) -> bool {
        self.kept.contains_key(&key)
    }

    /// What was drawn, in the order of the draw.
    pub(crate) fn finish(self) -> Vec<T> {
        self.kept.into_values().collect()
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small counts")]
mod tests {
    use super::*;

    fn draw(seed: u64, rows: u64, k: u64) -> Vec<u64> {
        let mut draw = SeededDraw::new(Some(k));
        for row in 0..rows {
            let key = DrawKey::of(seed, row);
            if draw.wants(key) {
                draw.put(key, row);
            }
        }
        draw.finish()
    }

    #[test]
    fn every_row_is_drawn_as_often_as_any_other() {
        let mut counts = [0_u32; 20];
        for seed in 0..4000 {
            let drawn = draw(seed, 20, 5);
            assert_eq!(drawn.len(), 5);
            for row in drawn {
                counts[row as usize] += 1;
            }
        }
        // 1,000 each; five standard deviations are 137.
        assert!(
            counts.iter().all(|n| (863..=1137).contains(n)),
            "{counts:?}"
        );
    }

    #[test]
    fn b087_a_smaller_draw_is_the_beginning_of_a_larger_one() {
        let (ten, five) = (draw(7, 1000, 10), draw(7, 1000, 5));
        assert_eq!(ten[..5], five);
        assert_ne!(ten, draw(8, 1000, 10));
    }

    #[test]
    fn weights_are_rates() {
        let mut first = [0_u32; 3];
        for seed in 0..6000 {
            let mut draw = SeededDraw::new(Some(1));
            for (row, weight) in [1.0, 2.0, 3.0].into_iter().enumerate() {
                draw.put(DrawKey::weighted(seed, row as u64, weight).unwrap(), row);
            }
            first[draw.finish()[0]] += 1;
        }
        for (count, share) in first.into_iter().zip([1.0, 2.0, 3.0]) {
            assert!(
                (f64::from(count) - 1000.0 * share).abs() < 250.0,
                "{first:?}"
            );
        }
        assert!(DrawKey::weighted(1, 1, 0.0).is_none());
    }
}
