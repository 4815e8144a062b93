//! A mixed round: which of its requests repeat the bytes of their epoch, and what that tells.

use crate::{ConclusionKind, Reason};
use serde::{Deserialize, Serialize};

/// What a request of a mixed round sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The bytes of its epoch, which a cache may know.
    Hit,
    /// The same content behind a value that is fresh for the round.
    Miss,
}

impl Arm {
    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// Where a request stands in a mixed round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MixedPlace {
    /// 0-based block of the round; between two blocks nothing is in flight.
    pub block: u32,
    /// What the coin gave its block.
    pub arm: Arm,
    /// It was sent while the block filled the queue: it enters no statistic.
    #[serde(default)]
    pub ramp: bool,
}

/// How many blocks a mixed round has, against how many are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockNeed {
    /// Blocks of a round.
    pub blocks: u64,
    /// Mixed rounds of the level.
    pub rounds: u64,
    /// Mixed rounds that would be enough; `None`: none are, of so few blocks each.
    pub rounds_needed: Option<u64>,
    /// Samples that would be enough for one round.
    pub samples_needed: u64,
}

impl BlockNeed {
    /// Blocks that a statement needs, over all mixed rounds of a level.
    pub const BLOCKS: u64 = 10;
    /// Ways to give blocks their arms that it needs: of fewer no p is at most 5 %.
    pub const ASSIGNMENTS: f64 = 40.0;
    /// Rounds that are tried for how many would be enough.
    const MOST_ROUNDS: u64 = 20;

    /// What rounds of so many blocks need; a block has `block_size` requests.
    pub fn of(blocks: u64, rounds: u64, block_size: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
        let enough =
            |rounds: &u64| Self::are_enough(blocks * rounds, ways(blocks).powf(*rounds as f64));
        Self {
            blocks,
            rounds,
            rounds_needed: (1..=Self::MOST_ROUNDS).find(enough),
            samples_needed: Self::BLOCKS * block_size,
        }
    }

    /// So many blocks, with so many ways to give them their arms, tell something.
    pub fn are_enough(blocks: u64, assignments: f64) -> bool {
        blocks >= Self::BLOCKS && assignments >= Self::ASSIGNMENTS
    }

    /// What there is is not enough.
    pub fn is_short(&self) -> bool {
        self.rounds_needed.is_none_or(|needed| needed > self.rounds)
    }
}

/// Ways to give half of the blocks of a round to an arm.
#[expect(
    clippy::cast_precision_loss,
    reason = "block counts are far below 2^52"
)]
fn ways(blocks: u64) -> f64 {
    let half = blocks / 2;
    (1..=half).fold(1.0, |ways, k| ways * (blocks - half + k) as f64 / k as f64)
}

/// Hits against misses inside the mixed rounds of a level, by re-randomising their blocks
/// (Fisher's randomisation test).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixedFinding {
    /// Blocks of both arms that hold a request that counts, over all mixed rounds.
    pub blocks: u64,
    /// Requests that count: those with a TTFT here and in their cold round, without the ramp.
    pub hit_requests: u64,
    /// The same of the other arm.
    pub miss_requests: u64,
    /// Different prompts among both.
    pub prompts: u64,
    /// Share of the requests of the hit arm that took less than half of their prompt from a cache;
    /// `None` where that is not known of all.
    pub missed_share: Option<f64>,
    /// Share of the prompt tokens that the hit arm took from a cache, by usage.
    pub hit_rate: Option<f64>,
    /// Successes of the hit arm whose hits are known.
    pub hit_known: u64,
    /// Successes of the hit arm, the ramp among them.
    pub hit_of: u64,
    /// The rate of the miss arm.
    pub miss_rate: Option<f64>,
    /// The same counts of the miss arm.
    pub miss_known: u64,
    /// All of its successes.
    pub miss_of: u64,
    /// exp(mean of ln(TTFT / own cold TTFT) of the misses − that of the hits): > 1, hits are faster.
    pub ratio: Option<f64>,
    /// Lower end of its 95 % interval: factors that the test does not reject.
    pub low: Option<f64>,
    /// Upper end; `None` beside a `low`: no factor is rejected.
    pub high: Option<f64>,
    /// Share of the assignments of blocks to arms that part them as far as the coin did.
    pub p: Option<f64>,
    /// There are too few blocks to decide anything: the ratio describes what was seen.
    pub descriptive: bool,
    /// TTFT of the misses over that of their cold round, as a factor: what the server, or its load,
    /// changed by in between.
    pub drift: Option<f64>,
    /// What the interval says by itself.
    pub kind: ConclusionKind,
    /// Of `no_effect`: no effect above this factor (≥ 1).
    pub bound: Option<f64>,
    /// Why it says nothing, where it does not.
    pub reason: Option<Reason>,
}

impl MixedFinding {
    /// Its arms are what they were to be, in blocks enough: what it says of the level, and that it
    /// cannot tell, is better founded than what whole rounds say.
    pub fn is_sound(&self) -> bool {
        matches!(self.reason, None | Some(Reason::AcrossMargin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mixed_rounds_need() {
        // 512 requests at concurrency 64 are two blocks of 256.
        let need = BlockNeed::of(2, 1, 256);
        assert_eq!((need.rounds_needed, need.samples_needed), (Some(6), 2560));
        assert!(need.is_short() && !BlockNeed::of(2, 6, 256).is_short());
        assert!(!BlockNeed::of(10, 1, 4).is_short());
        assert_eq!(BlockNeed::of(1, 50, 256).rounds_needed, None);
        assert!((ways(10) - 252.0).abs() < 1e-9 && (ways(3) - 3.0).abs() < 1e-9);
    }
}
