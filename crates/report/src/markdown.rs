//! `summary.md`: the run on one page, for a pull request or a wiki.

use crate::{
    caveats::caveats,
    report_input::ReportInput,
    terminal::comparison_block::comparison_block,
    terminal::level_row::{cells, heads},
    text::safe_text,
    words::{beside, conclusion, diagnoses, level_cell, level_words},
};
use dualround_model::RoundResult;
use std::io::{self, Write};

/// Writes `summary.md` in the run's language.
pub(crate) fn write(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let plan = &page.run.plan;
    let model = plain(&plan.model);
    writeln!(out, "## dualround: {model} ({})\n", plan.schedule)?;
    verdicts(page, out)?;
    cold_to_warm(page, out)?;
    remarks(page, out)?;
    details(page, out)?;
    origin(page, out)
}

/// The conclusion of each level, with what explains it.
fn verdicts(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let lang = page.run.plan.output.lang;
    let colon = lang.pick([": ", "："]);
    for level in &page.comparison.levels {
        let name = page.level_name(level.level);
        let conclusion = plain(&lang.pick(conclusion(level)));
        let at = lang.pick(level_words(level.load, &name));
        writeln!(out, "- **{at}**{colon}{conclusion}")?;
        for line in beside(level).into_iter().chain(diagnoses(level)) {
            writeln!(out, "  - {}", plain(&lang.pick(line)))?;
        }
    }
    Ok(())
}

/// Cold against warm, a row a level; bad news is bold.
fn cold_to_warm(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let lang = page.run.plan.output.lang;
    let heads = heads(&page.comparison.levels).map(|head| head.words(lang));
    writeln!(
        out,
        "\n| {} |\n|{}",
        heads.join(" | "),
        " ---: |".repeat(heads.len())
    )?;
    for level in &page.comparison.levels {
        let rounds: Vec<_> = page.rounds_of(level.level).collect();
        let name = lang.pick(level_cell(level.load, &page.level_name(level.level)));
        let row = cells(level, &name, &rounds, lang);
        let row = row.map(|cell| {
            if cell.bad {
                format!("**{}**", plain(&cell.text))
            } else {
                plain(&cell.text)
            }
        });
        writeln!(out, "| {} |", row.join(" | "))?;
    }
    Ok(())
}

/// The caveats of the run, with the rounds that they are about.
fn remarks(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let (run, lang) = (page.run, page.run.plan.output.lang);
    let caveats = caveats(&run.plan, &run.warnings, page.rounds);
    if !caveats.is_empty() {
        writeln!(out, "\n**{}**\n", lang.pick(["Caveats", "注意"]))?;
    }
    for caveat in &caveats {
        let [en, zh] = &caveat.text;
        let text = plain(lang.pick([en, zh]));
        let places = caveat.places_of(page.rounds.len());
        let places = places.map_or_else(String::new, |places| format!(" ({})", lang.pick(places)));
        writeln!(out, "- {text}{places}")?;
    }
    Ok(())
}

/// What was measured, when, and by which version.
fn origin(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let (run, plan) = (page.run, &page.run.plan);
    let lang = plan.output.lang;
    let dataset = plan.dataset.path.display().to_string();
    writeln!(
        out,
        "\n{}: {} · {}: {} · {}: {} · seed {} · {} · dualround {}",
        lang.pick(["Endpoint", "端点"]),
        code(&plan.endpoint),
        lang.pick(["dataset", "数据集"]),
        code(&dataset),
        lang.pick(["samples", "样本数"]),
        page.rounds.first().map_or(0, |round| round.meta.planned),
        plan.seed,
        run.started_at,
        run.version
    )
}

/// The whole comparison of each level, as it stands on a terminal under `--tables all`.
fn details(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let plan = &page.run.plan;
    for level in &page.comparison.levels {
        let rounds: Vec<RoundResult> = page.rounds_of(level.level).cloned().collect();
        let block = comparison_block(level, &rounds, plan, None);
        writeln!(out, "\n```text")?;
        for line in block.lines().filter(|line| !line.starts_with("====")) {
            // Nothing may end the block.
            writeln!(out, "{}", safe_text(line).replace("```", "` ` `"))?;
        }
        writeln!(out, "```")?;
    }
    Ok(())
}

/// A text escaped so that Markdown takes it for nothing else.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe_text(text).chars() {
        match c {
            '\n' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A text as Markdown code; what would end it is left out.
pub(crate) fn code(text: &str) -> String {
    let text: String = safe_text(text)
        .chars()
        .filter(|c| !matches!(c, '`' | '\n'))
        .collect();
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(
            plain("a|b *c* <img> [x](y)\n`z` &"),
            "a\\|b \\*c\\* &lt;img> \\[x\\](y) \\`z\\` &amp;"
        );
        assert_eq!(code("a`b"), "`ab`");
    }
}
