//! Caveats of a round, found in its numbers. The guide's troubleshooting entries are among them.

use crate::{
    round::facts::{Retried, RoundFacts, StatedLengths},
    round::goodput::row_meets,
    round::options::SummaryOptions,
};
use dualround_model::{
    FailureKind, Flag, MissedLimit, RequestRow, RequestRows, RoundMeta, RoundSummary, Slo,
    TEMPLATE_TOKENS, Timeouts, Warning,
};

/// Successes below which a P99 is an extreme value rather than a percentile.
const P99_SAMPLES: u64 = 100;
/// A worker that did not run for so long is worth a word, ns.
const STANDSTILL_NS: u64 = 200_000_000;
/// A median TTFT above this is worth a word, ms.
const HIGH_TTFT_MS: f64 = 10_000.0;
/// A client that sends later than this is late, where that is no small share of TTFT, ms.
const LATE_MS: f64 = 0.5;
/// That share.
const LATE_SHARE: f64 = 0.05;
/// Share by which prompts may be longer or shorter than stated without a word.
const LENGTH_TOLERANCE: f64 = 0.02;

/// All caveats: those found while the round ran, then those in its numbers.
pub(crate) fn of(
    meta: &RoundMeta,
    rows: &RequestRows,
    facts: &RoundFacts,
    summary: &RoundSummary,
    options: &SummaryOptions,
) -> Vec<Warning> {
    let mut warnings = meta.warnings.clone();
    warnings.extend(failures(facts, summary, options));
    warnings.extend(input_length(meta, facts));
    warnings.extend(below_cache_minimum(rows, options));
    warnings.extend(few_values(facts, summary));
    warnings.extend(doubtful_tokens(facts, summary));
    warnings.extend(held_back(summary));
    warnings.extend(goodput_zero(rows, summary, options));
    warnings.extend(high_ttft(summary));
    warnings.extend(client_overloaded(summary));
    warnings.extend(arrivals_late(summary));
    warnings.extend(connections_ran_out(summary));
    warnings.extend(metrics_not_whole(summary));
    warnings.extend(stood_still(meta, rows));
    warnings.extend(records_missing(meta, summary));
    warnings.extend(ended_early(meta));
    let Retried { requests, attempts } = facts.retried;
    if requests > 0 {
        warnings.push(Warning::Retried {
            count: requests,
            attempts,
        });
    }
    warnings
}

/// Requests that bear a flag.
fn flagged(summary: &RoundSummary, flag: Flag) -> u64 {
    summary.flags.get(flag.name()).copied().unwrap_or(0)
}

/// Prompts that are too short for the model's cache, and were not found in it. What hits is kept,
/// whatever a document says.
fn below_cache_minimum(rows: &RequestRows, options: &SummaryOptions) -> Option<Warning> {
    let least = options.least_cached?;
    let successes = || rows.successes().map(|(_, row)| row);
    let hit = |row: &RequestRow| row.cached_tokens().is_some_and(|hit| hit > TEMPLATE_TOKENS);
    if successes().any(hit) {
        return None;
    }
    let counted = || successes().filter_map(RequestRow::input_tokens);
    let count = counted().filter(|tokens| *tokens < least).count() as u64;
    let of = counted().count() as u64;
    (count > 0).then_some(Warning::BelowCacheMinimum { count, of, least })
}

/// Percentiles that rest on few values, or on a histogram of very many.
fn few_values(facts: &RoundFacts, summary: &RoundSummary) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let n = summary.successful_requests;
    if n > 0 && n < P99_SAMPLES {
        warnings.push(Warning::FewSamplesForP99 { n });
    }
    if facts.icl_approximate {
        let gaps = summary.icl.n;
        warnings.push(Warning::IclApproximate { gaps });
    }
    warnings
}

/// Answers whose tokens, or what usage says of them, are not quite what they should be.
fn doubtful_tokens(facts: &RoundFacts, summary: &RoundSummary) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let of = summary.successful_requests;
    let count = flagged(summary, Flag::NotStreamed);
    if count > 0 {
        warnings.push(Warning::NotStreamed { count });
    }
    let count = facts.by_events;
    if count > 0 {
        warnings.push(Warning::TokensFromEvents { count, of });
    }
    let totals_off = flagged(summary, Flag::UsageTotalOff);
    warnings.extend(odd_answers(facts, of, totals_off));
    let count = flagged(summary, Flag::ImpossibleUsage);
    if count > 0 {
        warnings.push(Warning::ImpossibleUsage { count, of });
    }
    let count = flagged(summary, Flag::UsageMismatch);
    if count > 0 {
        warnings.push(Warning::UsageMismatch { count });
    }
    warnings
}

/// Streams that something on the way may have held back.
fn held_back(summary: &RoundSummary) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let of = summary.successful_requests;
    let count = flagged(summary, Flag::BufferedSuspected);
    if count > 0 {
        warnings.push(Warning::BufferedSuspected { count, of });
    }
    let count = flagged(summary, Flag::Compressed);
    if count > 0 {
        warnings.push(Warning::Compressed { count, of });
    }
    warnings
}

