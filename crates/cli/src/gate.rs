//! `--fail-if`: a condition on a level's comparison, by the names of `comparison.json`.

use crate::{
    exit::Usage,
    gate_schema::{KeyContent, Levels, WrongPath},
};
use dualround_model::Lang;
use serde_json::Value;
use std::cmp::Ordering;

/// The operators, the longer ones first: `<` begins `<=`.
const OPERATORS: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];

/// A condition on a level's figures, as in `ttft.ratio < 3`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gate {
    text: String,
    path: Vec<String>,
    operator: &'static str,
    operand: String,
}

/// The outcome of a gate at a level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GateOutcome {
    /// The condition does not hold: the gate is passed.
    Passed,
    /// It holds; the value found.
    Failed(String),
    /// There is no figure to hold it against, so nothing can be said for it.
    NoFigure(NoFigure),
}

/// Why a figure is none that a gate may pass by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoFigure {
    /// It is not known.
    Unknown,
    /// The level's conclusion is withheld, by this reason of `comparison.json`.
    Withheld(String),
    /// It rests on fewer than six prompts.
    FewPrompts(u64),
}

impl GateOutcome {
    /// Why the gate failed, with the key of its figure; `None`: it is passed.
    pub(crate) fn failure(&self, gate: &Gate, lang: Lang) -> Option<String> {
        let key = gate.path.join(".");
        let words = match self {
            Self::Passed => return None,
            Self::Failed(found) => [format!("it is {found}"), format!("其值为 {found}")],
            Self::NoFigure(NoFigure::Unknown) => {
                [format!("{key} is not known"), format!("{key} 未知")]
            }
            Self::NoFigure(NoFigure::Withheld(reason)) => [
                format!("{key} is withheld ({reason})"),
                format!("{key} 不可比（{reason}）"),
            ],
            Self::NoFigure(NoFigure::FewPrompts(prompts)) => [
                format!("{key} rests on too few prompts: {prompts}, at least 6 are needed"),
                format!("{key} 所依据的提示词只有 {prompts} 条，至少需要 6 条"),
            ],
        };
        Some(lang.pick(words))
    }
}

fn refused(condition: &str, reason: &str) -> Usage {
    Usage(format!("--fail-if '{condition}': {reason}"))
}

/// Parts of a level whose figures a withheld conclusion takes back, and that need six prompts.
const FIGURES: [&str; 6] = ["ttft", "itl", "latency", "external", "partial", "classes"];
/// Those of mixed rounds, whose other keys are facts.
const MIXED_FIGURES: [&str; 6] = ["ratio", "low", "high", "p", "bound", "drift"];
/// Prompts that a figure needs.
const PROMPTS: u64 = 6;

