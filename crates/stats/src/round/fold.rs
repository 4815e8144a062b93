//! A round while its requests end, and its summary at the end. Of each request a row is kept;
//! records are looked at once and go.

use crate::{
    cache::hits::Hits,
    cache::server,
    cost,
    numbers::quantile::stat,
    round::arrivals::arrivals,
    round::counter_growth::Window,
    round::facts::RoundFacts,
    round::goodput::{goodput, output_tokens, per_second},
    round::health::health,
    round::options::SummaryOptions,
    round::pool::ValuePool,
    round::request::request_metrics,
    round::server_metrics,
    round::tails::tail,
    round::warnings,
};
use dualround_model::{
    Flag, MetricSummary, RequestMetrics, RequestRecord, RequestRow, RequestRows, RoundMeta,
    RoundResult, RoundRun, RoundSummary, RowTurn, Stat, Tail, Tails,
};
use std::{collections::BTreeMap, ops::Range};

/// A round whose requests are still ending.
#[derive(Debug)]
pub struct RoundFold {
    options: SummaryOptions,
    rows: RequestRows,
    gaps: ValuePool,
    ttfo_ms: Vec<f64>,
    facts: RoundFacts,
}

impl RoundFold {
    /// A fold of nothing yet, with room for all requests that are planned.
    pub fn new(options: SummaryOptions, planned: u32) -> Self {
        Self {
            options,
            rows: RequestRows::with_room(planned),
            gaps: ValuePool::default(),
            ttfo_ms: Vec::new(),
            facts: RoundFacts::default(),
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
        if let Some(place) = record.mixed {
            self.rows.place(record.index, place);
        }
        if let Some(turn) = &record.turn {
            let place = RowTurn {
                session: turn.session,
                turn: turn.turn,
                of: turn.of,
                unit: turn.unit.unwrap_or(turn.session),
                on_pinned: turn.on_pinned,
            };
            self.rows.note_turn(record.index, place);
        }
        if let Some(due_ns) = record.timeline.due_ns {
            self.rows.due(record.index, due_ns);
        }
        if record.outcome.is_success() {
            self.ttfo_ms.extend(metrics.ttfo_ms);
            for gap in &record.timeline.gaps_ns {
                self.gaps.add(*gap as f64 / 1e6);
            }
        }
    }

    /// The round with everything computed about it. Distributions hold successes only; counts and
    /// duration everything that was sent. `journal`: where its requests stand there.
    pub fn finish(self, meta: RoundMeta, journal: Range<u64>) -> RoundResult {
        let Self {
            options,
            rows,
            gaps,
            ttfo_ms,
            mut facts,
        } = self;
        facts.icl_approximate = gaps.is_approximate();
        let hits = Hits::of_rows(&rows);
        let counts = RequestCounts::of(&rows);
        let seconds = duration(&rows, meta.paused_ns);
        // What is gone was done in the same time: the rest alone is no rate.
        let whole = warnings::missing(&meta, counts.all) == 0;
        let rated = if whole { seconds } else { None };
        let tokens = output_tokens(rows.successes().map(|(_, row)| row));
        let ttft = stat_of(&rows, RequestRow::ttft_ms);
        let round_ns = meta.ended_ns.saturating_sub(meta.started_ns);
        let mut summary = RoundSummary {
            planned_requests: u64::from(meta.planned),
            total_requests: counts.sent(),
            successful_requests: counts.successful,
            failed_requests: counts.failed(),
            cancelled_requests: counts.cancelled,
            not_started_requests: u64::from(meta.not_started),
            duration_seconds: seconds,
            ttft,
            tails: tails(&rows, &ttfo_ms),
            ttfo: stat(ttfo_ms),
            itl: stat_of(&rows, RequestRow::itl_ms),
            icl: gaps.stat(),
            latency: stat_of(&rows, RequestRow::latency_ms),
            ttft_from_due: from_due(&rows, RequestRows::ttft_from_due_ms),
            latency_from_due: from_due(&rows, RequestRows::latency_from_due_ms),
            client_lag: stat(std::mem::take(&mut facts.client_lag_ms)),
            arrivals: arrivals(&meta, &rows, &facts, options.slots),
            input_tokens: stat_of(&rows, |row| row.input_tokens().map(|n| n as f64)),
            output_tokens: stat_of(&rows, |row| row.output_tokens().map(|n| n as f64)),
            token_throughput: tokens.and_then(|tokens| per_second(tokens, rated)),
            request_throughput: per_second(counts.successful, rated),
            goodput: options
                .slo
                .map(|slo| goodput(&rows, &slo, counts.sent(), rated)),
            cached_tokens: None,
            cache_hit_rate: None,
            cache_known_requests: 0,
            cache_omitted_requests: 0,
            cached_by_tier: facts.by_tier.told(),
            written: (facts.written.requests > 0).then_some(facts.written),
            cost: None,
            failures: facts.failure_counts(),
            flags: flags(&rows),
            tokens_per_event: match tokens {
                Some(tokens) if facts.events > 0 => Some(tokens as f64 / facts.events as f64),
                _ => None,
            },
            prometheus: server_metrics(&meta, seconds),
            client: health(&meta.client, &facts.arrivals, ttft.p50, round_ns),
            warnings: Vec::new(),
        };
        hits.stand_in(&mut summary);
        summary.cost = options.pricing.clone().map(|pricing| {
            let counted = facts.by_events == 0;
            cost::of_rows(&rows, summary.written, counted, pricing)
        });
        // Caveats are found in the numbers, which must be there.
        summary.warnings = warnings::of(&meta, &rows, &facts, &summary, &options);
        let mut result = RoundResult {
            meta,
            summary,
            requests: rows,
            expected: None,
            chance: None,
            journal,
        };
        let others = server::other_traffic(&result);
        result.summary.warnings.extend(others);
        result
    }
}

/// The result of a round whose records are all there.
pub fn summarise(run: RoundRun, options: &SummaryOptions) -> RoundResult {
    let mut fold = RoundFold::new(options.clone(), run.meta.planned);
    for record in &run.records {
        fold.add(record);
    }
    fold.finish(run.meta, 0..0)
}

/// The requests of a round that have ended, whatever way.
struct RequestCounts {
    all: u64,
    successful: u64,
    cancelled: u64,
}

impl RequestCounts {
    fn of(rows: &RequestRows) -> Self {
        let (mut all, mut successful, mut cancelled) = (0, 0, 0);
        for (_, row) in rows.iter() {
            all += 1;
            successful += u64::from(row.is_success());
            cancelled += u64::from(row.is_cancelled());
        }
        Self {
            all,
            successful,
            cancelled,
        }
    }

