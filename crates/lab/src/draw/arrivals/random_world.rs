//! The world of arrivals of a seed.

use super::scenario::{ArrivalScenario, FEWEST, LoadedSide};
use crate::draw::random::Random;
use dualround_model::Arrivals;

/// Schedules; most are one pair of rounds.
const SCHEDULES: [&str; 16] = [
    "CW", "CW", "CW", "CW", "CW", "CW", "CWC", "CWC", "CWW", "CWCW", "CWCWCW", "CWM", "CM", "NCW",
    "NC", "CWE",
];
/// The rate over the capacity of a side.
const LOADS: [f64; 6] = [0.5, 0.9, 0.9, 1.1, 1.1, 2.0];

/// The world of arrivals of a seed. The order of the draws is part of it: a seed stays the same world.
pub fn arrival_scenario(seed: u64) -> ArrivalScenario {
    let mut random = Random::new(seed ^ 0x0a7e);
    let mut drawn = ArrivalScenario::plain("arrivals", seed);
    drawn.schedule = random.one_of(&SCHEDULES);
    drawn.arrivals = arrivals(&mut random);
    drawn.places = random.one_of(&[1, 2, 4, 8, 16, 32]);
    drawn.places_told = random.chance(0.3);
    drawn.users = drawn.places * random.one_of(&[1, 2, 8]);
    drawn.service_ms = random.between(3.0, 8.0).exp();
    drawn.service_cv = random.one_of(&[0.0, 0.0, 0.1, 0.3, 0.5]);
    drawn.ratio = match random.whole(0, 5) {
        0 => 1.0,
        _ => random.between(0.0, 8.0_f64.ln()).exp(),
    };
    drawn.hit_share = random.one_of(&[1.0, 1.0, 1.0, 0.6]);
    drawn.load = random.one_of(&LOADS);
    drawn.load_of = random.one_of(&[LoadedSide::Cold, LoadedSide::Warm]);
    drawn.requests = requests(&drawn, &mut random);
    if random.chance(0.2) {
        drawn.max_in_flight = Some(drawn.places * random.one_of(&[1, 2, 4]));
    }
    if random.chance(0.15) {
        drawn.failing = random.between(0.005, 0.06);
    }
    if random.chance(0.1) {
        drawn.last_round_started = Some(random.whole(drawn.requests / 4, drawn.requests - 1));
    }
    drawn
}

fn arrivals(random: &mut Random) -> Option<Arrivals> {
    match random.whole(0, 9) {
        0 => None,
        1 | 2 => Some(Arrivals::Constant),
        3..=6 => Some(Arrivals::Poisson),
        _ => Some(Arrivals::Gamma {
            shape: random.between(0.3_f64.ln(), 4.0_f64.ln()).exp(),
        }),
    }
}

/// Requests of a round: most where a side is near its capacity, and in one of eight too few to tell.
fn requests(drawn: &ArrivalScenario, random: &mut Random) -> u32 {
    if random.chance(0.125) {
        return random.whole(60, FEWEST - 1);
    }
    if (0.6..1.5).contains(&drawn.load) {
        return random.one_of(&[800, 1200, 2000, 2000, 2000, 2400, 3000, 6000]);
    }
    random.one_of(&[800, 800, 1000, 1600])
}
