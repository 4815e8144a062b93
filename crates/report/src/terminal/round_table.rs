//! The terminal table of a round, in the guide's layout.

use super::arrivals_lines::arrivals_lines;
use crate::{
    explain,
    labels::{Labels, labels},
    metric_row::{metric_cell, metric_name},
    metrics::round_metrics,
    number::{fixed, grouped},
    statistics::Statistic::{self, Avg, Max, Min, P50, P90, P99},
    text::{fit, safe_text},
    words::cost::{round_cost, written},
    words::warning_text,
};
use dualround_model::{Goodput, Lang, Plan, RoundResult, RoundSummary, Warning};
use std::fmt::Write;

/// Width of the rules above and below the title.
const RULE: usize = 120;

/// A layout of the table: widths of the columns of names and of values, and which statistics are
/// shown.
#[derive(Clone, Copy)]
struct TableLayout {
    name: usize,
    value: usize,
    shown: &'static [Statistic],
}

/// All layouts, from the guide's width down.
const LAYOUTS: [TableLayout; 6] = [
    layout(28, 12, &Statistic::SEVEN),
    layout(22, 10, &Statistic::SEVEN),
    layout(18, 9, &Statistic::SEVEN),
    layout(18, 9, &[Avg, P50, P90, P99, Min, Max]),
    layout(18, 9, &[Avg, P50, P90, P99, Max]),
    layout(18, 9, &[Avg, P50, P99]),
];

const fn layout(name: usize, value: usize, shown: &'static [Statistic]) -> TableLayout {
    TableLayout { name, value, shown }
}

impl TableLayout {
    /// The widest that fits.
    fn of(columns: Option<usize>) -> Self {
        let [widest, .., narrowest] = LAYOUTS;
        let Some(columns) = columns else {
            return widest;
        };
        LAYOUTS
            .into_iter()
            .find(|layout| layout.width() <= columns)
            .unwrap_or(narrowest)
    }

    fn width(&self) -> usize {
        self.name + 4 + self.shown.len() * (self.value + 3)
    }

    /// A row with what `cell` gives for each statistic that is shown.
    fn row(&self, name: &str, cell: impl Fn(Statistic) -> String) -> String {
        let cells = self.shown.iter();
        let cells: Vec<String> = cells
            .map(|statistic| fit(&cell(*statistic), self.value))
            .collect();
        format!("│ {} │ {} │", fit(name, self.name), cells.join(" │ "))
    }

    /// A rule below the heads or below the last row.
    fn border(&self, left: &str, middle: &str, right: &str) -> String {
        let values = std::iter::repeat_n(self.value, self.shown.len());
        let cells: Vec<String> = std::iter::once(self.name)
            .chain(values)
            .map(|width| "─".repeat(width + 2))
            .collect();
        format!("{left}{}{right}", cells.join(middle))
    }
}

/// The table of a round with everything below it. Where a terminal has fewer columns than the
/// guide's layout, statistics are left out of the table; they are in the files.
pub fn round_table(result: &RoundResult, plan: &Plan, columns: Option<usize>) -> String {
    let layout = TableLayout::of(columns);
    let rule = columns.map_or(RULE, |columns| columns.min(RULE));
    let labels = labels(plan.output.lang);
    let (meta, summary) = (&result.meta, &result.summary);
    let mut out = String::new();
    let (thick, thin) = ("=".repeat(rule), "-".repeat(rule));
    let kind = labels.kind(meta.spec);
    let round = labels.round_heading(meta.spec.number);
    push(&mut out, &thick);
    push(
        &mut out,
        &format!("{} | {round} ({kind})", labels.load(meta.load)),
    );
    push(&mut out, &thick);
    push(&mut out, &counts(summary, labels));
    push(
        &mut out,
        &format!(
            "{}: {} | {}: {}",
            labels.avg_input,
            fixed(summary.input_tokens.avg, 1),
            labels.avg_output,
            fixed(summary.output_tokens.avg, 1)
        ),
    );
    push(&mut out, &thin);
    grid(&mut out, summary, labels, layout);
    tail(&mut out, summary, labels);
    out
}

