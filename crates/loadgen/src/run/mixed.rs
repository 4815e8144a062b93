//! A mixed round: blocks of requests that repeat the bytes of their epoch, and blocks of the same
//! content behind one value that is fresh for the round. A coin gives each block its arm.

use super::{cold::RunCold, epoch::RoundBodies, epoch::differs, setting::RunSetting};
use crate::{
    LoadError,
    request::{body::BodyExtras, prepare},
    round::blocks::{BlockCut, Blocks, block_size},
    round::order::{self, RoundOrder},
};
use dualround_model::{Arm, BlockNeed, PreparedEpoch, RoundSpec, Sample, hex};
use std::{collections::HashSet, sync::Arc};

/// Cuts the order of a round into blocks, tosses their coin, and makes the bodies.
///
/// # Errors
/// [`LoadError::Body`] for a sample that cannot be sent; [`LoadError::Digest`] where a body is not
/// that of its arm.
pub(super) fn mixed_bodies(
    spec: RoundSpec,
    order: &mut RoundOrder,
    concurrency: u32,
    setting: &RunSetting,
    cold: &mut RunCold,
    key: Option<&str>,
    epoch: &PreparedEpoch,
) -> Result<RoundBodies, LoadError> {
    let prompt = |index: u32| {
        let request = epoch.requests.get(index as usize);
        request.map(|request| Arc::clone(&request.prompt_digest))
    };
    let cut = BlockCut::of(&order.requests, concurrency, prompt);
    let blocks = cut.toss(concurrency, coin_seed(setting.plan.seed, order));
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
    let prompt = |index: u32| samples.get(index as usize).map(|sample| sample.text());
    let cut = BlockCut::of(&all, concurrency, prompt);
    BlockNeed::of(
        cut.starts.len() as u64,
        rounds,
        block_size(concurrency) as u64,
    )
}

/// The requests of the arm that meets no cache.
fn misses(requests: &[u32], blocks: &Blocks) -> HashSet<u32> {
    let places = requests.iter().enumerate();
    places
        .filter(|(place, _)| blocks.place(*place).is_some_and(|at| at.arm == Arm::Miss))
        .map(|(_, index)| *index)
        .collect()
}

/// Each round of a run has its own coin.
fn coin_seed(run_seed: u64, order: &RoundOrder) -> u64 {
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
