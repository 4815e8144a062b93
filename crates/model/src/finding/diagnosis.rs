//! What explains a level's result, or what to look at next.

use super::Replayed;
use crate::LeftOut;
use serde::{Deserialize, Serialize};

/// One thing that explains a level's result. Each has preconditions of its own, in `stats`; none is
/// said because nothing else was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Diagnosis {
    /// A limit or the user ended the level before its warm round.
    EndedBeforeWarm,
    /// The schedule has no warm round.
    NoWarmRound,
    /// No request succeeded with a TTFT in both rounds.
    NoPairs,
    /// A response cache gave answers back.
    ResponseCache(Replayed),
    /// The engines' counters saw less of a warm round than was sent.
    NotSeenByEngines {
        /// Prompt tokens that they saw.
        seen: f64,
        /// Prompt tokens that were sent.
        sent: f64,
        /// Answers are known to have been given back by a response cache.
        replayed: bool,
    },
    /// Warm requests whose cold one did not succeed.
    Orphans {
        /// How many.
        requests: u64,
    },
    /// Counters that belong to no one engine were not used.
    CountersLeftOut {
        /// The server, secrets removed.
        base: String,
        /// Why.
        reason: LeftOut,
    },
    /// Every engine says that its prefix cache is off.
    CacheOff,
    /// The rounds were spread over several engines.
    Replicas {
        /// Each with its prompt tokens of the warm rounds.
        engines: Vec<(String, f64)>,
        /// Whether any text was seen to be found again.
        seen: CacheSeen,
    },
    /// Requests hit, far fewer than could, and several processes answer behind the address.
    SeveralProcesses {
        /// Share of the warm prompt tokens from the cache, 0 to 1.
        rate: f64,
    },
    /// The prompts of a round need more than the cache holds.
    EvictedCapacity {
        /// Tokens that they need, what they share once.
        needed: u64,
        /// Tokens that it holds.
        held: u64,
    },
    /// More prompts took turns than there are slots, each of which keeps its last prompt.
    EvictedSlots {
        /// Prompts.
        prompts: u64,
        /// Slots.
        slots: u64,
    },
    /// A repeated text was not found again, and one engine looked up all that was sent.
    NeverFound {
        /// The prompts may be below a block.
        short: bool,
        /// The API has fields that ask a cache to keep something, and the text had none.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unasked: bool,
    },
    /// A repeated text was not found again, and nobody's counters saw all that was sent.
    NeverFoundUnseen {
        /// The prompts may be below a block.
        short: bool,
        /// The API has fields that ask a cache to keep something, and the text had none.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unasked: bool,
    },
    /// A repeated text was not found again, and several processes answer behind the address.
    NeverFoundProcesses,
    /// One text sent twice is found again, and the warm round hit almost nothing.
    FoundOnceOnly,
    /// Nobody reports hits.
    HitsUnseen,
    /// Hits are reported, and more of them than there can be.
    HitsImpossible,
    /// Hits, and a TTFT that is known not to have followed.
    NotFollowed {
        /// Share of the prompt tokens from the cache, 0 to 1.
        rate: f64,
    },
    /// Prompts that are no longer than a block and cannot hit.
    BelowBlock {
        /// Such prompts.
        short: u64,
        /// Of so many.
        of: u64,
        /// Tokens of a block.
        block: u64,
    },
    /// Whole blocks and the last token leave less than all to be hit.
    PartialBlocks {
        /// Tokens of a block.
        block: u64,
        /// Mean prompt, tokens.
        mean: f64,
        /// Share that can come from the cache at most, 0 to 1.
        most: f64,
    },
    /// A later warm round hits far more than the first.
    StoreNotFinishedLater {
        /// Hit rate of the first, 0 to 1.
        first: f64,
        /// Of the later one.
        later: f64,
    },
    /// Requests that missed had been asked again sooner than those that hit.
    StoreNotFinishedSoon {
        /// How many missed.
        requests: u64,
        /// Seconds within which they had been asked again.
        within: f64,
        /// Seconds after which those that hit were.
        after: f64,
    },
    /// The server counted other prompt tokens for the same bytes.
    PromptTokensChanged,
    /// Requests failed in the warm round.
    WarmFailures,
}

/// Whether a cache was seen to give anything back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheSeen {
    /// Requests of the warm rounds hit.
    InRound,
    /// The canary's text was found again.
    Found,
    /// It was not, which a cache that is off looks like.
    NotFound,
    /// It was not asked, or not answered.
    Untested,
}