impl Gate {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`Usage`] when it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, Usage> {
        let found = OPERATORS
            .iter()
            .filter_map(|op| text.find(op).map(|at| (at, *op)))
            .min_by_key(|(at, op)| (*at, std::cmp::Reverse(op.len())));
        let Some((at, operator)) = found else {
            return Err(refused(text, "write NAME < VALUE, e.g. 'ttft.ratio < 3'"));
        };
        let (path, operand) = (text[..at].trim(), text[at + operator.len()..].trim());
        if path.is_empty() || operand.is_empty() {
            return Err(refused(text, "write NAME < VALUE, e.g. 'ttft.ratio < 3'"));
        }
        let compares = !matches!(operator, "==" | "!=");
        let number = operand.parse::<f64>().is_ok_and(f64::is_finite);
        if compares && !number {
            return Err(refused(text, "only numbers can be compared with < and >"));
        }
        let gate = Self {
            text: text.trim().to_owned(),
            path: path.split('.').map(str::to_owned).collect(),
            operator,
            operand: operand.trim_matches(['"', '\'']).to_owned(),
        };
        match gate.words() {
            Some(words) if !words.contains(&gate.operand) => {
                Err(gate.wrong(&format!("is one of {}", words.join(", "))))
            }
            _ => Ok(gate),
        }
    }

    /// The condition as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it can be held against such levels at all: known before anything is sent.
    ///
    /// # Errors
    /// [`Usage`] when its key leads nowhere, is no figure, or never has such a value.
    pub(crate) fn fits(&self, levels: Levels) -> Result<(), Usage> {
        let text = &self.text;
        let found = levels.holds(&self.path).map_err(|lost| {
            Usage(match lost {
                WrongPath::NoKey { key, keys } if keys.is_empty() => {
                    format!("--fail-if '{text}': there is nothing below a figure, so no `{key}`")
                }
                WrongPath::NoKey { key, keys } => format!(
                    "--fail-if '{text}': there is no `{key}`; there are: {}",
                    keys.join(", ")
                ),
                WrongPath::NoPosition(key) => {
                    format!("--fail-if '{text}': `{key}` must be a position, from 0")
                }
            })
        })?;
        let orders = !matches!(self.operator, "==" | "!=");
        match found {
            KeyContent::Parts(keys) if keys.is_empty() => Err(self.wrong("is no figure")),
            KeyContent::Parts(keys) => {
                Err(self.wrong(&format!("is no figure; below it are: {}", keys.join(", "))))
            }
            KeyContent::Number if self.operand.parse::<f64>().is_err() => {
                Err(self.wrong("is a number"))
            }
            KeyContent::Flag | KeyContent::Text | KeyContent::OneOf(_) if orders => {
                Err(self.wrong("is no number: use == or !="))
            }
            KeyContent::Flag if self.operand.parse::<bool>().is_err() => {
                Err(self.wrong("is true or false"))
            }
            // A word that its key cannot have was refused when it was read.
            _ => Ok(()),
        }
    }

    /// Holds the condition against a level.
    ///
    /// # Errors
    /// [`Usage`] when the level has no such figure at all.
    pub(crate) fn check(&self, level: &Value) -> Result<GateOutcome, Usage> {
        if self.asks_for_no_reason(level) {
            return Ok(if self.operator == "!=" {
                GateOutcome::Failed("none".to_owned())
            } else {
                GateOutcome::Passed
            });
        }
        let unknown = Ok(GateOutcome::NoFigure(NoFigure::Unknown));
        let mut value = level;
        let mut prompts = None;
        for key in &self.path {
            // A part that this level does not have: E rounds, kept answers.
            if value.is_null() {
                return unknown;
            }
            // What the figure below rests on.
            let counted = value.get("prompts").or(value.get("requests"));
            prompts = counted.and_then(Value::as_u64).or(prompts);
            if let Some(list) = value.as_array() {
                // By position; there may be fewer.
                let at = key.parse::<usize>().map_err(|_| {
                    let text = &self.text;
                    Usage(format!(
                        "--fail-if '{text}': `{key}` must be a position, from 0"
                    ))
                })?;
                value = list.get(at).unwrap_or(&Value::Null);
                continue;
            }
            value = value.get(key).ok_or_else(|| {
                let keys = value.as_object().map_or_else(String::new, |object| {
                    object.keys().cloned().collect::<Vec<_>>().join(", ")
                });
                Usage(format!(
                    "--fail-if '{}': there is no `{key}`; there are: {keys}",
                    self.text
                ))
            })?;
        }
        if let Some(refusal) = self.refusal(level, prompts) {
            return Ok(GateOutcome::NoFigure(refusal));
        }
        let orders = !matches!(self.operator, "==" | "!=");
        let (found, order) = match value {
            Value::Null => return unknown,
            Value::String(_) | Value::Bool(_) if orders => {
                return Err(self.wrong("is no number: use == or !="));
            }
            Value::String(text) => (text.clone(), text.as_str().cmp(&self.operand)),
            Value::Bool(flag) => match self.operand.parse::<bool>() {
                Ok(wanted) => (flag.to_string(), flag.cmp(&wanted)),
                Err(_) => return Err(self.wrong("is true or false")),
            },
            Value::Number(number) => {
                let wanted = self.operand.parse::<f64>().ok();
                let order = number.as_f64().zip(wanted);
                match order.and_then(|(a, b)| a.partial_cmp(&b)) {
                    Some(order) => (number.to_string(), order),
                    None => return Err(self.wrong("is a number")),
                }
            }
            Value::Array(_) | Value::Object(_) => return Err(self.wrong("is no figure")),
        };
        Ok(if self.holds(order) {
            GateOutcome::Failed(found)
        } else {
            GateOutcome::Passed
        })
    }

    /// Its key is a reason why nothing is claimed, of a level where there is a claim.
    fn asks_for_no_reason(&self, level: &Value) -> bool {
        match self.path.as_slice() {
            [a, b, c] if [a, b, c] == ["conclusion", "reason", "kind"] => level
                .pointer("/conclusion/reason")
                .is_some_and(Value::is_null),
            [part, metric, kind] if kind == "reason_kind" => {
                level[part][metric].get(kind).is_some_and(Value::is_null)
            }
            _ => false,
        }
    }

    fn holds(&self, order: Ordering) -> bool {
        match self.operator {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "==" => order.is_eq(),
            _ => order.is_ne(),
        }
    }

    /// A condition that says nothing of its key.
    fn wrong(&self, reason: &str) -> Usage {
        let (text, key) = (&self.text, self.path.join("."));
        Usage(format!("--fail-if '{text}': {key} {reason}"))
    }

    /// The words that its key may have, by whichever schema has such a key.
    fn words(&self) -> Option<Vec<String>> {
        let found = [Levels::Run, Levels::Compare].into_iter();
        let mut found = found.map(|levels| levels.holds(&self.path));
        found.find_map(|found| match found {
            Ok(KeyContent::OneOf(words)) => Some(words),
            _ => None,
        })
    }

    /// A figure of a comparison of runs that was taken back.
    fn taken_back(&self, level: &Value) -> Option<NoFigure> {
        let [part, metric, figure] = self.path.as_slice() else {
            return None;
        };
        let metric = level.get(part)?.get(metric)?;
        let reason = metric.get("reason_kind")?.as_str()?;
        // One figure a round has no interval, and is a figure all the same; so is 0.
        let is_figure = figure != "judgement" && !["few_rounds", "no_ratio"].contains(&reason);
        is_figure.then(|| NoFigure::Withheld(reason.to_owned()))
    }

    /// A figure of times that may not be relied on.
    fn refusal(&self, level: &Value, prompts: Option<u64>) -> Option<NoFigure> {
        let part = self.path.first()?;
        let Some(conclusion) = level.get("conclusion") else {
            return self.taken_back(level);
        };
        let is_figure = match part.as_str() {
            "mixed" => self
                .path
                .get(1)
                .is_some_and(|key| MIXED_FIGURES.contains(&key.as_str())),
            "inside_reuse" => self.path.get(1).is_some_and(|key| key == "ttft"),
            part => FIGURES.contains(&part),
        };
        if !is_figure {
            return None;
        }
        if let Some(reason) = withheld_by_part(part, level) {
            return Some(NoFigure::Withheld(reason));
        }
        if conclusion["kind"] == "withheld" {
            let reason = conclusion["reason"]["kind"].as_str().unwrap_or("withheld");
            return Some(NoFigure::Withheld(reason.to_owned()));
        }
        let few = prompts.filter(|prompts| *prompts < PROMPTS);
        few.map(NoFigure::FewPrompts)
    }
}

