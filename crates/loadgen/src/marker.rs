//! Text markers: fresh words at the start of a prompt, so that no cached prefix fits it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Common words of four letters: one token each in most vocabularies, so that markers cost the
/// same number of tokens in every epoch. 256 of them give 8 bits a word.
const WORDS: &str = "able acid aged also area army away baby back ball band bank base bath bear \
beat beef been beer bell belt best bike bill bird blow blue boat body bold bond bone book boot \
born boss both bowl bulk burn bush busy cake call calm came camp card care case cash cast cell \
chat chef chin city clay club coal coat code cold come cook cool cope copy core corn cost crew \
crop dark data date dawn days dead deal dean dear debt deep deer desk dial diet dirt dish dock \
does door dose down draw drew drop drum dual duck duke dust duty each earn ease east easy edge \
else even ever exam exit face fact fail fair fall farm fast fate fear feed feel feet fell felt \
file fill film find fine fire firm fish five flag flat flew flow fold folk food foot ford fork \
form fort four free from fuel full fund gain game gate gave gear gene gift girl give glad goal \
goat gold golf gone good gray grew grey grid grow gulf hair half hall hand hang hard harm hate \
have head hear heat held hell help herb here hero high hill hint hire hold hole holy home hope \
horn host hour huge hunt hurt idea inch into iron item jack jane jazz join jump jury just keen \
keep kept kick kind king knee knew know lack lady laid lake lamp land lane last late lawn lead \
leaf lean left lend lens less life lift like line link lion list";

/// Words of a marker: 64 bits, so that no two epochs of any two runs share one.
const COUNT: usize = 8;

/// Draws markers. Every marker has the same length.
#[derive(Debug)]
pub(crate) struct Markers(ChaCha8Rng);

impl Markers {
    /// Markers of one run. They must differ from those of every other run, also of one with the
    /// same seed against the same server, so the run's start time is mixed in.
    pub(crate) fn new(seed: u64, started_wall_ns: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(
            seed ^ started_wall_ns.rotate_left(17),
        ))
    }

    /// The next marker, ending with a newline.
    pub(crate) fn next(&mut self) -> String {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let bits = self.0.next_u64().to_le_bytes();
        let picked: Vec<&str> = bits.iter().map(|byte| words[usize::from(*byte)]).collect();
        debug_assert_eq!(picked.len(), COUNT);
        format!("{}\n", picked.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_256_different_words_of_four_letters() {
        let words: HashSet<&str> = WORDS.split_whitespace().collect();
        assert_eq!((words.len(), WORDS.split_whitespace().count()), (256, 256));
        assert!(words.iter().all(|word| word.len() == 4));
    }

    #[test]
    fn markers_differ_and_have_one_length() {
        let mut markers = Markers::new(0, 1);
        let drawn: HashSet<String> = (0..1000).map(|_| markers.next()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().all(|marker| marker.len() == COUNT * 5));
        assert_ne!(Markers::new(0, 1).next(), Markers::new(0, 2).next());
    }
}