/// No success met the SLO, with the limits that were missed.
fn goodput_zero(
    rows: &RequestRows,
    summary: &RoundSummary,
    options: &SummaryOptions,
) -> Option<Warning> {
    let (goodput, slo) = summary.goodput.zip(options.slo)?;
    if goodput.requests > 0 || summary.successful_requests == 0 {
        return None;
    }
    let missed = missed(rows, &slo);
    Some(Warning::GoodputZero {
        detail: detail(&missed),
        missed,
    })
}

fn client_overloaded(summary: &RoundSummary) -> Option<Warning> {
    let client = &summary.client;
    client.overloaded.then(|| Warning::ClientOverloaded {
        probe_lag_p99_ms: client.probe_lag_p99_ms.unwrap_or(0.0),
        coalesced_share: client.coalesced_share,
        worker_cpu_share: client.worker_cpu_share,
    })
}

/// The client sent requests late, by more than can be passed over beside what is measured.
fn arrivals_late(summary: &RoundSummary) -> Option<Warning> {
    let (p99_ms, ttft_p50_ms) = summary.client_lag.p99.zip(summary.ttft.p50)?;
    let late = p99_ms > LATE_MS && p99_ms > LATE_SHARE * ttft_p50_ms;
    late.then_some(Warning::ArrivalsLate {
        p99_ms,
        ttft_p50_ms,
    })
}

fn connections_ran_out(summary: &RoundSummary) -> Option<Warning> {
    let arrivals = summary.arrivals.as_ref()?;
    let opened = arrivals.connections_opened;
    (opened > 0).then_some(Warning::ConnectionsRanOut {
        opened,
        of: arrivals.begun,
        ready: arrivals.connections,
    })
}

/// Server metrics whose readings are not those of one process over the whole round.
fn metrics_not_whole(summary: &RoundSummary) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (name, metric) in &summary.prometheus {
        let name = name.clone();
        if metric.counter_reset {
            warnings.push(Warning::CounterReset { name });
        } else if metric.not_covered {
            warnings.push(Warning::MetricNotCovered { name });
        }
    }
    warnings
}

/// A median TTFT that is long, with how many requests waited where that is known.
fn high_ttft(summary: &RoundSummary) -> Option<Warning> {
    let p50_ms = summary.ttft.p50.filter(|p50| *p50 > HIGH_TTFT_MS)?;
    let mut metrics = summary.prometheus.iter();
    let waiting = metrics.find(|(name, _)| name.contains("waiting"));
    let detail = waiting.and_then(|(name, m)| m.stat.avg.map(|avg| format!("{name} {avg:.1}")));
    Some(Warning::HighTtft {
        p50_ms,
        detail: detail.unwrap_or_default(),
    })
}

/// Requests of a round that ended as planned and have no record.
pub(crate) fn missing(meta: &RoundMeta, recorded: u64) -> u64 {
    if meta.unfinished {
        return 0;
    }
    u64::from(meta.planned).saturating_sub(u64::from(meta.not_started) + recorded)
}

/// The journal lacks requests that the round must have had.
fn records_missing(meta: &RoundMeta, summary: &RoundSummary) -> Option<Warning> {
    let planned = u64::from(meta.planned);
    let recorded = summary.total_requests + summary.cancelled_requests;
    let missing = missing(meta, recorded);
    (missing > 0).then_some(Warning::RecordsMissing { missing, planned })
}

/// A round that did not send all that was planned.
fn ended_early(meta: &RoundMeta) -> Option<Warning> {
    let not_started = u64::from(meta.not_started);
    match meta.stopped {
        Some(stop) => Some(Warning::LimitReached {
            flag: stop.flag().to_owned(),
            not_started,
        }),
        None if meta.unfinished => Some(Warning::Killed {
            not_recorded: not_started,
            // An open loop may have had any number of them.
            in_flight: match meta.load.concurrency() {
                Some(concurrency) => not_started.min(u64::from(concurrency)),
                None => not_started,
            },
        }),
        None if meta.interrupted => Some(Warning::Interrupted { not_started }),
        None => None,
    }
}

/// A worker did not run for so long that single requests show it, however good its P99 is.
fn stood_still(meta: &RoundMeta, rows: &RequestRows) -> Option<Warning> {
    let longest = meta
        .client
        .longest
        .filter(|longest| longest.lag_ns >= STANDSTILL_NS)?;
    // When it was due and did not run: whatever was begun later was begun after it woke.
    let on_the_clock = longest.lag_ns.saturating_sub(longest.suspended_ns);
    let began = longest.woken_ns.saturating_sub(on_the_clock);
    let touched = rows.iter().filter(|(_, row)| {
        let started = row.start_ns().is_some_and(|start| start <= began);
        started && row.end_ns() > began
    });
    let requests = touched.count() as u64;
    (requests > 0).then_some(Warning::ClientStoodStill {
        ms: longest.lag_ns as f64 / 1e6,
        requests,
    })
}

