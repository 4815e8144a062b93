//! Cold against warm on one line: the row of a level in the HTML report and in `summary.md`.

use crate::{
    labels,
    number::{fixed, percent, times_range},
};
use dualround_model::{
    IntervalKind, Lang, LevelComparison, MetricComparison, RoundKind, RoundResult, Verdict,
};

/// Cells of a row.
pub(crate) const CELLS: usize = 12;

/// A column: the term that explains it, and its head in both languages.
pub(crate) struct Head {
    pub(crate) term: &'static str,
    words: [&'static str; 2],
}

impl Head {
    pub(crate) fn words(&self, lang: Lang) -> &'static str {
        lang.pick(self.words)
    }
}

/// The columns; what the interval is depends on the cycles.
pub(crate) fn heads(levels: &[LevelComparison]) -> [Head; CELLS] {
    let cycles = levels
        .iter()
        .any(|level| level.ttft.interval_kind == Some(IntervalKind::TCycles));
    let interval = if cycles {
        ("interval", ["95 % t interval", "95% 置信区间（t）"])
    } else {
        ("interval", ["Allowed interval", "允许区间"])
    };
    [
        ("concurrency", ["Concurrency", "并发"]),
        ("ttft", ["TTFT (ms, typical)", "TTFT (ms，典型值)"]),
        ("ratio", ["Ratio", "加速比"]),
        interval,
        ("itl", ["ITL (ms)", "ITL (ms)"]),
        ("latency", ["Latency (ms)", "延迟 (ms)"]),
        ("token_throughput", ["Tokens/s", "Token/秒"]),
        ("cache_hit_rate", ["Hit rate (usage)", "命中率 (usage)"]),
        ("server", ["Hit rate (counters)", "命中率（计数器）"]),
        ("cold", ["Cold round", "冷轮"]),
        ("prompts", ["Prompts (pairs)", "提示词（请求对）"]),
        ("failures", ["Failed", "失败"]),
    ]
    .map(|(term, words)| Head { term, words })
}

/// One cell, and whether it is bad news.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) bad: bool,
}

/// The cells of a level, given its name and its rounds.
pub(crate) fn cells(
    level: &LevelComparison,
    name: &str,
    rounds: &[&RoundResult],
    lang: Lang,
) -> [Cell; CELLS] {
    let labels = labels(lang);
    let hit = &level.hit_rate;
    let throughput = |kind: RoundKind| {
        let found = rounds.iter().find(|round| round.meta.spec.kind == kind);
        fixed(found.and_then(|round| round.summary.token_throughput), 1)
    };
    let failed: u64 = rounds
        .iter()
        .map(|round| round.summary.failed_requests)
        .sum();
    let ratio = |metric: &MetricComparison| labels.ratio(metric, level);
    let both = |metric: &MetricComparison| format!("{} ({})", arrow(metric), ratio(metric));
    let interval = level.claimed(level.ttft.interval_low.zip(level.ttft.interval_high));
    let plain = |text: String| Cell { text, bad: false };
    [
        plain(name.to_owned()),
        plain(arrow(&level.ttft)),
        plain(ratio(&level.ttft)),
        plain(times_range(interval)),
        plain(both(&level.itl)),
        plain(both(&level.latency)),
        plain(format!(
            "{} → {}",
            throughput(RoundKind::Cold),
            throughput(RoundKind::Warm)
        )),
        plain(format!(
            "{} → {}",
            percent(hit.usage_cold, 1),
            percent(hit.usage, 1)
        )),
        plain(percent(hit.server, 1)),
        Cell {
            text: labels.verdict(level.cold.verdict).to_owned(),
            bad: level.cold.verdict == Verdict::Contaminated,
        },
        plain(prompts(level)),
        Cell {
            text: failed.to_string(),
            bad: failed > 0,
        },
    ]
}

/// The units of inference, and pairs where prompts returned in several rounds.
fn prompts(level: &LevelComparison) -> String {
    match (level.prompts, level.pairs) {
        (prompts, pairs) if prompts == pairs => prompts.to_string(),
        (prompts, pairs) => format!("{prompts} ({pairs})"),
    }
}

fn arrow(metric: &MetricComparison) -> String {
    format!(
        "{} → {}",
        fixed(metric.cold_typical, 2),
        fixed(metric.warm_typical, 2)
    )
}
