//! Exit codes, and which error means which.

use crate::{
    hint,
    load_words::load_words,
    screen::{alarm, unprinted},
};
use dualround_dataset::DatasetError;
use dualround_loadgen::LoadError;
use dualround_model::Lang;
use dualround_report::ReportError;
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

/// The budget of tokens ends a run before its last round: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BudgetSpent(pub(crate) String);

/// Prints an error with its causes and returns its exit code.
pub(crate) fn explain(error: &anyhow::Error, lang: Lang) -> u8 {
    let code = code_of(error);
    if code == OK {
        return code;
    }
    alarm(&format!("error: {}", chain(error)));
    if let Some(hint) = hint::of(error, code == ENDPOINT) {
        let label = lang.pick(["hint: ", "提示："]);
        alarm(&format!("{label}{}", lang.pick(hint)));
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

/// A full disk is no mistake of the user's words.
fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
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
        if cause.is::<BudgetSpent>() {
            return ENDPOINT;
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
                | LoadError::PortLimit { .. }
                | LoadError::Tls { .. }
                | LoadError::TlsFile { .. } => USAGE,
                error if hint::is_of_metrics(error) => USAGE,
                LoadError::Worker(_) | LoadError::Digest { .. } => INTERNAL,
                _ => ENDPOINT,
            };
        }
    }
    INTERNAL
}
