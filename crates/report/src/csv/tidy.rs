//! `metrics_tidy.csv`: one value a row, for pandas, R and SQL. Its words are those of the JSON files
//! in every language.

use crate::{
    csv::summary::{amount, cell},
    metrics::round_metrics,
    number::Rounded,
    statistics::Statistic,
};
use dualround_model::{MetricSummary, RoundResult, RoundSummary, Stat, Tail};
use std::io::Write;

const HEAD: [&str; 10] = [
    "level",
    "concurrency",
    "round",
    "round_kind",
    "metric",
    "statistic",
    "value",
    "unit",
    "load_kind",
    "load_value",
];

/// One row, but for the round that it is about.
struct TidyRow {
    metric: String,
    statistic: &'static str,
    value: Option<f64>,
    unit: &'static str,
}

/// A figure of a round that is no distribution.
struct RoundFigure {
    name: &'static str,
    value: fn(&RoundSummary) -> Option<f64>,
    unit: &'static str,
}

const fn figure(
    name: &'static str,
    unit: &'static str,
    value: fn(&RoundSummary) -> Option<f64>,
) -> RoundFigure {
    RoundFigure { name, value, unit }
}

/// All of them, in the order of the file.
static FIGURES: &[RoundFigure] = &[
    figure("duration", "s", |round| round.duration_seconds),
    figure("token_throughput", "tokens/s", |round| {
        round.token_throughput
    }),
    figure("request_throughput", "requests/s", |round| {
        round.request_throughput
    }),
    figure("planned_requests", "requests", |round| {
        count(round.planned_requests)
    }),
    figure("total_requests", "requests", |round| {
        count(round.total_requests)
    }),
    figure("successful_requests", "requests", |round| {
        count(round.successful_requests)
    }),
    figure("failed_requests", "requests", |round| {
        count(round.failed_requests)
    }),
    figure("cancelled_requests", "requests", |round| {
        count(round.cancelled_requests)
    }),
    figure("not_started_requests", "requests", |round| {
        count(round.not_started_requests)
    }),
    figure("cached_tokens", "tokens", |round| {
        round.cached_tokens.and_then(count)
    }),
    figure("local_cached_tokens", "tokens", |round| {
        round.cached_by_tier.and_then(|tier| count(tier.local))
    }),
    figure("external_cached_tokens", "tokens", |round| {
        round.cached_by_tier.and_then(|tier| count(tier.external))
    }),
    figure("written_tokens", "tokens", |round| {
        round.written.and_then(|written| count(written.tokens))
    }),
    figure("written_known_requests", "requests", |round| {
        round.written.and_then(|written| count(written.requests))
    }),
    figure("cost_total", "currency", |round| {
        amount(round.cost.as_ref().and_then(|cost| cost.total))
    }),
    figure("cost_saved_by_hits", "currency", |round| {
        amount(round.cost.as_ref().and_then(|cost| cost.saved))
    }),
    figure("cache_hit_rate", "share", |round| round.cache_hit_rate),
    figure("cache_known_requests", "requests", |round| {
        count(round.cache_known_requests)
    }),
    figure("cache_omitted_requests", "requests", |round| {
        count(round.cache_omitted_requests)
    }),
    figure("tokens_per_event", "tokens/event", |round| {
        round.tokens_per_event
    }),
    figure("goodput_requests", "requests", |round| {
        round.goodput.and_then(|goodput| count(goodput.requests))
    }),
    figure("goodput_request_rate", "share", |round| {
        round.goodput.and_then(|goodput| goodput.request_rate)
    }),
    figure("goodput_request_throughput", "requests/s", |round| {
        round.goodput.and_then(|goodput| goodput.request_throughput)
    }),
    figure("goodput_tokens", "tokens", |round| {
        round
            .goodput
            .and_then(|goodput| goodput.tokens.and_then(count))
    }),
    figure("goodput_token_rate", "share", |round| {
        round.goodput.and_then(|goodput| goodput.token_rate)
    }),
    figure("goodput_token_throughput", "tokens/s", |round| {
        round.goodput.and_then(|goodput| goodput.token_throughput)
    }),
    figure("scheduled_rate", "requests/s", |round| {
        round.arrivals.as_ref()?.scheduled_rate
    }),
    figure("begun_rate", "requests/s", |round| {
        round.arrivals.as_ref()?.begun_rate
    }),
    figure("schedule_error", "share", |round| {
        round.arrivals.as_ref()?.schedule_error
    }),
    figure("connections_opened", "connections", |round| {
        count(round.arrivals.as_ref()?.connections_opened)
    }),
    figure("backlog_middle", "requests", |round| {
        count(round.arrivals.as_ref()?.backlog.middle)
    }),
    figure("backlog_end", "requests", |round| {
        count(round.arrivals.as_ref()?.backlog.end)
    }),
    figure("overloaded", "yes", |round| {
        let overloaded = round.arrivals.as_ref()?.backlog.overloaded?;
        count(u64::from(overloaded))
    }),
    figure("probe_lag_p99", "ms", |round| round.client.probe_lag_p99_ms),
    figure("probe_lag_max", "ms", |round| round.client.probe_lag_max_ms),
    figure("coalesced_share", "share", |round| {
        round.client.coalesced_share
    }),
];

