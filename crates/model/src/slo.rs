//! Service level objectives, as `--slo-file` states them.

use serde::{Deserialize, Serialize};

/// Limits a request must stay strictly below to count as good; `None`: no limit. All in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// Limit on TTFT, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// Limit on ITL (the per-request mean, also called TPOT), ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub itl_ms: Option<f64>,
    /// Limit on latency, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
}

/// An SLO that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SloError {
    /// No limit at all.
    #[error("the SLO sets no limit: give at least one of ttft_ms, itl_ms, latency_ms")]
    Empty,
    /// A limit that is not a positive, finite number.
    #[error("SLO `{name}` must be a positive number of milliseconds, not {value}")]
    NotPositive {
        /// Its key.
        name: &'static str,
        /// What was given.
        value: f64,
    },
}

impl Slo {
    /// The limits that are set, with their keys.
    pub fn limits(&self) -> Vec<(&'static str, f64)> {
        [
            ("ttft_ms", self.ttft_ms),
            ("itl_ms", self.itl_ms),
            ("latency_ms", self.latency_ms),
        ]
        .into_iter()
        .filter_map(|(name, limit)| limit.map(|l| (name, l)))
        .collect()
    }

    /// Checks that there is a limit and that each is positive.
    ///
    /// # Errors
    /// [`SloError`] names what is wrong.
    pub fn validate(&self) -> Result<(), SloError> {
        let limits = self.limits();
        if limits.is_empty() {
            return Err(SloError::Empty);
        }
        match limits
            .into_iter()
            .find(|(_, value)| !(value.is_finite() && *value > 0.0))
        {
            Some((name, value)) => Err(SloError::NotPositive { name, value }),
            None => Ok(()),
        }
    }
}
