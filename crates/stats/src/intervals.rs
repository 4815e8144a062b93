//! Intervals that hold without assumptions on the shape of the values, and the one that needs
//! repeated cycles.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Coverage asked of every interval.
const COVERAGE: f64 = 0.95;
/// Fewest values for the order-statistic interval: with five the widest one covers 93.75 %.
const FEWEST: usize = 6;

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

/// The Hodges–Lehmann estimate: the median of all pairwise means (Walsh averages), a value with
/// itself included. Takes sorted values.
pub fn hodges_lehmann(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len() as u64;
    let means = n * (n + 1) / 2;
    let low = walsh_average(sorted, means.div_ceil(2))?;
    let high = walsh_average(sorted, means / 2 + 1)?;
    Some(f64::midpoint(low, high))
}

/// The `rank`-th smallest (from 1) of all pairwise means, without making them: the smallest double
/// that has so many at or below it, found by bisection over the doubles in their order.
fn walsh_average(sorted: &[f64], rank: u64) -> Option<f64> {
    let (mut low, mut high) = (to_key(*sorted.first()?), to_key(*sorted.last()?));
    while low < high {
        let middle = low + (high - low) / 2;
        if means_up_to(sorted, of_key(middle)) >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(of_key(low))
}

/// How many pairwise means are at most `limit`; the partner's end only ever moves down.
fn means_up_to(sorted: &[f64], limit: f64) -> u64 {
    let mut end = sorted.len();
    let mut count = 0;
    for (at, value) in sorted.iter().enumerate() {
        while end > at && f64::midpoint(*value, sorted[end - 1]) > limit {
            end -= 1;
        }
        if end <= at {
            break;
        }
        count += (end - at) as u64;
    }
    count
}

const SIGN: u64 = 1 << 63;

/// Doubles as integers of the same order.
fn to_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn of_key(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
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
