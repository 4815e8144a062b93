//! Drawn rounds through the program's own statistics, to the JSON that a user gets.

use crate::draw::{
    ArrivalScenario, DrawnArrivals, DrawnHits, DrawnQueue, DrawnRounds, DrawnSessions, HitScenario,
    Scenario, SessionScenario,
};
use dualround_model::{Judging, RoundKind, RoundResult, RoundRun, RunEvidence, UntilPlan};
use dualround_report::level_json;
use dualround_stats::{
    MarkedIds, SummaryOptions, chance, compare, convention, expected, reuse, summarise,
};
use serde_json::{Value, to_value};

/// The level of `comparison.json` that these rounds come to.
pub fn verdict(scenario: &Scenario, drawn: DrawnRounds) -> Value {
    let mut rounds = summarised(drawn.rounds);
    level_json(&compare(&mut rounds, &judging(scenario), &drawn.known))
}

/// The level of `comparison.json` that rounds of a queue come to.
pub fn queue_verdict(drawn: DrawnQueue, schedule: &str) -> Value {
    let judging = Judging {
        schedule: schedule.parse().unwrap_or_default(),
        ..Judging::default()
    };
    let mut rounds = summarised(drawn.rounds);
    level_json(&compare(&mut rounds, &judging, &drawn.known))
}

/// A level that was run until it was decided.
#[derive(Clone, Debug)]
pub struct UntilRun {
    /// The cycles that were run.
    pub cycles: u32,
    /// The level of `comparison.json` after the last of them.
    pub level: Value,
}

/// Runs cycles until the program would stop: it looks after the third and after each one behind it.
/// All that there could be are drawn.
pub fn until_decided(scenario: &Scenario, drawn: DrawnRounds) -> UntilRun {
    let judging = judging(scenario);
    let most = scenario.most_cycles.unwrap_or(UntilPlan::MOST);
    let mut rounds = summarised(drawn.rounds);
    let mut cycles = UntilPlan::FEWEST;
    loop {
        let so_far = &mut rounds[..2 * cycles as usize];
        let found = compare(so_far, &judging, &drawn.known);
        if found.conclusion.is_final() || cycles >= most {
            return UntilRun {
                cycles,
                level: level_json(&found),
            };
        }
        cycles += 1;
    }
}

/// The level of `comparison.json` that a world of hits comes to.
pub fn hit_verdict(scenario: &HitScenario, mut drawn: DrawnHits) -> Value {
    let mut rounds = summarised_as_told(drawn.rounds, &drawn.known);
    if !drawn.ids.is_empty() {
        let ids = MarkedIds {
            prompts: drawn.ids.clone(),
            marker_tokens: None,
        };
        expect(&mut rounds, &ids);
        let told = drawn.known.cache_unit();
        drawn.known.reuse = told.and_then(|(block, capacity)| reuse(&drawn.ids, block, capacity));
    }
    let judging = Judging {
        schedule: scenario.schedule.parse().unwrap_or_default(),
        ..Judging::default()
    };
    level_json(&compare(&mut rounds, &judging, &drawn.known))
}

/// The level of `comparison.json` that a world of sessions comes to.
pub fn session_verdict(scenario: &SessionScenario, drawn: DrawnSessions) -> Value {
    let mut rounds = summarised_as_told(drawn.rounds, &drawn.known);
    if !drawn.ids.is_empty() {
        let ids = MarkedIds {
            prompts: drawn.ids,
            marker_tokens: None,
        };
        expect(&mut rounds, &ids);
        if drawn.replicas > 1 {
            let found = chance(&rounds, &ids, drawn.replicas);
            for round in &mut rounds {
                round.take_chance(&found);
            }
        }
    }
    let judging = Judging {
        schedule: scenario.schedule.parse().unwrap_or_default(),
        ..Judging::default()
    };
    level_json(&compare(&mut rounds, &judging, &drawn.known))
}

/// The level of `comparison.json` that a world of arrivals comes to, with those of each round as
/// `rounds`.
///
/// # Errors
/// When arrivals are no JSON, which is a fault of the lab.
pub fn arrival_verdict(
    scenario: &ArrivalScenario,
    drawn: DrawnArrivals,
) -> serde_json::Result<Value> {
    let options = SummaryOptions {
        slots: drawn.places,
        ..SummaryOptions::default()
    };
    let mut rounds = summarised_by(drawn.rounds, &options);
    let judging = Judging {
        schedule: scenario.schedule.parse().unwrap_or_default(),
        ..Judging::default()
    };
    let mut level = level_json(&compare(&mut rounds, &judging, &drawn.known));
    let arrivals = rounds.iter().map(|round| to_value(&round.summary.arrivals));
    level["rounds"] = arrivals.collect::<serde_json::Result<_>>()?;
    Ok(level)
}

/// The rounds, by what canary and engines tell of silence about hits.
fn summarised_as_told(rounds: Vec<RoundRun>, known: &RunEvidence) -> Vec<RoundResult> {
    let options = SummaryOptions {
        convention: convention(known.canary.as_ref(), &known.engines),
        ..SummaryOptions::default()
    };
    summarised_by(rounds, &options)
}

/// What each cold round may hit of itself.
fn expect(rounds: &mut [RoundResult], ids: &MarkedIds) {
    let is_cold = |round: &&mut RoundResult| round.meta.spec.kind == RoundKind::Cold;
    for round in rounds.iter_mut().filter(is_cold) {
        round.expected = Some(expected(round, ids));
    }
}

fn summarised(rounds: Vec<RoundRun>) -> Vec<RoundResult> {
    summarised_by(rounds, &SummaryOptions::default())
}

fn summarised_by(rounds: Vec<RoundRun>, options: &SummaryOptions) -> Vec<RoundResult> {
    let rounds = rounds.into_iter();
    rounds.map(|round| summarise(round, options)).collect()
}

fn judging(scenario: &Scenario) -> Judging {
    Judging {
        schedule: scenario.schedule.parse().unwrap_or_default(),
        round_noise: scenario.round_noise,
        same_samples: true,
        until: scenario.most_cycles.is_some(),
    }
}