    fn failed(&self) -> u64 {
        self.all - self.cancelled - self.successful
    }

    /// Successes and failures.
    fn sent(&self) -> u64 {
        self.successful + self.failed()
    }
}

/// The distribution of a metric over the successes that have it.
fn stat_of(rows: &RequestRows, pick: fn(&RequestRow) -> Option<f64>) -> Stat {
    stat(rows.successes().filter_map(|(_, row)| pick(row)))
}

/// The same of times from the instants at which requests were due.
fn from_due(rows: &RequestRows, pick: fn(&RequestRows, u32) -> Option<f64>) -> Stat {
    stat(rows.successes().filter_map(|(index, _)| pick(rows, index)))
}

/// How high the percentiles of each time may be.
fn tails(rows: &RequestRows, ttfo_ms: &[f64]) -> Tails {
    Tails {
        ttft: tail_of(rows, RequestRow::ttft_ms),
        ttfo: tail(ttfo_ms.iter().copied()),
        itl: tail_of(rows, RequestRow::itl_ms),
        latency: tail_of(rows, RequestRow::latency_ms),
    }
}

fn tail_of(rows: &RequestRows, pick: fn(&RequestRow) -> Option<f64>) -> Tail {
    tail(rows.successes().filter_map(|(_, row)| pick(row)))
}

/// The server's metrics by the names that they were asked by.
fn server_metrics(meta: &RoundMeta, seconds: Option<f64>) -> BTreeMap<String, MetricSummary> {
    let window = Window::of(meta);
    let tracks = meta.metrics.iter().map(|track| {
        let summary = server_metrics::summarise(track, window, seconds);
        (track.asked.clone(), summary)
    });
    tracks.collect()
}

/// How many requests bear each flag that any of them bears.
fn flags(rows: &RequestRows) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for flag in Flag::ALL {
        let bearers = rows.iter().filter(|(_, row)| row.has(flag)).count();
        if bearers > 0 {
            counts.insert(flag.name().to_owned(), bearers as u64);
        }
    }
    counts
}

/// First t0 to last end of any request that was sent, without what requests waited for readings of
/// the server's metrics, s. A request that never got a connection counts from its own end.
fn duration(rows: &RequestRows, paused_ns: u64) -> Option<f64> {
    let first = rows
        .iter()
        .map(|(_, row)| row.start_ns().unwrap_or(row.end_ns()))
        .min()?;
    let last = rows.iter().map(|(_, row)| row.end_ns()).max()?;
    let busy = last.saturating_sub(first).saturating_sub(paused_ns);
    (busy > 0).then(|| busy as f64 / 1e9)
}
