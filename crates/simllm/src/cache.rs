//! The prefix cache: chains of full blocks, least recently used leaves evicted first.

use crate::tokenizer::hash;
use std::collections::{BTreeMap, HashMap};

/// A cached block, known by the hash of everything up to its end.
#[derive(Debug)]
struct Block {
    /// The block before it in its prompts.
    parent: Option<u64>,
    /// Cached blocks that follow it: without one it is a leaf, and may be evicted.
    children: usize,
    /// The clock at its last use.
    used: u64,
}

/// One tier of cached blocks.
#[derive(Debug)]
pub(crate) struct BlockCache {
    /// Most blocks at once.
    capacity: usize,
    blocks: HashMap<u64, Block>,
    /// Leaves by last use; the first one goes first.
    leaves: BTreeMap<u64, u64>,
    /// Uses so far: orders blocks by their last one.
    clock: u64,
    pub(crate) evicted: u64,
}

/// The chain of block hashes of a prompt: each hash covers everything before it.
pub(crate) fn chain(ids: &[u32], block_size: usize, salt: &str) -> Vec<u64> {
    let mut parent = hash(salt.as_bytes());
    let mut bytes = Vec::with_capacity(8 + block_size * 4);
    ids.chunks_exact(block_size.max(1))
        .map(|block| {
            bytes.clear();
            bytes.extend_from_slice(&parent.to_le_bytes());
            for id in block {
                bytes.extend_from_slice(&id.to_le_bytes());
            }
            parent = hash(&bytes);
            parent
        })
        .collect()
}

impl BlockCache {
    pub(crate) fn new(capacity: usize) -> Self {
        let (blocks, leaves) = (HashMap::new(), BTreeMap::new());
        Self {
            capacity,
            blocks,
            leaves,
            clock: 0,
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
        self.leaves.clear();
    }

    /// How many leading blocks of the chain are here; they count as used now.
    pub(crate) fn lookup(&mut self, chain: &[u64]) -> usize {
        let hits = chain
            .iter()
            .take_while(|key| self.blocks.contains_key(*key))
            .count();
        for key in &chain[..hits] {
            self.touch(*key);
        }
        hits
    }

    fn touch(&mut self, key: u64) {
        self.clock += 1;
        if let Some(block) = self.blocks.get_mut(&key) {
            if block.children == 0 {
                self.leaves.remove(&block.used);
                self.leaves.insert(self.clock, key);
            }
            block.used = self.clock;
        }
    }

    /// Puts the blocks of a chain here, evicting others where there is no room.
    pub(crate) fn insert(&mut self, chain: &[u64]) {
        let mut parent = None;
        for key in chain {
            if self.blocks.contains_key(key) {
                self.touch(*key);
            } else {
                if self.blocks.len() >= self.capacity && !self.evict(parent) {
                    return;
                }
                self.clock += 1;
                self.blocks.insert(
                    *key,
                    Block {
                        parent,
                        children: 0,
                        used: self.clock,
                    },
                );
                self.leaves.insert(self.clock, *key);
                if let Some(block) = parent.and_then(|parent| self.blocks.get_mut(&parent)) {
                    if block.children == 0 {
                        self.leaves.remove(&block.used);
                    }
                    block.children += 1;
                }
            }
            parent = Some(*key);
        }
    }

    /// Frees the least recently used leaf but not `keep`, the end of the chain being built.
    fn evict(&mut self, keep: Option<u64>) -> bool {
        let leaf = self.leaves.iter().find(|(_, key)| Some(**key) != keep);
        let Some((used, key)) = leaf.map(|(used, key)| (*used, *key)) else {
            return false;
        };
        self.leaves.remove(&used);
        self.evicted += 1;
        if let Some(gone) = self.blocks.remove(&key)
            && let Some(parent) = gone.parent
            && let Some(block) = self.blocks.get_mut(&parent)
        {
            block.children -= 1;
            if block.children == 0 {
                self.leaves.insert(block.used, parent);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_blocks_of_the_same_prefix_hit() {
        let ids: Vec<u32> = (0..40).collect();
        let mut cache = BlockCache::new(100);
        cache.insert(&chain(&ids, 16, ""));
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.lookup(&chain(&ids, 16, "")), 2);
        assert_eq!(cache.lookup(&chain(&ids[..20], 16, "")), 1);
        assert_eq!(cache.lookup(&chain(&ids, 16, "salt")), 0);
        assert_eq!(cache.lookup(&chain(&ids[1..], 16, "")), 0);
    }

    #[test]
    fn the_least_recently_used_leaf_goes_first() {
        let mut cache = BlockCache::new(4);
        let (a, b): (Vec<u32>, Vec<u32>) = ((0..32).collect(), (100..132).collect());
        cache.insert(&chain(&a, 16, ""));
        cache.insert(&chain(&b, 16, ""));
        cache.lookup(&chain(&a, 16, ""));
        cache.insert(&chain(&[7; 16], 16, ""));
        assert_eq!(cache.lookup(&chain(&a, 16, "")), 2);
        assert_eq!(cache.lookup(&chain(&b, 16, "")), 1);
        assert_eq!((cache.len(), cache.evicted), (4, 1));
    }

    #[test]
    fn a_prompt_larger_than_the_cache_evicts_no_part_of_itself() {
        let mut cache = BlockCache::new(3);
        let ids: Vec<u32> = (0..160).collect();
        cache.insert(&chain(&ids, 16, ""));
        assert_eq!(cache.len(), 3);
        assert_eq!(cache.lookup(&chain(&ids, 16, "")), 3);
    }
}
