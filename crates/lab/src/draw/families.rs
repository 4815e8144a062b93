//! Scenarios by seed: each family is one thing that goes on in everyday runs, the last one all of
//! them together.

use super::{Scenario, random::Random};

/// Schedules of every row, those with repeats in odd places among them.
const SCHEDULES: [&str; 19] = [
    "CW", "CW", "CWC", "CWC", "CWW", "CWCW", "CWCWCW", "CWCWCWCW", "CWCE", "CWWCW", "CCW", "CWWW",
    "CWCC", "CWE", "CEW", "CCWW", "CWWC", "CWWCWW", "CWCWCWC",
];
/// Rounds without a pair.
const PAIRLESS: [&str; 3] = ["C", "CC", "CE"];
/// Standard deviations between rounds.
const ROUND_SIGMAS: [f64; 3] = [0.0, 0.03, 0.10];

/// What a family changes of a common beginning.
type ChangeScenario = fn(&mut Scenario, &mut Random);

/// The families and what each changes of a common beginning.
const FAMILIES: [(&str, ChangeScenario); 12] = [
    ("effect", |_, _| {}),
    ("null", null),
    ("drift", drift),
    ("lost", lost),
    ("classes", classes),
    ("repeats", repeats),
    ("few", few),
    ("lengths", lengths),
    ("ended early", ended_early),
    ("one round fails", one_round_fails),
    ("wakes up", wakes_up),
    ("combined", combined),
];

/// The scenario of a seed.
pub fn scenario(seed: u64) -> Scenario {
    let count = FAMILIES.len() as u64;
    let (name, shape) = FAMILIES[usize::try_from(seed % count).unwrap_or(0)];
    // A family changes what all have in common, so it draws last.
    let mut random = Random::new(seed);
    let mut drawn = Scenario::plain(name, seed);
    drawn.schedule = random.one_of(&SCHEDULES).to_owned();
    drawn.prompts = random.whole(12, 48);
    drawn.cold_ms = random.between(1.0, 7.0).exp();
    drawn.prompt_sigma = random.between(0.0, 0.6);
    drawn.noise = random.between(0.02, 0.2);
    drawn.round_sigma = random.one_of(&ROUND_SIGMAS);
    drawn.ratio = random.between(0.3, 3.0).exp();
    drawn.concurrency = random.one_of(&[1, 1, 4]);
    shape(&mut drawn, &mut random);
    later_letters(&mut drawn);
    drawn
}

/// Mixed rounds, rounds without reuse, and cycles that are run until they decide, in half of all
/// scenarios. Of a draw of its own, so that the others stay as they were.
fn later_letters(drawn: &mut Scenario) {
    let mut random = Random::new(drawn.seed ^ 0x4d4e);
    match random.whole(0, 11) {
        0 | 1 => {
            let rounds = random.one_of(&[1, 1, 2, 4]);
            drawn.schedule += &"M".repeat(rounds);
        }
        2 => drawn.schedule = random.one_of(&["CM", "CMM", "CMMMM", "CMCM"]).to_owned(),
        3 => drawn.schedule = random.one_of(&["NC", "CN", "NCN", "NCNC"]).to_owned(),
        4 => {
            let places = [
                format!("N{}", drawn.schedule),
                format!("{}N", drawn.schedule),
            ];
            drawn.schedule = places[random.whole(0, 1) as usize].clone();
        }
        5 => {
            let schedules = [
                "NCWM",
                "CWMN",
                "CMWN",
                "CNWM",
                "CWMCW",
                "NCWMCWM",
                "CWMCWMCWM",
            ];
            drawn.schedule = random.one_of(&schedules).to_owned();
        }
        6 => {
            let cycles = random.whole(1, 8);
            drawn.schedule = "CW".repeat(cycles as usize);
            drawn.most_cycles = Some(random.whole(cycles.max(3), 20));
        }
        _ => return,
    }
    if drawn.schedule.contains('M') && random.chance(0.6) {
        drawn.prompts = random.whole(60, 240);
    }
    drawn.misses_hit = random.one_of(&[0.0, 0.0, 0.0, 0.03, 0.5]);
    drawn.without_ratio = random.one_of(&[1.0, 1.0, 1.0, 1.3, 2.0]);
    drawn.without_hits = random.one_of(&[0.0, 0.0, 0.0, 0.03, 0.5]);
}

