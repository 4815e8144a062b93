//! Cold against warm on one line: the row of a level in the HTML report and in `summary.md`.

use crate::{
    labels,
    labels::Labels,
    metrics,
    number::{fixed, percent, times_range},
    words::load_head,
};
use dualround_model::{
    IntervalKind, Lang, LevelComparison, MetricComparison, RoundKind, RoundResult, Verdict,
};

/// How many cells a row has.
pub(crate) const CELLS: usize = 12;

/// The head of a column: the term that explains it, and its words in both languages.
pub(crate) struct LevelHead {
    pub(crate) term: &'static str,
    words: [&'static str; 2],
}

impl LevelHead {
    pub(crate) fn words(&self, lang: Lang) -> &'static str {
        lang.pick(self.words)
    }
}

/// The heads of all columns; what the interval is depends on the rounds that decide.
pub(crate) fn heads(levels: &[LevelComparison]) -> [LevelHead; CELLS] {
    let kinds = levels.iter().filter_map(|level| level.ttft.interval_kind);
    let by_cycles = |kind| matches!(kind, IntervalKind::TCycles | IntervalKind::TSequential);
    let (by_cycles, others): (Vec<_>, Vec<_>) = kinds.partition(|kind| by_cycles(*kind));
    let interval = match (by_cycles.is_empty(), others.is_empty()) {
        (false, true) => ["95 % t interval", "95% 置信区间（t）"],
        (false, false) => ["Interval", "区间"],
        (true, _) => ["Allowed interval", "允许区间"],
    };
    let load = levels.first().map(|level| level.load).unwrap_or_default();
    let [head, _] = load_head(load);
    let asks_sessions = levels.iter().any(|level| level.sessions.is_some());
    let units = if asks_sessions {
        ("session", ["Sessions (pairs)", "会话 (请求对)"])
    } else {
        ("prompts", ["Prompts (pairs)", "提示词 (请求对)"])
    };
    [
        (load.kind(), head),
        ("ttft", ["TTFT (ms, typical)", "TTFT (ms，典型值)"]),
        ("ratio", ["Ratio", "加速比"]),
        ("interval", interval),
        ("itl", metric_words("itl")),
        ("latency", metric_words("latency")),
        (
            "token_throughput",
            ["Tokens/s", "Token 吞吐量 (tokens/sec)"],
        ),
        ("cache_hit_rate", ["Hit rate (usage)", "命中率 (usage)"]),
        ("server", ["Hit rate (counters)", "命中率 (计数器)"]),
        ("cold", ["Cold round", "冷轮判定"]),
        units,
        ("failures", ["Failed", "失败"]),
    ]
    .map(|(term, words)| LevelHead { term, words })
}

fn metric_words(key: &'static str) -> [&'static str; 2] {
    [Lang::En, Lang::Zh].map(|lang| metrics::label(key, lang).unwrap_or(key))
}

/// A cell of a row, and whether it is bad news.
pub(crate) struct LevelCell {
    pub(crate) text: String,
    pub(crate) bad: bool,
}

impl LevelCell {
    fn plain(text: String) -> Self {
        Self { text, bad: false }
    }
}

/// The cells of a level, given its name and its rounds.
pub(crate) fn cells(
    level: &LevelComparison,
    name: &str,
    rounds: &[&RoundResult],
    lang: Lang,
) -> [LevelCell; CELLS] {
    let labels = labels(lang);
    let hit = &level.hit_rate;
    let failed: u64 = rounds
        .iter()
        .map(|round| round.summary.failed_requests)
        .sum();
    let interval = level.claimed(level.ttft.interval_low.zip(level.ttft.interval_high));
    [
        LevelCell::plain(name.to_owned()),
        LevelCell::plain(arrow(&level.ttft)),
        LevelCell::plain(labels.ratio(&level.ttft, level)),
        LevelCell::plain(times_range(interval)),
        LevelCell::plain(arrow_with_ratio(&level.itl, level, labels)),
        LevelCell::plain(arrow_with_ratio(&level.latency, level, labels)),
        LevelCell::plain(format!(
            "{} → {}",
            throughput(rounds, RoundKind::Cold),
            throughput(rounds, RoundKind::Warm)
        )),
        LevelCell::plain(format!(
            "{} → {}",
            percent(hit.usage_cold, 1, lang),
            percent(hit.usage, 1, lang)
        )),
        LevelCell::plain(percent(hit.server, 1, lang)),
        LevelCell {
            text: labels.verdict(level.cold.verdict).to_owned(),
            bad: level.cold.verdict == Verdict::Contaminated,
        },
        LevelCell::plain(prompts(level)),
        LevelCell {
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

/// Tokens per second of the first round of a kind.
fn throughput(rounds: &[&RoundResult], kind: RoundKind) -> String {
    let found = rounds.iter().find(|round| round.meta.spec.kind == kind);
    fixed(found.and_then(|round| round.summary.token_throughput), 1)
}

fn arrow_with_ratio(metric: &MetricComparison, level: &LevelComparison, labels: &Labels) -> String {
    format!("{} ({})", arrow(metric), labels.ratio(metric, level))
}

fn arrow(metric: &MetricComparison) -> String {
    format!(
        "{} → {}",
        fixed(metric.cold_typical, 2),
        fixed(metric.warm_typical, 2)
    )
}
