//! The blocks of a mixed round: consecutive requests of one arm, with nothing in flight between two
//! of them. Hits and misses in one queue would wait for each other, and neither would be measured.

use dualround_model::{Arm, MixedPlace};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Requests of a block for each in flight: the first wave fills the queue, the others are in it.
const WAVES: usize = 4;

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArmBlock {
    /// The place of its first request in the sequence of sending.
    pub(crate) first: usize,
    /// What the coin gave it.
    pub(crate) arm: Arm,
}

/// The blocks of a round, in the sequence of sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blocks {
    pub(crate) blocks: Vec<ArmBlock>,
    /// Requests at the beginning of each that fill the queue.
    pub(crate) ramp: usize,
}

/// A sequence of sending in which no prompt stands in two blocks, and where its blocks begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockCut {
    /// Positions in the epoch.
    pub(crate) requests: Vec<u32>,
    /// The place of the first request of each block.
    pub(crate) starts: Vec<usize>,
}

impl BlockCut {
    /// Cuts a sequence into blocks of four times `concurrency` requests (of one at concurrency 1).
    /// All requests of one prompt stand together, where the first of them stood. What is left at the
    /// end is a block when it is half of one at least, else it joins the last.
    pub(crate) fn of<P: Eq + std::hash::Hash>(
        requests: &[u32],
        concurrency: u32,
        prompt: impl Fn(u32) -> P,
    ) -> Self {
        let size = block_size(concurrency);
        let mut places = std::collections::HashMap::new();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for request in requests {
            let place = *places.entry(prompt(*request)).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(*request);
        }
        let mut cut = Self {
            requests: Vec::with_capacity(requests.len()),
            starts: Vec::new(),
        };
        for group in groups {
            let in_block = cut.starts.last().map(|start| cut.requests.len() - start);
            if in_block.is_none_or(|held| held >= size) {
                cut.starts.push(cut.requests.len());
            }
            cut.requests.extend(group);
        }
        let rest = cut
            .starts
            .last()
            .map_or(0, |start| cut.requests.len() - start);
        if cut.starts.len() > 1 && 2 * rest < size {
            cut.starts.pop();
        }
        cut
    }

    /// Tosses the coin: half of the blocks to each arm, and of an odd number the one that is left to
    /// either.
    pub(crate) fn toss(&self, concurrency: u32, seed: u64) -> Blocks {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let count = self.starts.len();
        let extra = usize::from(count % 2 == 1 && random.next_u32() % 2 == 1);
        let hits = count / 2 + extra;
        let mut arms: Vec<Arm> = (0..count)
            .map(|at| if at < hits { Arm::Hit } else { Arm::Miss })
            .collect();
        for at in (1..arms.len()).rev() {
            // Below 2^32 blocks the bias of the remainder is below 2^-32.
            let pick = usize::try_from(random.next_u64() % (at as u64 + 1)).unwrap_or(0);
            arms.swap(at, pick);
        }
        let blocks = self.starts.iter().zip(arms);
        Blocks {
            blocks: blocks
                .map(|(first, arm)| ArmBlock { first: *first, arm })
                .collect(),
            ramp: if concurrency > 1 {
                concurrency as usize
            } else {
                0
            },
        }
    }
}

/// Requests of a whole block.
pub(crate) fn block_size(concurrency: u32) -> usize {
    match concurrency {
        0 | 1 => 1,
        more => WAVES * more as usize,
    }
}

impl Blocks {
    /// Where the request at this place of the sequence stands.
    pub(crate) fn place(&self, place: usize) -> Option<MixedPlace> {
        let at = self.block_of(place)?;
        let block = self.blocks.get(at)?;
        Some(MixedPlace {
            block: u32::try_from(at).unwrap_or(u32::MAX),
            arm: block.arm,
            ramp: place - block.first < self.ramp,
        })
    }

    /// How many requests must have ended before the one at this place may go: all before its block.
    pub(crate) fn ended_before(&self, place: usize) -> usize {
        let block = self.block_of(place).and_then(|at| self.blocks.get(at));
        block.map_or(0, |block| block.first)
    }

    /// A block begins when so many have ended.
    pub(crate) fn begins_at(&self, ended: usize) -> bool {
        self.blocks
            .binary_search_by_key(&ended, |block| block.first)
            .is_ok()
    }

    fn block_of(&self, place: usize) -> Option<usize> {
        self.blocks
            .partition_point(|block| block.first <= place)
            .checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(count: u32) -> Vec<u32> {
        (0..count).collect()
    }

    fn cut(count: u32, concurrency: u32) -> BlockCut {
        BlockCut::of(&all(count), concurrency, |request| request)
    }

    #[test]
    fn a_rest_of_half_a_block_is_one_and_less_joins_the_last() {
        assert_eq!(cut(40, 4).starts, [0, 16, 32]);
        assert_eq!(cut(39, 4).starts, [0, 16]);
        assert_eq!(cut(7, 4).starts, [0]);
        assert_eq!(cut(3, 1).starts, [0, 1, 2]);
        assert_eq!(cut(0, 4).starts, [0_usize; 0]);
    }

    #[test]
    fn all_requests_of_one_prompt_stand_in_one_block() {
        // Prompts 0 1 2 0 1 2 …: every third request is the same.
        let cut = BlockCut::of(&all(9), 1, |request| request % 3);
        assert_eq!(cut.requests, [0, 3, 6, 1, 4, 7, 2, 5, 8]);
        assert_eq!(cut.starts, [0, 3, 6]);
        // A group is not torn for a block to have its size.
        let cut = BlockCut::of(&all(18), 2, |request| request / 9);
        assert_eq!(cut.starts, [0, 9]);
    }

    #[test]
    fn the_coin_is_balanced_and_the_same_for_the_same_seed() {
        let hits = |count, seed| {
            let tossed = cut(count, 1).toss(1, seed);
            let hits = tossed.blocks.iter().filter(|block| block.arm == Arm::Hit);
            hits.count()
        };
        assert!((0..50).all(|seed| hits(12, seed) == 6));
        let odd: std::collections::HashSet<usize> = (0..50).map(|seed| hits(13, seed)).collect();
        assert_eq!(odd, [6, 7].into());
        assert_eq!(cut(12, 1).toss(1, 7), cut(12, 1).toss(1, 7));
        assert_ne!(cut(12, 1).toss(1, 7), cut(12, 1).toss(1, 8));
    }

    #[test]
    fn each_place_is_in_the_block_that_began_last() {
        let blocks = cut(40, 4).toss(4, 1);
        let place = |at| blocks.place(at).map(|place| (place.block, place.ramp));
        assert_eq!(place(0), Some((0, true)));
        assert_eq!(place(4), Some((0, false)));
        assert_eq!(place(16), Some((1, true)));
        assert_eq!(place(39), Some((2, false)));
        assert_eq!((blocks.ended_before(15), blocks.ended_before(31)), (0, 16));
        assert!(blocks.begins_at(16) && !blocks.begins_at(17));
        assert!(
            cut(4, 1)
                .toss(1, 1)
                .place(3)
                .is_some_and(|place| !place.ramp)
        );
    }
}
