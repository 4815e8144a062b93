//! Text markers: fresh words at the start of a prompt, so that no cached prefix fits it.

use dualround_model::WORDS;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Words of a marker: 64 bits, so that no two epochs of any two runs share one.
const COUNT: usize = 8;

/// Draws markers. Every marker has the same length.
#[derive(Debug)]
pub(crate) struct Markers {
    random: ChaCha8Rng,
}

impl Markers {
    /// Markers of one run. They must differ from those of every other run, also of one with the
    /// same seed against the same server, so the run's start time is mixed in.
    pub(crate) fn new(seed: u64, started_wall_ns: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed ^ started_wall_ns.rotate_left(17)),
        }
    }

    /// The next marker, ending with a newline.
    pub(crate) fn next(&mut self) -> String {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let bits = self.random.next_u64().to_le_bytes();
        let picked: Vec<&str> = bits.iter().map(|byte| words[usize::from(*byte)]).collect();
        debug_assert_eq!(picked.len(), COUNT);
        format!("{}\n", picked.join(" "))
    }

    /// The next marker of token ids, drawn from those that the prompts are made of: as unlikely to
    /// come twice as one of words. Empty where there are not two to draw from.
    pub(crate) fn next_ids(&mut self, vocabulary: &[u32]) -> Vec<u32> {
        let Some(bits) = vocabulary.len().checked_ilog2().filter(|bits| *bits > 0) else {
            return Vec::new();
        };
        let count = 64_u32.div_ceil(bits);
        let drawn = (0..count).map(|_| vocabulary[self.random.random_range(0..vocabulary.len())]);
        drawn.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn markers_differ_and_have_one_length() {
        let mut markers = Markers::new(0, 1);
        let drawn: HashSet<String> = (0..1000).map(|_| markers.next()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().all(|marker| marker.len() == COUNT * 5));
        assert_ne!(Markers::new(0, 1).next(), Markers::new(0, 2).next());
    }
}
