//! What reuse inside a round is worth: rounds of which nothing can be reused, against cold ones.

use crate::{ColdVerdict, ConclusionKind, MetricComparison, Reason};
use serde::{Deserialize, Serialize};

/// Rounds without reuse against cold rounds, which may reuse what their own requests share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InsideReuse {
    /// Pairs of a round without reuse and a cold one.
    pub cycles: u32,
    /// TTFT: without reuse (as `cold`) against the cold round (as `warm`).
    pub ttft: MetricComparison,
    /// Hit rate by usage without reuse.
    pub usage_without: Option<f64>,
    /// Requests without reuse whose cached tokens are known.
    pub usage_without_known: u64,
    /// Requests without reuse.
    pub usage_without_of: u64,
    /// The same in the cold rounds: what they took of their own requests.
    pub usage: Option<f64>,
    /// Their requests whose cached tokens are known.
    pub usage_known: u64,
    /// Their requests.
    pub usage_of: u64,
    /// Whether nothing was reused where nothing could be.
    pub without: ColdVerdict,
    /// One of the rounds is the first of its level, in which a server may still warm up.
    pub first_round: bool,
    /// The cold rounds hit what the others did not.
    pub cache_evidence: bool,
    /// What the deciding interval says.
    pub kind: ConclusionKind,
    /// Of `no_effect`: no effect above this factor (≥ 1).
    pub bound: Option<f64>,
    /// Why it says nothing, where it does not.
    pub reason: Option<Reason>,
}
