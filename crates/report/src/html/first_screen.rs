//! What is seen first: the verdict, cold against warm by level, the caveats.

use super::{Page, both, defined, escape};
use crate::{
    labels,
    number::{fixed, percent},
    warning_text,
};
use dualround_model::{
    ConclusionKind, IntervalKind, Lang, LevelComparison, MetricComparison, RoundKind, RoundResult,
    Verdict,
};
use std::io::{self, Write};

/// Writes it.
pub(super) fn write(page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    header(page, out)?;
    verdicts(page, out)?;
    cold_to_warm(page, out)?;
    caveats(page, out)
}

fn header(page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let (run, plan) = (page.run, &page.run.plan);
    writeln!(
        out,
        "<header><h1>dualround</h1><span class=\"facts\">{} · {} · {} · {} · {}</span>\
         <nav><button id=\"language\" type=\"button\"><span lang=\"en\">中文</span><span lang=\"zh\">English</span></button>\
         <button id=\"theme\" type=\"button\">{}</button></nav></header>",
        escape(&plan.model),
        escape(&plan.endpoint),
        escape(&plan.dataset.path.display().to_string()),
        escape(&plan.schedule.to_string()),
        escape(&run.started_at),
        both("light / dark", "浅色 / 深色"),
    )
}

fn verdicts(page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<ul class=\"verdicts\">")?;
    for level in &page.comparison.levels {
        let (class, term) = match level.conclusion.kind {
            ConclusionKind::Effect => ("effect", "effect"),
            ConclusionKind::NoEffect => ("no_effect", "no_effect"),
            ConclusionKind::CannotTell => ("cannot_tell", "cannot_tell"),
            ConclusionKind::Withheld => ("withheld", "withheld"),
        };
        let name = page.level_name(level.level);
        let at = defined(
            term,
            &format!("concurrency {name}"),
            &format!("并发 {name}"),
        );
        let text = both(&level.conclusion.text, &level.conclusion.text_zh);
        writeln!(out, "<li class=\"{class}\"><strong>{at}</strong>: {text}")?;
        for (en, zh) in level.diagnosis.iter().zip(&level.diagnosis_zh) {
            writeln!(out, "<div class=\"why\">{}</div>", both(en, zh))?;
        }
        writeln!(out, "</li>")?;
    }
    if page.comparison.levels.is_empty() {
        let text = both("no level was compared", "没有可比较的并发档");
        writeln!(out, "<li class=\"cannot_tell\">{text}</li>")?;
    }
    writeln!(out, "</ul>")
}

