//! Runs against a base run, as `dualround compare` tells it.

mod json;
mod junit;
mod markdown;
mod table;

pub use json::{level_change_json, versus_json};
pub use junit::{GateResult, junit};
pub use markdown::versus_markdown;
pub use table::versus_table;

use crate::{
    RunInfo, labels, metrics,
    number::{fixed, percent, times},
    words::change_reason,
};
use dualround_model::{Judgement, Lang, LevelChange, MetricChange, RunChange};
use std::path::Path;

/// A run that takes part in a comparison.
#[derive(Clone, Copy, Debug)]
pub struct ComparedRun<'a> {
    /// Its folder, as given.
    pub dir: &'a Path,
    /// What was run.
    pub run: &'a RunInfo,
}

/// A comparison of a new run with the base.
#[derive(Clone, Copy, Debug)]
pub struct Versus<'a> {
    /// The base run.
    pub base: ComparedRun<'a>,
    /// The new one.
    pub new: ComparedRun<'a>,
    /// What was found.
    pub change: &'a RunChange,
}

/// How often each judgement was passed, in the order better, worse, same, cannot tell.
fn tally<'a>(levels: impl IntoIterator<Item = &'a LevelChange>) -> [u64; 4] {
    let mut counts = [0; 4];
    let metrics = levels.into_iter().flat_map(LevelChange::metrics);
    for (_, metric) in metrics.filter(|(_, metric)| shown(metric)) {
        counts[metric.judgement as usize] += 1;
    }
    counts
}

fn judgement(judgement: Judgement, lang: Lang) -> &'static str {
    let words = match judgement {
        Judgement::Better => ["better", "变好"],
        Judgement::Worse => ["WORSE", "变差"],
        Judgement::Same => ["same", "相同"],
        Judgement::CannotTell => ["cannot tell", "无法判断"],
    };
    lang.pick(words)
}

fn part(part: &str, lang: Lang) -> &'static str {
    let labels = labels(lang);
    match part {
        "cold" => labels.cold,
        "warm" => labels.warm,
        _ => match lang {
            Lang::En => "cache",
            Lang::Zh => "缓存",
        },
    }
}

/// What a metric is called, with its unit.
fn name(metric: &str, lang: Lang) -> String {
    let labels = labels(lang);
    if let Some(label) = metrics::label(metric, lang) {
        return label.to_owned();
    }
    match metric {
        "token_throughput" => format!("{} (/s)", labels.token_throughput),
        "request_throughput" => format!("{} (/s)", labels.request_throughput),
        "cache_hit_rate" => labels.hit_rate.to_owned(),
        "goodput_request_rate" => labels.slo_requests.to_owned(),
        "goodput_request_throughput" => labels.goodput_requests.to_owned(),
        "failure_rate" => labels.failed.to_owned(),
        "ttft_ratio" => format!("TTFT {}/{}", labels.cold, labels.warm),
        "mixed_ratio" => labels
            .lang
            .pick(["TTFT miss/hit (M)", "TTFT 未命中/命中 (M)"])
            .to_owned(),
        "inside_reuse_ratio" => format!("TTFT {}/{} (N)", labels.no_reuse, labels.cold),
        other => other.to_owned(),
    }
}

fn value(metric: &MetricChange, value: Option<f64>, lang: Lang) -> String {
    match (metric.absolute, metric.name.as_str()) {
        (true, _) => percent(value, 2, lang),
        (false, "ttft_ratio" | "mixed_ratio" | "inside_reuse_ratio") => times(value),
        _ => fixed(value, 2),
    }
}

/// Percentage points.
fn points(lang: Lang) -> &'static str {
    lang.pick(["pp", "个百分点"])
}

/// `+12.3 %`; of shares `+1.20 pp`.
fn change(metric: &MetricChange, lang: Lang) -> String {
    let Some(change) = metric.change else {
        return "-".to_owned();
    };
    if metric.absolute {
        format!("{:+.2} {}", 100.0 * change, points(lang))
    } else {
        format!("{:+.1}{}", 100.0 * change, lang.pick([" %", "%"]))
    }
}

