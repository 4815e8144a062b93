//! Very many values in bounded memory: each one while there are few enough, then a histogram.

use crate::{numbers::quantile::stat, round::running::LogHistogram};
use dualround_model::Stat;

/// Values that are kept one by one.
const EXACT: usize = 1_000_000;

/// Values pooled over a round. Count, mean, standard deviation and extremes are always exact.
#[derive(Debug)]
pub(crate) enum ValuePool {
    Exact(Vec<f64>),
    Histogram(Box<SummedValues>),
}

/// Values that are gone, but for what their statistics need.
#[derive(Debug)]
pub(crate) struct SummedValues {
    /// Of those above zero.
    histogram: LogHistogram,
    count: u64,
    zeros: u64,
    /// Mean and sum of squared deviations so far (Welford, Technometrics 4 (1962) 419).
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for ValuePool {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl ValuePool {
    /// Takes a value, which is finite and not below zero.
    pub(crate) fn add(&mut self, value: f64) {
        match self {
            Self::Exact(values) if values.len() < EXACT => values.push(value),
            Self::Exact(values) => {
                let mut summed = SummedValues::new();
                values.drain(..).for_each(|value| summed.add(value));
                summed.add(value);
                *self = Self::Histogram(Box::new(summed));
            }
            Self::Histogram(summed) => summed.add(value),
        }
    }

    /// Whether percentiles are not exact, but within 1 %.
    pub(crate) fn is_approximate(&self) -> bool {
        matches!(self, Self::Histogram(_))
    }

    /// The statistics of all values.
    pub(crate) fn stat(self) -> Stat {
        match self {
            Self::Exact(values) => stat(values),
            Self::Histogram(summed) => summed.stat(),
        }
    }
}

impl SummedValues {
    fn new() -> Self {
        Self {
            histogram: LogHistogram::default(),
            count: 0,
            zeros: 0,
            mean: 0.0,
            squares: 0.0,
            min: f64::INFINITY,
            max: 0.0,
        }
    }

    fn add(&mut self, value: f64) {
        self.count += 1;
        let off = value - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value > 0.0 {
            self.histogram.add(value);
        } else {
            self.zeros += 1;
        }
    }

    fn quantile(&self, p: f64) -> Option<f64> {
        let above = self.count - self.zeros;
        let rank = p * self.count as f64 - self.zeros as f64;
        if rank <= 0.0 || above == 0 {
            return Some(0.0);
        }
        let found = self.histogram.quantile(rank / above as f64)?;
        Some(found.clamp(self.min, self.max))
    }

    fn stat(&self) -> Stat {
        Stat {
            n: self.count,
            avg: Some(self.mean),
            p50: self.quantile(0.5),
            p90: self.quantile(0.9),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            min: Some(self.min),
            max: Some(self.max),
            stddev: Some((self.squares / (self.count - 1) as f64).sqrt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_and_one_are_as_they_would_be_one_by_one() {
        // Three in ten arrive with others, the rest between 1 and some 150 ms.
        let value = |i: u32| match i % 10 {
            0..3 => 0.0,
            _ => f64::from(i % 997 + 1).powf(1.5) / 200.0 + 1.0,
        };
        let values: Vec<f64> = (0..1_200_000).map(value).collect();
        let mut pool = ValuePool::default();
        for value in &values[..EXACT] {
            pool.add(*value);
        }
        assert!(!pool.is_approximate());
        for value in &values[EXACT..] {
            pool.add(*value);
        }
        assert!(pool.is_approximate());
        let (found, exact) = (pool.stat(), stat(values));
        assert_eq!(
            (found.n, found.min, found.max),
            (exact.n, exact.min, exact.max)
        );
        for (found, exact, within) in [
            (found.avg, exact.avg, 1e-9),
            (found.stddev, exact.stddev, 1e-9),
            (found.p50, exact.p50, 0.011),
            (found.p90, exact.p90, 0.011),
            (found.p95, exact.p95, 0.011),
            (found.p99, exact.p99, 0.011),
        ] {
            let (found, exact) = (found.unwrap(), exact.unwrap());
            assert!((found / exact - 1.0).abs() < within, "{found} {exact}");
        }
        let mut zeros = ValuePool::default();
        (0..=EXACT).for_each(|_| zeros.add(0.0));
        assert_eq!((zeros.stat().p99), Some(0.0));
    }
}
