//! A round while it runs: figures so far, in bounded memory.

use dualround_model::{Outcome, RequestMetrics, RequestRecord};
use std::collections::BTreeMap;

/// Neighbouring buckets differ by this factor, so a quantile is within half of it.
const STEP: f64 = 1.02;

/// A histogram by the logarithm of the value. Quantiles are within 1 % of a value that is there.
#[derive(Clone, Debug, Default)]
pub struct LogHistogram {
    buckets: BTreeMap<i32, u64>,
    count: u64,
}

impl LogHistogram {
    /// Takes a value; what is not above 0 is passed over.
    pub fn add(&mut self, value: f64) {
        if value > 0.0 && value.is_finite() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "logarithms of finite doubles to the base 1.02 are below 40,000"
            )]
            let bucket = (value.ln() / STEP.ln()).floor() as i32;
            *self.buckets.entry(bucket).or_default() += 1;
            self.count += 1;
        }
    }

    /// The value below which a share `p` of all values lies; `None` without values.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let wanted = p * self.count as f64;
        let mut below = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            below += **count;
            below as f64 >= wanted
        });
        // The middle of a bucket is within half a step of all that is in it.
        found.map(|(bucket, _)| STEP.powf(f64::from(*bucket) + 0.5))
    }
}

/// The figures of a round so far.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// Requests that ended, whatever way.
    pub done: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Of these, cancelled.
    pub cancelled: u64,
    /// Output tokens of successes.
    pub output_tokens: u64,
    ttft: LogHistogram,
    cached: u64,
    prompt: u64,
    reported: u64,
}

impl Running {
    /// Takes a request that has ended.
    pub fn add(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        self.done += 1;
        match record.outcome {
            Outcome::Success => {}
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
        if !record.outcome.is_success() {
            return;
        }
        self.output_tokens += metrics.output_tokens.unwrap_or(0);
        if let Some(ms) = metrics.ttft_ms {
            self.ttft.add(ms);
        }
        if let Some((cached, prompt)) = metrics.cached_tokens.zip(metrics.input_tokens) {
            self.cached += cached;
            self.prompt += prompt;
            self.reported += 1;
        }
    }

    /// TTFT of successes, within 1 %, ms.
    pub fn ttft(&self, p: f64) -> Option<f64> {
        self.ttft.quantile(p)
    }

    /// Σ cached / Σ prompt tokens over the successes that reported both.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.reported > 0 && self.prompt > 0).then(|| self.cached as f64 / self.prompt as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_one_percent() {
        let mut histogram = LogHistogram::default();
        for i in 1..=10_000 {
            histogram.add(f64::from(i) / 7.0);
        }
        for (p, true_value) in [
            (0.5, 5000.0 / 7.0),
            (0.99, 9900.0 / 7.0),
            (1.0, 10_000.0 / 7.0),
        ] {
            let found = histogram.quantile(p).unwrap();
            assert!(
                (found / true_value - 1.0).abs() < 0.0101,
                "{p}: {found} {true_value}"
            );
        }
        histogram.add(0.0);
        histogram.add(f64::NAN);
        assert_eq!(histogram.count, 10_000);
        assert_eq!(LogHistogram::default().quantile(0.5), None);
    }
}
