//! A mixed round: blocks of requests that repeat the bytes of their epoch, and blocks of the same
//! content behind one value that is fresh for the round. A coin gives each block its arm.

use super::{cold::RunCold, epoch::RoundBodies, epoch::differs, setting::RunSetting};
use crate::{
    LoadError,
    request::{body::BodyExtras, prepare},
    round::blocks::{BlockCut, BlockLength, Blocks},
    round::order::{self, RoundOrder},
    round::pacing::Pacing,
};
use dualround_model::{Arm, BlockNeed, PreparedEpoch, RoundSpec, Sample, hex};
use std::{collections::HashSet, sync::Arc};

/// What the blocks of a mixed round are cut by.
#[derive(Clone, Copy, Debug)]
pub(super) struct MixedLoad {
    /// Requests in flight; `None` in an open loop.
    pub(super) concurrency: Option<u32>,
    /// The longest that a request of the cold round took, ns.
    pub(super) longest_ns: u64,
}

impl MixedLoad {
    fn block_length(self, pacing: &Pacing) -> BlockLength<'_> {
        match (self.concurrency, pacing) {
            (None, Pacing::Open { due_ns, .. }) => BlockLength::Time {
                longest_ns: self.longest_ns,
                due_ns,
            },
            (in_flight, _) => BlockLength::InFlight(in_flight.unwrap_or(1)),
        }
    }
}

/// Cuts the order of a round into blocks, tosses their coin, and makes the bodies.
///
/// # Errors
/// [`LoadError::Body`] for a sample that cannot be sent; [`LoadError::Digest`] where a body is not
/// that of its arm.
pub(super) fn mixed_bodies(
    spec: RoundSpec,
    order: &mut RoundOrder,
    load: MixedLoad,
    setting: &RunSetting,
    cold: &mut RunCold,
    key: Option<&str>,
    epoch: &PreparedEpoch,
) -> Result<RoundBodies, LoadError> {
    let prompt = |index: u32| {
        let request = epoch.requests.get(index as usize);
        request.map(|request| Arc::clone(&request.prompt_digest))
    };
    let length = load.block_length(&order.pacing);
    let cut = BlockCut::of(&order.requests, length, prompt);
    let blocks = cut.toss(length, coin_seed(setting.plan.seed, order));
    let misses = misses(&cut.requests, &blocks);
    let value = cold.fresh();
    let (plan, target) = (&setting.plan, setting.target());
    let is_miss = |index: u32| misses.contains(&index);
    let samples = setting.samples();
    // Both arms go the way of the epoch: what differs is what a cache can have.
    let extras = BodyExtras {
        fresh: Some(&value),
        key,
    };
    let bodies = prepare::replaced(plan, target, samples, epoch, extras, is_miss)?;
    check(spec, &bodies, epoch, is_miss)?;
    order.requests = cut.requests;
    order.blocks = Some(blocks);
    Ok(RoundBodies {
        cold: Some(value.action()),
        ..RoundBodies::of_epoch(Arc::new(bodies))
    })
}

/// What mixed rounds of a level need, as far as its samples tell before anything is sent.
pub fn block_need(samples: &[Arc<Sample>], concurrency: u32, rounds: u64) -> BlockNeed {
    let all = order::in_order(samples.len());
    let roots = dualround_model::roots(samples);
    let prompt = |index: u32| {
        let root = roots.get(index as usize).copied();
        let text = || Some(samples.get(index as usize)?.text());
        let text = if root.is_none() { text() } else { None };
        (root, text)
    };
    let length = BlockLength::InFlight(concurrency);
    let cut = BlockCut::of(&all, length, prompt);
    BlockNeed::of(cut.starts.len() as u64, rounds, length.requests() as u64)
}

/// The same of an open loop, whose cold round has told how long a block is.
pub(super) fn open_block_need(
    samples: &[Arc<Sample>],
    due_ns: &[u64],
    longest_ns: u64,
    rounds: u64,
) -> BlockNeed {
    let all = order::in_order(due_ns.len());
    let prompt = |index: u32| samples.get(index as usize).map(|sample| sample.text());
    let length = BlockLength::Time { longest_ns, due_ns };
    let cut = BlockCut::of(&all, length, prompt);
    let blocks = cut.starts.len();
    let in_block = all.len().div_ceil(blocks.max(1));
    BlockNeed::of(blocks as u64, rounds, in_block as u64)
}

/// The requests of the arm that meets no cache.
pub(super) fn misses(requests: &[u32], blocks: &Blocks) -> HashSet<u32> {
    let places = requests.iter().enumerate();
    places
        .filter(|(place, _)| blocks.place(*place).is_some_and(|at| at.arm == Arm::Miss))
        .map(|(_, index)| *index)
        .collect()
}

/// Each round of a run has its own coin.
pub(super) fn coin_seed(run_seed: u64, order: &RoundOrder) -> u64 {
    // Not the one by which a round of that number is shuffled.
    const COIN: u64 = 0xc0 << 56;
    run_seed ^ COIN ^ (u64::from(order.level) << 48) ^ (u64::from(order.round) << 32)
}

/// Those of the hit arm are the bodies of the epoch, and those of the other arm are not.
fn check(
    spec: RoundSpec,
    bodies: &PreparedEpoch,
    epoch: &PreparedEpoch,
    is_miss: impl Fn(u32) -> bool,
) -> Result<(), LoadError> {
    for (sent, known) in bodies.requests.iter().zip(&epoch.requests) {
        let is_other = sent.body_digest != known.body_digest;
        if is_other != is_miss(sent.index) {
            let (found, expected) = (hex(&sent.body_digest), hex(&known.body_digest));
            return Err(differs(spec, "wire", &found, &expected));
        }
    }
    Ok(())
}
