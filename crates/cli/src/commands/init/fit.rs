//! How many prompts, and of what length, suit a server.

use std::time::Duration;

/// Prompts of a small data set; more do not make a newcomer surer.
const PROMPTS: u64 = 24;
/// The same where each costs something, or room is short.
const SOME_PROMPTS: u64 = 12;
/// Fewer are not judged at all.
const FEWEST: u64 = 6;
/// Words of a prompt, where nothing speaks against it: long enough for a prefill to be seen beside
/// the rest of a TTFT.
const WORDS: u64 = 1500;
/// Prompts shorter than this are worth less than more of them.
const SHORT: u64 = 400;
/// Shorter prompts are mostly template.
const SHORTEST: u64 = 100;
/// Tokens of a word at most, in the tokenizers that are met; made words have about one.
const TOKENS_A_WORD: u64 = 2;
/// Template, marker and what else stands around a prompt.
const AROUND: u64 = 200;
/// Longest answer that the file asks for.
pub(super) const OUTPUT: u64 = 32;
/// What the prefills of a whole run should take at most.
const PREFILL_BUDGET: Duration = Duration::from_secs(240);
/// Cold prompts for each prompt of the data set: three cycles at two levels.
const COLD_ROUNDS: u64 = 6;

/// What is known of a server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerFacts {
    /// Most tokens of a prompt and its answer.
    pub(super) context: Option<u64>,
    /// Tokens that its cache holds.
    pub(super) capacity: Option<u64>,
    /// Tokens of the unit in which prompts are cached.
    pub(super) block: Option<u64>,
    /// Tokens from which on a prompt is cached at all.
    pub(super) least: Option<u64>,
    /// It is a hosted service, whose tokens are paid for.
    pub(super) paid: bool,
    /// How many tokens a prompt had that it took so long for, at most.
    pub(super) prefill: Option<(u64, Duration)>,
}

/// A data set that suits a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FittingPrompts {
    /// How many.
    pub(super) prompts: u64,
    /// Words of each.
    pub(super) words: u64,
    /// They are more than half of what the cache holds, however few and short.
    pub(super) crowded: bool,
}

impl FittingPrompts {
    /// The largest that fits: into the context with room for the answer, into half of the cache with
    /// its marker, and into some minutes of prefill. Prompts get shorter before they get few, and few
    /// before they get too short for a prefill to be seen.
    pub(super) fn of(facts: &ServerFacts) -> Self {
        let longest = facts.longest();
        let floor = facts.shortest().min(longest);
        let words = longest.min(WORDS).max(floor);
        let fitting = |prompts, words| Self {
            prompts,
            words,
            crowded: facts.held(words) < prompts,
        };
        let most = facts.prompts_of(words).min(facts.wanted());
        if most >= SOME_PROMPTS {
            return fitting(most, words);
        }
        let shorter = facts.words_for(SOME_PROMPTS).min(words);
        if shorter >= floor.max(SHORT.min(words)) {
            return fitting(SOME_PROMPTS, shorter);
        }
        fitting(FEWEST, facts.words_for(FEWEST).clamp(floor, words))
    }
}

impl ServerFacts {
    /// Words below which a prompt would not be cached, or be mostly template.
    fn shortest(&self) -> u64 {
        let blocks = self.block.unwrap_or(0) * 3;
        // A made word may be a whole token: of what has to be reached, half as much again.
        let least = self.least.unwrap_or(0) * 3 / 2;
        blocks.max(least).max(SHORTEST)
    }

    /// Prompts that one would like to have.
    fn wanted(&self) -> u64 {
        if self.paid { SOME_PROMPTS } else { PROMPTS }
    }

    /// Words that the context holds beside an answer.
    fn longest(&self) -> u64 {
        let Some(context) = self.context else {
            return u64::MAX;
        };
        context.saturating_sub(OUTPUT + AROUND) / TOKENS_A_WORD
    }

    /// Prompts of a length that both the cache and the time have room for.
    fn prompts_of(&self, words: u64) -> u64 {
        self.held(words).min(self.in_time(words))
    }

    /// Prompts of a length that half of the cache holds.
    fn held(&self, words: u64) -> u64 {
        let each = words * TOKENS_A_WORD + AROUND;
        self.capacity.map_or(PROMPTS, |tokens| tokens / 2 / each)
    }

