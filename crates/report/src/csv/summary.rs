//! `metrics_summary.csv`: the guide's sections side by side, one column a level and round. Every
//! row has the same number of fields.

use crate::{labels::Labels, metric_row::metric_row, number::short};
use dualround_model::{MetricKind, RoundResult, RoundSummary, Stat};
use std::{collections::BTreeSet, io::Write};

type Pick = fn(&RoundSummary) -> &Stat;

/// The distributions in the order of all files.
pub(crate) fn distributions(labels: &Labels) -> [(String, Pick); 7] {
    [
        ("TTFT (ms)".to_owned(), |s| &s.ttft),
        ("ITL (ms)".to_owned(), |s| &s.itl),
        ("Latency (ms)".to_owned(), |s| &s.latency),
        ("ICL (ms)".to_owned(), |s| &s.icl),
        ("TTFO (ms)".to_owned(), |s| &s.ttfo),
        (labels.input_tokens.to_owned(), |s| &s.input_tokens),
        (labels.output_tokens.to_owned(), |s| &s.output_tokens),
    ]
}

/// The eight statistics in the order of the labels.
pub(crate) fn eight(stat: &Stat) -> [Option<f64>; 8] {
    [
        stat.avg,
        stat.p50,
        stat.p90,
        stat.p95,
        stat.p99,
        stat.min,
        stat.max,
        stat.stddev,
    ]
}

/// A section: its title and its rows of name and one value a column.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) rows: Vec<(String, Vec<Option<f64>>)>,
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(value: u64) -> Option<f64> {
    Some(value as f64)
}

/// Everything that both CSV files hold.
pub(crate) fn sections(rounds: &[RoundResult], labels: &Labels) -> Vec<Section> {
    let all = || rounds.iter().map(|round| &round.summary);
    let row = |name: &str, pick: &dyn Fn(&RoundSummary) -> Option<f64>| {
        (name.to_owned(), all().map(pick).collect::<Vec<_>>())
    };
    let mut sections: Vec<Section> = distributions(labels)
        .into_iter()
        .map(|(title, pick)| {
            let rows = labels.stats.iter().enumerate();
            let rows = rows
                .map(|(at, name)| row(name, &|s| eight(pick(s))[at]))
                .collect();
            Section { title, rows }
        })
        .collect();
    sections.push(Section {
        title: labels.throughput.to_owned(),
        rows: vec![
            row(labels.token_throughput, &|s| s.token_throughput),
            row(labels.request_throughput, &|s| s.request_throughput),
        ],
    });
    if all().any(|summary| summary.goodput.is_some()) {
        sections.push(Section {
            title: labels.goodput.to_owned(),
            rows: vec![
                row(labels.slo_requests, &|s| {
                    s.goodput.and_then(|g| count(g.requests))
                }),
                row(&format!("{} (%)", labels.slo_requests), &|s| {
                    s.goodput
                        .and_then(|g| g.request_rate.map(|rate| 100.0 * rate))
                }),
                row(labels.slo_tokens, &|s| {
                    s.goodput.and_then(|g| g.tokens.and_then(count))
                }),
                row(&format!("{} (%)", labels.slo_tokens), &|s| {
                    s.goodput
                        .and_then(|g| g.token_rate.map(|rate| 100.0 * rate))
                }),
                row(labels.slo_rate, &|s| {
                    s.goodput.and_then(|g| g.token_throughput)
                }),
            ],
        });
    }
    sections.push(Section {
        title: labels.counts.to_owned(),
        rows: vec![
            row(labels.planned, &|s| count(s.planned_requests)),
            row(labels.total_requests, &|s| count(s.total_requests)),
            row(labels.success, &|s| count(s.successful_requests)),
            row(labels.failed, &|s| count(s.failed_requests)),
            row(labels.cancelled, &|s| count(s.cancelled_requests)),
            row(labels.not_started, &|s| count(s.not_started_requests)),
            row(labels.duration_s, &|s| s.duration_seconds),
            row(labels.cached_tokens, &|s| s.cached_tokens.and_then(count)),
            row(labels.hit_rate, &|s| s.cache_hit_rate),
            row(labels.cache_known, &|s| count(s.cache_known_requests)),
        ],
    });
    let names: BTreeSet<&String> = all()
        .flat_map(|summary| summary.prometheus.keys())
        .collect();
    sections.extend(
        names
            .into_iter()
            .map(|name| metric_section(name, rounds, labels)),
    );
    sections
}

fn metric_section(name: &str, rounds: &[RoundResult], labels: &Labels) -> Section {
    let metrics: Vec<_> = rounds
        .iter()
        .map(|round| round.summary.prometheus.get(name))
        .collect();
    let counts = metrics
        .iter()
        .flatten()
        .any(|metric| metric.kind == MetricKind::Counter);
    let mut rows = Vec::new();
    if counts {
        let of = |pick: fn(&dualround_model::MetricSummary) -> Option<f64>| {
            metrics.iter().map(|metric| metric.and_then(pick)).collect()
        };
        rows.push((labels.increase.to_owned(), of(|metric| metric.increase)));
        rows.push((labels.rate.to_owned(), of(|metric| metric.rate)));
    } else {
        // avg, P50, P90, P99, min, max, stddev: the seven of the guide.
        let names = [0, 1, 2, 4, 5, 6, 7].map(|at| labels.stats[at]);
        for (at, label) in names.into_iter().enumerate() {
            let values = metrics
                .iter()
                .map(|metric| metric.and_then(|metric| metric_row(name, metric, labels).1[at]));
            rows.push((label.to_owned(), values.collect()));
        }
    }
    Section {
        title: name.to_owned(),
        rows,
    }
}

/// A cell from outside may not be taken for a formula.
pub(crate) fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The first row: the corner, then the columns.
pub(super) fn head<'a>(columns: &'a [String], labels: &Labels) -> impl Iterator<Item = &'a str> {
    std::iter::once(labels.csv_corner).chain(columns.iter().map(String::as_str))
}

/// Writes the file.
pub(crate) fn write(
    rounds: &[RoundResult],
    columns: &[String],
    labels: &Labels,
    out: impl Write,
) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let width = columns.len() + 1;
    let padded = |first: &str| {
        let mut row = vec![first.to_owned()];
        row.resize(width, String::new());
        row
    };
    csv.write_record(head(columns, labels))?;
    for section in sections(rounds, labels) {
        csv.write_record(padded(""))?;
        csv.write_record(padded(&cell(&section.title)))?;
        for (name, values) in section.rows {
            let values = values.into_iter().map(short);
            csv.write_record(std::iter::once(name).chain(values))?;
        }
    }
    csv.flush()?;
    Ok(())
}
