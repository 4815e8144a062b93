//! What the engine has counted since it began.

/// Bucket bounds of both histograms, seconds.
pub(crate) const BOUNDS: [f64; 10] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// A cumulative histogram.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    pub(crate) buckets: [u64; BOUNDS.len()],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

impl Histogram {
    pub(crate) fn observe(&mut self, seconds: f64) {
        self.count += 1;
        self.sum += seconds;
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
    }
}

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) queries: u64,
    pub(crate) hits: u64,
    pub(crate) external_queries: u64,
    pub(crate) external_hits: u64,
    pub(crate) prompt_tokens: u64,
    pub(crate) generation_tokens: u64,
    pub(crate) finished: u64,
    pub(crate) latency_sum: f64,
    pub(crate) ttft: Histogram,
    pub(crate) itl: Histogram,
    /// Queries and hits at the last reading that saw traffic, and the rate shown then.
    pub(crate) shown: (u64, u64, f64),
}
