//! The world of a seed.

use super::scenario::{Routing, SessionScenario, TooLong, TurnCounters, TurnUsage};
use crate::draw::random::Random;

/// The world of sessions of a seed. The order of the draws is part of it: a seed stays the same world.
pub fn session_scenario(seed: u64) -> SessionScenario {
    let mut random = Random::new(seed ^ 0x5e55);
    let cache = random.chance(0.9);
    let question = random.one_of(&[30, 120, 120, 500]);
    let answer = random.one_of(&[0, 0, 10, 60, 60]);
    let most_turns = random.one_of(&[1, 3, 5, 5, 8]);
    let longest = u64::from(most_turns) * u64::from(question + answer.max(4));
    let limits = [None, None, None, Some(longest / 2 + 64)];
    let replicas = random.one_of(&[1, 1, 2, 3]);
    let foreign = random.one_of(&[0.0, 0.0, 0.0, 0.1, 0.5, 1.0]);
    SessionScenario {
        name: "sessions".to_owned(),
        seed,
        schedule: random.one_of(&["CW", "CW", "CW", "NCW", "CWC", "CWCW"]),
        sessions: random.whole(6, 20),
        most_turns,
        users: random.one_of(&[1, 1, 3, 20]),
        template: random.whole(3, 20),
        system: random.one_of(&[0, 0, 50, 400]),
        question,
        answer,
        keeps_answers: random.chance(0.7),
        same_answers: random.chance(0.5),
        gap_ms: random.one_of(&[0, 200, 3000]),
        lost: random.one_of(&[0.0, 0.0, 0.0, 0.2, 1.0]),
        kept: random.one_of(&[0.0, 0.5, 1.0, 1.0]),
        foreign: if cache { foreign } else { 0.0 },
        cache,
        block: random.one_of(&[1, 16, 16, 64, 128]),
        block_known: random.chance(0.7),
        ids: random.chance(0.7),
        chars_per_token: random.one_of(&[1.0, 3.0, 4.0]),
        salted: random.chance(0.4) && cache,
        canary: random.chance(0.8),
        failures: random.one_of(&[0.0, 0.0, 0.02, 0.1]),
        context: random.one_of(&limits),
        too_long: random.one_of(&[TooLong::ByCode, TooLong::InWords, TooLong::Stated]),
        replicas,
        routing: random.one_of(&[Routing::Random, Routing::InTurns, Routing::BySession]),
        usage: random.one_of(&[
            TurnUsage::Explicit,
            TurnUsage::Explicit,
            TurnUsage::Explicit,
            TurnUsage::EverySecond,
            TurnUsage::Silent,
        ]),
        counters: random.one_of(&[
            TurnCounters::None,
            TurnCounters::Match,
            TurnCounters::Match,
            TurnCounters::OtherTraffic,
            TurnCounters::OneMissing,
        ]),
    }
}
