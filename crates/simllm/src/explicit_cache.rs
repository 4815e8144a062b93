//! A cache that keeps what requests ask it to keep, as Anthropic's does: prefixes up to a breakpoint,
//! for five minutes or an hour from their last use.

use crate::{
    prompt::{SimPrompt, Ttl},
    tokenizer::hash,
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Blocks before a breakpoint at which an earlier request's may be found.
const LOOK_BACK: usize = 20;

/// A kept prefix.
#[derive(Debug)]
struct Kept {
    until: Instant,
    ttl: Ttl,
}

/// The kept prefixes, by a hash of their tokens.
#[derive(Debug, Default)]
pub(crate) struct ExplicitCache {
    kept: HashMap<u64, Kept>,
}

/// What a request reads and what it writes, tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExplicitTokens {
    pub(crate) read: u64,
    pub(crate) written_short: u64,
    pub(crate) written_long: u64,
}

/// How long entries live, and how short a prefix may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepRules {
    pub(crate) short: Duration,
    pub(crate) long: Duration,
    pub(crate) least: usize,
}

impl KeepRules {
    fn of(self, ttl: Ttl) -> Duration {
        match ttl {
            Ttl::Short => self.short,
            Ttl::Long => self.long,
        }
    }
}

fn key(ids: &[u32]) -> u64 {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    hash(&bytes)
}

impl ExplicitCache {
    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }

    /// What a request finds: the longest kept prefix at one of its breakpoints, or at one of the ends
    /// of blocks before it. What it reads lives on. What it will write is told, and written by
    /// [`ExplicitCache::write`] once its answer has begun.
    pub(crate) fn look_up(
        &mut self,
        prompt: &SimPrompt,
        rules: KeepRules,
        now: Instant,
    ) -> ExplicitTokens {
        let blocks = &prompt.blocks;
        let asked = || {
            let ends = blocks.iter().enumerate();
            ends.filter(|(_, end)| end.keep.is_some() && end.tokens >= rules.least)
        };
        let mut read = 0;
        for (at, _) in asked() {
            for end in &blocks[at.saturating_sub(LOOK_BACK)..=at] {
                let found = self.kept.get_mut(&key(&prompt.ids[..end.tokens]));
                if let Some(kept) = found.filter(|kept| kept.until > now) {
                    kept.until = now + rules.of(kept.ttl);
                    read = read.max(end.tokens);
                }
            }
        }
        let mut from = read;
        let mut found = ExplicitTokens {
            read: read as u64,
            ..ExplicitTokens::default()
        };
        for (_, end) in asked() {
            let new = end.tokens.saturating_sub(from) as u64;
            match end.keep {
                Some(Ttl::Long) => found.written_long += new,
                _ => found.written_short += new,
            }
            from = from.max(end.tokens);
        }
        found
    }

    /// Keeps the prefixes that a request asks to keep.
    pub(crate) fn write(&mut self, prompt: &SimPrompt, rules: KeepRules, now: Instant) {
        for end in &prompt.blocks {
            let Some(ttl) = end.keep else {
                continue;
            };
            if end.tokens < rules.least {
                continue;
            }
            let until = now + rules.of(ttl);
            let kept = self.kept.entry(key(&prompt.ids[..end.tokens]));
            let kept = kept.or_insert(Kept { until, ttl });
            kept.ttl = kept.ttl.max(ttl);
            kept.until = kept.until.max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::BlockEnd;

    const RULES: KeepRules = KeepRules {
        short: Duration::from_secs(300),
        long: Duration::from_secs(3600),
        least: 10,
    };

    fn prompt(ends: &[(usize, Option<Ttl>)]) -> SimPrompt {
        SimPrompt {
            ids: (0..1000).collect(),
            blocks: ends
                .iter()
                .map(|(tokens, keep)| BlockEnd {
                    tokens: *tokens,
                    keep: *keep,
                })
                .collect(),
        }
    }

    fn tokens(read: u64, written_short: u64, written_long: u64) -> ExplicitTokens {
        ExplicitTokens {
            read,
            written_short,
            written_long,
        }
    }

    #[test]
    fn what_was_asked_to_be_kept_is_read_until_its_time_is_over() {
        let (mut cache, now) = (ExplicitCache::default(), Instant::now());
        let asked = prompt(&[(100, Some(Ttl::Long)), (500, Some(Ttl::Short)), (900, None)]);
        assert_eq!(cache.look_up(&asked, RULES, now), tokens(0, 400, 100));
        cache.write(&asked, RULES, now);
        assert_eq!(cache.look_up(&asked, RULES, now), tokens(500, 0, 0));
        // Read again within five minutes of the last use, and not after that.
        let later = now + Duration::from_secs(290);
        assert_eq!(cache.look_up(&asked, RULES, later).read, 500);
        let later = later + Duration::from_secs(290);
        assert_eq!(cache.look_up(&asked, RULES, later).read, 500);
        let later = later + Duration::from_secs(310);
        assert_eq!(cache.look_up(&asked, RULES, later), tokens(100, 400, 0));
        let later = later + Duration::from_secs(3700);
        assert_eq!(cache.look_up(&asked, RULES, later).read, 0);
    }

    #[test]
    fn short_prefixes_are_not_kept_and_the_look_back_ends() {
        let (mut cache, now) = (ExplicitCache::default(), Instant::now());
        let short = prompt(&[(9, Some(Ttl::Short))]);
        assert_eq!(cache.look_up(&short, RULES, now), tokens(0, 0, 0));
        cache.write(&short, RULES, now);
        assert_eq!(cache.look_up(&short, RULES, now).read, 0);
        cache.write(&prompt(&[(50, Some(Ttl::Short))]), RULES, now);
        let ends = |between: usize| {
            let ends = (0..=between).map(|at| (50 + at, (at == between).then_some(Ttl::Short)));
            prompt(&ends.collect::<Vec<_>>())
        };
        assert_eq!(cache.look_up(&ends(20), RULES, now).read, 50);
        assert_eq!(cache.look_up(&ends(21), RULES, now).read, 0);
    }
}
