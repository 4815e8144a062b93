//! What stands beside the conclusion of an open loop: rounds that are compared with cold ones, of
//! which either may have been overloaded.

use super::{
    ArrivalCheck,
    names::{COLD_AND_MIXED, WITHOUT_AND_COLD, given, wrong_names, wrong_reason},
};
use crate::judge::value::texts;

impl ArrivalCheck<'_> {
    /// Blocks of mixed rounds.
    pub(super) fn mixed(&self) -> Vec<String> {
        let found = &self.level["mixed"];
        if found.is_null() {
            return Vec::new();
        }
        let sides = [self.said_of("C"), self.said_of("M")];
        let mut wrong = wrong_reason(&found["reason"], sides);
        if !sides.contains(&Some(true)) {
            return wrong;
        }
        if found["kind"] != "withheld" {
            wrong.push(format!("mixed rounds: {}, of {sides:?}", found["kind"]));
        }
        let keys = ["ratio", "low", "high", "p", "bound", "drift"];
        let given = keys.iter().filter(|key| !found[**key].is_null());
        let given: Vec<_> = given.collect();
        if !given.is_empty() {
            wrong.push(format!("mixed rounds: {given:?} of an overloaded side"));
        }
        let line = |key: &str, head: &str| {
            let lines = texts(self.level, key);
            lines.into_iter().find(|line| line.starts_with(head))
        };
        let sentence = [
            line("/beside", "mixed rounds: withheld: "),
            line("/beside_zh", "混合轮：不下结论："),
        ];
        let sentence = sentence.map(Option::unwrap_or_default);
        wrong.extend(wrong_names(sentence, sides, &COLD_AND_MIXED));
        wrong
    }

    /// Rounds without reuse, and rounds of outer tiers alone.
    pub(super) fn inside(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let over = |letter: &str| self.said_of(letter) == Some(true);
        let external = given(&self.level["external"]["ttft"]);
        if (over("C") || over("E")) && !external.is_empty() {
            wrong.push(format!("external: {external:?} of an overloaded side"));
        }
        let found = &self.level["inside_reuse"];
        if found.is_null() {
            return wrong;
        }
        let sides = [self.said_of("N"), self.said_of("C")];
        wrong.extend(wrong_reason(&found["reason"], sides));
        let given = given(&found["ttft"]);
        if sides.contains(&Some(true)) && (!given.is_empty() || found["kind"] != "withheld") {
            wrong.push(format!("inside: {} with {given:?}", found["kind"]));
        }
        let line = |key: &str| {
            let lines = texts(self.level, key);
            lines.into_iter().find(|line| {
                line.contains("reuse inside")
                    || line.contains("轮内复用")
                    || line.contains("无复用轮")
            })
        };
        let sentence = ["/beside", "/beside_zh"].map(|key| line(key).unwrap_or(""));
        wrong.extend(wrong_names(sentence, sides, &WITHOUT_AND_COLD));
        wrong
    }
}
