//! A seeded draw that is the same on every platform: integer arithmetic on ChaCha8 only.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The generator of a seed.
pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A number below `n`, without bias (rejection of the incomplete last range).
pub(crate) fn below(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    let n = n.max(1);
    let limit = u64::MAX - u64::MAX % n;
    loop {
        let bits = rng.next_u64();
        if bits < limit {
            return bits % n;
        }
    }
}

/// A reservoir of `k` out of a stream of unknown length (Vitter's algorithm R); all of it without
/// a `k`.
pub(crate) struct Reservoir<T> {
    k: Option<u64>,
    seen: u64,
    rng: ChaCha8Rng,
    kept: Vec<T>,
}

impl<T> Reservoir<T> {
    pub(crate) fn new(k: Option<u64>, seed: u64) -> Self {
        Self {
            k,
            seen: 0,
            rng: rng(seed),
            kept: Vec::new(),
        }
    }

    pub(crate) fn offer(&mut self, item: T) {
        self.seen += 1;
        let full = self.k.is_some_and(|k| self.kept.len() as u64 >= k);
        if !full {
            self.kept.push(item);
            return;
        }
        let at = below(&mut self.rng, self.seen);
        if let Ok(at) = usize::try_from(at)
            && let Some(slot) = self.kept.get_mut(at)
        {
            *slot = item;
        }
    }

    /// Items seen, and those kept.
    pub(crate) fn finish(self) -> (u64, Vec<T>) {
        (self.seen, self.kept)
    }
}

/// Shuffles in place (Fisher–Yates).
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = rng(seed);
    for at in (1..items.len()).rev() {
        let pick = below(&mut rng, at as u64 + 1);
        items.swap(at, usize::try_from(pick).unwrap_or(at));
    }
}
