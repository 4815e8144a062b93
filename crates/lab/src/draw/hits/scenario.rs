//! What a world of hits is made of.

use crate::draw::records::whole;
use serde::Serialize;

/// How usage tells cached tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageTold {
    /// Always, also 0.
    Explicit,
    /// Not without a hit, as vLLM.
    OmitsZero,
    /// Never.
    Silent,
    /// Only every second answer.
    EverySecond,
    /// With more than the prompt has in a third of the answers.
    Impossible,
}

/// What the canary met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Canary {
    /// It hit when sent again, as the cache does here.
    Works,
    /// Its repetition went to another replica.
    OtherReplica,
    /// A response cache gave its first answer back.
    Replayed,
    /// It was not answered, or not sent.
    None,
}

/// What the engines' counters saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CountersSeen {
    /// There are none.
    None,
    /// All that was sent.
    Match,
    /// Three times as much: others use the server.
    OtherTraffic,
    /// One replica's only.
    OneOfTwo,
    /// A page that jumps between two processes, and is left out.
    Processes,
}

/// How a page counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageStyle {
    /// Look-ups and hits by tier; an outer tier looks up all that was sent.
    TiersOfAll,
    /// The same, where an outer tier looks up what the first one did not find.
    TiersOfRest,
    /// The engine's own cache is off: all is looked up in the outer tier.
    OuterOnly,
    /// Tokens computed and tokens reused, as llama.cpp.
    Computed,
}

/// Which ids answers bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerIds {
    /// There are none.
    None,
    /// A response cache gives the id of the first answer again.
    Kept,
    /// Each answer has its own, a replayed one too.
    Own,
}

/// A world to draw two rounds of hits from.
#[derive(Clone, Debug, Serialize)]
pub struct HitScenario {
    /// Its family.
    pub name: String,
    /// Everything random in it comes from this.
    pub seed: u64,
    /// The schedule: a cold and a warm round, with others beside them.
    pub schedule: &'static str,
    /// Share of the requests without reuse that a cache knows whole all the same.
    pub without_foreign: f64,
    /// The same of a miss arm.
    pub misses_foreign: f64,
    /// Prompts, in groups that share a beginning.
    pub prompts: u32,
    /// How many groups.
    pub groups: u32,
    /// Tokens that a group shares, tools among them.
    pub shared: u32,
    /// Characters that one of these tokens stands for; below 1 a character is several.
    pub chars_per_token: f64,
    /// Tokens of its own that each prompt has.
    pub unique: u32,
    /// Tokens of the template before everything.
    pub template: u32,
    /// Tokens of the unit in which prompts are cached.
    pub block: u32,
    /// The engine tells that unit.
    pub block_known: bool,
    /// The token ids that were sent are known.
    pub ids: bool,
    /// There is a cache.
    pub cache: bool,
    /// Share of the prompts that the warm round finds again.
    pub kept: f64,
    /// Share of the prompts that were cached whole before the cold round.
    pub foreign: f64,
    /// Engines that take turns behind the address.
    pub replicas: u32,
    /// What the warm round finds again comes from an outer tier.
    pub outer: bool,
    /// Tokens that the engine says it holds, as a multiple of what the prompts need.
    pub capacity: Option<f64>,
    /// How usage tells cached tokens.
    pub usage: UsageTold,
    /// Usage tells the tiers, too.
    pub by_tier: bool,
    /// What the canary met.
    pub canary: Canary,
    /// What the engines' counters saw.
    pub counters: CountersSeen,
    /// How they count.
    pub page: PageStyle,
    /// A response cache in front gives warm answers back.
    pub response_cache: bool,
    /// Which ids answers bear.
    pub response_ids: AnswerIds,
    /// Prompts are separated by the engine's salt, not by a marker.
    pub salted: bool,
    /// Requests in flight.
    pub concurrency: u32,
}

impl HitScenario {
    /// Characters that a prompt shares with another one.
    pub(super) fn shared_chars(&self) -> u64 {
        whole(f64::from(self.shared) * self.chars_per_token)
    }
}

/// What is true of a world of hits.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HitTruth {
    /// Prompt tokens of a round.
    pub prompt: u64,
    /// Tokens that came from the engine's cache.
    pub cached: CachedTruth,
    /// Those of the warm round that came from an outer tier.
    pub outer: u64,
    /// Foreign hits beyond template and block.
    pub foreign: ForeignTruth,
    /// Foreign hits of any size.
    pub any_foreign: u64,
    /// Tokens that a cache needs for all prompts, what they share once.
    pub needed: u64,
    /// Tokens of each prompt.
    pub lengths: Vec<u64>,
    /// Warm requests that hit.
    pub warm_hits: u64,
    /// What counters told of the warm round by tier.
    pub counted: Vec<CountedTier>,
    /// What is true of the mixed rounds.
    pub mixed: ArmsTruth,
    /// What is true of the round without reuse.
    pub without: WithoutTruth,
}

/// What the arms of mixed rounds took from caches.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ArmsTruth {
    /// Requests of the hit arm.
    pub hit_requests: u64,
    /// Those of them that took less than half of their prompt.
    pub missed: u64,
    /// Tokens of the hit arm's prompts.
    pub hit_prompt: u64,
    /// Those from a cache.
    pub hit_cached: u64,
    /// Tokens of the miss arm's prompts.
    pub miss_prompt: u64,
    /// Those from a cache.
    pub miss_cached: u64,
    /// Requests of the miss arm that a cache knew whole.
    pub known_whole: u64,
    /// Tokens of those from a cache.
    pub foreign: u64,
}

/// What rounds without reuse took from caches.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct WithoutTruth {
    /// Tokens of its prompts.
    pub prompt: u64,
    /// Those from a cache.
    pub cached: u64,
    /// Foreign hits beyond template and block.
    pub foreign: ForeignTruth,
    /// Requests that a cache knew whole.
    pub known_whole: u64,
}

/// Tokens from the engine's cache by round.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CachedTruth {
    /// In the cold round.
    pub cold: u64,
    /// In the warm one.
    pub warm: u64,
}

/// Hits of a cold round that are not of its own requests.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ForeignTruth {
    /// Summed over requests.
    pub tokens: u64,
    /// Requests that had half of their prompt from them.
    pub half_prompts: u64,
}

/// One tier of an engine, as its page counts.
#[derive(Clone, Debug, Serialize)]
pub struct CountedTier {
    /// The engine.
    pub server: String,
    /// The tier.
    pub tier: String,
    /// Tokens found.
    pub hits: Option<f64>,
    /// Tokens looked up.
    pub queries: Option<f64>,
}
