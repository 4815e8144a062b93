//! The YAML file of `--config`.

use super::usage;
use crate::{args::RunArgs, close::closest, exit::Usage};
use std::{collections::BTreeMap, io::ErrorKind, path::Path};

/// Reads settings from a file.
///
/// # Errors
/// [`Usage`] naming file, line and key.
pub(super) fn read(path: &Path) -> Result<RunArgs, Usage> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let next = match error.kind() {
            ErrorKind::NotFound => "; `dualround init URL` writes one",
            _ => "",
        };
        usage(format!("cannot read --config {shown}: {error}{next}"))
    })?;
    if text.trim().is_empty() {
        return Err(usage(format!("--config {shown} is empty")));
    }
    parse(&text, &shown.to_string())
}

/// Settings in the text of a file of this name.
///
/// # Errors
/// [`Usage`] naming file, line and key.
pub(super) fn parse(text: &str, shown: &str) -> Result<RunArgs, Usage> {
    if let Some(error) = unknown_key(text) {
        return Err(usage(format!("--config {shown} {error}")));
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|place| place.line());
        let line = line.and_then(|line| usize::try_from(line).ok());
        let key = culprit(text, line.unwrap_or(0));
        // The parser draws the place below its first line.
        let error = error.to_string();
        let first = error.lines().next().unwrap_or_default();
        let first = first.trim_start_matches("error: ");
        match (key, first.split_once(": ")) {
            (Some(key), Some((place, why))) if place.starts_with("line ") => {
                usage(format!("--config {shown} {place}: {key}: {why}"))
            }
            _ => usage(format!("--config {shown} {first}")),
        }
    })
}

/// The setting whose value cannot be read, in a file of which this line is wrong; `None` where the
/// file is no map of settings, or is wrong as a whole.
fn culprit(text: &str, line: usize) -> Option<String> {
    let given: serde_json::Map<String, serde_json::Value> = serde_saphyr::from_str(text).ok()?;
    let wrong = given.into_iter().filter(|(name, value)| {
        let alone = serde_json::json!({ name: value });
        serde_json::from_value::<RunArgs>(alone).is_err()
    });
    let wrong: Vec<String> = wrong.map(|(name, _)| name).collect();
    // Of several the one that begins last before the place.
    let before = wrong.iter().rev().find(|name| {
        let mut lines = text.lines().take(line);
        lines.any(|line| is_of(line, name))
    });
    before.or(wrong.first()).cloned()
}

/// Whether a line begins with this key.
fn is_of(line: &str, key: &str) -> bool {
    let line = line.trim_start_matches(['"', '\'', ' ']);
    line.strip_prefix(key)
        .is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
}

/// What is wrong with a key that is no setting, if one is not.
fn unknown_key(text: &str) -> Option<String> {
    let keys: BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(text).ok()?;
    let settings = RunArgs::NAMES
        .iter()
        .filter(|name| !RunArgs::NOT_IN_FILES.contains(name));
    let settings: Vec<&str> = settings.copied().collect();
    let key = keys.keys().find(|key| !settings.contains(&key.as_str()))?;
    let line = text.lines().position(|line| is_of(line, key));
    let line = line.map_or_else(String::new, |at| format!("line {}: ", at + 1));
    let meant = match closest(&key.replace('-', "_"), &settings) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "keys are the flags' names with underscores, see `dualround run --help`".to_owned(),
    };
    Some(format!("{line}unknown setting `{key}`: {meant}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.yaml");
        std::fs::write(&path, text).unwrap();
        read(&path).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line_and_what_was_meant() {
        let said = error("timeout: 3\ntemprature: 1\n");
        assert!(
            said.ends_with(
                "c.yaml line 2: unknown setting `temprature`: did you mean `temperature`?"
            ),
            "{said}"
        );
        assert!(error("max-output-tokens: 3").contains("did you mean `max_output_tokens`?"));
        assert!(error("print_config: plan").contains("unknown setting `print_config`"));
        assert!(error("qwertyuiop: 1").contains("--help"));
    }

    #[test]
    fn a_wrong_value_is_one_line_with_its_place() {
        let said = error("timeout: 3\nseed: many\n");
        assert!(
            said.contains("line 2 column 7: seed: ") && said.lines().count() == 1,
            "{said}"
        );
        assert!(error(" \n").contains("is empty"));
    }

    #[test]
    fn the_setting_of_a_wrong_value_is_named_however_the_file_is_written() {
        for (text, key) in [
            ("{cold: foo, seed: 3}", "cold: "),
            ("{\"engine\": \"vlm\"}", "engine: "),
            ("extra_body:\n  temperature: 0.3\n", "extra_body: "),
            ("header:\n  seed: x\n", "header: "),
        ] {
            let said = error(text);
            assert!(said.contains(&format!(": {key}")), "{text}: {said}");
        }
    }
}