fn cold_to_warm(page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let cycles = page.comparison.levels.iter().any(|level| level.cycles >= 3);
    let interval = match cycles {
        true => ("interval", "Interval (t, cycles)", "区间（t，各循环）"),
        false => ("interval", "Spread within run", "本次运行内的散布"),
    };
    let heads = [
        defined("concurrency", "Concurrency", "并发"),
        defined("ttft", "TTFT (ms)", "TTFT (ms)"),
        defined("ratio", "Ratio", "倍数"),
        defined(interval.0, interval.1, interval.2),
        defined("itl", "ITL (ms)", "ITL (ms)"),
        defined("latency", "Latency (ms)", "时延 (ms)"),
        defined("token_throughput", "Tokens/s", "Token/秒"),
        defined("cache_hit_rate", "Hit rate (usage)", "命中率 (usage)"),
        defined("server", "Hit rate (counters)", "命中率（计数器）"),
        defined("cold", "Cold round", "冷轮"),
        defined("pairs", "Pairs", "对数"),
        both("Failed", "失败"),
    ];
    write!(
        out,
        "<div class=\"scroll\"><table id=\"cold-to-warm\"><thead><tr>"
    )?;
    for head in heads {
        write!(out, "<th>{head}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for level in &page.comparison.levels {
        write!(out, "<tr>")?;
        for cell in cells(page, level) {
            write!(out, "<td>{cell}</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")?;
    evidence(page, out)
}

fn cells(page: Page<'_>, level: &LevelComparison) -> [String; 12] {
    let hit = &level.hit_rate;
    let of_kind = |kind: RoundKind| {
        let found = page
            .rounds_of(level.level)
            .find(|round| round.meta.spec.kind == kind);
        fixed(found.and_then(|round| round.summary.token_throughput), 1)
    };
    let ttft = &level.ttft;
    let failed: u64 = page
        .rounds_of(level.level)
        .map(|round| round.summary.failed_requests)
        .sum();
    [
        escape(&page.level_name(level.level)),
        arrow(ttft),
        ratio(ttft),
        interval(ttft),
        with_ratio(&level.itl),
        with_ratio(&level.latency),
        format!(
            "{} → {}",
            of_kind(RoundKind::Cold),
            of_kind(RoundKind::Warm)
        ),
        format!(
            "{} → {}",
            fixed(hit.usage_cold.map(|r| 100.0 * r), 1),
            percent(hit.usage, 1)
        ),
        percent(hit.server, 1),
        cold(level),
        level.pairs.to_string(),
        match failed {
            0 => "0".to_owned(),
            _ => format!("<span class=\"bad\">{failed}</span>"),
        },
    ]
}

fn arrow(metric: &MetricComparison) -> String {
    format!(
        "{} → {}",
        fixed(metric.cold_avg, 2),
        fixed(metric.warm_avg, 2)
    )
}

fn ratio(metric: &MetricComparison) -> String {
    match (&metric.withheld, metric.ratio) {
        (Some(_), _) => defined("withheld", "withheld", "不给出"),
        (None, Some(ratio)) => format!("{ratio:.2}×"),
        (None, None) => "-".to_owned(),
    }
}

fn with_ratio(metric: &MetricComparison) -> String {
    format!("{} <small>{}</small>", arrow(metric), ratio(metric))
}

fn interval(metric: &MetricComparison) -> String {
    let Some((low, high)) = metric.interval_low.zip(metric.interval_high) else {
        return "-".to_owned();
    };
    let t = match metric.interval_kind {
        Some(IntervalKind::TCycles) => " <small>t</small>",
        _ => "",
    };
    format!("{low:.2}–{high:.2}×{t}")
}

fn cold(level: &LevelComparison) -> String {
    let (term, at) = match level.cold.verdict {
        Verdict::Cold => ("cold", 0),
        Verdict::Contaminated => ("contaminated", 1),
        Verdict::Unknown => ("unknown", 2),
    };
    let words = [Lang::En, Lang::Zh].map(|lang| labels(lang).verdicts[at]);
    let word = defined(term, words[0], words[1]);
    match level.cold.verdict {
        Verdict::Contaminated => format!("<span class=\"bad\">{word}</span>"),
        _ => word,
    }
}

/// What each level's judgement on its cold rounds rests on.
fn evidence(page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let summary = both("Evidence for the cold rounds", "冷轮的依据");
    writeln!(out, "<details><summary>{summary}</summary><ul>")?;
    for level in &page.comparison.levels {
        for one in &level.cold.evidence {
            let limit = one
                .limit
                .map_or_else(String::new, |limit| format!(" [≤ {limit:.0}]"));
            writeln!(
                out,
                "<li>{} · {}: {}{limit}</li>",
                escape(&page.level_name(level.level)),
                escape(&one.source),
                escape(&one.text)
            )?;
        }
    }
    writeln!(out, "</ul></details>")
}

/// Every caveat once, with the rounds that it is about.
fn caveats(page: Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut all: Vec<(String, String, Vec<String>)> = Vec::new();
    let place = |round: &RoundResult| {
        let (level, number) = (page.level_name(round.meta.level), round.meta.spec.number);
        format!("{level}/{number}")
    };
    let of_rounds = page
        .rounds
        .iter()
        .flat_map(|round| round.summary.warnings.iter().map(move |w| (w, Some(round))));
    let of_run = page.run.warnings.iter().map(|warning| (warning, None));
    for (warning, round) in of_run.chain(of_rounds) {
        let [en, zh] = [Lang::En, Lang::Zh].map(|lang| warning_text(warning, lang));
        let at = all.iter().position(|(known, ..)| *known == en);
        let at = at.unwrap_or_else(|| {
            all.push((en, zh, Vec::new()));
            all.len() - 1
        });
        all[at].2.extend(round.map(place));
    }
    if all.is_empty() {
        return Ok(());
    }
    let title = both("Caveats", "说明");
    writeln!(out, "<h2>{title}</h2><ul class=\"caveats\">")?;
    for (en, zh, places) in &all {
        let places = match places.len() {
            0 => String::new(),
            _ => format!(
                " <small>({} {})</small>",
                both("concurrency/round", "并发/轮"),
                escape(&places.join(", "))
            ),
        };
        writeln!(out, "<li>{}{places}</li>", both(en, zh))?;
    }
    writeln!(out, "</ul>")
}
