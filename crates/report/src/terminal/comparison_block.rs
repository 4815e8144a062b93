//! Cold against warm, a block per level on the terminal.

use crate::{
    labels::{Labels, labels},
    metrics::compared_metrics,
    number::{fixed, percent, times, times_range},
    text::{fit, safe_text},
    words::{beside, cold_facts, conclusion, diagnoses, withheld},
};
use dualround_model::{
    Class, ColdMethod, IntervalKind, Lang, LevelComparison, MetricComparison, Plan, RoundKind,
    RoundResult, Tail, TierRate,
};
use std::fmt::Write;

const RULE: usize = 120;
/// Widths of the bars of partial rounds and of their names.
const BAR: usize = 30;
const NAME: usize = 20;
/// Shares from here on are shown as more than 100 %.
const ABOVE: f64 = 1.005;
const COLUMNS: [usize; 7] = [13, 12, 12, 10, 18, 12, 7];

/// The comparison of one level as text, for a terminal of so many columns.
pub fn comparison_block(
    level: &LevelComparison,
    rounds: &[RoundResult],
    plan: &Plan,
    columns: Option<usize>,
) -> String {
    let labels = labels(plan.output.lang);
    let mut out = String::new();
    let rule = "=".repeat(columns.map_or(RULE, |columns| columns.min(RULE)));
    let title = format!(
        "{} | {} ({})",
        labels.load(level.load),
        labels.comparison,
        plan.schedule
    );
    let _ = writeln!(out, "{rule}\n{title}\n{rule}");
    metrics(&mut out, level, labels, shown(columns));
    partial(&mut out, level, labels);
    reading_aids(&mut out, level, labels);
    classes(&mut out, level, labels);
    tails(&mut out, rounds, labels);
    hit_rates(&mut out, level, labels);
    prefill(&mut out, level, labels);
    answers(&mut out, level, labels);
    cold(&mut out, level, labels);
    let text = labels.lang.pick(conclusion(level));
    let _ = writeln!(out, "{}: {text}", labels.conclusion);
    for line in beside(level).into_iter().chain(diagnoses(level)) {
        let line = labels.lang.pick(line);
        let _ = writeln!(out, "{}: {}", labels.diagnosis, safe_text(&line));
    }
    out
}

/// The table: a row a metric, and TTFT from the outer cache tiers alone where that was measured.
fn metrics(out: &mut String, level: &LevelComparison, labels: &Labels, shown: usize) {
    let heads = [
        labels.lang.pick(["Metric", "指标"]),
        labels.cold,
        labels.warm,
        labels.ratio,
        labels.interval,
        labels.improved,
        labels.pairs,
    ];
    let _ = writeln!(out, "{}", row(&heads.map(str::to_owned), shown));
    for (metric, compared) in compared_metrics(level) {
        let name = metric.guide_label(labels.lang);
        let _ = writeln!(out, "{}", row(&cells(name, compared, level, labels), shown));
        if let Some(reason) = compared.withheld {
            let _ = writeln!(out, "    {}", labels.lang.pick(withheld(reason)));
        }
    }
    if let Some(external) = &level.external {
        let cells = cells("TTFT (E)", &external.ttft, level, labels);
        let _ = writeln!(out, "{}", row(&cells, shown));
        let _ = writeln!(
            out,
            "    E: {}; {}: {}",
            labels.external,
            labels.hit_rate_usage,
            rate(external.usage, labels)
        );
    }
}

/// What the interval of the table is, and what its times are.
fn reading_aids(out: &mut String, level: &LevelComparison, labels: &Labels) {
    if let Some(kind) = level.ttft.interval_kind {
        let words = match kind {
            IntervalKind::Allowed => labels.allowed,
            IntervalKind::TCycles => labels.t_cycles,
            IntervalKind::TSequential => labels.t_sequential,
            IntervalKind::WithinRun => labels.within_run,
        };
        let _ = writeln!(out, "{}: {words}", labels.interval);
    }
    if level.ttft.ratio.is_some() {
        let _ = writeln!(out, "{}", labels.typical);
    }
}

/// How many columns a terminal has room for; the last ones are left out first.
fn shown(columns: Option<usize>) -> usize {
    let Some(columns) = columns else {
        return COLUMNS.len();
    };
    (4..=COLUMNS.len())
        .rev()
        .find(|shown| {
            COLUMNS[..*shown]
                .iter()
                .map(|width| width + 2)
                .sum::<usize>()
                <= columns
        })
        .unwrap_or(4)
}

fn row(cells: &[String; 7], shown: usize) -> String {
    let cells = cells
        .iter()
        .zip(COLUMNS)
        .take(shown)
        .map(|(cell, width)| fit(cell, width));
    format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
}

