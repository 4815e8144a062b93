//! Intervals that hold without assumptions on the shape of the values, and the one that needs
//! repeated cycles.

use crate::quantile::quantile;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Coverage asked of every interval.
const COVERAGE: f64 = 0.95;
/// Fewest values for the order-statistic interval: with five the widest one covers 93.75 %.
const FEWEST: usize = 6;
/// Most values for which every Walsh average is taken.
const WALSH_LIMIT: usize = 2000;

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The distribution-free interval of the median: the tightest symmetric pair of order statistics
/// whose coverage by Binomial(n, 1/2) is at least 95 % (David and Nagaraja, Order Statistics,
/// 7.1). `None` below six values. Takes sorted values.
pub fn median_interval(sorted: &[f64]) -> Option<Interval> {
    let n = sorted.len();
    if n < FEWEST {
        return None;
    }
    // P(X ≤ k) for k = 0, 1, …; in logarithms, so that 2^-n does not vanish for large n.
    let mut log_choose = 0.0_f64;
    let mut tail = 0.0;
    let mut rank = 0;
    for k in 0..n / 2 {
        tail += (log_choose - n as f64 * std::f64::consts::LN_2).exp();
        if 1.0 - 2.0 * tail < COVERAGE {
            break;
        }
        rank = k;
        log_choose += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    Some(Interval {
        low: sorted[rank],
        high: sorted[n - 1 - rank],
    })
}

/// The Hodges–Lehmann estimate: the median of all pairwise means (Walsh averages). Above 2,000
/// values, evenly spaced order statistics stand for all. Takes sorted values.
pub fn hodges_lehmann(sorted: &[f64]) -> Option<f64> {
    let thinned;
    let values = if sorted.len() > WALSH_LIMIT {
        let step = sorted.len() as f64 / WALSH_LIMIT as f64;
        thinned = (0..WALSH_LIMIT)
            .filter_map(|i| quantile(sorted, (i as f64 + 0.5) * step / sorted.len() as f64))
            .collect::<Vec<f64>>();
        &thinned
    } else {
        sorted
    };
    let mut means = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
    for (at, a) in values.iter().enumerate() {
        means.extend(values[at..].iter().map(|b| f64::midpoint(*a, *b)));
    }
    means.sort_unstable_by(f64::total_cmp);
    quantile(&means, 0.5)
}

/// Student's t interval of the mean over three or more values.
pub fn t_interval(values: &[f64]) -> Option<Interval> {
    let n = values.len();
    if n < 3 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let t = StudentsT::new(0.0, 1.0, (n - 1) as f64)
        .ok()?
        .inverse_cdf(f64::midpoint(1.0, COVERAGE));
    let half = t * (variance / n as f64).sqrt();
    Some(Interval {
        low: mean - half,
        high: mean + half,
    })
}
