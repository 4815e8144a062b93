//! The settings of a summary, beside its records.

use dualround_model::{Convention, Slo, Timeouts, TokenSourceChoice};

/// The settings that a summary depends on beside its records.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// For goodput.
    pub slo: Option<Slo>,
    /// Which output token counts to take.
    pub token_source: TokenSourceChoice,
    /// For the words of a timeout warning.
    pub timeouts: Option<Timeouts>,
    /// How silence about cached tokens is read.
    pub convention: Convention,
}
