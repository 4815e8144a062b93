//! Intervals of means and of differences of shares, and the Hodges–Lehmann estimate.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Coverage asked of every interval.
const COVERAGE: f64 = 0.95;
/// Fewest prompts that an interval may rest on.
pub(crate) const FEWEST: usize = 6;

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
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

/// The bit of a double's sign.
const SIGN: u64 = 1 << 63;

/// Doubles as integers of the same order: negative ones with all bits turned, the others with the
/// sign bit set.
fn to_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The double that stands for such an integer.
fn of_key(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

/// Student's t interval of the mean over three or more values.
pub fn t_interval(values: &[f64]) -> Option<Interval> {
    t_interval_at(values, COVERAGE)
}

/// The same with another coverage.
pub(crate) fn t_interval_at(values: &[f64], coverage: f64) -> Option<Interval> {
    let n = values.len();
    if n < 3 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let half = t_quantile_at((n - 1) as f64, coverage)? * (variance / n as f64).sqrt();
    Some(Interval {
        low: mean - half,
        high: mean + half,
    })
}

/// The two-sided quantile of Student's t; `None` without degrees of freedom.
pub(crate) fn t_quantile(freedom: f64) -> Option<f64> {
    t_quantile_at(freedom, COVERAGE)
}

fn t_quantile_at(freedom: f64, coverage: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(t.inverse_cdf(f64::midpoint(1.0, coverage)))
}

/// The coverage of one of so many looks, each of which errs with its part of 5 %: together they err
/// with no more (Bonferroni).
pub(crate) fn coverage_of_looks(looks: u32) -> f64 {
    1.0 - (1.0 - COVERAGE) / f64::from(looks.max(1))
}

/// Welch's t interval of mean(b) − mean(a), with Satterthwaite's degrees of freedom (Welch,
/// Biometrika 34 (1947) 28). `None` below two values a side.
pub fn welch(a: &[f64], b: &[f64]) -> Option<Interval> {
    let (a, b) = (MeanError::of(a)?, MeanError::of(b)?);
    let variance = a.variance + b.variance;
    let spread = a.variance.powi(2) / a.freedom + b.variance.powi(2) / b.freedom;
    // Without any spread every number of degrees gives the same interval, a point.
    let freedom = if spread > 0.0 {
        variance.powi(2) / spread
    } else {
        a.freedom
    };
    let half = t_quantile(freedom)? * variance.sqrt();
    let middle = b.mean - a.mean;
    Some(Interval {
        low: middle - half,
        high: middle + half,
    })
}

/// A mean and how far it may be off.
struct MeanError {
    mean: f64,
    /// The variance of the mean, s² / n.
    variance: f64,
    /// Degrees of freedom, n − 1.
    freedom: f64,
}

impl MeanError {
    /// The mean of two values and more.
    fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (values.len() > 1).then(|| Self {
            mean,
            variance: squares / (n - 1.0) / n,
            freedom: n - 1.0,
        })
    }
}

/// Newcombe's interval of the difference of two shares, new − old, each with the number of
/// observations that it rests on, above 0 (Newcombe, Statist. Med. 17 (1998) 873, method 10, of
/// Wilson's intervals).
pub fn newcombe(old: (f64, f64), new: (f64, f64)) -> Interval {
    let ((old, of_old), (new, of_new)) = (old, new);
    let (around_old, around_new) = (wilson(old, of_old), wilson(new, of_new));
    let below = root_of_squares(new - around_new.low, around_old.high - old);
    let above = root_of_squares(around_new.high - new, old - around_old.low);
    Interval {
        low: new - old - below,
        high: new - old + above,
    }
}

/// Wilson's score interval of a share of `n` observations (Wilson, J. Am. Stat. Assoc. 22 (1927)
/// 209).
fn wilson(share: f64, n: f64) -> Interval {
    /// The normal quantile of 97.5 %.
    const Z: f64 = 1.959_963_984_540_054;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Interval {
        low: ((middle - half) / scale).max(0.0),
        high: ((middle + half) / scale).min(1.0),
    }
}

/// √(a² + b²); `hypot` may round its last digit otherwise.
fn root_of_squares(a: f64, b: f64) -> f64 {
    (a.powi(2) + b.powi(2)).sqrt()
}