fn cells(
    name: &str,
    metric: &MetricComparison,
    level: &LevelComparison,
    labels: &Labels,
) -> [String; 7] {
    let interval = level.claimed(metric.interval_low.zip(metric.interval_high));
    [
        name.to_owned(),
        fixed(metric.cold_typical, 2),
        fixed(metric.warm_typical, 2),
        labels.ratio(metric, level),
        times_range(interval),
        percent(metric.improved_share, 0, labels.lang),
        metric.pairs.to_string(),
    ]
}

/// What a hit is worth and what a miss, where there are enough of both.
fn classes(out: &mut String, level: &LevelComparison, labels: &Labels) {
    for class in &level.classes {
        let name = match class.class {
            Class::Hit => labels.class_hit,
            Class::Miss => labels.class_miss,
        };
        let _ = writeln!(
            out,
            "{name}: {}, TTFT {} → {} ms, {}",
            class.requests,
            fixed(class.cold_typical, 2),
            fixed(class.warm_typical, 2),
            times(class.ratio)
        );
    }
}

/// How high the percentiles of TTFT may be in the first cold and the first warm round.
fn tails(out: &mut String, rounds: &[RoundResult], labels: &Labels) {
    let mut known = Vec::new();
    for (name, kind) in [
        (labels.cold, RoundKind::Cold),
        (labels.warm, RoundKind::Warm),
    ] {
        let first = rounds.iter().find(|round| round.meta.spec.kind == kind);
        if let Some(ends) = first.and_then(|round| upper_ends(round.summary.tails.ttft)) {
            known.push(format!("{name} {ends}"));
        }
    }
    if !known.is_empty() {
        let _ = writeln!(out, "{}: {}", labels.tails, known.join("; "));
    }
}

/// The upper ends that are known of the percentiles of a time, ms; `None` where none is.
fn upper_ends(tail: Tail) -> Option<String> {
    let mut known = Vec::new();
    for (percentile, upper) in tail.named() {
        if upper.is_some() {
            known.push(format!(
                "{} ≤ {}",
                percentile.to_uppercase(),
                fixed(upper, 2)
            ));
        }
    }
    if known.is_empty() {
        None
    } else {
        Some(known.join(", "))
    }
}

