//! Prompt tokens from the cache, as the answers report them.

use crate::kinds::of_kind;
use dualround_model::{RequestRow, RequestRows, RoundKind, RoundResult};

/// Over the successes that reported cached and prompt tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hits {
    pub(crate) cached: u64,
    pub(crate) prompt: u64,
    /// How many successes that is, and of how many.
    pub(crate) known: u64,
    pub(crate) of: u64,
}

impl Hits {
    /// Of a round.
    pub(crate) fn of_rows(rows: &RequestRows) -> Self {
        Self::sum(rows.successes().map(|(_, row)| row))
    }

    /// Of all rounds of a kind.
    pub(crate) fn of_kind(rounds: &[RoundResult], kind: RoundKind) -> Self {
        let rounds = of_kind(rounds, kind);
        Self::sum(rounds.flat_map(|round| round.requests.successes().map(|(_, row)| row)))
    }

    fn sum<'a>(successes: impl Iterator<Item = &'a RequestRow>) -> Self {
        let mut sum = Self::default();
        for row in successes {
            sum.of += 1;
            if let Some((cached, prompt)) = row.cached_tokens().zip(row.input_tokens()) {
                sum.known += 1;
                sum.cached += cached;
                sum.prompt += prompt;
            }
        }
        sum
    }

    /// Σ cached / Σ prompt.
    pub(crate) fn rate(self) -> Option<f64> {
        (self.prompt > 0).then(|| self.cached as f64 / self.prompt as f64)
    }
}
