//! What the engine has counted since it began.

/// Bucket bounds of both histograms, seconds.
pub(crate) const BOUNDS: [f64; 10] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// A cumulative histogram of durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// Durations at or below each bound.
    pub(crate) buckets: [u64; BOUNDS.len()],
    /// All durations, also those above the last bound.
    pub(crate) count: u64,
    /// Their sum, seconds.
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

/// What the engine has counted since its start.
#[derive(Debug, Default)]
pub(crate) struct EngineCounters {
    /// Prompt tokens looked up in the engine's own cache, and those found there.
    pub(crate) queries: u64,
    pub(crate) hits: u64,
    /// Tokens not found there and looked up in the outer tier, and those found in it.
    pub(crate) external_queries: u64,
    pub(crate) external_hits: u64,
    pub(crate) prompt_tokens: u64,
    pub(crate) generation_tokens: u64,
    /// Requests whose answer came to its end, with a token in it.
    pub(crate) finished: u64,
    /// Of those, from receipt to end, seconds.
    pub(crate) latency_sum: f64,
    pub(crate) ttft: Histogram,
    pub(crate) itl: Histogram,
    shown: ShownHitRate,
}

/// The hit rate that the page showed last, and what had been counted by then.
#[derive(Debug, Default)]
struct ShownHitRate {
    /// Tokens looked up.
    queries: u64,
    /// Tokens found, in both tiers.
    hits: u64,
    /// The share found, 0 to 1, of what was looked up since the page before.
    rate: f64,
}

impl EngineCounters {
    /// The share of tokens found, 0 to 1, since the page was last read; without traffic since then,
    /// the share that was shown last.
    pub(crate) fn next_hit_rate(&mut self) -> f64 {
        let hits = self.hits + self.external_hits;
        let queries = self.queries;
        if queries > self.shown.queries {
            let rate = (hits - self.shown.hits) as f64 / (queries - self.shown.queries) as f64;
            self.shown = ShownHitRate {
                queries,
                hits,
                rate,
            };
        }
        self.shown.rate
    }

    /// The mean latency of finished requests, seconds; 0 before the first.
    pub(crate) fn mean_latency(&self) -> f64 {
        if self.finished > 0 {
            self.latency_sum / self.finished as f64
        } else {
            0.0
        }
    }
}