/// What answers held that is not of the format.
fn odd_answers(facts: &RoundFacts, of: u64, totals_off: u64) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = facts.prompts.cut().into_iter().collect();
    for (place, seen) in &facts.unknown_text {
        warnings.push(Warning::UnknownText {
            count: seen.count,
            of,
            place: place.clone(),
            lead_ms: seen.lead_ms,
        });
    }
    for (reason, count) in &facts.unknown_finish {
        warnings.push(Warning::UnknownFinish {
            count: *count,
            reason: reason.clone(),
        });
    }
    if totals_off > 0 {
        warnings.push(Warning::UsageTotalOff { count: totals_off });
    }
    warnings
}

/// Failures in one line, the most frequent kind with the first message of it, and the time limits
/// that requests ran into.
fn failures(facts: &RoundFacts, summary: &RoundSummary, options: &SummaryOptions) -> Vec<Warning> {
    let kinds = facts.failures.iter();
    let Some((kind, failed)) = kinds.max_by_key(|(_, failed)| failed.count) else {
        return Vec::new();
    };
    let example = format!("{kind} x{}: {}", failed.count, failed.message);
    let sent = summary.total_requests;
    let mut warnings = vec![if summary.successful_requests == 0 {
        Warning::AllFailed { sent, example }
    } else {
        Warning::Failures {
            failed: summary.failed_requests,
            sent,
            example,
        }
    }];
    let limits = time_limits(options.timeouts.unwrap_or_default());
    for TimeoutFlag { kind, flag, ms } in limits {
        if let Some(failed) = facts.failures.get(&kind.to_string()) {
            let value = ms.map_or_else(String::new, |ms| format!(" {}", ms as f64 / 1e3));
            warnings.push(Warning::Timeouts {
                count: failed.count,
                limit: format!("{} ({flag}{value})", failed.message),
                flag: flag.to_owned(),
            });
        }
    }
    warnings
}

/// The flag of a time limit, with the failure of those that ran into it.
struct TimeoutFlag {
    kind: FailureKind,
    /// What sets it, as journals and files name it.
    flag: &'static str,
    ms: Option<u64>,
}

/// The time limits of a run, each with the failure it makes.
fn time_limits(set: Timeouts) -> [TimeoutFlag; 4] {
    [
        TimeoutFlag {
            kind: FailureKind::TimeoutConnect,
            flag: "--connect-timeout",
            ms: set.connect_ms,
        },
        TimeoutFlag {
            kind: FailureKind::TimeoutFirstToken,
            flag: "--first-token-timeout",
            ms: set.first_token_ms,
        },
        TimeoutFlag {
            kind: FailureKind::TimeoutIdle,
            flag: "--idle-timeout",
            ms: set.idle_ms,
        },
        TimeoutFlag {
            kind: FailureKind::TimeoutTotal,
            flag: "--timeout",
            ms: set.total_ms,
        },
    ]
}

/// Which limits were missed by how many successes, each by itself and by the rule of goodput.
fn missed(rows: &RequestRows, slo: &Slo) -> Vec<MissedLimit> {
    let limits = slo.limits().into_iter().map(|(name, limit)| {
        let alone = only(name, limit);
        let (mut of, mut by) = (0, 0);
        for (_, row) in rows.successes() {
            of += 1;
            by += u64::from(!row_meets(row, &alone));
        }
        MissedLimit {
            metric: name.to_owned(),
            limit,
            by,
            of,
        }
    });
    limits.collect()
}

/// An SLO of one limit alone.
fn only(name: &str, limit: f64) -> Slo {
    let mut slo = Slo::default();
    match name {
        "ttft_ms" => slo.ttft_ms = Some(limit),
        "itl_ms" => slo.itl_ms = Some(limit),
        "latency_ms" => slo.latency_ms = Some(limit),
        _ => {}
    }
    slo
}

/// The missed limits in English, for the files.
fn detail(missed: &[MissedLimit]) -> String {
    let parts = missed.iter().map(|limit| {
        let MissedLimit {
            metric,
            limit,
            by,
            of,
        } = limit;
        format!("{metric} < {limit}: missed by {by} of {of}")
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Prompts whose rows state a length, against the server's count. The marker of a cold round is
/// ours and left out.
fn input_length(meta: &RoundMeta, facts: &RoundFacts) -> Option<Warning> {
    let action = meta.cold.as_ref();
    let marker = action.and_then(|action| action.marker_tokens).unwrap_or(0);
    let StatedLengths {
        stated,
        counted,
        requests: of,
    } = facts.lengths;
    let counted = counted.saturating_sub(of * marker);
    let off = stated.abs_diff(counted) as f64 > LENGTH_TOLERANCE * stated as f64;
    (stated > 0 && off).then_some(Warning::OtherInputLength { stated, counted })
}
