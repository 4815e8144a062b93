//! How much of an error the client itself may have added.

use crate::numbers::{quantile::quantile, share::share};
use dualround_model::{ClientHealth, ClientProbe, RequestRecord, StampSource};

/// How the tokens of a round came, summed over its requests.
#[derive(Debug, Default)]
pub(crate) struct TokenArrivals {
    events: u64,
    coalesced: u64,
    /// Of successes, ns.
    ttft: u64,
    /// Of the same, the widths of the intervals in which first tokens arrived, ns.
    width: u64,
}

impl TokenArrivals {
    pub(crate) fn add(&mut self, record: &RequestRecord) {
        self.events += record.stream.token_events;
        self.coalesced += record.stream.coalesced_events;
        let timeline = &record.timeline;
        let times = timeline.start_ns.zip(timeline.first_token_ns);
        if record.outcome.is_success()
            && let Some((start, first)) = times
        {
            let took = first.saturating_sub(start);
            self.ttft += took;
            self.width += timeline.first_token_width_ns.min(took);
        }
    }
}

/// Lags up to this are the timer's own rounding and a scheduler's usual delay, ms.
const LAG_FLOOR_MS: f64 = 5.0;
/// Lags up to this share of the median TTFT are small against what is measured.
const LAG_SHARE: f64 = 0.05;
/// A worker that used this share of its round had no time left: the client set the pace.
const FULL_CORE: f64 = 0.95;
/// Rounds shorter than this are all start and end, ns.
const SHORT_NS: u64 = 200_000_000;
/// Coalesced token events up to this share are the server's own bursts, most likely.
const COALESCED_SHARE: f64 = 0.5;

/// How late the client itself was. It was overloaded when its probe woke late (P99 above 5 ms and
/// above 5 % of the median TTFT), when it woke late at all (P99 above 5 ms) and most tokens were
/// read in clumps, or when a worker's core was full.
pub(crate) fn health(
    probe: &ClientProbe,
    arrivals: &TokenArrivals,
    ttft_p50_ms: Option<f64>,
    round_ns: u64,
) -> ClientHealth {
    let lags: Vec<f64> = probe.lags_ns.iter().map(|ns| *ns as f64 / 1e6).collect();
    let lag = quantile(&lags, 0.99);
    let coalesced = share(arrivals.coalesced, arrivals.events);
    let by = [
        (probe.read_stamps, StampSource::Read),
        (probe.connection_stamps, StampSource::Connection),
        (probe.kernel_stamps, StampSource::Kernel),
    ];
    let reads: u64 = by.iter().map(|(count, _)| count).sum();
    let most = by.into_iter().max_by_key(|(count, _)| *count);
    let late = lag.is_some_and(|lag| lag > LAG_FLOOR_MS);
    let late_for_ttft = lag
        .zip(ttft_p50_ms)
        .is_some_and(|(lag, ttft)| lag > LAG_SHARE * ttft);
    let clumped = coalesced.is_some_and(|share| share > COALESCED_SHARE);
    let load = probe.busiest_worker;
    let full = load
        .filter(|load| load.wall_ns >= SHORT_NS)
        .and_then(|load| load.share())
        .is_some_and(|share| share > FULL_CORE);
    ClientHealth {
        probe_lag_p99_ms: lag,
        probe_lag_max_ms: probe.longest.map(|longest| longest.lag_ns as f64 / 1e6),
        coalesced_share: coalesced,
        stamps: most
            .filter(|(count, _)| *count > 0)
            .map(|(_, source)| source),
        kernel_stamp_share: share(probe.kernel_stamps, reads),
        worker_cpu_share: load.and_then(|load| load.share()),
        progress_share: match probe.progress_ns {
            Some(ns) if round_ns > 0 => Some(ns as f64 / round_ns as f64),
            _ => None,
        },
        ttft_width_share: share(arrivals.width, arrivals.ttft),
        overloaded: full || late && (late_for_ttft || clumped),
    }
}
