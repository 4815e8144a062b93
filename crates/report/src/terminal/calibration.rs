//! A calibration for the terminal.

use crate::{
    number::{fixed, grouped},
    text::fit,
};
use dualround_model::{Calibration, Lang, LevelCalibration, MetricError, RateCalibration};

/// The words of the table in one language; `{}` stands for the limit, ms.
struct CalibrationWords {
    title: &'static str,
    meaning: &'static str,
    heads: [&'static str; 10],
    widths: [usize; 10],
    failed: &'static str,
    held: &'static str,
    none_held: &'static str,
    rate_heads: [&'static str; 10],
    rate_widths: [usize; 10],
    held_rate: &'static str,
    no_rate_held: &'static str,
    takes: &'static str,
    takes_more: &'static str,
    core: &'static str,
}

const EN: CalibrationWords = CalibrationWords {
    title: "The client's own error against the simulated engine's log",
    meaning: "ms, reported - true for each request; P99 of the sizes. Engine and client share this machine.",
    heads: [
        "concurrency",
        "requests",
        "TTFT mean",
        "TTFT P99",
        "ITL mean",
        "ITL P99",
        "Lat. mean",
        "Lat. P99",
        "probe P99",
        "core",
    ],
    widths: [11, 8, 9, 9, 9, 9, 9, 9, 9, 6],
    failed: "failed",
    held: "highest level held within {} ms",
    none_held: "no level is held within {} ms",
    rate_heads: [
        "rate (/s)",
        "requests",
        "lag P50",
        "lag P99",
        "lag max",
        "behind",
        "TTFT mean",
        "TTFT P99",
        "probe P99",
        "core",
    ],
    rate_widths: [11, 8, 9, 9, 9, 9, 9, 9, 9, 6],
    held_rate: "highest rate held within {} ms",
    no_rate_held: "no rate is held within {} ms",
    takes: "takes at most",
    takes_more: "takes at least (the engine set the pace)",
    core: "busiest worker's core",
};

const ZH: CalibrationWords = CalibrationWords {
    title: "客户端自身误差（对照模拟引擎的日志）",
    meaning: "单位 ms，逐请求：测得 - 真实；P99 取误差绝对值。引擎与客户端共用本机。",
    heads: [
        "并发",
        "请求数",
        "TTFT 平均值",
        "TTFT P99",
        "ITL 平均值",
        "ITL P99",
        "Latency 平均值",
        "Latency P99",
        "探针 P99",
        "核心",
    ],
    widths: [11, 8, 11, 9, 10, 9, 14, 11, 9, 6],
    failed: "失败",
    held: "误差不超过 {} ms 的最高并发",
    none_held: "没有任何并发的误差不超过 {} ms",
    rate_heads: [
        "速率 (/s)",
        "请求数",
        "滞后 P50",
        "滞后 P99",
        "最大滞后",
        "落后计划",
        "TTFT 平均值",
        "TTFT P99",
        "探针 P99",
        "核心",
    ],
    rate_widths: [11, 8, 9, 9, 9, 9, 11, 9, 9, 6],
    held_rate: "滞后与误差不超过 {} ms 的最高速率",
    no_rate_held: "没有任何速率的滞后与误差不超过 {} ms",
    takes: "最多可接收",
    takes_more: "至少可接收（受限于引擎）",
    core: "最忙的工作线程占用核心",
};

/// A calibration as a table, with the level that is held and the highest rate below it.
pub fn calibration_table(calibration: &Calibration, lang: Lang) -> String {
    let words = match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    };
    let mut lines = vec![
        format!(
            "{} (TTFT {} ms, ITL {} ms, {} tokens, workers: {})",
            words.title,
            calibration.ttft_ms,
            calibration.itl_ms,
            calibration.output_tokens,
            calibration.workers
        ),
        words.meaning.to_owned(),
    ];
    lines.extend(levels(calibration, words));
    lines.extend(rates(calibration, words));
    if let Some(flat) = &calibration.flat_out {
        let takes = if flat.server_limited {
            words.takes_more
        } else {
            words.takes
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate below 2^53 to a whole number"
        )]
        let rate = grouped(flat.tokens_per_second.max(0.0) as u64);
        lines.push(format!(
            "{takes}: {rate} tokens/s ({}: {})",
            words.core,
            percent(flat.worker_cpu_share)
        ));
    }
    lines.join("\n") + "\n"
}

