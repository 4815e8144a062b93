//! A round while its requests end, and its summary at the end. Of each request a row is kept;
//! records are looked at once and go.

use crate::{
    goodput::{goodput, output_tokens},
    health::{Arrivals, health},
    hits::Hits,
    pool::Pool,
    prompt_cut::Lengths,
    quantile::stat,
    request::measure,
    server,
    tails::tail,
    telemetry, warnings,
};
use dualround_model::{
    CachedByTier, Convention, Failure, Flag, RequestMetrics, RequestRecord, RequestRow,
    RequestRows, RoundMeta, RoundResult, RoundRun, RoundSummary, Slo, Tails, Timeouts, TokenSource,
    TokenSourceChoice,
};
use std::{collections::BTreeMap, ops::Range};

/// What a summary depends on beside the records.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// For goodput.
    pub slo: Option<Slo>,
    /// Which output token counts to take.
    pub token_source: TokenSourceChoice,
    /// For the words of a timeout warning.
    pub timeouts: Option<Timeouts>,
    /// How silence about cached tokens is read.
    pub convention: Convention,
}

/// What a round came to that no row tells.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) failures: BTreeMap<String, Failed>,
    /// Requests whose tokens were counted from events.
    pub(crate) by_events: u64,
    /// Requests that were sent again, and how often in all.
    pub(crate) retried: (u64, u64),
    /// Prompt tokens that rows of the dataset state and the server counted, with how many such.
    pub(crate) lengths: (u64, u64, u64),
    pub(crate) arrivals: Arrivals,
    pub(crate) prompts: Lengths,
    /// Answers that began with text in a field that is not known, by the field.
    pub(crate) unknown_text: BTreeMap<String, UnknownText>,
    /// Answers that ended with a word that is not known, by the word.
    pub(crate) unknown_finish: BTreeMap<String, u64>,
    /// There were too many gaps to keep each one.
    pub(crate) icl_approximate: bool,
    /// Token-bearing events of successes.
    events: u64,
    by_tier: ByTier,
}

/// Cached tokens by tier, as answers tell them.
#[derive(Debug, Default)]
struct ByTier {
    sum: CachedByTier,
    /// Answers that tell it.
    told: u64,
    /// Answers that hit and do not.
    untold: u64,
}

impl ByTier {
    fn add(&mut self, record: &RequestRecord) {
        let usage = &record.usage;
        let tiers = usage.local_cached_tokens.zip(usage.external_cached_tokens);
        // Tiers that do not add up are of another count.
        let tiers = tiers.filter(|(local, external)| {
            usage.cached_tokens.is_some() && local.checked_add(*external) == usage.cached_tokens
        });
        if let Some((local, external)) = tiers {
            self.told += 1;
            self.sum.local += local;
            self.sum.external += external;
        } else if usage.cached_tokens.is_some_and(|cached| cached > 0) {
            self.untold += 1;
        }
    }

    fn told(&self) -> Option<CachedByTier> {
        (self.told > 0 && self.untold == 0).then_some(self.sum)
    }
}

/// Answers that began with text in one field that is not known.
#[derive(Debug, Default)]
pub(crate) struct UnknownText {
    pub(crate) count: u64,
    /// The longest time from it to a known token, ms; unknown where there was none.
    pub(crate) lead_ms: Option<f64>,
}

/// Names of a kind that are told apart; servers may make one for each answer.
const NAMES: usize = 5;

/// The entry of a name, as long as there are not too many.
fn kept<'a, T: Default>(names: &'a mut BTreeMap<String, T>, name: &str) -> Option<&'a mut T> {
    let room = names.len() < NAMES || names.contains_key(name);
    room.then(|| names.entry(name.to_owned()).or_default())
}

/// The longer of two times, of which each may be unknown.
fn longer(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.into_iter().chain(b).reduce(f64::max)
}

/// Failures of one kind.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) count: u64,
    /// The first one by index speaks for all.
    index: u32,
    pub(crate) message: String,
}

impl Facts {
    fn add(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        if let Some(failure) = record.outcome.failure() {
            self.add_failure(record.index, failure);
        }
        self.by_events += u64::from(metrics.token_source == Some(TokenSource::Events));
        let attempts = record.retries.len() as u64;
        self.retried.0 += u64::from(attempts > 0);
        self.retried.1 += attempts;
        if let Some((stated, counted)) = record.input_tokens.zip(record.usage.prompt_tokens) {
            self.lengths.0 += stated;
            self.lengths.1 += counted;
            self.lengths.2 += 1;
        }
        self.arrivals.add(record);
        if record.outcome.is_success() {
            self.events += record.stream.token_events;
            self.by_tier.add(record);
            let believed = !metrics.flags.contains(&Flag::ImpossibleUsage);
            if let Some(tokens) = record.usage.prompt_tokens.filter(|_| believed) {
                self.prompts.add(record.prompt_chars, tokens);
            }
            self.add_unknown(record, metrics);
        }
    }

    fn add_unknown(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        if let Some(text) = &record.stream.unknown_text {
            let first = record.timeline.first_token_ns;
            let lead = first.map(|first| first.saturating_sub(text.at_ns) as f64 / 1e6);
            if let Some(seen) = kept(&mut self.unknown_text, &text.place) {
                seen.count += 1;
                seen.lead_ms = longer(seen.lead_ms, lead);
            }
        }
        let reason = record.stream.finish_reason.as_ref();
        let reason = reason.filter(|_| metrics.flags.contains(&Flag::UnknownFinish));
        if let Some(count) = reason.and_then(|reason| kept(&mut self.unknown_finish, reason)) {
            *count += 1;
        }
    }

    fn add_failure(&mut self, index: u32, failure: &Failure) {
        let kind = self.failures.entry(failure.kind.to_string());
        let kind = kind.or_insert_with(|| Failed {
            count: 0,
            index,
            message: failure.message.clone(),
        });
        kind.count += 1;
        if index < kind.index {
            kind.index = index;
            kind.message.clone_from(&failure.message);
        }
    }
}

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

    /// Takes a request that has ended.
    pub fn add(&mut self, record: &RequestRecord) {
        let metrics = measure(record, &self.options);
        self.facts.add(record, &metrics);
        self.rows
            .set(record.index, RequestRow::new(record, &metrics));
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
        let rated = seconds.filter(|_| whole);
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
            tokens_per_event: tokens
                .filter(|_| facts.events > 0)
                .map(|tokens| tokens as f64 / facts.events as f64),
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
