//! Whether the server read far less than was sent: it cuts prompts to its context and says nothing.

use dualround_model::Warning;

/// Characters a token above which no tokenizer reads common text.
const NEVER: f64 = 16.0;
/// Characters a token above which it is strange when prompts of different lengths have one and the
/// same count.
const STRANGE: f64 = 7.0;
/// Fewest requests that show one and the same count.
const ALIKE: u64 = 3;

/// Characters sent and prompt tokens counted, over successes that tell both.
#[derive(Debug, Default)]
pub(crate) struct PromptLengths {
    requests: u64,
    chars: SumAndRange,
    tokens: SumAndRange,
}

/// The sum of values and their extremes.
#[derive(Debug, Default)]
struct SumAndRange {
    sum: u64,
    min: u64,
    max: u64,
}

impl SumAndRange {
    fn add(&mut self, value: u64, first: bool) {
        self.sum += value;
        self.min = if first { value } else { self.min.min(value) };
        self.max = self.max.max(value);
    }
}

impl PromptLengths {
    /// Takes a request whose prompt was counted.
    pub(crate) fn add(&mut self, chars: u64, tokens: u64) {
        if tokens == 0 {
            return;
        }
        let first = self.requests == 0;
        self.chars.add(chars, first);
        self.tokens.add(tokens, first);
        self.requests += 1;
    }

    /// The caveat, where there are more characters a token than text has, or one count stands for
    /// prompts of different lengths.
    pub(crate) fn cut(&self) -> Option<Warning> {
        if self.requests == 0 {
            return None;
        }
        let per_token = self.chars.sum as f64 / self.tokens.sum as f64;
        let one_count = self.tokens.min == self.tokens.max && self.requests >= ALIKE;
        let differ = self.chars.max as f64 > 1.02 * self.chars.min as f64;
        let cut = per_token > NEVER || (one_count && differ && per_token > STRANGE);
        cut.then_some(Warning::PromptCut {
            requests: self.requests,
            chars: self.chars.sum,
            tokens: self.tokens.sum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(requests: &[(u64, u64)]) -> Option<Warning> {
        let mut lengths = PromptLengths::default();
        for (chars, tokens) in requests {
            lengths.add(*chars, *tokens);
        }
        lengths.cut()
    }

    #[test]
    fn x01_a_prompt_that_the_server_cut() {
        let cut = of(&[(40_000, 2051); 8]);
        let told = Warning::PromptCut {
            requests: 8,
            chars: 320_000,
            tokens: 16_408,
        };
        assert_eq!(cut, Some(told));
        // One count for different lengths, at a rate that text could have.
        assert!(of(&[(18_000, 2051), (20_000, 2051), (22_000, 2051)]).is_some());
    }

    #[test]
    fn x01_prompts_of_common_text_are_not_called_cut() {
        // English, Chinese, and equal prompts of one length.
        assert_eq!(of(&[(8000, 2051), (8400, 2151)]), None);
        assert_eq!(of(&[(2000, 1400); 5]), None);
        assert_eq!(of(&[(20_000, 2600); 5]), None);
        assert_eq!(of(&[]), None);
    }
}
