//! Each round of an open loop by itself: whether it was overloaded, and its backlog.

use super::{ArrivalCheck, SLACK};
use crate::judge::value::{number, text};
use serde_json::Value;

/// A side at so much of its capacity, or less, holds the rate.
const HOLDS: f64 = 0.9;
/// A side at so much of it does not, which every round must show.
const FAR_ABOVE: f64 = 2.0;
/// Growth of a backlog, of what was due meanwhile, that is no chance.
const GROWTH: f64 = 0.05;
/// Prompts that an engine works on at once, where it does not tell.
const PLACES: f64 = 8.0;

impl ArrivalCheck<'_> {
    /// What is said of each round by itself.
    pub(super) fn rounds(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (at, (round, said)) in self.each().enumerate() {
            let name = format!("round {} {}", at + 1, text(round, "/letter"));
            let open = !round["load"].is_null();
            if said.is_null() == open {
                wrong.push(format!("{name}: arrivals {said}"));
            }
            if open && !said.is_null() {
                let found = self.round(round, said);
                wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
            }
        }
        wrong
    }

    fn round(&self, round: &Value, said: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let overloaded = said["backlog"]["overloaded"].as_bool();
        let load = number(round, "/load").unwrap_or(f64::NAN);
        let told = self.told(round, said);
        if overloaded.is_some() != told {
            wrong.push(format!("overloaded {overloaded:?}, it tells: {told}"));
        }
        let holds = load <= HOLDS + SLACK;
        if (holds && overloaded == Some(true))
            || (load >= FAR_ABOVE - SLACK && overloaded == Some(false))
        {
            wrong.push(format!(
                "overloaded {overloaded:?} at {load} times its capacity"
            ));
        }
        for (name, right) in [
            ("/backlog/middle", "/backlog/middle"),
            ("/backlog/end", "/backlog/end"),
            ("/backlog/most", "/backlog/most"),
            ("/waited_for_place", "/waited"),
            ("/begun", "/started"),
        ] {
            let (value, right) = (number(said, name), number(round, right));
            if value != right {
                wrong.push(format!("{name} {value:?}, in truth {right:?}"));
            }
        }
        let limit = number(said, "/backlog/limit");
        if limit != Some(self.limit(round)) {
            wrong.push(format!("a limit of {limit:?}"));
        }
        wrong
    }

    /// A round tells whether its server held the rate: of one in which more failed than a backlog may
    /// grow by, that it did not alone can be told.
    pub(super) fn told(&self, round: &Value, said: &Value) -> bool {
        let lost = number(round, "/failed").unwrap_or(f64::NAN);
        let is_told = lost <= self.limit(round) || said["backlog"]["overloaded"] == true;
        round["tells"] == true && is_told
    }

    /// Growth of a backlog above which it is none of a server that keeps up.
    fn limit(&self, round: &Value) -> f64 {
        let started = number(round, "/started").unwrap_or(f64::NAN);
        let places = if self.scenario["places_told"] == true {
            number(self.scenario, "/places")
        } else {
            None
        };
        let later = started - (started / 2.0).floor();
        (GROWTH * later).ceil().max(places.unwrap_or(PLACES))
    }
}
