//! The world of a seed.

use super::scenario::{Canary, Counters, HitScenario, Ids, Page, Usage};
use crate::draw::random::Random;

/// The world of a seed.
pub fn hit_scenario(seed: u64) -> HitScenario {
    let mut random = Random::new(seed ^ 0x4175);
    let prompts = random.whole(8, 40);
    let cache = random.chance(0.85);
    let response_cache = random.chance(0.1);
    let replicas = random.one_of(&[1, 1, 1, 2]);
    let canary = random.one_of(&[
        Canary::Works,
        Canary::Works,
        Canary::Works,
        Canary::OtherReplica,
        Canary::None,
    ]);
    // What replays answers replays the canary's, too, where it is asked.
    let canary = match canary {
        Canary::None => Canary::None,
        _ if response_cache => Canary::Replayed,
        // A text that one engine alone was asked is not missed.
        Canary::OtherReplica if replicas == 1 && cache => Canary::Works,
        other => other,
    };
    let counters = random.one_of(&[
        Counters::None,
        Counters::Match,
        Counters::Match,
        Counters::OtherTraffic,
        Counters::OneOfTwo,
        Counters::Processes,
    ]);
    let counters = match counters {
        Counters::OneOfTwo | Counters::Processes if replicas == 1 => Counters::Match,
        other => other,
    };
    let kept = random.one_of(&[0.0, 0.1, 0.5, 1.0, 1.0]);
    let outer = random.chance(0.25);
    // A cache that is too small keeps nothing here.
    let capacity = match random.one_of(&[0, 1, 2]) {
        1 => Some(random.one_of(&[1.2, 3.0])),
        2 if kept == 0.0 && cache => Some(0.4),
        _ => None,
    };
    let page = random.one_of(&[
        Page::TiersOfAll,
        Page::TiersOfRest,
        Page::OuterOnly,
        Page::Computed,
    ]);
    let foreign = random.one_of(&[0.0, 0.0, 0.0, 0.05, 0.3, 1.0]);
    let usage = random.one_of(&[
        Usage::Explicit,
        Usage::Explicit,
        Usage::OmitsZero,
        Usage::OmitsZero,
        Usage::Silent,
        Usage::EverySecond,
        Usage::Impossible,
    ]);
    HitScenario {
        name: "hits".to_owned(),
        seed,
        prompts,
        groups: random.whole(1, prompts.min(6)),
        shared: random.one_of(&[0, 0, 40, 400, 2000]),
        chars_per_token: random.one_of(&[0.6, 1.0, 3.0, 4.0, 4.0, 7.0]),
        unique: random.one_of(&[30, 60, 200, 800]),
        template: random.whole(3, 20),
        block: random.one_of(&[1, 16, 16, 64, 256]),
        block_known: random.chance(0.6),
        ids: random.chance(0.6),
        cache,
        kept,
        foreign: if cache { foreign } else { 0.0 },
        replicas,
        // What no tier can tell is local.
        outer: outer && cache && page != Page::Computed,
        capacity,
        usage,
        by_tier: random.chance(0.2) && usage != Usage::Impossible,
        canary,
        counters,
        page,
        response_cache,
        response_ids: random.one_of(&[Ids::Kept, Ids::Kept, Ids::Own, Ids::None]),
        // A salt is used only where a canary showed that it separates.
        salted: random.chance(0.5) && cache && canary == Canary::Works,
        concurrency: random.one_of(&[1, 4]),
    }
}
