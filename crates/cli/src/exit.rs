//! Exit codes, and which error means which.

use dualround_dataset::DatasetError;
use dualround_loadgen::LoadError;
use dualround_report::{ReportError, safe_text};

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
    eprintln!("error: {}", safe_text(&format!("{error:#}")));
    code_of(error)
}

fn code_of(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if cause.is::<Usage>() || cause.is::<DatasetError>() {
            return USAGE;
        }
        if let Some(error) = cause.downcast_ref::<ReportError>() {
            return match error {
                ReportError::Occupied { .. } | ReportError::Read { .. } => USAGE,
                ReportError::Write { .. } => USAGE,
                _ => INTERNAL,
            };
        }
        if let Some(error) = cause.downcast_ref::<LoadError>() {
            return match error {
                LoadError::Url { .. }
                | LoadError::Body { .. }
                | LoadError::FileLimit { .. }
                | LoadError::Metric { .. } => USAGE,
                LoadError::Worker(_) | LoadError::Digest { .. } => INTERNAL,
                _ => ENDPOINT,
            };
        }
    }
    INTERNAL
}
