//! Text for requests that are not measured: plain words in an order that depends on a seed.

const WORDS: [&str; 16] = [
    "river", "stone", "window", "garden", "letter", "music", "silver", "winter", "bridge",
    "candle", "market", "harbor", "orange", "pencil", "forest", "yellow",
];

/// About `chars` characters of words.
pub(crate) fn filler(seed: u64, chars: usize) -> String {
    // A linear congruential generator (Knuth's MMIX constants); the top bits choose the word.
    let mut state = seed;
    let mut out = String::with_capacity(chars + 8);
    while out.len() < chars {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        out.push_str(WORDS[usize::try_from(state >> 60).unwrap_or(0)]);
        out.push(' ');
    }
    out
}
