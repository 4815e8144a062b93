//! `--fail-if`: a condition on a level's comparison, by the names of `comparison.json`.

use crate::exit::Usage;
use serde_json::Value;

/// The operators, the longer ones first: `<` begins `<=`.
const OPERATORS: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];

/// `ttft.ratio < 3`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gate {
    text: String,
    path: Vec<String>,
    operator: &'static str,
    operand: String,
}

/// What a gate says of a level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held {
    /// The condition does not hold: the gate is passed.
    Passed,
    /// It holds; the value found.
    Failed(String),
    /// The value is not known, so nothing can be said for it.
    Unknown,
}

impl Gate {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`Usage`] when it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, Usage> {
        let fail = |reason: &str| Usage(format!("--fail-if '{text}': {reason}"));
        let found = OPERATORS
            .iter()
            .filter_map(|op| text.find(op).map(|at| (at, *op)))
            .min_by_key(|(at, op)| (*at, std::cmp::Reverse(op.len())));
        let Some((at, operator)) = found else {
            return Err(fail("write NAME < VALUE, e.g. 'ttft.ratio < 3'"));
        };
        let (path, operand) = (text[..at].trim(), text[at + operator.len()..].trim());
        if path.is_empty() || operand.is_empty() {
            return Err(fail("write NAME < VALUE, e.g. 'ttft.ratio < 3'"));
        }
        let compares = !matches!(operator, "==" | "!=");
        if compares && operand.parse::<f64>().is_err() {
            return Err(fail("only numbers can be compared with < and >"));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            path: path.split('.').map(str::to_owned).collect(),
            operator,
            operand: operand.trim_matches(['"', '\'']).to_owned(),
        })
    }

    /// The condition as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Holds it against a level.
    ///
    /// # Errors
    /// [`Usage`] when the level has no such figure at all.
    pub(crate) fn check(&self, level: &Value) -> Result<Held, Usage> {
        let mut value = level;
        for key in &self.path {
            // A part that this level does not have: E rounds, kept answers.
            if value.is_null() {
                return Ok(Held::Unknown);
            }
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
        let (found, order) = match value {
            Value::Null => return Ok(Held::Unknown),
            Value::String(text) => (
                text.clone(),
                text.as_str().partial_cmp(self.operand.as_str()),
            ),
            Value::Bool(flag) => (
                flag.to_string(),
                flag.to_string().partial_cmp(&self.operand),
            ),
            other => {
                let number = other.as_f64();
                let wanted = self.operand.parse().ok();
                (
                    other.to_string(),
                    number
                        .zip(wanted)
                        .and_then(|(a, b): (f64, f64)| a.partial_cmp(&b)),
                )
            }
        };
        let Some(order) = order else {
            return Ok(Held::Unknown);
        };
        let holds = match self.operator {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "==" => order.is_eq(),
            _ => order.is_ne(),
        };
        Ok(if holds {
            Held::Failed(found)
        } else {
            Held::Passed
        })
    }
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
        assert_eq!(held("ttft.ratio < 3"), Held::Failed("2.5".to_owned()));
        assert_eq!(held("ttft.ratio<=2.4"), Held::Passed);
        assert_eq!(held("ttft.interval_low < 1"), Held::Unknown);
        assert_eq!(held("cold.verdict != cold"), Held::Passed);
        assert_eq!(held("conclusion.cache_evidence == false"), Held::Passed);
        assert!(
            Gate::parse("ttft.wrong < 1")
                .unwrap()
                .check(&level)
                .is_err()
        );
        assert!(Gate::parse("speed < 3").unwrap().check(&level).is_err());
        let none = json!({"external": null});
        let gate = Gate::parse("external.usage < 0.5").unwrap();
        assert_eq!(gate.check(&none).unwrap(), Held::Unknown);
        for bad in ["ttft.ratio", "< 3", "ttft.ratio <", "ttft.ratio < fast"] {
            assert!(Gate::parse(bad).is_err(), "{bad}");
        }
    }
}