fn interval(metric: &MetricChange, lang: Lang) -> String {
    let Some((low, high)) = metric.low.zip(metric.high) else {
        return "-".to_owned();
    };
    let (low, high) = (100.0 * low, 100.0 * high);
    if metric.absolute {
        format!("{low:+.2} … {high:+.2} {}", points(lang))
    } else {
        format!("{low:+.1} … {high:+.1}{}", lang.pick([" %", "%"]))
    }
}

/// The heads of a table.
fn heads(lang: Lang) -> [&'static str; 7] {
    match lang {
        Lang::En => [
            "round",
            "metric",
            "base",
            "new",
            "change",
            "interval",
            "judgement",
        ],
        Lang::Zh => ["轮次", "指标", "基准", "新", "变化", "区间", "判断"],
    }
}

/// The cells of a metric under these heads.
fn cells(of: &str, metric: &MetricChange, lang: Lang) -> [String; 7] {
    [
        part(of, lang).to_owned(),
        name(&metric.name, lang),
        value(metric, metric.base, lang),
        value(metric, metric.new, lang),
        change(metric, lang),
        interval(metric, lang),
        judgement(metric.judgement, lang).to_owned(),
    ]
}

/// A metric that neither run has says nothing.
fn shown(metric: &MetricChange) -> bool {
    metric.base.is_some() || metric.new.is_some()
}

/// Why a metric cannot be told.
fn why(metric: &MetricChange) -> Option<[String; 2]> {
    if let Some(reason) = metric.reason {
        return Some(change_reason(reason));
    }
    let margin = 100.0 * metric.margin;
    let unsure = metric.judgement == Judgement::CannotTell && metric.low.is_some();
    unsure.then(|| {
        [
            format!("the interval lies across the margin of ±{margin:.0} %: more prompts, or three cycles (--rounds CWCWCW), make it narrower"),
            format!("区间跨过 ±{margin:.0}% 容差：更多提示词或三个冷热循环（--rounds CWCWCW）可使其变窄"),
        ]
    })
}

/// A reason why metrics cannot be told, with the names of all that it holds for.
struct UntoldReason {
    metrics: String,
    text: String,
}

/// Why metrics of a level cannot be told, each reason once.
fn reasons(level: &LevelChange, lang: Lang) -> Vec<UntoldReason> {
    let mut out: Vec<UntoldReason> = Vec::new();
    for (part, metric) in level.metrics().filter(|(_, metric)| shown(metric)) {
        let Some(reason) = why(metric) else {
            continue;
        };
        let text = lang.pick(reason);
        let name = format!("{part}.{}", metric.name);
        match out.iter_mut().find(|known| known.text == text) {
            Some(known) => known.metrics.push_str(&format!(", {name}")),
            None => out.push(UntoldReason {
                metrics: name,
                text,
            }),
        }
    }
    out
}

/// `3 better, 1 worse, 10 same, 2 cannot tell`.
fn result(levels: &[LevelChange], lang: Lang) -> String {
    let [better, worse, same, unknown] = tally(levels);
    match lang {
        Lang::En => format!("{better} better, {worse} worse, {same} same, {unknown} cannot tell"),
        Lang::Zh => format!("变好 {better}，变差 {worse}，相同 {same}，无法判断 {unknown}"),
    }
}

/// What the intervals are, as far as they occur.
fn intervals_note(levels: &[LevelChange], lang: Lang) -> &'static str {
    let cycles = levels
        .iter()
        .flat_map(LevelChange::metrics)
        .any(|(_, metric)| metric.interval_kind == Some(dualround_model::ChangeInterval::TCycles));
    match (cycles, lang) {
        (true, Lang::En) => {
            "Times are geometric means. Intervals: 95 % Welch t over cycles where both runs have three; else the spread over prompts within these two runs."
        }
        (true, Lang::Zh) => {
            "时间为几何平均。区间：两次运行都有三个冷热循环时为各冷热循环的 95% 置信区间（Welch t），否则为这两次运行内提示词间的波动。"
        }
        (false, Lang::En) => {
            "Times are geometric means. Intervals: the spread over prompts within these two runs; how far two equal runs differ is not in it (--rounds CWCWCW in both gives that)."
        }
        (false, Lang::Zh) => {
            "时间为几何平均。区间：这两次运行内提示词间的波动，不含两次相同运行之间的差异（两次都用 --rounds CWCWCW 可得到）。"
        }
    }
}
