//! Caveats of a round, found in its numbers. The guide's troubleshooting entries are among them.

use crate::{
    round::facts::{Facts, Retried, StatedLengths},
    round::goodput::row_meets,
    round::options::SummaryOptions,
};
use dualround_model::{
    FailureKind, Flag, MissedLimit, RequestRows, RoundMeta, RoundSummary, Slo, Timeouts, Warning,
};

/// Successes below which a P99 is an extreme value rather than a percentile.
const P99_SAMPLES: u64 = 100;
/// A worker that did not run for so long is worth a word, ns.
const STANDSTILL_NS: u64 = 200_000_000;
/// A median TTFT above this is worth a word, ms.
const HIGH_TTFT_MS: f64 = 10_000.0;

/// Share by which prompts may be longer or shorter than stated without a word.
const LENGTH_TOLERANCE: f64 = 0.02;

/// All caveats: those found while the round ran, then those in its numbers.
pub(crate) fn of(
    meta: &RoundMeta,
    rows: &RequestRows,
    facts: &Facts,
    summary: &RoundSummary,
    options: &SummaryOptions,
) -> Vec<Warning> {
    let mut warnings = meta.warnings.clone();
    failures(facts, summary, options, &mut warnings);
    let of = summary.successful_requests;
    let flag = |flag: Flag| summary.flags.get(flag.name()).copied().unwrap_or(0);
    warnings.extend(input_length(meta, facts));
    if of > 0 && of < P99_SAMPLES {
        warnings.push(Warning::FewSamplesForP99 { n: of });
    }
    if facts.icl_approximate {
        warnings.push(Warning::IclApproximate {
            gaps: summary.icl.n,
        });
    }
    if flag(Flag::NotStreamed) > 0 {
        warnings.push(Warning::NotStreamed {
            count: flag(Flag::NotStreamed),
        });
    }
    let count = facts.by_events;
    if count > 0 {
        warnings.push(Warning::TokensFromEvents { count, of });
    }
    warnings.extend(odd_answers(facts, of, flag(Flag::UsageTotalOff)));
    if flag(Flag::ImpossibleUsage) > 0 {
        warnings.push(Warning::ImpossibleUsage {
            count: flag(Flag::ImpossibleUsage),
            of,
        });
    }
    if flag(Flag::UsageMismatch) > 0 {
        warnings.push(Warning::UsageMismatch {
            count: flag(Flag::UsageMismatch),
        });
    }
    if flag(Flag::BufferedSuspected) > 0 {
        warnings.push(Warning::BufferedSuspected {
            count: flag(Flag::BufferedSuspected),
            of,
        });
    }
    if flag(Flag::Compressed) > 0 {
        warnings.push(Warning::Compressed {
            count: flag(Flag::Compressed),
            of,
        });
    }
    if let (Some(goodput), Some(slo)) = (&summary.goodput, &options.slo)
        && goodput.requests == 0
        && of > 0
    {
        let missed = missed(rows, slo);
        warnings.push(Warning::GoodputZero {
            detail: detail(&missed),
            missed,
        });
    }
    warnings.extend(high_ttft(summary));
    if summary.client.overloaded {
        warnings.push(Warning::ClientOverloaded {
            probe_lag_p99_ms: summary.client.probe_lag_p99_ms.unwrap_or(0.0),
            coalesced_share: summary.client.coalesced_share,
            worker_cpu_share: summary.client.worker_cpu_share,
        });
    }
    for (name, metric) in &summary.prometheus {
        let name = name.clone();
        if metric.counter_reset {
            warnings.push(Warning::CounterReset { name });
        } else if metric.not_covered {
            warnings.push(Warning::MetricNotCovered { name });
        }
    }
    warnings.extend(stood_still(meta, rows));
    warnings.extend(records_missing(meta, summary));
    warnings.extend(ended_early(meta));
    let Retried {
        requests: count,
        attempts,
    } = facts.retried;
    if count > 0 {
        warnings.push(Warning::Retried { count, attempts });
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
fn odd_answers(facts: &Facts, of: u64, totals_off: u64) -> Vec<Warning> {
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

/// Failures in one line: the most frequent kind with the first message of it.
fn failures(
    facts: &Facts,
    summary: &RoundSummary,
    options: &SummaryOptions,
    warnings: &mut Vec<Warning>,
) {
    let kinds = facts.failures.iter();
    let Some((kind, failed)) = kinds.max_by_key(|(_, failed)| failed.count) else {
        return;
    };
    let example = format!("{kind} x{}: {}", failed.count, failed.message);
    let sent = summary.total_requests;
    if summary.successful_requests == 0 {
        warnings.push(Warning::AllFailed { sent, example });
    } else {
        warnings.push(Warning::Failures {
            failed: summary.failed_requests,
            sent,
            example,
        });
    }
    let flags = timeouts(options.timeouts.unwrap_or_default());
    for (kind, flag, ms) in flags {
        if let Some(failed) = facts.failures.get(&kind.to_string()) {
            let value = ms.map_or_else(String::new, |ms| format!(" {}", ms as f64 / 1e3));
            warnings.push(Warning::Timeouts {
                count: failed.count,
                limit: format!("{} ({flag}{value})", failed.message),
                flag: flag.to_owned(),
            });
        }
    }
}

/// Each time limit with its flag and value, ms.
fn timeouts(set: Timeouts) -> [(FailureKind, &'static str, Option<u64>); 4] {
    [
        (
            FailureKind::TimeoutConnect,
            "--connect-timeout",
            set.connect_ms,
        ),
        (
            FailureKind::TimeoutFirstToken,
            "--first-token-timeout",
            set.first_token_ms,
        ),
        (FailureKind::TimeoutIdle, "--idle-timeout", set.idle_ms),
        (FailureKind::TimeoutTotal, "--timeout", set.total_ms),
    ]
}

/// Which limits were missed by how many successes, each by itself and by the rule of goodput.
fn missed(rows: &RequestRows, slo: &Slo) -> Vec<MissedLimit> {
    let limits = slo.limits().into_iter().map(|(name, limit)| {
        let only = |of: &str| (name == of).then_some(limit);
        let alone = Slo {
            ttft_ms: only("ttft_ms"),
            itl_ms: only("itl_ms"),
            latency_ms: only("latency_ms"),
        };
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

/// The same in English, for the files.
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
fn input_length(meta: &RoundMeta, facts: &Facts) -> Option<Warning> {
    let action = meta.cold.as_ref();
    let marker = action.and_then(|action| action.marker_tokens).unwrap_or(0);
    let StatedLengths {
        stated,
        counted,
        requests: of,
    } = facts.lengths;
    let counted = counted.saturating_sub(of * marker);
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^52"
    )]
    let off = stated.abs_diff(counted) as f64 > LENGTH_TOLERANCE * stated as f64;
    (stated > 0 && off).then_some(Warning::OtherInputLength { stated, counted })
}