/// Writes TTFT against the share of the prompts that was kept, one bar a share.
pub(crate) fn partial(out: &mut String, level: &LevelComparison, labels: &Labels) {
    let ttfts = level.partial.iter().filter_map(|point| point.ttft.warm_avg);
    let most = ttfts.fold(0.0, f64::max);
    for point in &level.partial {
        let ttft = point.ttft.warm_avg.unwrap_or(0.0);
        let bar = bar(ttft, most);
        let asked = f64::from(point.cut.asked_percent) / 100.0;
        let asked = percent(Some(asked), 0, labels.lang);
        let name = format!("{} {asked}", labels.prefix_kept);
        let share = rate(Some(point.cut.kept_share), labels);
        let hits = rate(point.usage.or(point.server), labels);
        // Against a cold round that was not cold it says nothing.
        let ratio = times(level.claimed(point.ttft.ratio));
        let of_prompt = labels.lang.pick([
            format!("{share} of the prompts"),
            format!("占提示词 {share}"),
        ]);
        let line = format!(
            "  {}  TTFT {} {}  {ratio}  ({of_prompt}; {} {hits})",
            fit(&name, NAME),
            fit(&fixed(point.ttft.warm_avg, 2), COLUMNS[1]),
            fit(&bar, BAR),
            labels.hit_rate,
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if let Some(point) = level.partial.iter().find(|p| p.cut.asked_percent < 100) {
        let how = point.cut.block_tokens.map_or_else(
            || labels.by_chars.to_owned(),
            |block| {
                labels.lang.pick([
                    format!("{}, block size {block}", labels.by_tokens),
                    format!("{}，缓存块 {block} tokens", labels.by_tokens),
                ])
            },
        );
        let _ = writeln!(out, "  {}: {how}", labels.prefix_kept);
    }
}

/// A bar as long as a time is against the longest of all.
#[expect(clippy::cast_precision_loss, reason = "the width of a bar")]
fn bar(time: f64, longest: f64) -> String {
    if longest <= 0.0 {
        return String::new();
    }
    let filled = (0..BAR).filter(|at| (*at as f64 + 0.5) * longest <= time * BAR as f64);
    "█".repeat(filled.count())
}

/// A share in percent with one decimal, as all hit rates are shown.
fn rate(share: Option<f64>, labels: &Labels) -> String {
    percent(share, 1, labels.lang)
}

fn hit_rates(out: &mut String, level: &LevelComparison, labels: &Labels) {
    let hit = &level.hit_rate;
    let cold_part = if hit.usage_cold_known == hit.usage_cold_of {
        String::new()
    } else {
        format!(" ({} / {})", hit.usage_cold_known, hit.usage_cold_of)
    };
    let _ = writeln!(
        out,
        "{}: {}{cold_part} → {} ({} / {}){}",
        labels.hit_rate_usage,
        rate(hit.usage_cold, labels),
        rate(hit.usage, labels),
        hit.usage_known,
        hit.usage_of,
        by_tier(level, true, labels)
    );
    if hit.theory.is_some() {
        let model = hit.model_lru.map_or_else(String::new, |share| {
            format!("; {}: {}", labels.hit_rate_lru, rate(Some(share), labels))
        });
        let bound = if level.load.concurrency() != Some(1) {
            "≤ "
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "{}: {bound}{}{model}",
            labels.hit_rate_theory,
            rate(hit.theory, labels)
        );
    }
    if hit.server.is_some() {
        let tiers = by_tier(level, false, labels);
        let _ = writeln!(
            out,
            "{}: {}{tiers}",
            labels.hit_rate_server,
            rate(hit.server, labels)
        );
    }
}

/// Rates by tier, in brackets, where there are several: those that usage tells, or the counters'.
fn by_tier(level: &LevelComparison, by_usage: bool, labels: &Labels) -> String {
    let tiers = level.hit_rate.tiers.iter();
    let tiers = tiers.filter(|tier| (tier.server == TierRate::BY_USAGE) == by_usage);
    let tiers: Vec<String> = tiers
        .map(|tier| format!("{} {}", tier.tier, rate(tier.rate, labels)))
        .collect();
    if tiers.len() > 1 {
        format!(" ({})", tiers.join(", "))
    } else {
        String::new()
    }
}

/// Whether the texts were the same, where they were kept.
fn answers(out: &mut String, level: &LevelComparison, labels: &Labels) {
    let Some(answers) = &level.answers else {
        return;
    };
    let (equal, warm) = (
        rate(answers.equal_share, labels),
        rate(answers.warm_equal_share, labels),
    );
    let at = answers.first_difference.map(|at| fixed(Some(at), 0));
    let (pairs, warm_known) = (answers.pairs, answers.warm_equal_share.is_some());
    let mut text = match labels.lang {
        Lang::En => format!("Same answers: {equal} of {pairs} pairs"),
        Lang::Zh => format!("输出一致: {equal}（{pairs} 对）"),
    };
    if let Some(at) = at {
        text.push_str(&match labels.lang {
            Lang::En => format!("; the others differ from character {at} on (median)"),
            Lang::Zh => format!("；其余从第 {at} 个字符起不同（中位数）"),
        });
    }
    if warm_known {
        text.push_str(&match labels.lang {
            Lang::En => format!("; between two warm rounds: {warm}"),
            Lang::Zh => format!("；两个热轮之间：{warm}"),
        });
    }
    let _ = writeln!(out, "{text}");
}

/// The line of TTFT over computed tokens, where the data bear one.
fn prefill(out: &mut String, level: &LevelComparison, labels: &Labels) {
    let model = &level.prefill;
    let Some((overhead, per_token)) = model.overhead_ms.zip(model.ms_per_token) else {
        return;
    };
    let pays = model.pays_from_tokens.unwrap_or(0.0);
    let efficiency = percent(model.efficiency, 0, labels.lang);
    let more = match (model.efficiency, labels.lang) {
        (Some(share), Lang::En) if share >= ABOVE => {
            " (above 100 %: more was saved than the line explains)"
        }
        (Some(share), Lang::Zh) if share >= ABOVE => "（超过 100%：节省多于该直线所能解释的）",
        _ => "",
    };
    let text = match labels.lang {
        Lang::En => format!(
            "Prefill: TTFT = {overhead:.1} ms + {per_token:.3} ms per computed token (fit {:.2}); a full hit halves TTFT from {pays:.0} tokens on; {efficiency} of the ideal saving seen{more}",
            model.fit.unwrap_or(0.0)
        ),
        Lang::Zh => format!(
            "预填充: TTFT = {overhead:.1} ms + 每个需计算的 token {per_token:.3} ms（拟合度 {:.2}）；提示词达到 {pays:.0} token 起，完全命中可使 TTFT 至少减半；实际节省为理想值的 {efficiency}{more}",
            model.fit.unwrap_or(0.0)
        ),
    };
    let _ = writeln!(out, "{text}");
}

fn cold(out: &mut String, level: &LevelComparison, labels: &Labels) {
    let verdict = labels.verdict(level.cold.verdict);
    let method = match level.cold.method {
        ColdMethod::Marker => labels.methods[0],
        ColdMethod::Salt => labels.methods[1],
        ColdMethod::Reset => labels.methods[2],
        ColdMethod::None => labels.methods[3],
    };
    let _ = writeln!(out, "{}: {verdict} ({method})", labels.cold_verdict);
    for text in cold_facts(level.cold.evidence.iter()) {
        let _ = writeln!(out, "  - {}", safe_text(&labels.lang.pick(text)));
    }
}
