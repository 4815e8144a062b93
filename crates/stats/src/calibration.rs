//! A client's own error: what it reported against the server's log, request by request.

use crate::numbers::quantile::stat;
use dualround_model::{
    FlatOut, LevelCalibration, MetricError, RateCalibration, RequestRow, RoundResult, TrueTimes,
};
use std::collections::BTreeMap;

/// A worker below this share of its core had time left.
const BUSY: f64 = 0.9;

/// The client's errors in a round, held against the truth by the requests' index.
pub fn calibrate(round: &RoundResult, truth: &BTreeMap<u32, TrueTimes>) -> LevelCalibration {
    let summary = &round.summary;
    let known = known(round, truth);
    LevelCalibration {
        concurrency: round.meta.load.concurrency().unwrap_or_default(),
        requests: summary.total_requests,
        failed: summary.failed_requests,
        peak_in_flight: round.meta.peak_in_flight,
        true_ttft_ms: stat(known.iter().map(|(_, truth)| truth.ttft_ms)).avg,
        ttft: errors(&known, RequestRow::ttft_ms, |t| Some(t.ttft_ms)),
        itl: errors(&known, RequestRow::itl_ms, |t| t.itl_ms),
        latency: errors(&known, RequestRow::latency_ms, |t| Some(t.latency_ms)),
        token_throughput: summary.token_throughput,
        client: summary.client,
    }
}

/// The client's lag and errors at a rate of arrivals, held against the truth likewise.
pub fn calibrate_rate(round: &RoundResult, truth: &BTreeMap<u32, TrueTimes>) -> RateCalibration {
    let summary = &round.summary;
    let known = known(round, truth);
    let arrivals = summary.arrivals.as_ref();
    RateCalibration {
        request_rate: round.meta.load.value(),
        planned: summary.planned_requests,
        requests: summary.total_requests,
        failed: summary.failed_requests,
        schedule_error: arrivals.and_then(|arrivals| arrivals.schedule_error),
        client_lag: summary.client_lag,
        ttft: errors(&known, RequestRow::ttft_ms, |t| Some(t.ttft_ms)),
        latency: errors(&known, RequestRow::latency_ms, |t| Some(t.latency_ms)),
        connections_opened: arrivals.map_or(0, |arrivals| arrivals.connections_opened),
        client: summary.client,
    }
}

/// The highest rate whose lag and errors, and those of every lower rate, are within `limit_ms`.
pub fn held_rate(rates: &[RateCalibration], limit_ms: f64) -> Option<f64> {
    let mut rates: Vec<&RateCalibration> = rates.iter().collect();
    rates.sort_by(|a, b| a.request_rate.total_cmp(&b.request_rate));
    let held = rates
        .into_iter()
        .take_while(|rate| rate.is_within(limit_ms));
    held.last().map(|rate| rate.request_rate)
}

/// What was said of each request that succeeded, with what the server's log has.
fn known<'a>(
    round: &'a RoundResult,
    truth: &'a BTreeMap<u32, TrueTimes>,
) -> Vec<(&'a RequestRow, &'a TrueTimes)> {
    let rows = round.requests.successes();
    rows.filter_map(|(index, row)| Some((row, truth.get(&index)?)))
        .collect()
}

/// The highest level whose errors, and those of every lower level, are within `limit_ms`.
pub fn held_level(levels: &[LevelCalibration], limit_ms: f64) -> Option<u32> {
    let mut levels: Vec<&LevelCalibration> = levels.iter().collect();
    levels.sort_by_key(|level| level.concurrency);
    let held = levels
        .into_iter()
        .take_while(|level| level.is_within(limit_ms));
    held.last().map(|level| level.concurrency)
}

/// What a round against a server that does not pace says of the client.
pub fn flat_out(round: &RoundResult) -> Option<FlatOut> {
    let share = round.summary.client.worker_cpu_share;
    Some(FlatOut {
        tokens_per_second: round.summary.token_throughput?,
        worker_cpu_share: share,
        server_limited: share.is_some_and(|share| share < BUSY),
    })
}

/// The errors of one metric: what was said of each request, minus what the server's log has.
fn errors(
    known: &[(&RequestRow, &TrueTimes)],
    said: fn(&RequestRow) -> Option<f64>,
    is: fn(&TrueTimes) -> Option<f64>,
) -> MetricError {
    let requests = known.iter();
    metric_error(requests.filter_map(|(row, truth)| Some(said(row)? - is(truth)?)))
}

/// Errors in the mean as they are, in the tail by their size.
fn metric_error(errors: impl Iterator<Item = f64>) -> MetricError {
    let errors: Vec<f64> = errors.collect();
    let signed = stat(errors.iter().copied());
    let size = stat(errors.iter().map(|error| error.abs()));
    MetricError {
        n: signed.n,
        mean: signed.avg,
        p50: signed.p50,
        p99_size: size.p99,
        max_size: size.max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_signed_in_the_mean_and_sized_in_the_tail() {
        let error = metric_error([-1.0, 1.0, 3.0].into_iter());
        assert_eq!((error.n, error.mean, error.p50), (3, Some(1.0), Some(1.0)));
        assert_eq!(error.max_size, Some(3.0));
        assert_eq!(metric_error(std::iter::empty()), MetricError::default());
    }

    #[test]
    fn a_rate_is_held_where_all_was_sent_on_time() {
        let rate = |request_rate, lag: f64| RateCalibration {
            request_rate,
            planned: 10,
            requests: 10,
            failed: 0,
            schedule_error: Some(0.0),
            client_lag: stat([lag]),
            ttft: metric_error([0.1].into_iter()),
            latency: MetricError::default(),
            connections_opened: 0,
            client: Default::default(),
        };
        let rates = [rate(2000.0, 3.0), rate(10.0, 0.1), rate(200.0, 0.4)];
        assert_eq!(held_rate(&rates, 0.5), Some(200.0));
        assert_eq!(held_rate(&rates, 0.05), None);
        let mut short = rate(10.0, 0.1);
        short.requests = 9;
        assert_eq!(held_rate(&[short], 0.5), None);
    }

    #[test]
    fn a_level_is_held_only_with_every_lower_one() {
        let level = |concurrency, p99: f64| LevelCalibration {
            concurrency,
            requests: 1,
            failed: 0,
            peak_in_flight: concurrency,
            true_ttft_ms: None,
            ttft: metric_error([p99].into_iter()),
            itl: MetricError::default(),
            latency: MetricError::default(),
            token_throughput: None,
            client: Default::default(),
        };
        let levels = [
            level(64, 0.1),
            level(1, 0.1),
            level(512, 2.0),
            level(2000, 0.5),
        ];
        assert_eq!(held_level(&levels, 1.0), Some(64));
        assert_eq!(held_level(&levels, 0.05), None);
        let mut failed = level(1, 0.1);
        failed.failed = 1;
        assert_eq!(held_level(&[failed], 1.0), None);
    }
}
