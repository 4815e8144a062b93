//! What a cold round's hits come to beyond what its own requests explain.

use crate::{
    cache::hit_limits::{HitLimits, UNSEEN_TEMPLATE},
    cache::own_hits::own_hits,
};
use dualround_model::{Flag, RoundResult};

/// Share of the round's prompt tokens that is always tolerated.
const TOLERANCE: f64 = 0.01;
/// A request that takes so much of its prompt from a cache, unexpectedly, is enough.
const ONE_REQUEST: f64 = 0.5;
/// Share of its prompt from which on a request is wholly cached.
const WHOLLY: f64 = 0.9;
/// Share of its prompt below which what was expected does not explain a wholly cached one.
const EXPECTED_IN_PART: f64 = 0.5;
/// Share of the prompt tokens that could have shown a hit.
const VISIBLE: f64 = 0.5;

/// What a round's hits come to beyond what is expected.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExcessHits {
    pub(super) prompt: u64,
    cached: u64,
    /// What its requests may hit of each other and of what any two prompts share.
    begun: u64,
    pub(super) excess: u64,
    /// Prompt tokens of which a hit would have been seen.
    visible: u64,
    /// Prompt tokens that the turn before did not send too: all, where requests are no turns.
    new: u64,
    /// The same if they shared nothing with each other but what stands around their texts.
    visible_alone: u64,
    /// Requests of which one alone is contamination.
    pub(super) alone: u64,
    pub(super) requests: u64,
}

impl ExcessHits {
    /// Sums over the requests of a round, at the lower or the `upper` end of what its own requests
    /// explain; `whole`: hits are known of all requests.
    pub(super) fn of(round: &RoundResult, limits: HitLimits, whole: bool, upper: bool) -> Self {
        let mut sums = Self::default();
        for (index, row) in round.requests.successes() {
            let known = row.cached_tokens().zip(row.input_tokens());
            let (true, Some((cached, prompt))) = (!row.has(Flag::Retried), known) else {
                continue;
            };
            let own = own_hits(round, index, row, prompt);
            let expected = if upper { own.most } else { own.least };
            // Hits come in whole blocks, of which one more is allowed.
            let expected = expected / limits.block * limits.block;
            let begun = limits.with_template(expected, round.expected.is_some());
            let allowed = begun + limits.block;
            let wholly = cached as f64 >= WHOLLY * prompt as f64
                && (begun as f64) < EXPECTED_IN_PART * prompt as f64;
            let excess = if wholly {
                cached.saturating_sub(expected)
            } else {
                cached.saturating_sub(allowed)
            };
            sums.requests += 1;
            sums.prompt += prompt;
            sums.cached += cached;
            sums.begun += begun;
            sums.excess += excess;
            sums.visible += prompt.saturating_sub(allowed);
            sums.new += prompt.saturating_sub(sent_before(round, index).min(expected));
            let around = limits.template.min(UNSEEN_TEMPLATE);
            sums.visible_alone += prompt.saturating_sub(around + limits.block);
            let much = excess as f64 >= ONE_REQUEST * prompt as f64;
            sums.alone += u64::from(excess > 0 && much);
        }
        // Of those that share one had to compute, unless an earlier request did, as the canary does
        // with a template; where hits are not known of all, it may be one of the others.
        let computed = if whole { round.expected.as_ref() } else { None };
        let computed = computed.map_or(0, |one| one.computed);
        let begun = sums.begun.saturating_sub(computed);
        let begun = begun.max(sums.requests * limits.template);
        let allowed = begun + sums.requests * limits.block;
        sums.excess = sums.excess.max(sums.cached.saturating_sub(allowed));
        sums
    }

    /// Enough of the prompt tokens could have shown a hit.
    pub(super) fn would_show(&self) -> bool {
        self.visible as f64 >= VISIBLE * self.new as f64
    }

    /// The same, had its requests shared nothing with each other but what stands around their
    /// texts.
    pub(super) fn would_show_alone(&self) -> bool {
        self.visible_alone as f64 >= VISIBLE * self.prompt as f64
    }

    /// Excess tokens up to which nothing is said.
    pub(super) fn tolerated(&self) -> f64 {
        TOLERANCE * self.prompt as f64
    }

    /// Too much of the round, or too much of one request, came from a cache.
    pub(super) fn contaminated(&self) -> bool {
        self.alone > 0 || self.excess as f64 > self.tolerated()
    }
}

/// Tokens that the turn before has sent and generated: a hit on them shows nothing, but each of them was
/// new once, and would have shown one then.
fn sent_before(round: &RoundResult, index: u32) -> u64 {
    let before = round.requests.turn_before(index);
    let tokens = before.and_then(|row| {
        let answer = row.output_tokens().unwrap_or(0);
        Some(row.input_tokens()? + answer)
    });
    tokens.unwrap_or(0)
}
