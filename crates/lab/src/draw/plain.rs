//! Plain figures over drawn pairs: means, differences, shares, each in the simplest way.

use serde::Serialize;

/// Pairs above which the slow way of the Hodges–Lehmann estimate is not taken.
const MOST: usize = 60;

/// What arithmetic says of the pairs of a row.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct PlainFigures {
    /// Mean cold TTFT, ms.
    pub cold: f64,
    /// Mean warm TTFT, ms.
    pub warm: f64,
    /// Hodges–Lehmann estimate of cold − warm, ms; `None` of too many pairs.
    pub shift: Option<f64>,
    /// Share of the pairs whose warm request was faster.
    pub improved: f64,
}

impl PlainFigures {
    /// The figures of pairs (cold, warm), ms; `None` without any.
    pub(super) fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let n = pairs.len() as f64;
        let faster = pairs.iter().filter(|(cold, warm)| warm < cold);
        let shifts: Vec<f64> = pairs.iter().map(|(cold, warm)| cold - warm).collect();
        Some(Self {
            cold: pairs.iter().map(|(cold, _)| cold).sum::<f64>() / n,
            warm: pairs.iter().map(|(_, warm)| warm).sum::<f64>() / n,
            shift: walsh_median(&shifts),
            improved: faster.count() as f64 / n,
        })
    }
}

/// The median; of an even number of values the middle of the two.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    f64::midpoint(sorted[low], sorted[high])
}

/// The median of all pairwise means, a value with itself included.
pub(super) fn walsh_median(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.len() > MOST {
        return None;
    }
    let mut means = Vec::new();
    for (at, a) in values.iter().enumerate() {
        means.extend(values[at..].iter().map(|b| f64::midpoint(*a, *b)));
    }
    Some(median(&means))
}
