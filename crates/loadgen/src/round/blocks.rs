//! The blocks of a mixed round: consecutive requests of one arm, with nothing in flight between two
//! of them. Hits and misses in one queue would wait for each other, and neither would be measured.

use dualround_model::{Arm, MixedPlace};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Requests of a block for each in flight: the first wave fills the queue, the others are in it.
const WAVES: usize = 4;

/// How long a block is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BlockLength<'a> {
    /// Of a closed loop: so many waves of what is in flight.
    InFlight(u32),
    /// Of an open loop: so long that what was in the queue at its beginning has left it.
    Time {
        /// The longest that a request takes without a cache, ns.
        longest_ns: u64,
        /// When the requests are due, in the sequence of sending, ns.
        due_ns: &'a [u64],
    },
}

impl BlockLength<'_> {
    /// The requests from one place to another (which is not among them) are a whole block.
    fn is_whole(self, first: usize, end: usize) -> bool {
        match self {
            Self::InFlight(_) => end - first >= self.requests(),
            Self::Time { .. } => self.lasts(first, end) >= self.time_ns(),
        }
    }

    /// They are half of one at least.
    fn is_half(self, first: usize, end: usize) -> bool {
        match self {
            Self::InFlight(_) => 2 * (end - first) >= self.requests(),
            Self::Time { .. } => 2 * self.lasts(first, end) >= self.time_ns(),
        }
    }

    /// How many of them fill the queue.
    fn ramp(self, first: usize, end: usize) -> usize {
        match self {
            Self::InFlight(0 | 1) => 0,
            Self::InFlight(requests) => requests as usize,
            Self::Time { longest_ns, .. } => {
                let places = first..end;
                places
                    .take_while(|place| self.lasts(first, *place) < longest_ns)
                    .count()
            }
        }
    }

    /// Requests of a whole block of a closed loop.
    pub(crate) fn requests(self) -> usize {
        match self {
            Self::InFlight(0 | 1) | Self::Time { .. } => 1,
            Self::InFlight(more) => WAVES * more as usize,
        }
    }

    fn time_ns(self) -> u64 {
        match self {
            Self::InFlight(_) => 0,
            Self::Time { longest_ns, .. } => longest_ns.saturating_mul(WAVES as u64),
        }
    }

    /// From the instant of the one to that of the other, or of the last one before the end, ns.
    fn lasts(self, first: usize, end: usize) -> u64 {
        let Self::Time { due_ns, .. } = self else {
            return 0;
        };
        let of = |place: usize| due_ns.get(place).or(due_ns.last()).copied().unwrap_or(0);
        of(end).saturating_sub(of(first))
    }
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArmBlock {
    /// The place of its first request in the sequence of sending.
    pub(crate) first: usize,
    /// What the coin gave it.
    pub(crate) arm: Arm,
    /// Requests at its beginning that fill the queue.
    pub(crate) ramp: usize,
}

/// The block that a session is played in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionBlock {
    block: u32,
    arm: Arm,
    /// Requests of the blocks before it: so many have ended when it begins.
    pub(crate) first: usize,
    /// Requests that fill the queue at its beginning.
    ramp: usize,
}

impl SessionBlock {
    /// Where a turn stands that begins when so many requests of the round have ended: which of them
    /// fills the queue is not known before, since sessions go their own ways.
    pub(crate) fn place(self, ended: usize) -> MixedPlace {
        MixedPlace {
            block: self.block,
            arm: self.arm,
            ramp: ended.saturating_sub(self.first) < self.ramp,
        }
    }
}

