//! Numbers that depend on a seed and nothing else: the same on every platform.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The generator of a seed.
pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A number that looks drawn, of two: the finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA
/// 2014) over both.
pub(crate) fn hash(seed: u64, at: u64) -> u64 {
    let mut z = seed ^ at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
    }
    z
}

/// A number in (0, 1], in steps of 2^-53.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
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

/// Shuffles in place (Fisher–Yates).
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = rng(seed);
    for at in (1..items.len()).rev() {
        let pick = below(&mut rng, at as u64 + 1);
        items.swap(at, usize::try_from(pick).unwrap_or(at));
    }
}