/// The levels of requests in flight, and the highest that is held; nothing where none was measured.
fn levels(calibration: &Calibration, words: &CalibrationWords) -> Vec<String> {
    let rows = calibration.levels.iter();
    let rows: Vec<_> = rows.map(|level| (cells(level), level.failed)).collect();
    let mut lines = table(words.heads, words.widths, &rows, words);
    if !lines.is_empty() {
        let held = calibration.held_level.map(|level| level.to_string());
        lines.push(held_line(calibration, held, [words.held, words.none_held]));
    }
    lines
}

/// The same of rates of arrivals.
fn rates(calibration: &Calibration, words: &CalibrationWords) -> Vec<String> {
    let rows = calibration.rates.iter();
    let rows: Vec<_> = rows.map(|rate| (rate_cells(rate), rate.failed)).collect();
    let mut lines = table(words.rate_heads, words.rate_widths, &rows, words);
    if !lines.is_empty() {
        let held = calibration.held_rate.map(|rate| format!("{rate}/s"));
        let yes_no = [words.held_rate, words.no_rate_held];
        lines.push(held_line(calibration, held, yes_no));
    }
    lines
}

/// Rows under their heads, with how many requests failed; nothing where there are none.
fn table(
    heads: [&str; 10],
    widths: [usize; 10],
    rows: &[([String; 10], u64)],
    words: &CalibrationWords,
) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![row(&heads.map(str::to_owned), widths)];
    lines.extend(rows.iter().map(|(cells, failed)| {
        let line = row(cells, widths);
        match failed {
            0 => line,
            failed => format!("{line}  {}: {failed}", words.failed),
        }
    }));
    lines
}

fn held_line(calibration: &Calibration, held: Option<String>, [yes, no]: [&str; 2]) -> String {
    let limit = calibration.limit_ms.to_string();
    match held {
        Some(held) => format!("{}: {held}", yes.replace("{}", &limit)),
        None => no.replace("{}", &limit),
    }
}

fn row(cells: &[String; 10], widths: [usize; 10]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| fit(cell, width))
        .collect();
    cells.join("  ").trim_end().to_owned()
}

fn cells(level: &LevelCalibration) -> [String; 10] {
    [
        level.concurrency.to_string(),
        level.requests.to_string(),
        mean(&level.ttft),
        tail(&level.ttft),
        mean(&level.itl),
        tail(&level.itl),
        mean(&level.latency),
        tail(&level.latency),
        fixed(level.client.probe_lag_p99_ms, 2),
        percent(level.client.worker_cpu_share),
    ]
}

fn rate_cells(rate: &RateCalibration) -> [String; 10] {
    let lag = &rate.client_lag;
    let behind = rate.schedule_error.map(|share| 100.0 * share.max(0.0));
    [
        rate.request_rate.to_string(),
        rate.requests.to_string(),
        fixed(lag.p50, 3),
        fixed(lag.p99, 3),
        fixed(lag.max, 3),
        behind.map_or_else(|| "-".to_owned(), |behind| format!("{behind:.3}%")),
        mean(&rate.ttft),
        tail(&rate.ttft),
        fixed(rate.client.probe_lag_p99_ms, 2),
        percent(rate.client.worker_cpu_share),
    ]
}

fn mean(error: &MetricError) -> String {
    fixed(error.mean, 3)
}

fn tail(error: &MetricError) -> String {
    fixed(error.p99_size, 3)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", 100.0 * share))
}
