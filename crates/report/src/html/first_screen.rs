//! What is seen first: the verdict, cold against warm by level, the caveats.

use super::{both, defined, escape};
use crate::{
    caveats::caveats,
    report_input::ReportInput,
    terminal::level_row::{cells, heads},
    words::{beside, cold_facts, conclusion, diagnoses, level_cell, level_words},
};
use dualround_model::{ConclusionKind, Lang};
use std::io::{self, Write};

/// Writes the first screen.
pub(super) fn write(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    header(page, out)?;
    verdicts(page, out)?;
    cold_to_warm(page, out)?;
    evidence(page, out)?;
    remarks(page, out)
}

fn header(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let (run, plan) = (page.run, &page.run.plan);
    writeln!(
        out,
        "<header><h1>dualround</h1><span class=\"facts\">{} · {} · {} · {} · {}</span>\
         <div class=\"controls\"><button id=\"language\" type=\"button\">\
         <span lang=\"en\"><span lang=\"zh\" class=\"always\">中文</span></span>\
         <span lang=\"zh\"><span lang=\"en\" class=\"always\">English</span></span></button>\
         <button id=\"theme\" type=\"button\">{}</button></div></header>\n<main>",
        escape(&plan.model),
        escape(&plan.endpoint),
        escape(&plan.dataset.path.display().to_string()),
        escape(&plan.schedule.to_string()),
        escape(&run.started_at),
        both("Light / dark", "浅色 / 深色"),
    )
}

fn verdicts(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let title = both("Verdict", "结论");
    writeln!(
        out,
        "<h2 class=\"unseen\">{title}</h2><ul class=\"verdicts\">"
    )?;
    for level in &page.comparison.levels {
        let term = match level.conclusion.kind {
            ConclusionKind::Effect => "effect",
            ConclusionKind::NoEffect => "no_effect",
            ConclusionKind::CannotTell => "cannot_tell",
            ConclusionKind::Withheld => "withheld",
        };
        let name = page.level_name(level.level);
        let [at, at_zh] = level_words(level.load, &name);
        let at = defined(term, &at, &at_zh);
        let [en, zh] = conclusion(level);
        let text = both(&en, &zh);
        writeln!(out, "<li class=\"{term}\"><strong>{at}</strong>: {text}")?;
        for [en, zh] in beside(level).into_iter().chain(diagnoses(level)) {
            writeln!(out, "<div class=\"why\">{}</div>", both(&en, &zh))?;
        }
        writeln!(out, "</li>")?;
    }
    if page.comparison.levels.is_empty() {
        let text = both("no level was compared", "没有可比较的负载级别");
        writeln!(out, "<li class=\"cannot_tell\">{text}</li>")?;
    }
    writeln!(out, "</ul>")
}

fn cold_to_warm(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let levels = &page.comparison.levels;
    // Roles by name: on a narrow screen the rows are no table to CSS, and must stay one to a reader.
    write!(
        out,
        "<table id=\"cold-to-warm\" role=\"table\"><caption class=\"unseen\">{}</caption><thead role=\"rowgroup\"><tr role=\"row\">",
        both("Cold against warm by level", "各负载级别的冷热对比")
    )?;
    let heads = heads(levels);
    for head in &heads {
        let [en, zh] = [Lang::En, Lang::Zh].map(|lang| head.words(lang));
        let text = defined(head.term, en, zh);
        write!(out, "<th>{text}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody role=\"rowgroup\">")?;
    for level in levels {
        let name = level_cell(level.load, &page.level_name(level.level));
        let rounds: Vec<_> = page.rounds_of(level.level).collect();
        let [en, zh] = [(Lang::En, &name[0]), (Lang::Zh, &name[1])]
            .map(|(lang, name)| cells(level, name, &rounds, lang));
        write!(out, "<tr role=\"row\">")?;
        let mut tag = "th scope=\"row\" role=\"rowheader\"";
        for ((en, zh), head) in en.iter().zip(&zh).zip(&heads) {
            let class = if en.bad { " class=\"bad\"" } else { "" };
            let [of_en, of_zh] = [Lang::En, Lang::Zh].map(|lang| head.words(lang));
            write!(
                out,
                "<{tag}{class}><span class=\"of\" aria-hidden=\"true\">{}</span>{}</{}>",
                both(of_en, of_zh),
                parts(&en.text, &zh.text),
                &tag[..2]
            )?;
            tag = "td role=\"cell\"";
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table>")
}

/// Characters of times that stand on one line.
const ONE_LINE: usize = 18;

/// A cell in pieces that are not broken: a ratio in brackets is on a line of its own, and long
/// times may go on after their arrow.
fn parts(en: &str, zh: &str) -> String {
    let split = |text: &str| {
        let text = text.replace(" (", "\n(");
        let times = text.split('\n').next().unwrap_or_default();
        let text = if times.chars().count() > ONE_LINE {
            text.replace("→ ", "→\n")
        } else {
            text
        };
        let parts = text.split('\n').map(str::to_owned);
        parts.collect::<Vec<_>>()
    };
    let (en, zh) = (split(en), split(zh));
    let parts = en.iter().zip(&zh);
    let parts = parts.map(|(en, zh)| format!("<span class=\"part\">{}</span>", both(en, zh)));
    parts.collect::<Vec<_>>().join(" ")
}

/// What each level's judgement on its cold rounds rests on.
fn evidence(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let summary = both("Evidence for the cold rounds", "冷轮判定依据");
    writeln!(out, "<details><summary>{summary}</summary><ul>")?;
    for level in &page.comparison.levels {
        let [name, name_zh] = level_cell(level.load, &page.level_name(level.level));
        let name = both(&name, &name_zh);
        for [en, zh] in cold_facts(level.cold.evidence.iter()) {
            writeln!(out, "<li>{name} · {}</li>", both(&en, &zh))?;
        }
    }
    writeln!(out, "</ul></details>")
}

fn remarks(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let caveats = caveats(&page.run.plan, &page.run.warnings, page.rounds);
    if caveats.is_empty() {
        return Ok(());
    }
    let title = both("Caveats", "注意");
    writeln!(out, "<h2>{title}</h2><ul class=\"caveats\">")?;
    for caveat in &caveats {
        let places = caveat.places_of(page.rounds.len());
        let places = places.map_or_else(String::new, |[en, zh]| {
            format!(" <small>({})</small>", both(&en, &zh))
        });
        let [en, zh] = &caveat.text;
        writeln!(out, "<li>{}{places}</li>", both(en, zh))?;
    }
    writeln!(out, "</ul>")
}
