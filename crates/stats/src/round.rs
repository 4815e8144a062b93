//! A finished round to its summary.

use crate::{
    goodput::goodput,
    health::health,
    quantile::stat,
    request::{is_cancelled, measure},
    server, telemetry, warnings,
};
use dualround_model::{
    RequestMetrics, RequestRecord, RoundKind, RoundResult, RoundRun, RoundSummary, Slo, Timeouts,
    TokenSourceChoice,
};
use std::collections::BTreeMap;

/// What a summary depends on beside the records.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// For goodput.
    pub slo: Option<Slo>,
    /// Which output token counts to take.
    pub token_source: TokenSourceChoice,
    /// For the words of a timeout warning.
    pub timeouts: Option<Timeouts>,
}

/// Computes everything about a round. Distributions hold successes only; counts and duration
/// everything that was sent.
pub fn summarise(run: RoundRun, options: &SummaryOptions) -> RoundResult {
    let RoundRun { meta, records } = run;
    let slo = options.slo.as_ref();
    let mut metrics: Vec<RequestMetrics> = records
        .iter()
        .map(|record| measure(record, options.token_source, slo))
        .collect();
    if !meta.metrics.is_empty() {
        for (metrics, around) in metrics.iter_mut().zip(telemetry::around(&meta, &records)) {
            metrics.prometheus = around;
        }
    }
    let seconds = duration(&records);
    let rows: Vec<(&RequestRecord, &RequestMetrics)> = records.iter().zip(&metrics).collect();
    let good: Vec<(&RequestRecord, &RequestMetrics)> = rows
        .iter()
        .filter(|(record, _)| record.outcome.is_success())
        .copied()
        .collect();
    let of = |pick: fn(&RequestMetrics) -> Option<f64>| {
        stat(good.iter().filter_map(|(_, metrics)| pick(metrics)))
    };
    let cancelled = records.iter().filter(|record| is_cancelled(record)).count() as u64;
    let successful = good.len() as u64;
    let failed = records.len() as u64 - cancelled - successful;
    let tokens: u64 = good
        .iter()
        .filter_map(|(_, metrics)| metrics.output_tokens)
        .sum();
    let events: u64 = good
        .iter()
        .map(|(record, _)| record.stream.token_events)
        .sum();
    let known: Vec<(u64, u64)> = good
        .iter()
        .filter_map(|(_, metrics)| metrics.cached_tokens.zip(metrics.input_tokens))
        .collect();
    let (cached, prompt) = known
        .iter()
        .fold((0, 0), |(c, p), (cached, prompt)| (c + cached, p + prompt));
    let gaps = good
        .iter()
        .flat_map(|(record, _)| record.timeline.gaps_ns.iter());
    let ttft = of(|metrics| metrics.ttft_ms);
    let mut failures = BTreeMap::new();
    for failure in records.iter().filter_map(|record| record.outcome.failure()) {
        *failures.entry(failure.kind.to_string()).or_insert(0) += 1;
    }
    let mut flags = BTreeMap::new();
    for flag in metrics.iter().flat_map(|metrics| &metrics.flags) {
        *flags.entry(flag.name().to_owned()).or_insert(0) += 1;
    }
    let per_second = |count: u64| seconds.map(|seconds| count as f64 / seconds);
    let mut summary = RoundSummary {
        planned_requests: u64::from(meta.planned),
        total_requests: successful + failed,
        successful_requests: successful,
        failed_requests: failed,
        cancelled_requests: cancelled,
        not_started_requests: u64::from(meta.not_started),
        duration_seconds: seconds,
        ttft,
        ttfo: of(|metrics| metrics.ttfo_ms),
        itl: of(|metrics| metrics.itl_ms),
        icl: stat(gaps.map(|ns| *ns as f64 / 1e6)),
        latency: of(|metrics| metrics.latency_ms),
        input_tokens: of(|metrics| metrics.input_tokens.map(|n| n as f64)),
        output_tokens: of(|metrics| metrics.output_tokens.map(|n| n as f64)),
        token_throughput: per_second(tokens),
        request_throughput: per_second(successful),
        goodput: slo.map(|_| goodput(good.iter().map(|(_, m)| *m), successful + failed, seconds)),
        cached_tokens: (!known.is_empty()).then_some(cached),
        cache_hit_rate: (prompt > 0).then(|| cached as f64 / prompt as f64),
        cache_known_requests: known.len() as u64,
        failures,
        flags,
        tokens_per_event: (events > 0).then(|| tokens as f64 / events as f64),
        prometheus: meta
            .metrics
            .iter()
            .map(|track| {
                (
                    track.asked.clone(),
                    telemetry::summarise(track, (meta.started_ns, meta.ended_ns), seconds),
                )
            })
            .collect(),
        client: health(
            &meta.client,
            &records,
            ttft.p50,
            meta.ended_ns.saturating_sub(meta.started_ns),
        ),
        warnings: Vec::new(),
    };
    summary.warnings = warnings::of(&meta, &rows, &summary, options);
    let requests = records.into_iter().zip(metrics).collect();
    let mut result = RoundResult {
        meta,
        summary,
        requests,
    };
    let others = server::other_traffic(&result);
    result.summary.warnings.extend(others);
    result
}

/// The rounds of a kind.
pub(crate) fn of_kind(
    rounds: &[RoundResult],
    kind: RoundKind,
) -> impl Iterator<Item = &RoundResult> + Clone {
    rounds
        .iter()
        .filter(move |round| round.meta.spec.kind == kind)
}

/// First t0 to last end of any request that was sent, s. A request that never got a connection
/// counts from its own end.
fn duration(records: &[RequestRecord]) -> Option<f64> {
    let first = records
        .iter()
        .map(|r| r.timeline.start_ns.unwrap_or(r.timeline.end_ns))
        .min()?;
    let last = records.iter().map(|record| record.timeline.end_ns).max()?;
    (last > first).then(|| (last - first) as f64 / 1e9)
}
