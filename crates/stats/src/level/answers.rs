//! Whether a request was answered with the same text cold and warm. Batching alone changes texts on
//! real engines, so two warm rounds stand beside it where there are two.

use crate::numbers::{quantile::stat, share::share};
use dualround_model::{Answers, RoundKind};

/// Texts of the same request in two rounds, pair by pair.
#[derive(Debug, Default)]
pub struct AnswerFold {
    cold: TextPairs,
    warm: TextPairs,
}

/// What the pairs of texts after a round of one kind came to.
#[derive(Debug, Default)]
struct TextPairs {
    same: u64,
    /// Where texts begin to differ, characters.
    differ: Vec<f64>,
}

impl TextPairs {
    fn pairs(&self) -> u64 {
        self.same + self.differ.len() as u64
    }

    fn equal_share(&self) -> Option<f64> {
        share(self.same, self.pairs())
    }
}

impl AnswerFold {
    /// Whether rounds of these kinds, one after the other, are compared.
    pub fn takes(before: RoundKind, after: RoundKind) -> bool {
        matches!(before, RoundKind::Cold | RoundKind::Warm) && after == RoundKind::Warm
    }

    /// Takes the two texts of a request: of a round of this kind, and of the warm one after it.
    pub fn add(&mut self, before: RoundKind, one: &str, two: &str) {
        let pairs = match before {
            RoundKind::Cold => &mut self.cold,
            _ => &mut self.warm,
        };
        match first_difference(one, two) {
            None => pairs.same += 1,
            Some(at) => pairs.differ.push(at as f64),
        }
    }

    /// The shares of equal answers, and where others begin to differ.
    pub fn finish(self) -> Answers {
        Answers {
            pairs: self.cold.pairs(),
            equal_share: self.cold.equal_share(),
            first_difference: stat(self.cold.differ.iter().copied()).p50,
            warm_equal_share: self.warm.equal_share(),
        }
    }
}

/// Characters before the first one that differs; `None` for equal texts.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    Some(common.count())
}

#[cfg(test)]
mod tests {
    use super::{AnswerFold, first_difference};
    use dualround_model::RoundKind::{Cold, External, Warm};

    #[test]
    fn texts_differ_at_a_character() {
        assert_eq!(first_difference("缓存", "缓存"), None);
        assert_eq!(first_difference("缓存", "缓冲"), Some(1));
        assert_eq!(first_difference("ab", "abc"), Some(2));
    }

    #[test]
    fn answers_are_counted_by_the_round_before() {
        assert!(AnswerFold::takes(Cold, Warm) && AnswerFold::takes(Warm, Warm));
        assert!(!AnswerFold::takes(Warm, Cold) && !AnswerFold::takes(External, Warm));
        let mut fold = AnswerFold::default();
        for (one, two) in [("same", "same"), ("same", "sane"), ("a", "a"), ("ab", "b")] {
            fold.add(Cold, one, two);
        }
        let answers = fold.finish();
        assert_eq!((answers.pairs, answers.equal_share), (4, Some(0.5)));
        assert_eq!(answers.first_difference, Some(1.0));
        assert_eq!(answers.warm_equal_share, None);
        let mut fold = AnswerFold::default();
        fold.add(Warm, "same", "same");
        fold.add(Warm, "same", "other");
        fold.add(Warm, "same", "same");
        fold.add(Warm, "same", "same");
        let answers = fold.finish();
        assert_eq!((answers.pairs, answers.equal_share), (0, None));
        assert_eq!(answers.warm_equal_share, Some(0.75));
    }
}
