//! Text made of words: a pure function of a seed and an id, of about one token a word.

use crate::rng::{below, hash, rng};
use dualround_model::{CHARACTERS, WORDS};
use std::sync::LazyLock;

/// The language of made text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextLang {
    /// English words with a space before each.
    #[default]
    En,
    /// Chinese characters.
    Zh,
}

static EN: LazyLock<Vec<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());
static ZH: LazyLock<Vec<&str>> = LazyLock::new(|| CHARACTERS.split_inclusive(|_| true).collect());

/// `count` words of the text that `seed` and `id` stand for. Fewer words are the beginning of more.
pub fn made_text(seed: u64, id: u64, count: u64, lang: TextLang) -> String {
    let words: &[&str] = match lang {
        TextLang::En => &EN,
        TextLang::Zh => &ZH,
    };
    let mut rng = rng(hash(seed, id));
    let mut out = String::new();
    for _ in 0..count {
        if lang == TextLang::En {
            out.push(' ');
        }
        let at = below(&mut rng, words.len() as u64);
        out.push_str(words[usize::try_from(at).unwrap_or(0)]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_everywhere() {
        // These stand here so that another platform, or another release, cannot make others.
        assert_eq!(made_text(1, 2, 5, TextLang::En), EN_FIVE);
        assert_eq!(made_text(1, 2, 5, TextLang::Zh), ZH_FIVE);
        assert!(made_text(1, 2, 9, TextLang::En).starts_with(EN_FIVE));
        assert_ne!(made_text(2, 2, 5, TextLang::En), EN_FIVE);
        assert_ne!(made_text(1, 3, 5, TextLang::En), EN_FIVE);
    }

    const EN_FIVE: &str = " days host know baby bath";
    const ZH_FIVE: &str = "在年则海回";
}
