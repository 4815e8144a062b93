//! A round while its requests end, and its summary at the end. Of each request a row is kept;
//! records are looked at once and go.

use crate::{
    cache::hits::Hits,
    cache::server,
    numbers::quantile::stat,
    round::facts::Facts,
    round::goodput::{goodput, output_tokens},
    round::health::health,
    round::options::SummaryOptions,
    round::pool::Pool,
    round::request::request_metrics,
    round::server_metrics,
    round::tails::tail,
    round::warnings,
};
use dualround_model::{
    Flag, RequestMetrics, RequestRecord, RequestRow, RequestRows, RoundMeta, RoundResult, RoundRun,
    RoundSummary, Tails,
};
use std::{collections::BTreeMap, ops::Range};

/// A round whose requests are still ending.
#[derive(Debug)]
pub struct RoundFold {
    options: SummaryOptions,
    rows: RequestRows,
    gaps: Pool,
    ttfo_ms: Vec<f64>,
    facts: Facts,
}

impl RoundFold {
    /// Nothing yet, with room for all requests that are planned.
    pub fn new(options: SummaryOptions, planned: u32) -> Self {
        Self {
            options,
            rows: RequestRows::with_room(planned),
            gaps: Pool::default(),
            ttfo_ms: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Takes a request that has ended, and measures it.
    pub fn add(&mut self, record: &RequestRecord) {
        let metrics = request_metrics(record, &self.options);
        self.add_measured(record, &metrics);
    }

    /// Takes a request that has ended and was measured by the same options. One that is there already
    /// (a journal that was written together from copies) counts once.
    pub fn add_measured(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        if self.rows.get(record.index).is_some() {
            return;
        }
        self.facts.add(record, metrics);
        self.rows
            .set(record.index, RequestRow::new(record, metrics));
        if record.outcome.is_success() {
            self.ttfo_ms.extend(metrics.ttfo_ms);
            for gap in &record.timeline.gaps_ns {
                self.gaps.add(*gap as f64 / 1e6);
            }
        }
    }

    /// Computes everything about the round. Distributions hold successes only; counts and duration
    /// everything that was sent. `journal`: where its requests stand there.
    pub fn finish(self, meta: RoundMeta, journal: Range<u64>) -> RoundResult {
        let Self {
            options,
            rows,
            gaps,
            ttfo_ms,
            mut facts,
        } = self;
        let seconds = duration(&rows, meta.paused_ns);
        let of = |pick: fn(&RequestRow) -> Option<f64>| {
            stat(rows.successes().filter_map(|(_, row)| pick(row)))
        };
        let hits = Hits::of_rows(&rows);
        let successful = hits.of;
        let (mut all, mut cancelled) = (0, 0);
        for (_, row) in rows.iter() {
            all += 1;
            cancelled += u64::from(row.is_cancelled());
        }
        let tokens = output_tokens(rows.successes().map(|(_, row)| row));
        let failed = all - cancelled - successful;
        let sent = successful + failed;
        let slo = options.slo.as_ref();
        let tail_of = |pick: fn(&RequestRow) -> Option<f64>| {
            tail(rows.successes().filter_map(|(_, row)| pick(row)))
        };
        let tails = Tails {
            ttft: tail_of(RequestRow::ttft_ms),
            ttfo: tail(ttfo_ms.iter().copied()),
            itl: tail_of(RequestRow::itl_ms),
            latency: tail_of(RequestRow::latency_ms),
        };
        let ttft = of(RequestRow::ttft_ms);
        // What is gone was done in the same time: the rest alone is no rate.
        let whole = warnings::missing(&meta, all) == 0;
        let rated = if whole { seconds } else { None };
        let per_second = |count: u64| rated.map(|seconds| count as f64 / seconds);
        let kinds = facts.failures.iter();
        facts.icl_approximate = gaps.is_approximate();
        let mut summary = RoundSummary {
            planned_requests: u64::from(meta.planned),
            total_requests: sent,
            successful_requests: successful,
            failed_requests: failed,
            cancelled_requests: cancelled,
            not_started_requests: u64::from(meta.not_started),
            duration_seconds: seconds,
            ttft,
            ttfo: stat(ttfo_ms),
            itl: of(RequestRow::itl_ms),
            icl: gaps.stat(),
            latency: of(RequestRow::latency_ms),
            tails,
            input_tokens: of(|row| row.input_tokens().map(|n| n as f64)),
            output_tokens: of(|row| row.output_tokens().map(|n| n as f64)),
            token_throughput: tokens.and_then(per_second),
            request_throughput: per_second(successful),
            goodput: slo.map(|slo| goodput(&rows, slo, sent, rated)),
            cached_tokens: None,
            cache_hit_rate: None,
            cache_known_requests: 0,
            cache_omitted_requests: 0,
            cached_by_tier: facts.by_tier.told(),
            failures: kinds
                .map(|(kind, failed)| (kind.clone(), failed.count))
                .collect(),
            flags: flags(&rows),
            tokens_per_event: match tokens {
                Some(tokens) if facts.events > 0 => Some(tokens as f64 / facts.events as f64),
                _ => None,
            },
            prometheus: meta
                .metrics
                .iter()
                .map(|track| {
                    (
                        track.asked.clone(),
                        server_metrics::summarise(track, (meta.started_ns, meta.ended_ns), seconds),
                    )
                })
                .collect(),
            client: health(
                &meta.client,
                &facts.arrivals,
                ttft.p50,
                meta.ended_ns.saturating_sub(meta.started_ns),
            ),
            warnings: Vec::new(),
        };
        hits.stand_in(&mut summary);
        summary.warnings = warnings::of(&meta, &rows, &facts, &summary, &options);
        let mut result = RoundResult {
            meta,
            summary,
            requests: rows,
            expected: None,
            journal,
        };
        let others = server::other_traffic(&result);
        result.summary.warnings.extend(others);
        result
    }
}

/// The same of a round whose records are all there.
pub fn summarise(run: RoundRun, options: &SummaryOptions) -> RoundResult {
    let mut fold = RoundFold::new(options.clone(), run.meta.planned);
    for record in &run.records {
        fold.add(record);
    }
    fold.finish(run.meta, 0..0)
}

/// How many requests bear each flag that any of them bears.
fn flags(rows: &RequestRows) -> BTreeMap<String, u64> {
    let count = |flag: Flag| rows.iter().filter(|(_, row)| row.has(flag)).count() as u64;
    let counts = Flag::ALL.map(|flag| (flag.name().to_owned(), count(flag)));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// First t0 to last end of any request that was sent, without what requests waited for readings of the
/// server's metrics, s. A request that never got a connection counts from its own end.
fn duration(rows: &RequestRows, paused_ns: u64) -> Option<f64> {
    let first = rows
        .iter()
        .map(|(_, row)| row.start_ns().unwrap_or(row.end_ns()))
        .min()?;
    let last = rows.iter().map(|(_, row)| row.end_ns()).max()?;
    let busy = last.saturating_sub(first).saturating_sub(paused_ns);
    (busy > 0).then(|| busy as f64 / 1e9)
}
