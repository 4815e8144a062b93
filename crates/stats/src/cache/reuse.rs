//! What a prefix cache could give: the reuse in the very token ids that were sent, one request
//! after the other, in two rounds. Blocks are identified by a hash over everything before and in
//! them, as engines do it; the last token of a prompt is always computed.

use dualround_model::Reuse;
use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

/// The share of prompt tokens that a prefix cache could give, for prompts in the order of sending,
/// at a granularity of `block` tokens; with a capacity in tokens, also for a cache that drops its
/// least recently used blocks first.
pub fn reuse(prompts: &[Vec<u32>], block: u64, capacity_tokens: Option<u64>) -> Option<Reuse> {
    let size = usize::try_from(block.max(1)).ok()?;
    let chains: Vec<Vec<u64>> = prompts.iter().map(|ids| chain(ids, size)).collect();
    let total: usize = prompts.iter().map(Vec::len).sum();
    if total == 0 {
        return None;
    }
    let blocks = capacity_tokens.and_then(|tokens| usize::try_from(tokens / block.max(1)).ok());
    let [cold, warm] = hits_of_two_rounds(prompts, &chains, size, None);
    let (cold, warm) = (cold as f64 / total as f64, warm as f64 / total as f64);
    let lru_warm = match blocks {
        // One token a block is llama.cpp's matching, which has slots, no blocks to drop.
        Some(blocks) if block > 1 => {
            let [_, warm] = hits_of_two_rounds(prompts, &chains, size, Some(blocks));
            Some(warm as f64 / total as f64)
        }
        _ => None,
    };
    Some(Reuse {
        block,
        prompts: prompts.len() as u64,
        tokens: total as u64,
        cold,
        warm,
        lru_warm,
        capacity_tokens,
    })
}

/// Tokens hit in a first and in a second round of the same prompts. `chains` are their blocks of
/// `size` tokens; the cache holds `capacity` blocks.
fn hits_of_two_rounds(
    prompts: &[Vec<u32>],
    chains: &[Vec<u64>],
    size: usize,
    capacity: Option<usize>,
) -> [usize; 2] {
    let mut cache = LruCache::new(capacity);
    [(); 2].map(|()| {
        let mut hits = 0;
        for (ids, chain) in prompts.iter().zip(chains) {
            let usable = ids.len().saturating_sub(1) / size;
            hits += size * cache.serve(chain, usable);
        }
        hits
    })
}

/// For each full block, a hash over the prompt up to its end.
fn chain(ids: &[u32], size: usize) -> Vec<u64> {
    let mut hash = 0;
    ids.chunks_exact(size)
        .map(|block| {
            // Its keys are fixed, so that the same ids give the same figures again.
            let mut hasher = DefaultHasher::new();
            (hash, block).hash(&mut hasher);
            hash = hasher.finish();
            hash
        })
        .collect()
}

/// Blocks with the time of their last use; without a capacity nothing is dropped.
struct LruCache {
    capacity: Option<usize>,
    used: HashMap<u64, u64>,
    by_use: BTreeMap<u64, u64>,
    now: u64,
}

impl LruCache {
    fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            used: HashMap::new(),
            by_use: BTreeMap::new(),
            now: 0,
        }
    }

    /// Looks a prompt up (its first `usable` blocks at most) and stores it; returns the blocks hit.
    fn serve(&mut self, chain: &[u64], usable: usize) -> usize {
        let looked_up = chain.iter().take(usable);
        let hits = looked_up.take_while(|block| self.used.contains_key(*block));
        let hits = hits.count();
        // From the end, so that the beginning, which more prompts share, is dropped last.
        for block in chain.iter().rev() {
            self.touch(*block);
        }
        hits
    }

    /// Makes a block the one used last, and drops the one used longest ago where there are too
    /// many.
    fn touch(&mut self, block: u64) {
        self.now += 1;
        if let Some(before) = self.used.insert(block, self.now) {
            self.by_use.remove(&before);
        }
        if self.capacity.is_some() {
            self.by_use.insert(self.now, block);
            while self
                .capacity
                .is_some_and(|capacity| self.used.len() > capacity)
                && let Some((_, oldest)) = self.by_use.pop_first()
            {
                self.used.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(first: u32, len: u32) -> Vec<u32> {
        (0..len).map(|i| first * 1_000_000 + i).collect()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn b046_the_last_token_and_the_last_part_of_a_block_are_computed() {
        let prompts = [prompt(1, 100)];
        let by_token = reuse(&prompts, 1, None).unwrap();
        assert!(near(by_token.cold, 0.0) && near(by_token.warm, 0.99));
        let by_block = reuse(&prompts, 16, None).unwrap();
        assert!(near(by_block.warm, 0.96));
        // A prompt of whole blocks leaves its last block to be computed.
        assert!(near(
            reuse(&[prompt(1, 96)], 16, None).unwrap().warm,
            80.0 / 96.0
        ));
        assert!(near(reuse(&[prompt(1, 10)], 16, None).unwrap().warm, 0.0));
        assert!(reuse(&[], 16, None).is_none());
    }

    #[test]
    fn sharing_inside_a_round_counts_in_the_cold_one() {
        let mut two = prompt(1, 64);
        two.extend(prompt(2, 64));
        let mut one = prompt(1, 64);
        one.extend(prompt(3, 64));
        let found = reuse(&[one, two], 16, None).unwrap();
        assert!(near(found.cold, 64.0 / 256.0));
    }

    #[test]
    fn a_small_cache_drops_what_was_used_longest_ago() {
        let prompts: Vec<Vec<u32>> = (0..10).map(|i| prompt(i, 161)).collect();
        let fits = reuse(&prompts, 16, Some(1600)).unwrap();
        assert!(near(fits.lru_warm.unwrap(), fits.warm));
        // Prompts that come round again are just what such a cache has dropped.
        let small = reuse(&prompts, 16, Some(1440)).unwrap();
        assert!(small.lru_warm.unwrap() < 0.1, "{small:?}");
    }
}
