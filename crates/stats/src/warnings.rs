//! Caveats of a round, found in its numbers. The guide's troubleshooting entries are among them.

use crate::round::SummaryOptions;
use dualround_model::{
    Flag, RequestMetrics, RequestRecord, RoundMeta, RoundSummary, Slo, TokenSource, Warning,
};
use std::collections::BTreeMap;

/// Successes below which a P99 is an extreme value rather than a percentile.
const P99_SAMPLES: u64 = 100;
/// A median TTFT above this is worth a word, ms.
const HIGH_TTFT_MS: f64 = 10_000.0;

/// Share by which prompts may be longer or shorter than stated without a word.
const LENGTH_TOLERANCE: f64 = 0.02;

type Row<'a> = (&'a RequestRecord, &'a RequestMetrics);

/// All caveats: those found while the round ran, then those in its numbers.
pub(crate) fn of(
    meta: &RoundMeta,
    rows: &[Row<'_>],
    summary: &RoundSummary,
    options: &SummaryOptions,
) -> Vec<Warning> {
    let mut warnings = meta.warnings.clone();
    failures(rows, summary, options, &mut warnings);
    let of = summary.successful_requests;
    let flag = |flag: Flag| summary.flags.get(flag.name()).copied().unwrap_or(0);
    warnings.extend(input_length(meta, rows));
    if of > 0 && of < P99_SAMPLES {
        warnings.push(Warning::FewSamplesForP99 { n: of });
    }
    if flag(Flag::NotStreamed) > 0 {
        warnings.push(Warning::NotStreamed {
            count: flag(Flag::NotStreamed),
        });
    }
    let by_events = |row: &&Row<'_>| row.1.token_source == Some(TokenSource::Events);
    let count = rows.iter().filter(by_events).count() as u64;
    if count > 0 {
        warnings.push(Warning::TokensFromEvents { count, of });
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
    if let (Some(goodput), Some(slo)) = (&summary.goodput, &options.slo)
        && goodput.requests == 0
        && of > 0
    {
        warnings.push(Warning::GoodputZero {
            detail: missed(rows, slo),
        });
    }
    if let Some(p50_ms) = summary.ttft.p50.filter(|p50| *p50 > HIGH_TTFT_MS) {
        let waiting = summary
            .prometheus
            .iter()
            .find(|(name, _)| name.contains("waiting"));
        let detail = waiting.and_then(|(name, m)| m.stat.avg.map(|avg| format!("{name} {avg:.1}")));
        warnings.push(Warning::HighTtft {
            p50_ms,
            detail: detail.unwrap_or_default(),
        });
    }
    if summary.client.overloaded {
        warnings.push(Warning::ClientOverloaded {
            probe_lag_p99_ms: summary.client.probe_lag_p99_ms.unwrap_or(0.0),
            coalesced_share: summary.client.coalesced_share,
            worker_cpu_share: summary.client.worker_cpu_share,
        });
    }
    for (name, _) in summary
        .prometheus
        .iter()
        .filter(|(_, metric)| metric.counter_reset)
    {
        warnings.push(Warning::CounterReset { name: name.clone() });
    }
    let not_started = u64::from(meta.not_started);
    match meta.stopped {
        Some(stop) => warnings.push(Warning::LimitReached {
            flag: stop.flag().to_owned(),
            not_started,
        }),
        None if meta.interrupted => warnings.push(Warning::Interrupted { not_started }),
        None => {}
    }
    let retried = rows.iter().map(|(record, _)| record.retries.len() as u64);
    let (count, attempts) = retried
        .filter(|attempts| *attempts > 0)
        .fold((0, 0), |(count, all), attempts| (count + 1, all + attempts));
    if count > 0 {
        warnings.push(Warning::Retried { count, attempts });
    }
    warnings
}

/// Failures in one line: the most frequent kind with the first message of it.
fn failures(
    rows: &[Row<'_>],
    summary: &RoundSummary,
    options: &SummaryOptions,
    warnings: &mut Vec<Warning>,
) {
    let mut kinds: BTreeMap<String, (u64, &str)> = BTreeMap::new();
    let (mut timeouts, mut kind_of_timeout) = (0, "");
    for failure in rows
        .iter()
        .filter_map(|(record, _)| record.outcome.failure())
    {
        let entry = kinds
            .entry(failure.kind.to_string())
            .or_insert((0, &failure.message));
        entry.0 += 1;
        if failure.kind.is_timeout() {
            timeouts += 1;
            kind_of_timeout = &failure.message;
        }
    }
    let Some((kind, (count, message))) = kinds.iter().max_by_key(|(_, (count, _))| *count) else {
        return;
    };
    let example = format!("{kind} x{count}: {message}");
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
    if timeouts > 0 {
        let total = options.timeouts.and_then(|timeouts| timeouts.total_ms);
        let total = total.map_or_else(String::new, |ms| {
            format!(" (--timeout {})", ms as f64 / 1e3)
        });
        warnings.push(Warning::Timeouts {
            count: timeouts,
            limit: format!("{kind_of_timeout}{total}"),
        });
    }
}

/// Which limits were missed by how many successes.
fn missed(rows: &[Row<'_>], slo: &Slo) -> String {
    let good: Vec<&RequestMetrics> = rows
        .iter()
        .filter(|(r, _)| r.outcome.is_success())
        .map(|(_, m)| *m)
        .collect();
    let of = good.len();
    let parts = slo.limits().into_iter().map(|(name, limit)| {
        let missed = good.iter().filter(|metrics| {
            let value = match name {
                "ttft_ms" => metrics.ttft_ms,
                "itl_ms" => metrics.itl_ms,
                _ => metrics.latency_ms,
            };
            value.is_none_or(|value| value >= limit)
        });
        format!("{name} < {limit}: missed by {} of {of}", missed.count())
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Prompts whose rows state a length, against the server's count. The marker of a cold round is
/// ours and left out.
fn input_length(meta: &RoundMeta, rows: &[Row<'_>]) -> Option<Warning> {
    let action = meta.cold.as_ref();
    let marker = action.and_then(|action| action.marker_tokens).unwrap_or(0);
    let both = rows.iter().filter_map(|(record, _)| {
        let counted = record.usage.prompt_tokens?;
        Some((record.input_tokens?, counted.saturating_sub(marker)))
    });
    let (stated, counted) = both.fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^52"
    )]
    let off = stated.abs_diff(counted) as f64 > LENGTH_TOLERANCE * stated as f64;
    (stated > 0 && off).then_some(Warning::OtherInputLength { stated, counted })
}