/// Why a part that judges for itself gives no figure, where it does not.
fn withheld_by_part(part: &str, level: &Value) -> Option<String> {
    let own = level.get(part)?;
    let reason = own.get("reason")?.get("kind")?.as_str()?;
    let is_withheld = match part {
        // Where the interval crosses the margin the ratio is one all the same.
        "mixed" => reason != "across_margin",
        "inside_reuse" => own["kind"] == "withheld",
        _ => false,
    };
    is_withheld.then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_held_against_a_level() {
        let level = json!({"ttft": {"ratio": 2.5, "interval_low": null}, "cold": {"verdict": "cold"},
            "conclusion": {"cache_evidence": true}});
        let held = |text: &str| Gate::parse(text).unwrap().check(&level).unwrap();
        assert_eq!(
            held("ttft.ratio < 3"),
            GateOutcome::Failed("2.5".to_owned())
        );
        assert_eq!(held("ttft.ratio<=2.4"), GateOutcome::Passed);
        assert_eq!(
            held("ttft.interval_low < 1"),
            GateOutcome::NoFigure(NoFigure::Unknown)
        );
        assert_eq!(held("cold.verdict != cold"), GateOutcome::Passed);
        assert_eq!(
            held("conclusion.cache_evidence == false"),
            GateOutcome::Passed
        );
        assert!(
            Gate::parse("ttft.wrong < 1")
                .unwrap()
                .check(&level)
                .is_err()
        );
        assert!(Gate::parse("speed < 3").unwrap().check(&level).is_err());
        let none = json!({"external": null});
        let gate = Gate::parse("external.usage < 0.5").unwrap();
        assert_eq!(
            gate.check(&none).unwrap(),
            GateOutcome::NoFigure(NoFigure::Unknown)
        );
        for bad in ["ttft.ratio", "< 3", "ttft.ratio <", "ttft.ratio < fast"] {
            assert!(Gate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn v16_figures_that_a_level_takes_back_pass_no_gate() {
        let level = |kind: &str, prompts: u64| {
            json!({"ttft": {"prompts": prompts, "ratio": 9.0}, "classes": [{"requests": 3, "ratio": 9.0}],
                "hit_rate": {"usage": 0.9},
                "conclusion": {"kind": kind, "reason": {"kind": "drift"}}})
        };
        let held = |text: &str, level: &Value| {
            let gate = Gate::parse(text).unwrap();
            gate.check(level).unwrap().failure(&gate, Lang::En)
        };
        assert_eq!(held("ttft.ratio < 3", &level("effect", 12)), None);
        assert_eq!(
            held("ttft.ratio < 3", &level("withheld", 12)).unwrap(),
            "ttft.ratio is withheld (drift)"
        );
        assert_eq!(
            held("ttft.ratio < 3", &level("cannot_tell", 5)).unwrap(),
            "ttft.ratio rests on too few prompts: 5, at least 6 are needed"
        );
        assert!(held("classes.0.ratio < 3", &level("effect", 12)).is_some());
        // Facts are what they are.
        assert_eq!(held("hit_rate.usage < 0.5", &level("withheld", 12)), None);
        assert_eq!(
            held("conclusion.kind != effect", &level("withheld", 12)).unwrap(),
            "it is withheld"
        );
    }

    #[test]
    fn parts_that_judge_for_themselves_give_no_figure_that_they_take_back() {
        let level = |reason: &str, kind: &str| {
            json!({"conclusion": {"kind": "effect", "reason": null},
                "mixed": {"prompts": 12, "ratio": 9.0, "blocks": 4, "reason": {"kind": reason}},
                "inside_reuse": {"kind": kind, "reason": {"kind": "contaminated"},
                    "ttft": {"prompts": 12, "ratio": 9.0}, "usage": 0.5}})
        };
        let held = |text: &str, level: &Value| {
            let gate = Gate::parse(text).unwrap();
            gate.check(level).unwrap().failure(&gate, Lang::En)
        };
        let few = level("few_blocks", "effect");
        assert_eq!(
            held("mixed.ratio < 3", &few).unwrap(),
            "mixed.ratio is withheld (few_blocks)"
        );
        assert_eq!(held("mixed.blocks < 3", &few), None);
        assert_eq!(
            held("mixed.ratio < 3", &level("across_margin", "effect")),
            None
        );
        assert_eq!(held("inside_reuse.ttft.ratio < 3", &few), None);
        let dirty = level("across_margin", "withheld");
        assert!(held("inside_reuse.ttft.ratio < 3", &dirty).is_some());
        assert_eq!(held("inside_reuse.usage < 0.1", &dirty), None);
        assert!(held("mixed.ratio < 3", &json!({"mixed": null, "conclusion": {}})).is_some());
    }

    #[test]
    fn a_condition_must_fit_its_key() {
        for bad in [
            "cold.verdict == Contaminated",
            "cold.verdict < 3",
            "conclusion.kind == works",
            "cold.method == salty",
            "warm.ttft.judgement == wors",
            "ttft.ratio < nan",
            "ttft.ratio < 1e400",
        ] {
            assert!(Gate::parse(bad).is_err(), "{bad}");
        }
        let level = json!({"ttft": {"ratio": 9.0, "prompts": 12}, "cold": {"verdict": "cold"},
            "conclusion": {"cache_evidence": true, "kind": "effect", "reason": null}});
        let check = |text: &str| Gate::parse(text).unwrap().check(&level);
        for bad in [
            "conclusion.cache_evidence < 1",
            "conclusion.cache_evidence == yes",
            "ttft.ratio == fast",
            "ttft < 2",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let healthy = check("conclusion.reason.kind == contaminated");
        assert_eq!(healthy.unwrap(), GateOutcome::Passed);
    }

    #[test]
    fn v16_figures_that_a_comparison_takes_back_pass_no_gate() {
        let level = json!({"cache": {"ttft_ratio": {"new": 9.0, "judgement": "cannot_tell",
            "reason_kind": "contaminated"}}, "warm": {"ttft": {"new": 9.0, "reason_kind": null},
            "goodput_request_throughput": {"new": 0.0, "reason_kind": "no_ratio"}}});
        let held = |text: &str| Gate::parse(text).unwrap().check(&level).unwrap();
        let refused = GateOutcome::NoFigure(NoFigure::Withheld("contaminated".to_owned()));
        assert_eq!(held("cache.ttft_ratio.new < 3"), refused);
        assert_eq!(held("warm.ttft.new > 100"), GateOutcome::Passed);
        let none = held("warm.goodput_request_throughput.new < 1");
        assert!(matches!(none, GateOutcome::Failed(_)), "{none:?}");
        assert_eq!(
            held("cache.ttft_ratio.judgement == worse"),
            GateOutcome::Passed
        );
    }
}