/// Writes `metrics_tidy.csv`; an unknown value is empty.
pub(crate) fn write(rounds: &[RoundResult], out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEAD)?;
    for round in rounds {
        let meta = &round.meta;
        let [level, number] = [meta.level, meta.spec.number].map(|n| n.to_string());
        let concurrency = meta.load.concurrency().map(|n| n.to_string());
        let concurrency = concurrency.unwrap_or_default();
        for row in rows(&round.summary) {
            csv.write_record([
                &level,
                &concurrency,
                &number,
                meta.spec.kind.name(),
                &cell(&row.metric),
                row.statistic,
                &Rounded(row.value).text(),
                row.unit,
                meta.load.kind(),
                &Rounded(Some(meta.load.value())).text(),
            ])?;
        }
    }
    csv.flush()?;
    Ok(())
}

fn rows(summary: &RoundSummary) -> Vec<TidyRow> {
    let mut rows = Vec::new();
    let tails = summary.tails.named();
    for (metric, of_round) in round_metrics() {
        let unit = metric.unit.name();
        rows.extend(distribution(metric.key, (of_round.stat)(summary), unit));
        if let Some((_, tail)) = tails.iter().find(|(name, _)| *name == metric.key) {
            rows.extend(upper_ends(metric.key, *tail, unit));
        }
    }
    rows.extend(FIGURES.iter().map(|figure| TidyRow {
        metric: figure.name.to_owned(),
        statistic: "value",
        value: (figure.value)(summary),
        unit: figure.unit,
    }));
    rows.extend(summary.failures.iter().map(|(kind, failed)| TidyRow {
        metric: format!("failures.{kind}"),
        statistic: "value",
        value: count(*failed),
        unit: "requests",
    }));
    for (name, metric) in &summary.prometheus {
        rows.extend(server_metric(name, metric));
    }
    rows
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(value: u64) -> Option<f64> {
    Some(value as f64)
}

/// How many requests a metric is of, then its statistics.
fn distribution(name: &str, stat: &Stat, unit: &'static str) -> Vec<TidyRow> {
    let mut rows = vec![TidyRow {
        metric: name.to_owned(),
        statistic: "n",
        value: count(stat.n),
        // ICL is over the gaps of all requests.
        unit: if name == "icl" { "gaps" } else { "requests" },
    }];
    rows.extend(Statistic::ALL.map(|statistic| TidyRow {
        metric: name.to_owned(),
        statistic: statistic.key(),
        value: statistic.of(stat),
        unit,
    }));
    rows
}

/// How high the percentiles of a metric may be.
fn upper_ends(name: &str, tail: Tail, unit: &'static str) -> [TidyRow; 3] {
    [
        ("p90_upper", tail.p90),
        ("p95_upper", tail.p95),
        ("p99_upper", tail.p99),
    ]
    .map(|(statistic, value)| TidyRow {
        metric: name.to_owned(),
        statistic,
        value,
        unit,
    })
}

/// What is known of a server metric, which says its own unit.
fn server_metric(name: &str, metric: &MetricSummary) -> impl Iterator<Item = TidyRow> {
    let statistics = Statistic::ALL.map(|statistic| (statistic.key(), statistic.of(&metric.stat)));
    let over_the_round = [
        ("increase", metric.increase),
        ("rate", metric.rate),
        ("value", metric.value),
        ("before", metric.before),
        ("after", metric.after),
    ];
    let name = format!("prometheus.{name}");
    let all = statistics.into_iter().chain(over_the_round);
    let known = all.filter(|(_, value)| value.is_some());
    known.map(move |(statistic, value)| TidyRow {
        metric: name.clone(),
        statistic,
        value,
        unit: "",
    })
}
