//! The world of a seed.

use super::scenario::{AnswerIds, Canary, CountersSeen, HitScenario, PageStyle, UsageTold};
use crate::draw::random::Random;

/// The world of hits of a seed. The order of the draws is part of it: a seed stays the same world.
pub fn hit_scenario(seed: u64) -> HitScenario {
    let mut random = Random::new(seed ^ 0x4175);
    let prompts = random.whole(8, 40);
    let cache = random.chance(0.85);
    let response_cache = random.chance(0.1);
    let replicas = random.one_of(&[1, 1, 1, 2]);
    let canary = canary(&mut random, response_cache, replicas == 1 && cache);
    let counters = counters(&mut random, replicas);
    let kept = random.one_of(&[0.0, 0.1, 0.5, 1.0, 1.0]);
    let outer = random.chance(0.25);
    let capacity = capacity(&mut random, kept == 0.0 && cache);
    let page = random.one_of(&[
        PageStyle::TiersOfAll,
        PageStyle::TiersOfRest,
        PageStyle::OuterOnly,
        PageStyle::Computed,
    ]);
    let foreign = random.one_of(&[0.0, 0.0, 0.0, 0.05, 0.3, 1.0]);
    let usage = usage(&mut random);
    // Of a draw of its own, so that the others stay as they were.
    let mut beside = Random::new(seed ^ 0x4d4f);
    let schedules = ["CW", "CW", "NCW", "CWM", "CWMM", "NCWM", "CWNMMM"];
    let schedule = beside.one_of(&schedules);
    let [without_foreign, misses_foreign] =
        [0, 1].map(|_| beside.one_of(&[0.0, 0.0, 0.05, 0.3, 1.0]));
    HitScenario {
        name: "hits".to_owned(),
        seed,
        schedule,
        without_foreign: if cache { without_foreign } else { 0.0 },
        misses_foreign: if cache { misses_foreign } else { 0.0 },
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
        outer: outer && cache && page != PageStyle::Computed,
        capacity,
        usage,
        by_tier: random.chance(0.2) && usage != UsageTold::Impossible,
        canary,
        counters,
        page,
        response_cache,
        response_ids: random.one_of(&[
            AnswerIds::Kept,
            AnswerIds::Kept,
            AnswerIds::Own,
            AnswerIds::None,
        ]),
        // A salt is used only where a canary showed that it separates.
        salted: random.chance(0.5) && cache && canary == Canary::Works,
        concurrency: random.one_of(&[1, 4]),
    }
}

/// What the canary met; `one_cache`: one engine answers, and it has a cache.
fn canary(random: &mut Random, response_cache: bool, one_cache: bool) -> Canary {
    let drawn = random.one_of(&[
        Canary::Works,
        Canary::Works,
        Canary::Works,
        Canary::OtherReplica,
        Canary::None,
    ]);
    // What replays answers replays the canary's, too, where it is asked.
    match drawn {
        Canary::None => Canary::None,
        _ if response_cache => Canary::Replayed,
        // A text that one engine alone was asked is not missed.
        Canary::OtherReplica if one_cache => Canary::Works,
        other => other,
    }
}

fn counters(random: &mut Random, replicas: u32) -> CountersSeen {
    let drawn = random.one_of(&[
        CountersSeen::None,
        CountersSeen::Match,
        CountersSeen::Match,
        CountersSeen::OtherTraffic,
        CountersSeen::OneOfTwo,
        CountersSeen::Processes,
    ]);
    match drawn {
        CountersSeen::OneOfTwo | CountersSeen::Processes if replicas == 1 => CountersSeen::Match,
        other => other,
    }
}

/// What engines say they hold, in multiples of what the prompts need. A cache that is too small
/// keeps nothing here.
fn capacity(random: &mut Random, keeps_nothing: bool) -> Option<f64> {
    match random.one_of(&[0, 1, 2]) {
        1 => Some(random.one_of(&[1.2, 3.0])),
        2 if keeps_nothing => Some(0.4),
        _ => None,
    }
}

fn usage(random: &mut Random) -> UsageTold {
    random.one_of(&[
        UsageTold::Explicit,
        UsageTold::Explicit,
        UsageTold::OmitsZero,
        UsageTold::OmitsZero,
        UsageTold::Silent,
        UsageTold::EverySecond,
        UsageTold::Impossible,
    ])
}
