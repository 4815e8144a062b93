//! `--slo-file`: the guide's schema, and the later one with `constraints`.

use crate::exit::Usage;
use dualround_model::{Slo, SloError};
use serde_json::{Map, Value};
use std::path::Path;

const NAMES: [(&str, &str); 7] = [
    ("ttft_ms", "ttft_ms"),
    ("itl_ms", "itl_ms"),
    ("latency_ms", "latency_ms"),
    // Other tools' words for the same things.
    ("tpot_ms", "itl_ms"),
    ("e2e_ms", "latency_ms"),
    ("e2el_ms", "latency_ms"),
    ("e2e_latency_ms", "latency_ms"),
];

/// What an SLO file holds.
#[derive(Debug)]
pub(crate) struct SloFile {
    pub(crate) slo: Slo,
    /// Remarks for the user.
    pub(crate) notes: Vec<String>,
}

/// Why a text holds no limits.
#[derive(Debug, thiserror::Error)]
enum SloFileError {
    #[error("it is empty; e.g. slo: {{ttft_ms: 1000}}")]
    Empty,
    #[error(transparent)]
    Yaml(#[from] serde_saphyr::Error),
    #[error("it holds no limits; e.g. slo: {{ttft_ms: 1000}}")]
    NoLimits,
    #[error("unknown key `{key}`; did you mean `{near}`? (ttft_ms, itl_ms, latency_ms)")]
    UnknownKey { key: String, near: &'static str },
    #[error("`{name}` is given twice")]
    Twice { name: &'static str },
    #[error("`{key}` is {value}, not a number of milliseconds")]
    NotMilliseconds { key: String, value: Value },
    #[error(transparent)]
    Limits(#[from] SloError),
}

/// Reads an SLO file.
///
/// # Errors
/// [`Usage`] naming file and key.
pub(crate) fn read(path: &Path) -> Result<SloFile, Usage> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Usage(format!("cannot read SLO file {name}: {error}")))?;
    parse(&text).map_err(|error| Usage(format!("SLO file {name}: {error}")))
}

fn parse(text: &str) -> Result<SloFile, SloFileError> {
    if text.trim().is_empty() {
        return Err(SloFileError::Empty);
    }
    let value: Value = serde_saphyr::from_str(text)?;
    let Value::Object(top) = value else {
        return Err(SloFileError::NoLimits);
    };
    let mut slo = Slo::default();
    let mut notes = Vec::new();
    take(&top, &mut slo, &mut notes)?;
    slo.validate()?;
    for (name, limit) in slo.limits() {
        if limit < 1.0 {
            notes.push(format!(
                "SLO {name} is {limit} ms, below a millisecond: is that meant?"
            ));
        }
    }
    Ok(SloFile { slo, notes })
}

fn take(
    object: &Map<String, Value>,
    slo: &mut Slo,
    notes: &mut Vec<String>,
) -> Result<(), SloFileError> {
    for (key, value) in object {
        if let ("slo" | "constraints", Value::Object(inner)) = (key.as_str(), value) {
            take(inner, slo, notes)?;
            continue;
        }
        let Some(&(_, name)) = NAMES.iter().find(|(known, _)| known == key) else {
            let near = NAMES.iter().map(|(known, _)| *known).max_by(|a, b| {
                strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key))
            });
            return Err(SloFileError::UnknownKey {
                key: key.clone(),
                near: near.unwrap_or("ttft_ms"),
            });
        };
        if name != key {
            notes.push(format!("SLO {key} is taken as {name}"));
        }
        let limit = milliseconds(key, value)?;
        let slot = match name {
            "ttft_ms" => &mut slo.ttft_ms,
            "itl_ms" => &mut slo.itl_ms,
            _ => &mut slo.latency_ms,
        };
        if slot.replace(limit).is_some() {
            return Err(SloFileError::Twice { name });
        }
    }
    Ok(())
}

/// A number of ms, a text with a unit, or `{max: …}`.
fn milliseconds(key: &str, value: &Value) -> Result<f64, SloFileError> {
    let number = match value {
        Value::Object(object) if object.len() == 1 && object.contains_key("max") => {
            return milliseconds(key, &object["max"]);
        }
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let (digits, scale) = match text.strip_suffix("ms") {
                Some(digits) => (digits, 1.0),
                None => (text.strip_suffix('s').unwrap_or("x"), 1000.0),
            };
            digits
                .trim()
                .parse::<f64>()
                .ok()
                .map(|number| number * scale)
        }
        _ => None,
    };
    number.ok_or_else(|| SloFileError::NotMilliseconds {
        key: key.to_owned(),
        value: value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ttft(text: &str) -> Result<Option<f64>, String> {
        let file = parse(text).map_err(|error| error.to_string())?;
        Ok(file.slo.ttft_ms)
    }

    #[test]
    fn b070_both_schemas_are_read_and_nothing_is_ignored() {
        assert_eq!(ttft("slo:\n  ttft_ms: 1000\n"), Ok(Some(1000.0)));
        assert_eq!(
            ttft("constraints:\n  ttft_ms: {max: 1000}\n"),
            Ok(Some(1000.0))
        );
        assert_eq!(
            ttft("slo:\n  constraints:\n    ttft_ms: {max: 5}\n"),
            Ok(Some(5.0))
        );
        assert!(ttft("slo:\n  ttft: 1\n").unwrap_err().contains("`ttft_ms`"));
        assert!(ttft("").unwrap_err().contains("empty"));
        assert!(ttft("slo: {}\n").is_err());
        assert!(
            read(Path::new("/nowhere/slo.yaml"))
                .unwrap_err()
                .to_string()
                .contains("/nowhere/slo.yaml")
        );
    }

    #[test]
    fn b104_units_and_names() {
        assert_eq!(ttft("slo: {ttft_ms: 0.2}"), Ok(Some(0.2)));
        assert!(parse("slo: {ttft_ms: 0.2}").unwrap().notes[0].contains("below a millisecond"));
        assert_eq!(ttft("slo: {ttft_ms: \"200ms\"}"), Ok(Some(200.0)));
        assert_eq!(ttft("slo: {ttft_ms: 1.5s}"), Ok(Some(1500.0)));
        assert!(ttft("slo: {ttft_ms: -5}").unwrap_err().contains("-5"));
        assert!(ttft("slo: {ttft_ms: soon}").unwrap_err().contains("soon"));
        let file = parse("slo: {tpot_ms: 50}").unwrap();
        assert_eq!((file.slo.itl_ms, file.notes.len()), (Some(50.0), 1));
    }
}
