//! A calibration for the terminal.

use crate::{
    number::{fixed, grouped},
    text::fit,
};
use dualround_model::{Calibration, Lang, LevelCalibration, MetricError};

/// The words of the table in one language; `{}` stands for the limit, ms.
struct CalibrationWords {
    title: &'static str,
    meaning: &'static str,
    heads: [&'static str; 10],
    widths: [usize; 10],
    failed: &'static str,
    held: &'static str,
    none_held: &'static str,
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
        row(&words.heads.map(str::to_owned), words.widths),
    ];
    for level in &calibration.levels {
        let mut line = row(&cells(level), words.widths);
        if level.failed > 0 {
            line.push_str(&format!("  {}: {}", words.failed, level.failed));
        }
        lines.push(line);
    }
    let limit = calibration.limit_ms.to_string();
    lines.push(match calibration.held_level {
        Some(level) => format!("{}: {level}", words.held.replace("{}", &limit)),
        None => words.none_held.replace("{}", &limit),
    });
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

fn mean(error: &MetricError) -> String {
    fixed(error.mean, 3)
}

fn tail(error: &MetricError) -> String {
    fixed(error.p99_size, 3)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", 100.0 * share))
}
