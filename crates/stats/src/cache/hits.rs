//! Prompt tokens from the cache, as the answers report them: the one hit rate of everything that
//! shows one.

use crate::level::kinds::of_kind;
use dualround_model::{Flag, RequestRow, RequestRows, RoundKind, RoundResult, RoundSummary};

/// Share of the requests that may report what is impossible; above it, nothing they say is
/// believed.
const IMPOSSIBLE: f64 = 0.10;

/// Prompt tokens from the cache over the successes whose hits are known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hits {
    pub(crate) cached: u64,
    pub(crate) prompt: u64,
    /// How many successes that is, and of how many.
    pub(crate) known: u64,
    pub(crate) of: u64,
    /// Of the known ones, those that left the field out for a zero.
    pub(crate) omitted: u64,
    /// Those that report more than their prompt.
    pub(crate) impossible: u64,
}

impl Hits {
    /// The hits of one round.
    pub(crate) fn of_rows(rows: &RequestRows) -> Self {
        Self::of_all(rows.successes().map(|(_, row)| row))
    }

    /// The hits of all rounds of a kind.
    pub(crate) fn of_kind(rounds: &[RoundResult], kind: RoundKind) -> Self {
        Self::of_rounds(of_kind(rounds, kind))
    }

    /// The hits of several rounds together.
    pub(crate) fn of_rounds<'a>(rounds: impl Iterator<Item = &'a RoundResult>) -> Self {
        Self::of_all(rounds.flat_map(|round| round.requests.successes().map(|(_, row)| row)))
    }

    /// The hits of these successes.
    pub(crate) fn of_all<'a>(successes: impl Iterator<Item = &'a RequestRow>) -> Self {
        let mut sum = Self::default();
        for row in successes {
            sum.of += 1;
            sum.impossible += u64::from(row.has(Flag::ImpossibleUsage));
            if let Some((cached, prompt)) = row.cached_tokens().zip(row.input_tokens()) {
                sum.known += 1;
                sum.omitted += u64::from(row.is_omitted());
                sum.cached += cached;
                sum.prompt += prompt;
            }
        }
        sum
    }

    /// Σ cached / Σ prompt, which is at most 1: what is impossible is not in it.
    pub(crate) fn rate(self) -> Option<f64> {
        let believed = self.impossible as f64 <= IMPOSSIBLE * self.of as f64;
        (believed && self.prompt > 0).then(|| self.cached as f64 / self.prompt as f64)
    }

    /// Every request says what it hit.
    pub(crate) fn is_whole(self) -> bool {
        self.of > 0 && self.known == self.of
    }

    /// Writes the hit rate and its counts into a round's summary.
    pub(crate) fn stand_in(self, summary: &mut RoundSummary) {
        summary.cached_tokens = self.rate().map(|_| self.cached);
        summary.cache_hit_rate = self.rate();
        summary.cache_known_requests = self.known;
        summary.cache_omitted_requests = self.omitted;
    }
}
