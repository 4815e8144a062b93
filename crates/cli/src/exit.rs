//! Exit codes, and which error means which.

use crate::{
    load_words::load_words,
    screen::{alarm, unprinted},
};
use dualround_dataset::{DatasetError, HitRatioError, RowError, TraceError};
use dualround_loadgen::LoadError;
use dualround_report::{ReportError, safe_text};
use std::io::ErrorKind;

/// Everything went as planned.
pub(crate) const OK: u8 = 0;
/// A fault of this program or its machine.
pub(crate) const INTERNAL: u8 = 1;
/// Usage, configuration or dataset.
pub(crate) const USAGE: u8 = 2;
/// The endpoint cannot be used, or a cold action failed.
pub(crate) const ENDPOINT: u8 = 3;
/// A gate failed.
pub(crate) const GATE: u8 = 4;
/// Nothing valid to report.
pub(crate) const NOTHING: u8 = 5;

/// A mistake in what the user gave: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Prints an error with its causes and returns its exit code.
#[expect(
    clippy::print_stderr,
    reason = "the one place where errors reach the user"
)]
pub(crate) fn explain(error: &anyhow::Error) -> u8 {
    let code = code_of(error);
    if code == OK {
        return code;
    }
    eprintln!("error: {}", safe_text(&chain(error)));
    if let Some(hint) = hint(error, code) {
        eprintln!("hint: {hint}");
    }
    code
}

/// The exit code of a command that had this one: a report that could not be printed is no success.
pub(crate) fn printed(code: u8) -> u8 {
    match unprinted() {
        Some(reason) if code == OK => {
            alarm(&format!("error: the standard output: {reason}"));
            INTERNAL
        }
        _ => code,
    }
}

/// An error with its causes, each said once: many repeat theirs in their own words.
fn chain(error: &anyhow::Error) -> String {
    let mut out = String::new();
    let causes = error.chain().map(|cause| match cause.downcast_ref() {
        Some(error) => load_words(error),
        None => cause.to_string(),
    });
    for cause in causes.filter(|cause| !cause.is_empty()) {
        if out.is_empty() {
            out = cause;
        } else if !out.contains(&cause) {
            out = format!("{out}: {cause}");
        }
    }
    out
}

/// Marks an error of a command that looks step by step itself: it is not pointed to again.
#[derive(Debug, thiserror::Error)]
#[error("")]
pub(crate) struct LookedAlready;

/// What to look at next, where the message itself does not say it.
fn hint(error: &anyhow::Error, code: u8) -> Option<String> {
    let mut causes = error.chain();
    if let Some(error) = causes.find_map(|cause| cause.downcast_ref::<DatasetError>()) {
        return dataset_hint(error);
    }
    let of_metrics = has_load_error(error, is_of_metrics);
    if of_metrics {
        return Some("`dualround check metrics URL NAME…` shows what is there".to_owned());
    }
    let looked = error.downcast_ref::<LookedAlready>().is_some();
    let of_reset = has_load_error(error, |error| {
        matches!(
            error,
            LoadError::Reset { .. }
                | LoadError::NoResetRoute { .. }
                | LoadError::NoResetKnown { .. }
        )
    });
    if code == ENDPOINT && !looked && !of_reset {
        return Some("`dualround check endpoint URL` looks at the server step by step".to_owned());
    }
    None
}

fn has_load_error(error: &anyhow::Error, is: fn(&LoadError) -> bool) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| cause.downcast_ref::<LoadError>().is_some_and(is))
}

/// What helps against an error of a data set: the flag by which it can be put right, and what shows
/// the file as it is read.
fn dataset_hint(error: &DatasetError) -> Option<String> {
    const SHOWS: &str = "`dualround check dataset FILE` shows what is read and how";
    if matches!(error, DatasetError::Write(_)) {
        return None;
    }
    // What is generated is no file that could be looked at.
    if matches!(error, DatasetError::HitRatio { .. }) {
        return dataset_flag(error).map(str::to_owned);
    }
    Some(match dataset_flag(error) {
        Some(advice) => format!("{advice}; {SHOWS}"),
        None => SHOWS.to_owned(),
    })
}

/// The flag that puts an error of a data set right, in the words of a hint.
pub(crate) fn dataset_flag(error: &DatasetError) -> Option<&'static str> {
    Some(match error {
        DatasetError::BadJson { .. } => "--skip-bad-rows passes such lines over",
        DatasetError::BadRow { reason, .. } => return row_flag(reason),
        DatasetError::Format { .. } => "--format says how the rows stand in the file",
        DatasetError::Tokenizer { .. } => {
            "--tokenizer takes a tokenizer.json, a model folder that has one, or a hub id \
             (owner/name)"
        }
        DatasetError::NoSamples => "--num-samples says how many",
        DatasetError::UncountedDisjoint => {
            "--sampling disjoint needs --num-samples: how many rows each level takes"
        }
        DatasetError::TooFewRows { .. } => "--sampling disjoint gives every level its own rows",
        DatasetError::HitRatio {
            reason: HitRatioError::Uneven,
            ..
        } => "--hit-ratio goes with --turns 1 and --zipf 0 only",
        DatasetError::HitRatio { .. } => "--hit-ratio is the share that a cold round is to hit",
        _ => return None,
    })
}

