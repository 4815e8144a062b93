//! Prompts that keep their beginning only: fresh words at the cut, so that no cached prefix goes
//! past it. What follows stays as it was, and so do length and question.

use dualround_model::Sample;
use serde_json::Value;

/// The number of characters of all texts of a sample.
pub(crate) fn chars(sample: &Sample) -> usize {
    let texts = sample.texts().into_iter();
    texts.map(|text| text.chars().count()).sum()
}

/// The sample with `words` put in after its first `kept` characters. A line of their own, so that
/// the last token before them stays the one it was.
pub(crate) fn cut(sample: &Sample, kept: usize, words: &str) -> Sample {
    let mut sample = sample.clone();
    let mut left = kept;
    let mut texts = sample.texts_mut();
    let last = texts.len().saturating_sub(1);
    for (index, text) in texts.iter_mut().enumerate() {
        let length = text.chars().count();
        if left < length || index == last {
            let at = text
                .char_indices()
                .nth(left)
                .map_or(text.len(), |(at, _)| at);
            let spaced = text[..at]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace);
            text.insert_str(at, words);
            if !spaced {
                text.insert(at, '\n');
            }
            break;
        }
        left -= length;
    }
    sample
}

/// The sample with fresh `ids` put in after its first `kept`.
pub(crate) fn cut_ids(sample: &Sample, kept: usize, ids: &[u32]) -> Sample {
    let list = sample.token_ids().and_then(Value::as_array);
    let mut whole: Vec<u32> = list
        .into_iter()
        .flatten()
        .filter_map(|id| u32::try_from(id.as_u64()?).ok())
        .collect();
    let at = kept.min(whole.len());
    whole.splice(at..at, ids.iter().copied());
    Sample {
        messages: vec![Sample::message_of_ids(&whole)],
        ..sample.clone()
    }
}

/// The length of the common beginning of two token lists.
pub(crate) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The search for where to cut, by asking: each try says how many tokens stayed, and the next one
/// goes as many characters further as is missing.
pub(crate) struct Search {
    /// Tokens to keep.
    target: usize,
    /// One whole block more would be a block too many.
    slack: usize,
    chars_per_token: f64,
    most: usize,
    /// The best found: characters, tokens.
    best: Option<(usize, usize)>,
}

impl Search {
    /// A search for a prompt of so many characters and tokens, and its first try in characters.
    pub(crate) fn new(chars: usize, tokens: usize, target: usize, block: usize) -> (Self, usize) {
        #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
        let chars_per_token = chars as f64 / tokens.max(1) as f64;
        let search = Self {
            target,
            slack: block.max(2) - 1,
            chars_per_token,
            most: chars,
            best: None,
        };
        let first = search.chars(target);
        (search, first)
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths are far below 2^52 and not negative"
    )]
    fn chars(&self, tokens: usize) -> usize {
        ((tokens as f64 * self.chars_per_token).ceil() as usize).min(self.most)
    }

    /// Takes what a try kept; the next one, or `None` when it is good or cannot get better.
    pub(crate) fn next(&mut self, tried: usize, kept: usize) -> Option<usize> {
        let is_best = self
            .best
            .is_none_or(|(_, best)| self.distance(kept) < self.distance(best));
        if is_best {
            self.best = Some((tried, kept));
        }
        if kept >= self.target && kept <= self.target + self.slack {
            return None;
        }
        let next = if kept < self.target {
            (tried + self.chars(self.target - kept).max(1)).min(self.most)
        } else {
            tried.saturating_sub(self.chars(kept - self.target).max(1))
        };
        (next != tried).then_some(next)
    }

    /// How far from the target a cut is that keeps so many tokens. Too few lose a whole block, so
    /// each of those counts as one.
    fn distance(&self, kept: usize) -> usize {
        let over = kept.saturating_sub(self.target);
        let under = self.target.saturating_sub(kept);
        over + under * (self.slack + 1)
    }

    /// The best cut and the tokens that it keeps.
    pub(crate) fn best(&self) -> Option<(usize, usize)> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn sample(messages: Value) -> Sample {
        Sample {
            row: 1,
            id: None,
            messages: serde_json::from_value(messages).unwrap(),
            output_tokens: None,
            input_tokens: None,
            arrival_ns: None,
            options: Map::new(),
            truncated: false,
            turn: None,
        }
    }

    #[test]
    fn the_words_stand_at_the_cut_and_the_rest_stays() {
        let two = sample(json!([
            {"role": "system", "content": "缓存abc"},
            {"role": "user", "content": [{"type": "text", "text": "de fg"}, {"type": "image_url"}]},
        ]));
        assert_eq!(chars(&two), 10);
        let content = |kept: usize| {
            let cut = cut(&two, kept, "W X\n");
            (
                cut.messages[0]["content"].as_str().unwrap().to_owned(),
                cut.messages[1]["content"][0]["text"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            )
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(content(0), pair("W X\n缓存abc", "de fg"));
        assert_eq!(content(1), pair("缓\nW X\n存abc", "de fg"));
        assert_eq!(content(5), pair("缓存abc", "W X\nde fg"));
        assert_eq!(content(8), pair("缓存abc", "de W X\nfg"));
        assert_eq!(content(10), pair("缓存abc", "de fg\nW X\n"));
        assert_eq!(content(99), content(10));
    }

    #[test]
    fn the_search_ends_at_a_whole_block() {
        // Tokens of three characters in the first half, of one in the second.
        let kept = |chars: usize| {
            if chars < 300 {
                chars / 3
            } else {
                100 + (chars - 300)
            }
        };
        for target in (0..=320).step_by(16) {
            let (mut search, mut tried) = Search::new(600, 400, target, 16);
            for _ in 0..8 {
                match search.next(tried, kept(tried)) {
                    Some(next) => tried = next,
                    None => break,
                }
            }
            let (_, found) = search.best().unwrap();
            assert_eq!(found / 16 * 16, target, "{found}");
        }
    }

    #[test]
    fn a_cut_that_cannot_be_met_is_the_nearest() {
        let (mut search, tried) = Search::new(100, 50, 48, 16);
        // The engine drops everything after the 40th token.
        let next = search.next(tried, 40).unwrap();
        assert_eq!(search.next(next, 40), None);
        assert_eq!(search.best().unwrap().1, 40);
    }
}
