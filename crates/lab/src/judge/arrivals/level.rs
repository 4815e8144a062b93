//! The conclusion of a level of an open loop: the sides that it names, what it divides, and what it
//! leaves open.

use super::{
    ArrivalCheck,
    names::{COLD_AND_WARM, given, wrong_names, wrong_reason},
};
use crate::judge::value::{number, text};
use serde_json::Value;

/// Requests below which a round tells nothing.
const FEWEST: f64 = 800.0;

impl ArrivalCheck<'_> {
    /// Withheld with exactly the sides that were overloaded, and with their names; elsewhere neither.
    pub(super) fn conclusion(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let sides = self.sides();
        let reason = &self.level["conclusion"]["reason"];
        if self.is_named() && self.kind() != "withheld" {
            wrong.push(format!("{}, of the sides {sides:?}", self.kind()));
        }
        wrong.extend(wrong_reason(reason, sides));
        let sentence =
            ["text", "text_zh"].map(|key| text(&self.level["conclusion"], &format!("/{key}")));
        wrong.extend(wrong_names(sentence, sides, &COLD_AND_WARM));
        wrong
    }

    /// Nothing that divides by the times of an overloaded side is given.
    pub(super) fn divided(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for of in ["ttft", "itl", "latency"] {
            let metric = &self.level[of];
            let given = given(metric);
            if self.is_named() && !given.is_empty() {
                wrong.push(format!("{of}: {given:?} of an overloaded side"));
            }
            if number(metric, "/pairs").is_none_or(|pairs| pairs < 0.5) {
                continue;
            }
            let mut why = ["withheld", "withheld_zh"].iter();
            if self.is_named() && !why.all(|key| metric[*key].is_string()) {
                wrong.push(format!("{of}: why nothing is given is not said"));
            }
            if !self.is_named() && !given.contains(&"ratio") {
                wrong.push(format!("{of}: no ratio, though no side was overloaded"));
            }
        }
        if !self.is_named() {
            return wrong;
        }
        for (of, path) in [("classes", ""), ("buckets", "/ttft")] {
            let parts = self.level[of].as_array().into_iter().flatten();
            let parts = parts.map(|part| part.pointer(path).unwrap_or(part));
            let given: Vec<&str> = parts.flat_map(given).collect();
            if !given.is_empty() {
                wrong.push(format!("{of}: {given:?} of an overloaded side"));
            }
        }
        wrong
    }

    /// The ratio is that of the drawn times where one pair of rounds has it.
    pub(super) fn known(&self) -> Option<String> {
        let pair = matches!(
            text(self.scenario, "/schedule"),
            "CW" | "CWM" | "NCW" | "CWE"
        );
        let (said, seen) = (
            number(self.level, "/ttft/ratio"),
            number(self.truth, "/seen_ratio"),
        );
        let right = match (said, seen) {
            (None, _) => true,
            // Times are kept in whole ns.
            (Some(a), Some(b)) => (a / b).ln().abs() < 1e-4,
            (Some(_), None) => false,
        };
        (pair && !right).then(|| format!("ratio {said:?}, in the drawn times {seen:?}"))
    }

    /// Where a round does not tell, that is said beside the conclusion, for the reason that it has.
    pub(super) fn remark(&self) -> Vec<String> {
        let untold = self.each().filter(|(round, said)| {
            let side = ["C", "W"].contains(&text(round, "/letter"));
            side && !round["load"].is_null() && !self.told(round, said)
        });
        let started = untold.map(|(round, _)| number(round, "/started").unwrap_or(0.0));
        let started: Vec<f64> = started.collect();
        let wanted = !started.is_empty() && self.kind() != "withheld";
        let remarks = self.level.pointer("/conclusion/remarks");
        let remarks = remarks.and_then(Value::as_array).into_iter().flatten();
        let there = remarks
            .into_iter()
            .any(|one| one["kind"] == "overload_unknown");
        let mut wrong = Vec::new();
        if there != wanted {
            wrong.push(format!("remarked that overload is unknown: {there}"));
        }
        let said = wanted && self.says_hits();
        let cut = started.iter().any(|started| *started >= FEWEST);
        for (key, words, why) in [
            (
                "text",
                "whether a side was overloaded is not told",
                "cut short",
            ),
            ("text_zh", "无法判断是否过载", "中途结束"),
        ] {
            let sentence = text(&self.level["conclusion"], &format!("/{key}"));
            if sentence.contains(words) != said || (said && cut && !sentence.contains(why)) {
                wrong.push(format!(
                    "`{sentence}`: overload is unknown: {said}, of {started:?} requests"
                ));
            }
        }
        wrong
    }
}
