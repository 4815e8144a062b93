//! What was found beside rounds, for the next one to tell.

use dualround_model::Warning;

/// Findings and requests that no round has told yet.
#[derive(Debug, Default)]
pub(super) struct RunNotes {
    pub(super) warnings: Vec<Warning>,
    /// Requests of the canary and of proofs.
    pub(super) probe_requests: u32,
}

impl RunNotes {
    /// Why the canary was not answered, where it was not.
    pub(super) fn canary_failure(&self) -> Option<&str> {
        self.warnings.iter().find_map(|warning| match warning {
            Warning::CanaryFailed { reason } => Some(reason.as_str()),
            _ => None,
        })
    }
}