/// The blocks of a round, in the sequence of sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blocks {
    pub(crate) blocks: Vec<ArmBlock>,
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
    /// Cuts a sequence into blocks. All requests of one prompt stand together, where the first of
    /// them stood. What is left at the end is a block when it is half of one at least, else it joins
    /// the last.
    pub(crate) fn of<P: Eq + std::hash::Hash>(
        requests: &[u32],
        length: BlockLength<'_>,
        prompt: impl Fn(u32) -> P,
    ) -> Self {
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
            let (begun, end) = (cut.starts.last(), cut.requests.len());
            if begun.is_none_or(|first| length.is_whole(*first, end)) {
                cut.starts.push(end);
            }
            cut.requests.extend(group);
        }
        let (rest, end) = (cut.starts.last().copied(), cut.requests.len());
        if cut.starts.len() > 1 && rest.is_some_and(|first| !length.is_half(first, end)) {
            cut.starts.pop();
        }
        cut
    }

    /// Tosses the coin: half of the blocks to each arm, and of an odd number the one that is left to
    /// either.
    pub(crate) fn toss(&self, length: BlockLength<'_>, seed: u64) -> Blocks {
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
        let ends = self.starts.iter().skip(1).copied();
        let ends = ends.chain([self.requests.len()]);
        let blocks = self.starts.iter().zip(ends).zip(arms);
        let blocks = blocks.map(|((first, end), arm)| ArmBlock {
            first: *first,
            arm,
            ramp: length.ramp(*first, end),
        });
        Blocks {
            blocks: blocks.collect(),
        }
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
            ramp: place - block.first < block.ramp,
        })
    }

    /// What the coin gave to the session that begins at this place.
    pub(crate) fn of_session(&self, place: usize) -> Option<SessionBlock> {
        let at = self.block_of(place)?;
        let block = self.blocks.get(at)?;
        Some(SessionBlock {
            block: u32::try_from(at).unwrap_or(u32::MAX),
            arm: block.arm,
            first: block.first,
            ramp: block.ramp,
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
        let length = BlockLength::InFlight(concurrency);
        BlockCut::of(&all(count), length, |request| request)
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
        let cut = BlockCut::of(&all(9), BlockLength::InFlight(1), |request| request % 3);
        assert_eq!(cut.requests, [0, 3, 6, 1, 4, 7, 2, 5, 8]);
        assert_eq!(cut.starts, [0, 3, 6]);
        // A group is not torn for a block to have its size.
        let cut = BlockCut::of(&all(18), BlockLength::InFlight(2), |request| request / 9);
        assert_eq!(cut.starts, [0, 9]);
    }

    #[test]
    fn the_coin_is_balanced_and_the_same_for_the_same_seed() {
        let hits = |count, seed| {
            let tossed = cut(count, 1).toss(BlockLength::InFlight(1), seed);
            let hits = tossed.blocks.iter().filter(|block| block.arm == Arm::Hit);
            hits.count()
        };
        assert!((0..50).all(|seed| hits(12, seed) == 6));
        let odd: std::collections::HashSet<usize> = (0..50).map(|seed| hits(13, seed)).collect();
        assert_eq!(odd, [6, 7].into());
        assert_eq!(
            cut(12, 1).toss(BlockLength::InFlight(1), 7),
            cut(12, 1).toss(BlockLength::InFlight(1), 7)
        );
        assert_ne!(
            cut(12, 1).toss(BlockLength::InFlight(1), 7),
            cut(12, 1).toss(BlockLength::InFlight(1), 8)
        );
    }

    #[test]
    fn blocks_of_an_open_loop_are_cut_by_time() {
        // Ten a second, and a request takes 0.3 s at most: a block is 1.2 s, its ramp 0.3 s.
        let due_ns: Vec<u64> = (0..40).map(|place| place * 100_000_000).collect();
        let length = BlockLength::Time {
            longest_ns: 300_000_000,
            due_ns: &due_ns,
        };
        let cut = BlockCut::of(&all(40), length, |request| request);
        // What is due from 3.6 s to 3.9 s is less than half of one.
        assert_eq!(cut.starts, [0, 12, 24]);
        let blocks = cut.toss(length, 1);
        let ramp = (24..40).filter(|at| blocks.place(*at).is_some_and(|place| place.ramp));
        assert_eq!(ramp.collect::<Vec<_>>(), [24, 25, 26]);
        let cut = BlockCut::of(&all(34), length, |request| request);
        assert_eq!(cut.starts, [0, 12, 24]);
    }

    #[test]
    fn each_place_is_in_the_block_that_began_last() {
        let blocks = cut(40, 4).toss(BlockLength::InFlight(4), 1);
        let place = |at| blocks.place(at).map(|place| (place.block, place.ramp));
        assert_eq!(place(0), Some((0, true)));
        assert_eq!(place(4), Some((0, false)));
        assert_eq!(place(16), Some((1, true)));
        assert_eq!(place(39), Some((2, false)));
        assert_eq!((blocks.ended_before(15), blocks.ended_before(31)), (0, 16));
        assert!(blocks.begins_at(16) && !blocks.begins_at(17));
        assert!(
            cut(4, 1)
                .toss(BlockLength::InFlight(1), 1)
                .place(3)
                .is_some_and(|place| !place.ramp)
        );
    }
}
