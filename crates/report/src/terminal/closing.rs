//! What a run ends with on a terminal: a line a level, the sentence of each level, and what needs
//! attention, most important first.

use crate::{
    caveats::{Caveat, caveats},
    labels::{Labels, labels},
    number::{fixed, percent, times, times_range},
    terminal::comparison_block::partial,
    text::{fit, safe_text, widest, width},
    words::{
        beside, capital, cold_facts, conclusion, diagnoses, in_a_few_words, level_cell,
        level_words, load_head,
    },
};
use dualround_model::{
    ColdFact, Diagnosis, LevelComparison, Plan, RoundResult, Verdict, Warning, Witness,
};
use std::fmt::Write;

const RULE: usize = 120;
/// Columns of the table that are left out first where a terminal is narrow: interval, hits, cold.
const LEFT_OUT_FIRST: [usize; 3] = [3, 4, 5];
/// The columns, in English and in Chinese; the first is named after the load of the levels.
const HEADS: [[&str; 7]; 2] = [
    [
        "",
        "TTFT (ms, typical)",
        "Ratio",
        "Interval",
        "Hits",
        "Cold round",
        "Conclusion",
    ],
    [
        "",
        "TTFT (ms，典型值)",
        "加速比",
        "区间",
        "命中率",
        "冷轮判定",
        "结论",
    ],
];
/// The same where a terminal is narrow.
const SHORT_HEADS: [[&str; 7]; 2] = [
    [
        "",
        "TTFT (ms)",
        "Ratio",
        "Interval",
        "Hits",
        "Cold",
        "Conclusion",
    ],
    ["", "TTFT (ms)", "加速比", "区间", "命中率", "冷轮", "结论"],
];

/// What a run ends with on a terminal, part by part in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// The table with its title.
    pub table: String,
    /// Of each level its sentence, and the lines that explain it.
    pub levels: Vec<(String, Vec<String>)>,
    /// Caveats of the whole run, each once, most important first.
    pub attention: Vec<String>,
}

/// What a run ends with; `levels` are those that were compared, `warnings` those of the run
/// itself.
pub fn closing(
    plan: &Plan,
    warnings: &[Warning],
    rounds: &[RoundResult],
    levels: &[LevelComparison],
    columns: Option<usize>,
) -> Closing {
    let labels = labels(plan.output.lang);
    let levels_said = levels.iter().map(|level| {
        let name = plan.level_name(level.level);
        let text = labels.lang.pick(conclusion(level));
        let at = labels.lang.pick(level_words(level.load, &name));
        let head = format!("{}{}{text}", capital(&at), labels.lang.pick([": ", "："]));
        (head, explained(level, labels))
    });
    let found = caveats(plan, warnings, rounds);
    let all = rounds.len();
    Closing {
        table: table(plan, levels, columns, labels),
        levels: levels_said.collect(),
        attention: found.iter().map(|one| said(one, all, labels)).collect(),
    }
}

/// Why, and why not: diagnoses, what keeps a cold round from being known, shares that were kept.
fn explained(level: &LevelComparison, labels: &Labels) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(beside(level).into_iter().map(|both| labels.lang.pick(both)));
    if level.cold.verdict != Verdict::Cold {
        let facts = cold_facts(why_not_cold(level).into_iter()).into_iter();
        lines.extend(
            facts.map(|text| format!("{}: {}", labels.cold_verdict, labels.lang.pick(text))),
        );
    }
    lines.extend(
        diagnoses(level)
            .into_iter()
            .map(|both| labels.lang.pick(both)),
    );
    if let Some(external) = &level.external {
        let interval = external.ttft.interval_low.zip(external.ttft.interval_high);
        let (ratio, interval) = (level.claimed(external.ttft.ratio), level.claimed(interval));
        lines.push(format!(
            "{}: TTFT {} → {} ms, {} ({}), {} {}",
            labels.external,
            fixed(external.ttft.cold_typical, 2),
            fixed(external.ttft.warm_typical, 2),
            times(ratio),
            times_range(interval),
            labels.hit_rate,
            percent(external.usage, 1, labels.lang)
        ));
    }
    let mut kept = String::new();
    partial(&mut kept, level, labels);
    lines.extend(kept.lines().map(|line| line.trim().to_owned()));
    lines.iter().map(|line| safe_text(line)).collect()
}

/// What keeps a cold round from being known to be cold. Where it is unknown, proofs that texts can be
/// kept apart explain nothing; they stand with the whole comparison.
fn why_not_cold(level: &LevelComparison) -> Vec<&ColdFact> {
    // Answers that were given back stand among the diagnoses, with what follows for their times.
    let replays_told = level
        .diagnosis
        .iter()
        .any(|found| matches!(found, Diagnosis::ResponseCache(_)));
    let unknown = level.cold.verdict == Verdict::Unknown;
    let explaining: Vec<&ColdFact> = level
        .cold
        .evidence
        .iter()
        .filter(|fact| match fact {
            ColdFact::Replayed(_) => !replays_told,
            fact if proves_apart(fact) => !unknown,
            _ => true,
        })
        .collect();
    if explaining.is_empty() && !replays_told {
        return level.cold.evidence.iter().collect();
    }
    explaining
}

