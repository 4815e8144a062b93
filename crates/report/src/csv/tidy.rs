//! `metrics_tidy.csv`: one value a row, for pandas, R and SQL. Its words are those of the JSON files
//! in every language.

use crate::{
    csv::summary::{cell, eight},
    number::Rounded,
};
use dualround_model::{MetricSummary, RoundResult, RoundSummary, Stat, Tail};
use std::io::Write;

const HEAD: [&str; 8] = [
    "level",
    "concurrency",
    "round",
    "round_kind",
    "metric",
    "statistic",
    "value",
    "unit",
];
const STATS: [&str; 8] = ["avg", "p50", "p90", "p95", "p99", "min", "max", "stddev"];

/// Metric, statistic, value, unit.
type Row = (String, &'static str, Option<f64>, &'static str);

/// Writes the file; unknown is an empty value.
pub(crate) fn write(rounds: &[RoundResult], out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEAD)?;
    for round in rounds {
        let meta = &round.meta;
        let kind = meta.spec.kind.name();
        let concurrency = meta.load.concurrency().map(|n| n.to_string());
        let place = [
            meta.level.to_string(),
            concurrency.unwrap_or_default(),
            meta.spec.number.to_string(),
        ];
        for (metric, statistic, value, unit) in rows(&round.summary) {
            let [level, concurrency, number] = &place;
            let (metric, value) = (cell(&metric), Rounded(value).text());
            csv.write_record([
                level,
                concurrency,
                number,
                kind,
                &metric,
                statistic,
                &value,
                unit,
            ])?;
        }
    }
    csv.flush()?;
    Ok(())
}

fn rows(summary: &RoundSummary) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, stat, unit) in [
        ("ttft", &summary.ttft, "ms"),
        ("ttfo", &summary.ttfo, "ms"),
        ("itl", &summary.itl, "ms"),
        ("icl", &summary.icl, "ms"),
        ("latency", &summary.latency, "ms"),
        ("input_tokens", &summary.input_tokens, "tokens"),
        ("output_tokens", &summary.output_tokens, "tokens"),
    ] {
        distribution(&mut rows, name, stat, unit);
        let tails = summary.tails.named();
        let tail = tails.iter().find(|(of, _)| *of == name);
        for (statistic, value) in tail.iter().flat_map(|(_, tail)| upper_ends(*tail)) {
            rows.push((name.to_owned(), statistic, value, unit));
        }
    }
    let good = summary.goodput;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let count = |value: u64| Some(value as f64);
    for (name, value, unit) in [
        ("duration", summary.duration_seconds, "s"),
        ("token_throughput", summary.token_throughput, "tokens/s"),
        (
            "request_throughput",
            summary.request_throughput,
            "requests/s",
        ),
        (
            "planned_requests",
            count(summary.planned_requests),
            "requests",
        ),
        ("total_requests", count(summary.total_requests), "requests"),
        (
            "successful_requests",
            count(summary.successful_requests),
            "requests",
        ),
        (
            "failed_requests",
            count(summary.failed_requests),
            "requests",
        ),
        (
            "cancelled_requests",
            count(summary.cancelled_requests),
            "requests",
        ),
        (
            "not_started_requests",
            count(summary.not_started_requests),
            "requests",
        ),
        (
            "cached_tokens",
            summary.cached_tokens.and_then(count),
            "tokens",
        ),
        (
            "local_cached_tokens",
            summary.cached_by_tier.and_then(|tier| count(tier.local)),
            "tokens",
        ),
        (
            "external_cached_tokens",
            summary.cached_by_tier.and_then(|tier| count(tier.external)),
            "tokens",
        ),
        ("cache_hit_rate", summary.cache_hit_rate, "share"),
        (
            "cache_known_requests",
            count(summary.cache_known_requests),
            "requests",
        ),
        (
            "cache_omitted_requests",
            count(summary.cache_omitted_requests),
            "requests",
        ),
        ("tokens_per_event", summary.tokens_per_event, "tokens/event"),
        (
            "goodput_requests",
            good.and_then(|g| count(g.requests)),
            "requests",
        ),
        (
            "goodput_request_rate",
            good.and_then(|g| g.request_rate),
            "share",
        ),
        (
            "goodput_tokens",
            good.and_then(|g| g.tokens.and_then(count)),
            "tokens",
        ),
        (
            "goodput_token_rate",
            good.and_then(|g| g.token_rate),
            "share",
        ),
        (
            "goodput_token_throughput",
            good.and_then(|g| g.token_throughput),
            "tokens/s",
        ),
        ("probe_lag_p99", summary.client.probe_lag_p99_ms, "ms"),
        ("probe_lag_max", summary.client.probe_lag_max_ms, "ms"),
        ("coalesced_share", summary.client.coalesced_share, "share"),
    ] {
        rows.push((name.to_owned(), "value", value, unit));
    }
    for (kind, failed) in &summary.failures {
        rows.push((
            format!("failures.{kind}"),
            "value",
            count(*failed),
            "requests",
        ));
    }
    for (name, metric) in &summary.prometheus {
        server(&mut rows, name, metric);
    }
    rows
}

/// How high the percentiles may be.
fn upper_ends(tail: Tail) -> [(&'static str, Option<f64>); 3] {
    [
        ("p90_upper", tail.p90),
        ("p95_upper", tail.p95),
        ("p99_upper", tail.p99),
    ]
}

fn distribution(rows: &mut Vec<Row>, name: &str, stat: &Stat, unit: &'static str) {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let n = stat.n as f64;
    rows.push((name.to_owned(), "n", Some(n), "requests"));
    let values = STATS.into_iter().zip(eight(stat));
    rows.extend(values.map(|(statistic, value)| (name.to_owned(), statistic, value, unit)));
}

/// The unit of a server metric is its own.
fn server(rows: &mut Vec<Row>, name: &str, metric: &MetricSummary) {
    let name = format!("prometheus.{name}");
    let values = STATS.into_iter().zip(eight(&metric.stat));
    let more = [
        ("increase", metric.increase),
        ("rate", metric.rate),
        ("value", metric.value),
        ("before", metric.before),
        ("after", metric.after),
    ];
    let known = values.chain(more).filter(|(_, value)| value.is_some());
    rows.extend(known.map(|(statistic, value)| (name.clone(), statistic, value, "")));
}
