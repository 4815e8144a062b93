//! The comparison on a terminal.

use super::{ComparedRun, Versus, cells, heads, intervals_note, reasons, result, shown};
use crate::{
    labels,
    text::{fit, safe_text, widest, width},
    words::{change_caveat, cost::cost_change},
};
use dualround_model::Lang;
use std::fmt::Write;

/// A comparison as text: tables of all levels, their caveats, and the tally.
pub fn versus_table(versus: Versus<'_>, lang: Lang) -> String {
    let mut out = String::new();
    let [base, new] = match lang {
        Lang::En => ["base", "new "],
        Lang::Zh => ["基准", "新  "],
    };
    let _ = writeln!(
        out,
        "{}\n{}",
        run_line(base, versus.base),
        run_line(new, versus.new)
    );
    for caveat in &versus.change.caveats {
        let _ = writeln!(out, "- {}", safe_text(&lang.pick(change_caveat(caveat))));
    }
    for level in &versus.change.levels {
        let how = match (level.paired, lang) {
            (true, Lang::En) => "requests compared one by one",
            (true, Lang::Zh) => "逐个请求比较",
            (false, Lang::En) => "not the same requests",
            (false, Lang::Zh) => "请求不同",
        };
        let load = labels(lang).load(level.load);
        let _ = writeln!(out, "\n{load} ({how})");
        let mut rows = vec![heads(lang).map(str::to_owned)];
        let metrics: Vec<_> = level
            .metrics()
            .filter(|(_, metric)| shown(metric))
            .collect();
        rows.extend(
            metrics
                .iter()
                .map(|(part, metric)| cells(part, metric, lang)),
        );
        table(&mut out, &rows);
        for line in level.cost.iter().flat_map(cost_change) {
            let _ = writeln!(out, "  - {}", safe_text(&lang.pick(line)));
        }
        for reason in reasons(level, lang) {
            let text = safe_text(&reason.text);
            let _ = writeln!(out, "  - {}: {text}", reason.metrics);
        }
        for caveat in &level.caveats {
            let _ = writeln!(out, "  - {}", safe_text(&lang.pick(change_caveat(caveat))));
        }
    }
    let levels = &versus.change.levels;
    let _ = writeln!(out, "\n{}", intervals_note(levels, lang));
    let _ = writeln!(out, "{}", result(levels, lang));
    out
}

/// A run in one line: its folder, when it began, its model and its first engine.
fn run_line(name: &str, compared: ComparedRun<'_>) -> String {
    let (dir, run) = (compared.dir.display(), compared.run);
    let engine = run.engines.first().map_or_else(String::new, |engine| {
        let version = engine.version.as_deref().unwrap_or("");
        format!(", {} {version}", engine.kind.name())
    });
    let line = format!(
        "{name}: {dir} ({}, {}{engine})",
        run.started_at, run.plan.model
    );
    safe_text(line.trim_end())
}

/// Rows with a rule below the first; the two first columns and the last are texts.
fn table(out: &mut String, rows: &[[String; 7]]) {
    let widths = widest(rows);
    for (line, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, wide))| {
                let space = " ".repeat(wide - width(cell));
                match at {
                    0 | 1 | 6 => fit(cell, *wide),
                    _ => format!("{space}{cell}"),
                }
            });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(out, "  {}", cells.join("  ").trim_end());
        if line == 0 {
            let total: usize = widths.iter().sum::<usize>() + 12;
            let _ = writeln!(out, "  {}", "─".repeat(total));
        }
    }
}