/// The caveats of a round, as they stand below its table where all is shown.
pub fn round_notes(result: &RoundResult, plan: &Plan) -> String {
    let labels = labels(plan.output.lang);
    let mut out = String::new();
    if result.summary.warnings.is_empty() {
        return out;
    }
    push(&mut out, &format!("{}:", labels.warnings));
    for warning in &result.summary.warnings {
        let text = safe_text(&warning_text(warning, labels.lang));
        push(&mut out, &format!("  - {text}"));
    }
    out
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn counts(summary: &RoundSummary, labels: &Labels) -> String {
    let mut line = format!(
        "{}: {} | {}: {} | {}: {}",
        labels.total_requests,
        summary.total_requests,
        labels.success,
        summary.successful_requests,
        labels.failed,
        summary.failed_requests,
    );
    let was_killed = summary
        .warnings
        .iter()
        .any(|warning| matches!(warning, Warning::Killed { .. }));
    let not_started = if was_killed {
        labels.lang.pick(["Not recorded", "未记录"])
    } else {
        labels.not_started
    };
    for (label, count) in [
        (labels.cancelled, summary.cancelled_requests),
        (not_started, summary.not_started_requests),
    ] {
        if count > 0 {
            let _ = write!(line, " | {label}: {count}");
        }
    }
    let seconds = fixed(summary.duration_seconds, 2);
    let _ = write!(line, " | {}: {seconds} {}", labels.duration, labels.seconds);
    line
}

fn grid(out: &mut String, summary: &RoundSummary, labels: &Labels, layout: TableLayout) {
    let heads = layout.row(labels.metric, |statistic| statistic.head().to_owned());
    push(out, &heads);
    push(out, &layout.border("├", "┼", "┤"));
    for (metric, of_round) in round_metrics() {
        if (of_round.on_terminal)(summary) {
            let stat = (of_round.stat)(summary);
            let row = layout.row(metric.guide_label(labels.lang), |statistic| {
                fixed(statistic.of(stat), 2)
            });
            push(out, &row);
        }
    }
    for (name, metric) in &summary.prometheus {
        let name = safe_text(&metric_name(name, metric, labels));
        let row = layout.row(&name, |statistic| {
            fitting(metric_cell(metric, statistic), layout.value)
        });
        push(out, &row);
    }
    push(out, &layout.border("└", "┴", "┘"));
}

/// Four decimals, or fewer where the cell is too narrow for them.
fn fitting(value: Option<f64>, width: usize) -> String {
    let texts = [4, 2, 0].map(|decimals| fixed(value, decimals));
    let fits = texts.iter().find(|text| text.len() <= width);
    fits.unwrap_or(&texts[2]).clone()
}

fn tail(out: &mut String, summary: &RoundSummary, labels: &Labels) {
    push(out, "\nThroughput:");
    let tokens = fixed(summary.token_throughput, 2);
    push(
        out,
        &format!("  {}: {tokens} tokens/sec", labels.token_throughput),
    );
    let requests = fixed(summary.request_throughput, 2);
    push(
        out,
        &format!("  {}: {requests} requests/sec", labels.request_throughput),
    );
    if let Some(goodput) = &summary.goodput {
        goodput_lines(out, goodput, labels);
    }
    if let Some(arrivals) = &summary.arrivals {
        push(out, &format!("\n{}:", labels.arrivals));
        for line in arrivals_lines(arrivals, labels.lang) {
            push(out, &line);
        }
    }
    let of = summary.successful_requests;
    let known = summary.cache_known_requests;
    let cached = summary
        .cached_tokens
        .map_or_else(|| "-".to_owned(), grouped);
    let rate = in_percent(summary.cache_hit_rate);
    let reported = labels.lang.pick([
        format!("{cached} ({rate} %), {known} / {of}"),
        format!("{cached} ({rate}%) | 有报告的请求: {known} / {of}"),
    ]);
    push(out, &format!("\n{}: {reported}", labels.cache));
    if let Some(told) = summary.written {
        push(out, &labels.lang.pick(written(told, of)));
    }
    if let Some(cost) = &summary.cost {
        let words = labels.lang.pick(round_cost(cost));
        push(out, &format!("{}: {words}", labels.cost));
    }
    if !summary.failures.is_empty() {
        let failures: Vec<String> = summary
            .failures
            .iter()
            .map(|(kind, count)| failure(&kind.to_string(), *count, labels.lang))
            .collect();
        push(
            out,
            &format!("{}: {}", labels.failures, failures.join(", ")),
        );
    }
}

fn goodput_lines(out: &mut String, goodput: &Goodput, labels: &Labels) {
    push(out, "\nGoodput (SLO):");
    let share = in_percent(goodput.request_rate);
    let (good, sent) = (goodput.requests, goodput.sent);
    push(
        out,
        &format!("  {}: {good} / {sent} ({share}%)", labels.slo_requests),
    );
    let share = in_percent(goodput.token_rate);
    let (good, total) = (counted(goodput.tokens), counted(goodput.total_tokens));
    push(
        out,
        &format!("  {}: {good} / {total} ({share}%)", labels.slo_tokens),
    );
    let rate = fixed(goodput.token_throughput, 2);
    let line = match labels.lang {
        Lang::En => format!("  {}: {rate}", labels.slo_rate),
        Lang::Zh => format!("  {}: {rate} tokens/sec", labels.goodput),
    };
    push(out, &line);
    let rate = fixed(goodput.request_throughput, 2);
    let line = match labels.lang {
        Lang::En => format!("  {}: {rate}", labels.goodput_requests),
        Lang::Zh => format!("  {}: {rate} requests/sec", labels.goodput),
    };
    push(out, &line);
}

/// A kind of failure and how many there are, in Chinese with what it is called.
fn failure(kind: &str, count: u64, lang: Lang) -> String {
    let title = explain(kind).map_or("", |(_, term)| term.title(lang));
    match lang {
        Lang::En => format!("{kind} x{count}"),
        Lang::Zh => format!("{kind}（{title}）×{count}"),
    }
}

/// A share as a percentage without its sign.
fn in_percent(share: Option<f64>) -> String {
    fixed(share.map(|share| 100.0 * share), 2)
}

/// A count; `-` for unknown.
fn counted(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}