/// The same of one row.
pub(crate) fn row_flag(error: &RowError) -> Option<&'static str> {
    Some(match error {
        RowError::UnknownShape { .. } => "name the prompt's key with --text-key",
        RowError::GeneratorSettings => {
            "dualround generate makes such conversations (--groups, --prompts, --shared, \
             --unique, --turns, --output-length)"
        }
        RowError::Trace(TraceError::Blocks { .. }) => "--trace-block-size says another size",
        _ => return None,
    })
}

/// A full disk is no mistake of the user's words.
fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

/// It is about the metrics that were asked for.
fn is_of_metrics(error: &LoadError) -> bool {
    matches!(
        error,
        LoadError::Metric { .. }
            | LoadError::NoMetricsPage { .. }
            | LoadError::NeedsPrometheus { .. }
    )
}

fn code_of(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(DatasetError::Write(source)) = cause.downcast_ref() {
            return match source.kind() {
                // Whoever read the standard output has had enough of it.
                ErrorKind::BrokenPipe => OK,
                _ if is_full(source) => INTERNAL,
                _ => USAGE,
            };
        }
        if cause.is::<Usage>() || cause.is::<DatasetError>() {
            return USAGE;
        }
        if let Some(error) = cause.downcast_ref::<ReportError>() {
            return match error {
                ReportError::Occupied { .. }
                | ReportError::Busy { .. }
                | ReportError::Read { .. } => USAGE,
                ReportError::Write { source, .. } if is_full(source) => INTERNAL,
                ReportError::Write { .. } => USAGE,
                _ => INTERNAL,
            };
        }
        if let Some(error) = cause.downcast_ref::<LoadError>() {
            return match error {
                LoadError::Url { .. }
                | LoadError::Body { .. }
                | LoadError::FileLimit { .. }
                | LoadError::Tls { .. }
                | LoadError::TlsFile { .. } => USAGE,
                error if is_of_metrics(error) => USAGE,
                LoadError::Worker(_) | LoadError::Digest { .. } => INTERNAL,
                _ => ENDPOINT,
            };
        }
    }
    INTERNAL
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_dataset::load_bytes;
    use dualround_model::DatasetPlan;

    /// What the user reads of an error of a data set: the message and the hint.
    fn said(error: DatasetError) -> String {
        let error = anyhow::Error::from(error);
        let hint = hint(&error, code_of(&error)).unwrap();
        format!("{}\n{hint}", chain(&error))
    }

    fn assert_says(error: DatasetError, words: &[&str]) {
        let said = said(error);
        for word in words.iter().chain(&["dualround check dataset"]) {
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn the_flag_that_puts_a_row_right_is_named_beside_what_is_wrong_with_it() {
        for (row, words) in [
            (
                r#"{"query":"x"}"#,
                &["unknown shape with the keys `query`", "--text-key"][..],
            ),
            ("{", &["line 1: not JSON", "--skip-bad-rows"]),
            (
                r#"{"input_length":1100,"output_length":1,"hash_ids":[0]}"#,
                &["1 hash_ids do not go with", "--trace-block-size"],
            ),
            (
                r#"{"filetype":"generate_conversations"}"#,
                &[
                    "not rows",
                    "dualround generate",
                    "--groups",
                    "--output-length",
                ],
            ),
        ] {
            let plan = DatasetPlan::new("d.jsonl");
            let error = load_bytes("d.jsonl", row.as_bytes(), &plan).unwrap_err();
            assert_says(error, words);
        }
    }

    #[test]
    fn so_is_the_flag_behind_a_plan_that_cannot_be() {
        let rows = "{\"text\":\"x\"}\n";
        for (plan, words) in [
            (
                DatasetPlan {
                    format: Some("xml".to_owned()),
                    ..DatasetPlan::new("d.jsonl")
                },
                &["format xml: choose auto, jsonl", "--format"][..],
            ),
            (
                DatasetPlan {
                    tokenizer: Some("/nowhere/x".into()),
                    ..DatasetPlan::new("d.jsonl")
                },
                &["/nowhere/x", "no such file", "--tokenizer", "hub id"],
            ),
            (
                DatasetPlan {
                    num_samples: vec![0],
                    ..DatasetPlan::new("d.jsonl")
                },
                &["at least 1", "--num-samples"],
            ),
        ] {
            let error = load_bytes("d.jsonl", rows.as_bytes(), &plan).unwrap_err();
            assert_says(error, words);
        }
        let uneven = said(DatasetError::HitRatio {
            ratio: 0.5,
            reason: HitRatioError::Uneven,
        });
        for word in ["0.5", "--hit-ratio", "--turns 1 and --zipf 0"] {
            assert!(uneven.contains(word), "{uneven}");
        }
        // It is of no file that could be looked at.
        assert!(!uneven.contains("check dataset"), "{uneven}");
    }
}
