//! `metrics_summary.csv`: the guide's sections side by side, one column a level and round. Every
//! row has the same number of fields.

use crate::{
    labels::Labels, metric_row::metric_cell, metrics::round_metrics_of_csv, number::short,
    statistics::Statistic,
};
use dualround_model::{Goodput, MetricKind, MetricSummary, RoundResult, RoundSummary, Stat};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::{collections::BTreeSet, io::Write};

/// A section of the file: its title and its rows.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) rows: Vec<SectionRow>,
}

/// A row of a section: its name, and one value a column.
pub(crate) struct SectionRow {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(value: u64) -> Option<f64> {
    Some(value as f64)
}

/// An amount of money as a number.
pub(super) fn amount(amount: Option<Decimal>) -> Option<f64> {
    amount.and_then(|amount| amount.to_f64())
}

fn in_percent(share: Option<f64>) -> Option<f64> {
    share.map(|share| 100.0 * share)
}

/// All sections, in their order; `metrics_flat.csv` holds the same.
pub(crate) fn sections(rounds: &[RoundResult], labels: &Labels) -> Vec<Section> {
    let open = rounds.iter().any(|round| round.meta.load.is_open());
    let mut sections: Vec<Section> = round_metrics_of_csv(open)
        .into_iter()
        .map(|(metric, of_round)| Section {
            title: metric.guide_label(labels.lang).to_owned(),
            rows: distribution(rounds, of_round.stat, labels),
        })
        .collect();
    sections.push(throughput(rounds, labels));
    if rounds.iter().any(|round| round.summary.goodput.is_some()) {
        sections.push(goodput(rounds, labels));
    }
    sections.push(counts(rounds, labels));
    let names: BTreeSet<&String> = rounds
        .iter()
        .flat_map(|round| round.summary.prometheus.keys())
        .collect();
    sections.extend(
        names
            .into_iter()
            .map(|name| server_metric(name, rounds, labels)),
    );
    sections
}

/// A row with one figure of each round.
fn row(
    rounds: &[RoundResult],
    name: &str,
    figure: impl Fn(&RoundSummary) -> Option<f64>,
) -> SectionRow {
    SectionRow {
        name: name.to_owned(),
        values: rounds.iter().map(|round| figure(&round.summary)).collect(),
    }
}

fn distribution(
    rounds: &[RoundResult],
    stat: fn(&RoundSummary) -> &Stat,
    labels: &Labels,
) -> Vec<SectionRow> {
    Statistic::ALL
        .into_iter()
        .map(|statistic| {
            let name = statistic.label(labels.lang);
            row(rounds, name, |summary| statistic.of(stat(summary)))
        })
        .collect()
}

fn throughput(rounds: &[RoundResult], labels: &Labels) -> Section {
    Section {
        title: labels.throughput.to_owned(),
        rows: vec![
            row(rounds, labels.token_throughput, |s| s.token_throughput),
            row(rounds, labels.request_throughput, |s| s.request_throughput),
        ],
    }
}

fn goodput(rounds: &[RoundResult], labels: &Labels) -> Section {
    let (requests, tokens) = (labels.slo_requests, labels.slo_tokens);
    Section {
        title: labels.goodput.to_owned(),
        rows: vec![
            goodput_row(rounds, requests, |goodput| count(goodput.requests)),
            goodput_row(rounds, &format!("{requests} (%)"), |goodput| {
                in_percent(goodput.request_rate)
            }),
            goodput_row(rounds, tokens, |goodput| goodput.tokens.and_then(count)),
            goodput_row(rounds, &format!("{tokens} (%)"), |goodput| {
                in_percent(goodput.token_rate)
            }),
            goodput_row(rounds, labels.slo_rate, |goodput| goodput.token_throughput),
            goodput_row(rounds, labels.goodput_requests, |goodput| {
                goodput.request_throughput
            }),
        ],
    }
}

fn goodput_row(
    rounds: &[RoundResult],
    name: &str,
    figure: fn(&Goodput) -> Option<f64>,
) -> SectionRow {
    row(rounds, name, |summary| {
        summary.goodput.as_ref().and_then(figure)
    })
}

fn counts(rounds: &[RoundResult], labels: &Labels) -> Section {
    let mut section = requests_and_hits(rounds, labels);
    let summaries = || rounds.iter().map(|round| &round.summary);
    if summaries().any(|summary| summary.written.is_some()) {
        section.rows.push(row(rounds, labels.written_tokens, |s| {
            s.written.and_then(|written| count(written.tokens))
        }));
    }
    let mut costs = summaries().filter_map(|summary| summary.cost.as_ref());
    if let Some(currency) = costs.next().map(|cost| &cost.pricing.currency) {
        let [total, saved] =
            [labels.cost, labels.cost_saved].map(|label| format!("{label} ({currency})"));
        section.rows.push(row(rounds, &total, |s| {
            amount(s.cost.as_ref().and_then(|cost| cost.total))
        }));
        section.rows.push(row(rounds, &saved, |s| {
            amount(s.cost.as_ref().and_then(|cost| cost.saved))
        }));
    }
    section
}

fn requests_and_hits(rounds: &[RoundResult], labels: &Labels) -> Section {
    Section {
        title: labels.counts.to_owned(),
        rows: vec![
            row(rounds, labels.planned, |s| count(s.planned_requests)),
            row(rounds, labels.total_requests, |s| count(s.total_requests)),
            row(rounds, labels.success, |s| count(s.successful_requests)),
            row(rounds, labels.failed, |s| count(s.failed_requests)),
            row(rounds, labels.cancelled, |s| count(s.cancelled_requests)),
            row(rounds, labels.not_started, |s| {
                count(s.not_started_requests)
            }),
            row(rounds, labels.duration_s, |s| s.duration_seconds),
            row(rounds, labels.cached_tokens, |s| {
                s.cached_tokens.and_then(count)
            }),
            row(rounds, labels.hit_rate, |s| s.cache_hit_rate),
            row(rounds, labels.cache_known, |s| {
                count(s.cache_known_requests)
            }),
        ],
    }
}

/// A server metric: what a counter grew by, the guide's seven statistics of any other.
fn server_metric(name: &str, rounds: &[RoundResult], labels: &Labels) -> Section {
    let is_counter = rounds
        .iter()
        .filter_map(|round| round.summary.prometheus.get(name))
        .any(|metric| metric.kind == MetricKind::Counter);
    let rows = if is_counter {
        vec![
            metric_row(rounds, name, labels.increase, |metric| metric.increase),
            metric_row(rounds, name, labels.rate, |metric| metric.rate),
        ]
    } else {
        let seven = Statistic::SEVEN.into_iter();
        seven
            .map(|statistic| {
                metric_row(rounds, name, statistic.label(labels.lang), |metric| {
                    metric_cell(metric, statistic)
                })
            })
            .collect()
    };
    Section {
        title: name.to_owned(),
        rows,
    }
}

fn metric_row(
    rounds: &[RoundResult],
    metric: &str,
    label: &str,
    figure: impl Fn(&MetricSummary) -> Option<f64>,
) -> SectionRow {
    row(rounds, label, |summary| {
        summary.prometheus.get(metric).and_then(&figure)
    })
}

/// A cell from outside, which may not be taken for a formula.
pub(crate) fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The first row of the file: the corner, then the columns.
pub(super) fn head<'a>(columns: &'a [String], labels: &Labels) -> impl Iterator<Item = &'a str> {
    std::iter::once(labels.csv_corner).chain(columns.iter().map(String::as_str))
}

/// Writes `metrics_summary.csv`, a column for each round.
pub(crate) fn write(
    rounds: &[RoundResult],
    columns: &[String],
    labels: &Labels,
    out: impl Write,
) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let width = columns.len() + 1;
    csv.write_record(head(columns, labels))?;
    for section in sections(rounds, labels) {
        csv.write_record(padded(String::new(), width))?;
        csv.write_record(padded(cell(&section.title), width))?;
        for row in section.rows {
            let values = row.values.into_iter().map(short);
            csv.write_record(std::iter::once(row.name).chain(values))?;
        }
    }
    csv.flush()?;
    Ok(())
}

/// A row with one cell that is not empty.
fn padded(first: String, width: usize) -> Vec<String> {
    let mut row = vec![first];
    row.resize(width, String::new());
    row
}
