//! Facts about open loops: which side could not hold the rate, and that nothing is divided by the
//! times of such a side.

mod beside;
mod level;
mod names;
mod rounds;

use super::{
    claims::Claim,
    hits::wrong_rates,
    value::{number, text},
};
use names::Sides;
use serde_json::Value;

/// A side at so much of its capacity does not hold the rate, which four of five rounds must show.
const ABOVE: f64 = 1.1;
/// Loads are products of what was drawn.
const SLACK: f64 = 1e-9;

/// A level of arrivals beside the truth.
struct ArrivalCheck<'a> {
    scenario: &'a Value,
    truth: &'a Value,
    level: &'a Value,
}

/// Everything in the verdict on a world of arrivals that is not so.
pub fn wrong_arrivals(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let case = ArrivalCheck {
        scenario,
        truth,
        level,
    };
    let mut wrong = case.rounds();
    wrong.extend(case.conclusion());
    wrong.extend(case.known());
    wrong.extend(case.divided());
    wrong.extend(case.remark());
    wrong.extend(case.mixed());
    wrong.extend(case.inside());
    wrong.extend(case.hits());
    wrong
}

/// Sides a tenth above their capacity that could be told, and whether they were not named.
pub fn overload_claims(truth: &Value, level: &Value) -> Vec<(Claim, bool)> {
    let mut out = Vec::new();
    let rounds = truth["rounds"].as_array().into_iter().flatten();
    for (at, round) in rounds.enumerate() {
        let near_above = number(round, "/load").is_some_and(|load| (load - ABOVE).abs() < SLACK);
        if near_above && round["tells"] == true {
            let said = &level["rounds"][at]["backlog"]["overloaded"];
            out.push((Claim::OverloadMissed, said != true));
        }
    }
    out
}

/// How hits are reported in these worlds.
fn reported() -> Value {
    serde_json::json!({"usage": "explicit", "response_cache": false})
}

impl ArrivalCheck<'_> {
    /// The rounds in truth, each with what was said of its arrivals.
    fn each(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let rounds = self.truth["rounds"].as_array().into_iter().flatten();
        rounds
            .enumerate()
            .map(|(at, round)| (round, &self.level["rounds"][at]))
    }

    /// What was said of the rounds of a letter: one of them was overloaded; none was; nobody knows.
    fn said_of(&self, letter: &str) -> Option<bool> {
        let alike = self.each().filter(|(round, _)| round["letter"] == letter);
        let said = alike.filter_map(|(_, said)| said["backlog"]["overloaded"].as_bool());
        said.reduce(|one, other| one || other)
    }

    /// The sides of the level.
    fn sides(&self) -> Sides {
        [self.said_of("C"), self.said_of("W")]
    }

    fn is_named(&self) -> bool {
        self.sides().contains(&Some(true))
    }

    fn kind(&self) -> &str {
        text(self.level, "/conclusion/kind")
    }

    /// The sentence speaks of hits.
    fn says_hits(&self) -> bool {
        let silent = ["no_pairs", "no_warm_round"];
        let decides = self.is_named() || self.kind() != "withheld";
        decides && !silent.contains(&text(self.level, "/conclusion/reason/kind"))
    }

    /// What is said of hits is as of any other world.
    fn hits(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        // Without a warm round nothing could be reused.
        if number(self.truth, "/prompt").is_some_and(|tokens| tokens > 0.0) {
            wrong.extend(wrong_rates(&reported(), self.truth, self.level));
        }
        let sentence = text(self.level, "/conclusion/text");
        if !sentence.contains("verified cold") && self.says_hits() {
            wrong.push(format!("`{sentence}`: the cold round was cold"));
        }
        wrong
    }
}