/// Whether a fact shows that texts are kept apart here, or that nothing was hit.
fn proves_apart(fact: &ColdFact) -> bool {
    matches!(
        fact,
        ColdFact::CanaryHit { .. }
            | ColdFact::OtherSalt {
                hit: None | Some(0),
                ..
            }
            | ColdFact::OtherMarker { hit: 0 }
            | ColdFact::ResetAccepted { .. }
            | ColdFact::ResetProven { .. }
            | ColdFact::Hits { cached: 0, .. }
    )
}

/// A caveat with its places.
fn said(caveat: &Caveat, rounds: usize, labels: &Labels) -> String {
    let text = safe_text(labels.lang.pick([&caveat.text[0], &caveat.text[1]]));
    match caveat.places_of(rounds) {
        Some(places) => format!("{text} ({})", labels.lang.pick(places)),
        None => text,
    }
}

fn table(
    plan: &Plan,
    levels: &[LevelComparison],
    columns: Option<usize>,
    labels: &Labels,
) -> String {
    if levels.is_empty() {
        return String::new();
    }
    let load = levels.first().map(|level| level.load);
    let [head, short_head] = load_head(load.unwrap_or_default());
    let mut rows = vec![labels.lang.pick(HEADS).map(str::to_owned)];
    labels.lang.pick(head).clone_into(&mut rows[0][0]);
    rows.extend(levels.iter().map(|level| row(plan, level, labels)));
    let mut shown: Vec<usize> = (0..rows[0].len()).collect();
    if too_wide(&rows, &shown, columns) {
        rows[0] = labels.lang.pick(SHORT_HEADS).map(str::to_owned);
        labels.lang.pick(short_head).clone_into(&mut rows[0][0]);
    }
    for column in LEFT_OUT_FIRST {
        if too_wide(&rows, &shown, columns) {
            shown.retain(|at| *at != column);
        }
    }
    let widths = widest(&rows);
    let rule = "=".repeat(columns.map_or(RULE, |columns| columns.min(RULE)));
    let title = labels.comparison;
    let mut out = format!("{rule}\n{title} ({})\n{rule}\n", plan.schedule);
    for row in &rows {
        let cells = shown.iter().map(|at| fit(&row[*at], widths[*at]));
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(out, "  {}", cells.join("  ").trim_end());
    }
    out
}

fn too_wide(rows: &[[String; 7]], shown: &[usize], columns: Option<usize>) -> bool {
    let widths = widest(rows);
    let total: usize = shown.iter().map(|at| widths[*at] + 2).sum();
    columns.is_some_and(|columns| total > columns)
}

fn row(plan: &Plan, level: &LevelComparison, labels: &Labels) -> [String; 7] {
    let ttft = &level.ttft;
    let interval = level.claimed(ttft.interval_low.zip(ttft.interval_high));
    [
        labels
            .lang
            .pick(level_cell(level.load, &plan.level_name(level.level))),
        format!(
            "{} → {}",
            fixed(ttft.cold_typical, 2),
            fixed(ttft.warm_typical, 2)
        ),
        labels.ratio(ttft, level),
        times_range(interval),
        hits(level, labels),
        labels.verdict(level.cold.verdict).to_owned(),
        labels.lang.pick(in_a_few_words(level)),
    ]
}

/// Cold → warm, by the witness that may speak.
fn hits(level: &LevelComparison, labels: &Labels) -> String {
    let hit = &level.hit_rate;
    let (cold, warm) = match level.conclusion.witness {
        Witness::Counters { cold, warm } => (Some(cold), Some(warm)),
        // What answers tell that were given back is the story of the first time.
        Witness::ResponseCache(_) => (hit.usage_cold, None),
        _ => (hit.usage_cold, hit.usage),
    };
    if cold.is_none() && warm.is_none() {
        return "-".to_owned();
    }
    let known = match level.conclusion.witness {
        Witness::Partly if hit.usage_known < hit.usage_of => {
            format!(" ({} / {})", hit.usage_known, hit.usage_of)
        }
        _ => String::new(),
    };
    let [cold, warm] = [cold, warm].map(|rate| percent(rate, 1, labels.lang));
    format!("{cold} → {warm}{known}")
}

/// A round in one line, for those that repeat one that was shown in full.
pub fn round_line(round: &RoundResult, plan: &Plan) -> String {
    let labels = labels(plan.output.lang);
    let (meta, summary) = (&round.meta, &round.summary);
    let name = format!(
        "{} | {} ({})",
        labels.load(meta.load),
        labels.round(meta.spec.number),
        labels.kind(meta.spec)
    );
    let pad = " ".repeat(32_usize.saturating_sub(width(&name)));
    let mean = labels.lang.pick(["means", "平均值"]);
    let mut line = format!(
        "{name}{pad}  {} / {}, {mean} TTFT {} ms, ITL {} ms, Latency {} ms, {} tokens/sec, {} {}",
        summary.successful_requests,
        summary.total_requests,
        fixed(summary.ttft.avg, 2),
        fixed(summary.itl.avg, 2),
        fixed(summary.latency.avg, 2),
        fixed(summary.token_throughput, 1),
        labels.hit_rate,
        percent(summary.cache_hit_rate, 1, labels.lang)
    );
    if summary.failed_requests > 0 {
        let _ = write!(line, ", {}: {}", labels.failed, summary.failed_requests);
    }
    line + "\n"
}
