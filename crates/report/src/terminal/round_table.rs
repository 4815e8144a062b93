//! The terminal table of a round, in the guide's layout.

use crate::{
    labels::{Labels, labels},
    metric_row::metric_row,
    number::{fixed, grouped},
    text::{fit, safe_text},
    words::warning_text,
};
use dualround_model::{Plan, RoundResult, RoundSummary, Stat, Warning};
use std::fmt::Write;

/// Width of the rules above and below the title.
const RULE: usize = 120;
const HEADS: [&str; 7] = ["Avg", "P50", "P90", "P99", "Min", "Max", "Stddev"];

/// How a table is laid out: columns of names and of values, and which statistics are shown.
#[derive(Clone, Copy)]
struct Layout {
    name: usize,
    value: usize,
    shown: &'static [usize],
}

/// From the guide's width down.
const LAYOUTS: [Layout; 6] = [
    layout(28, 12, &[0, 1, 2, 3, 4, 5, 6]),
    layout(22, 10, &[0, 1, 2, 3, 4, 5, 6]),
    layout(18, 9, &[0, 1, 2, 3, 4, 5, 6]),
    layout(18, 9, &[0, 1, 2, 3, 4, 5]),
    layout(18, 9, &[0, 1, 2, 3, 5]),
    layout(18, 9, &[0, 1, 3]),
];

const fn layout(name: usize, value: usize, shown: &'static [usize]) -> Layout {
    Layout { name, value, shown }
}

impl Layout {
    /// The widest that fits.
    fn of(columns: Option<usize>) -> Self {
        let [widest, .., narrowest] = LAYOUTS;
        let Some(columns) = columns else {
            return widest;
        };
        let fits = |layout: &Self| layout.width() <= columns;
        LAYOUTS.into_iter().find(fits).unwrap_or(narrowest)
    }

    fn width(&self) -> usize {
        self.name + 4 + self.shown.len() * (self.value + 3)
    }
}

/// The table with everything below it. Where a terminal has fewer columns than the guide's layout,
/// statistics are left out of the table; they are in the files.
pub fn round_table(result: &RoundResult, plan: &Plan, columns: Option<usize>) -> String {
    let layout = Layout::of(columns);
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
        &format!("{}: {} | {round} ({kind})", labels.concurrency, meta.load),
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
    let killed = |warning: &Warning| matches!(warning, Warning::Killed { .. });
    let not_started = if summary.warnings.iter().any(killed) {
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

fn grid(out: &mut String, summary: &RoundSummary, labels: &Labels, layout: Layout) {
    let line = |cells: [String; 7], name: &str| {
        let cells = layout.shown.iter().map(|at| fit(&cells[*at], layout.value));
        let cells: Vec<String> = cells.collect();
        format!("│ {} │ {} │", fit(name, layout.name), cells.join(" │ "))
    };
    let border = |left: &str, middle: &str, right: &str| {
        let values = std::iter::repeat_n(layout.value, layout.shown.len());
        let cells = std::iter::once(layout.name)
            .chain(values)
            .map(|width| "─".repeat(width + 2));
        format!("{left}{}{right}", cells.collect::<Vec<_>>().join(middle))
    };
    push(out, &line(HEADS.map(str::to_owned), labels.metric));
    push(out, &border("├", "┼", "┤"));
    let seven = |s: &Stat| [s.avg, s.p50, s.p90, s.p99, s.min, s.max, s.stddev];
    let reasoning = summary.ttfo.n > 0 && summary.ttfo.avg != summary.ttft.avg;
    let chunks = summary.icl.n > 0;
    for (name, stat, shown) in [
        ("TTFT (ms)", &summary.ttft, true),
        ("TTFO (ms)", &summary.ttfo, reasoning),
        ("ITL (ms)", &summary.itl, true),
        ("ICL (ms)", &summary.icl, chunks),
        ("Latency (ms)", &summary.latency, true),
    ] {
        if shown {
            push(out, &line(seven(stat).map(|value| fixed(value, 2)), name));
        }
    }
    for (name, metric) in &summary.prometheus {
        let (name, values) = metric_row(name, metric, labels);
        push(
            out,
            &line(
                values.map(|value| fitting(value, layout.value)),
                &safe_text(&name),
            ),
        );
    }
    push(out, &border("└", "┴", "┘"));
}

/// Four decimals, or fewer where the cell is too narrow for them.
fn fitting(value: Option<f64>, width: usize) -> String {
    let texts = [4, 2, 0].map(|decimals| fixed(value, decimals));
    let fits = texts.iter().find(|text| text.len() <= width);
    fits.unwrap_or(&texts[2]).clone()
}

fn tail(out: &mut String, summary: &RoundSummary, labels: &Labels) {
    let percent = |share: Option<f64>| fixed(share.map(|share| 100.0 * share), 2);
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
        push(out, "\nGoodput (SLO):");
        let share = percent(goodput.request_rate);
        let (good, sent) = (goodput.requests, goodput.sent);
        push(
            out,
            &format!("  {}: {good} / {sent} ({share}%)", labels.slo_requests),
        );
        let share = percent(goodput.token_rate);
        let count = |tokens: Option<u64>| tokens.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let (good, total) = (count(goodput.tokens), count(goodput.total_tokens));
        push(
            out,
            &format!("  {}: {good} / {total} ({share}%)", labels.slo_tokens),
        );
        let rate = fixed(goodput.token_throughput, 2);
        push(out, &format!("  {}: {rate}", labels.slo_rate));
    }
    let of = summary.successful_requests;
    let known = summary.cache_known_requests;
    let cached = summary
        .cached_tokens
        .map_or_else(|| "-".to_owned(), grouped);
    let rate = percent(summary.cache_hit_rate);
    push(
        out,
        &format!("\n{}: {cached} ({rate} %), {known} / {of}", labels.cache),
    );
    if !summary.failures.is_empty() {
        let failures = summary
            .failures
            .iter()
            .map(|(kind, count)| format!("{kind} x{count}"));
        push(
            out,
            &format!(
                "{}: {}",
                labels.failures,
                failures.collect::<Vec<_>>().join(", ")
            ),
        );
    }
}
