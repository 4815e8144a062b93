//! Values that depend on a seed and nothing else.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The generator of a scenario: all that is drawn in it comes from its seed.
pub(super) struct Random {
    generator: ChaCha8Rng,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            generator: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// A number in (0, 1].
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&mut self) -> f64 {
        ((self.generator.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A number uniform between two values.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number from `low` to `high`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small whole numbers"
    )]
    pub(super) fn whole(&mut self, low: u32, high: u32) -> u32 {
        let at = self.between(f64::from(low), f64::from(high) + 1.0);
        (at.floor() as u32).clamp(low, high)
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        let last = u32::try_from(of.len()).unwrap_or(u32::MAX) - 1;
        of[self.whole(0, last) as usize]
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() <= share
    }

    /// A standard normal number (Box and Muller, Ann. Math. Statist. 29 (1958) 610).
    pub(super) fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

/// A seed from a text: FNV-1a, kept far from the seeds that are counted from 0.
pub fn number_of(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1_000_000 + hash % 1_000_000_000
}
