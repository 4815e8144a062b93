//! Drawn rounds through the program's own statistics, to the JSON that a user gets.

use crate::draw::{DrawnHits, DrawnRounds, Scenario};
use dualround_model::Judging;
use dualround_report::level_json;
use dualround_stats::{SummaryOptions, compare, convention, expected, reuse, summarise};
use serde_json::Value;

/// The level of `comparison.json` that these rounds come to.
pub fn verdict(scenario: &Scenario, drawn: DrawnRounds) -> Value {
    let options = SummaryOptions::default();
    let rounds = drawn.rounds.into_iter();
    let mut rounds: Vec<_> = rounds.map(|round| summarise(round, &options)).collect();
    let judging = Judging {
        schedule: scenario.schedule.parse().unwrap_or_default(),
        round_noise: scenario.round_noise,
        same_samples: true,
    };
    level_json(&compare(&mut rounds, &judging, &drawn.known))
}

/// The level of `comparison.json` that a world of hits comes to.
pub fn hit_verdict(mut drawn: DrawnHits) -> Value {
    let options = SummaryOptions {
        convention: convention(drawn.known.canary.as_ref(), &drawn.known.engines),
        ..SummaryOptions::default()
    };
    let rounds = drawn.rounds.into_iter();
    let mut rounds: Vec<_> = rounds.map(|round| summarise(round, &options)).collect();
    if !drawn.ids.is_empty() {
        let found = expected(&rounds[0], &drawn.ids, None);
        rounds[0].expected = Some(found);
        let told = drawn.known.cache_unit();
        drawn.known.reuse = told.and_then(|(block, capacity)| reuse(&drawn.ids, block, capacity));
    }
    level_json(&compare(&mut rounds, &Judging::default(), &drawn.known))
}
