//! Drawn rounds through the program's own statistics, to the JSON that a user gets.

use crate::draw::{Drawn, Scenario};
use dualround_report::level_json;
use dualround_stats::{SummaryOptions, compare, summarise};
use serde_json::Value;

/// The level of `comparison.json` that these rounds come to.
pub fn verdict(_scenario: &Scenario, drawn: Drawn) -> Value {
    let options = SummaryOptions::default();
    let rounds = drawn.rounds.into_iter();
    let mut rounds: Vec<_> = rounds.map(|round| summarise(round, &options)).collect();
    level_json(&compare(&mut rounds, &drawn.known))
}