/// Nothing gets faster, whether hits are reported or not.
fn null(drawn: &mut Scenario, random: &mut Random) {
    drawn.ratio = 1.0;
    drawn.idle_hits = random.chance(0.5);
    if !drawn.idle_hits {
        drawn.hit_share = 0.0;
    }
}

/// Every round is slower, or faster, than the one before.
fn drift(drawn: &mut Scenario, random: &mut Random) {
    let size = random.between(0.02, 0.25);
    drawn.drift = if random.chance(0.5) { size } else { -size };
    drawn.ratio = random.one_of(&[1.0, 1.3, 2.0, 5.0]);
    drawn.idle_hits = drawn.ratio < 1.1;
}

/// Requests fail on one side, on both, or always.
fn lost(drawn: &mut Scenario, random: &mut Random) {
    let share = random.one_of(&[0.03, 0.08, 0.2, 0.5, 1.0]);
    drawn.failing = match random.whole(0, 3) {
        0 => (share, 0.0),
        1 => (0.0, share),
        2 => (share, share),
        _ => (0.0, 0.0),
    };
    drawn.always_failing = random.one_of(&[0.0, 0.1, 0.3]);
}

/// Some warm requests hit and some miss.
fn classes(drawn: &mut Scenario, random: &mut Random) {
    drawn.hit_share = random.between(0.05, 0.95);
    drawn.prompts = random.whole(6, 40);
}

/// Rows repeat prompts: few prompts, many requests.
fn repeats(drawn: &mut Scenario, random: &mut Random) {
    drawn.prompts = random.whole(2, 14);
    drawn.repeats = random.whole(1, 40);
}

/// Too few prompts for an interval, or just enough.
fn few(drawn: &mut Scenario, random: &mut Random) {
    drawn.prompts = random.whole(1, 7);
}

/// Prompts of one length, of nearly one, or of very different ones.
fn lengths(drawn: &mut Scenario, random: &mut Random) {
    drawn.tokens = random.one_of(&[(700, 700), (100, 4000), (690, 710)]);
    drawn.prompts = random.whole(6, 40);
}

/// The run ended before its schedule did, or has no pair.
fn ended_early(drawn: &mut Scenario, random: &mut Random) {
    if random.chance(0.3) {
        drawn.schedule = random.one_of(&PAIRLESS).to_owned();
        return;
    }
    let planned = u32::try_from(drawn.schedule.len()).unwrap_or(1);
    drawn.rounds_run = Some(random.whole(1, planned));
    drawn.last_round_started = Some(random.whole(0, drawn.prompts));
}

/// One round loses many of its requests.
fn one_round_fails(drawn: &mut Scenario, random: &mut Random) {
    let last = u32::try_from(drawn.schedule.len()).unwrap_or(1) - 1;
    let share = random.one_of(&[0.05, 0.3, 0.92, 1.0]);
    drawn.failing_round = Some((random.whole(0, last) as usize, share));
}

/// The server is slow in its first round.
fn wakes_up(drawn: &mut Scenario, random: &mut Random) {
    drawn.first_round = random.between(0.1, 1.0);
    drawn.ratio = random.one_of(&[1.0, 1.0, 2.0]);
    drawn.idle_hits = drawn.ratio < 1.1;
}

/// Several of these at once.
fn combined(drawn: &mut Scenario, random: &mut Random) {
    for shape in [drift, classes, repeats, lengths, one_round_fails] {
        if random.chance(0.3) {
            shape(drawn, random);
        }
    }
    if random.chance(0.3) {
        drawn.failing = (random.between(0.0, 0.2), random.between(0.0, 0.2));
    }
    if random.chance(0.3) {
        drawn.round_noise = Some(random.one_of(&[0.0, 5.0, 10.0, 50.0, 200.0]));
    }
    if random.chance(0.2) {
        ended_early(drawn, random);
    }
}