    /// Prompts of a length whose cold rounds take no longer than the budget.
    fn in_time(&self, words: u64) -> u64 {
        let Some(each) = self.prefill_of(words) else {
            return PROMPTS;
        };
        let all = each.saturating_mul(u32::try_from(COLD_ROUNDS).unwrap_or(u32::MAX));
        let times = PREFILL_BUDGET.as_micros() / all.as_micros().max(1);
        u64::try_from(times).unwrap_or(u64::MAX)
    }

    /// What a prompt of this length takes, at most.
    fn prefill_of(&self, words: u64) -> Option<Duration> {
        let (tokens, took) = self.prefill?;
        let micros = took.as_micros() * u128::from(words) / u128::from(tokens.max(1));
        Some(Duration::from_micros(
            u64::try_from(micros).unwrap_or(u64::MAX),
        ))
    }

    /// Words of each of so many prompts that cache and time have room for.
    fn words_for(&self, prompts: u64) -> u64 {
        let in_cache = self.capacity.map_or(WORDS, |tokens| {
            (tokens / 2 / prompts).saturating_sub(AROUND) / TOKENS_A_WORD
        });
        let mut words = in_cache.min(WORDS);
        while words > SHORTEST && self.in_time(words) < prompts {
            words = words * 9 / 10;
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(facts: ServerFacts) -> (u64, u64, bool) {
        let found = FittingPrompts::of(&facts);
        (found.prompts, found.words, found.crowded)
    }

    #[test]
    fn where_nothing_is_known_the_prompts_are_as_many_and_long_as_one_wants() {
        assert_eq!(fits(ServerFacts::default()), (24, 1500, false));
    }

    #[test]
    fn a_short_context_makes_short_prompts() {
        let facts = ServerFacts {
            context: Some(2048),
            ..ServerFacts::default()
        };
        let (prompts, words, crowded) = fits(facts);
        assert_eq!((prompts, crowded), (24, false));
        assert!(
            words * TOKENS_A_WORD + AROUND + OUTPUT <= 2048 && words > 800,
            "{words}"
        );
    }

    #[test]
    fn a_small_cache_holds_all_of_them_twice_or_that_is_said() {
        for capacity in [4_096_u64, 10_240, 32_768, 40_960, 400_000] {
            let facts = ServerFacts {
                capacity: Some(capacity),
                block: Some(16),
                ..ServerFacts::default()
            };
            let (prompts, words, crowded) = fits(facts);
            assert!(prompts >= FEWEST && words >= SHORTEST);
            let tokens = prompts * (words * TOKENS_A_WORD + AROUND);
            assert_eq!(
                crowded,
                tokens * 2 > capacity,
                "{capacity}: {prompts} × {words}"
            );
        }
        let facts = ServerFacts {
            capacity: Some(32_768),
            ..ServerFacts::default()
        };
        assert_eq!(fits(facts), (12, 582, false));
        let facts = ServerFacts {
            capacity: Some(2_000),
            ..ServerFacts::default()
        };
        assert_eq!(fits(facts), (6, 100, true));
    }

    #[test]
    fn a_slow_server_gets_fewer_prompts_and_then_shorter_ones() {
        let after = |seconds: f64| {
            fits(ServerFacts {
                prefill: Some((800, Duration::from_secs_f64(seconds))),
                ..ServerFacts::default()
            })
        };
        assert_eq!(after(0.05), (24, 1500, false));
        // 1.875 s a prompt, six times: 21 of them in four minutes.
        assert_eq!(after(1.0), (21, 1500, false));
        let (prompts, words, _) = after(20.0);
        assert_eq!(prompts, 6);
        assert!((200..300).contains(&words), "{words}");
        // There is an end to it.
        assert_eq!(after(1000.0), (6, 100, false));
    }

    #[test]
    fn what_a_cache_takes_no_notice_of_is_not_sent() {
        let facts = ServerFacts {
            least: Some(4096),
            context: Some(200_000),
            ..ServerFacts::default()
        };
        assert_eq!(fits(facts), (24, 6144, false));
        let facts = ServerFacts {
            block: Some(256),
            context: Some(1024),
            ..ServerFacts::default()
        };
        // But nothing that would be refused.
        assert_eq!(fits(facts).1, 396);
    }

    #[test]
    fn a_service_that_is_paid_for_is_asked_less() {
        let facts = ServerFacts {
            paid: true,
            ..ServerFacts::default()
        };
        assert_eq!(fits(facts), (12, 1500, false));
    }
}
