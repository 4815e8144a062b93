//! The comparison in Markdown, for a pull request.

use super::{Versus, cells, heads, intervals_note, reasons, result, shown};
use crate::{
    labels,
    markdown::{code, plain},
    words::{change_caveat, cost::cost_change},
};
use dualround_model::{Judgement, Lang};
use std::fmt::Write;

/// A comparison in Markdown: tables of all levels, in which what is worse is bold.
pub fn versus_markdown(versus: Versus<'_>, lang: Lang) -> String {
    let mut out = String::new();
    let levels = &versus.change.levels;
    let [base, new] = [versus.base, versus.new].map(|side| code(&side.dir.display().to_string()));
    let _ = writeln!(
        out,
        "## dualround: {base} → {new}\n\n{}\n",
        plain(&result(levels, lang))
    );
    for caveat in &versus.change.caveats {
        let _ = writeln!(out, "- {}", plain(&lang.pick(change_caveat(caveat))));
    }
    for level in levels {
        let _ = writeln!(out, "\n### {}\n", labels(lang).load(level.load));
        let heads = heads(lang);
        let _ = writeln!(
            out,
            "| {} |\n| --- | --- | ---: | ---: | ---: | ---: | --- |",
            heads.join(" | ")
        );
        let metrics: Vec<_> = level
            .metrics()
            .filter(|(_, metric)| shown(metric))
            .collect();
        for (part, metric) in &metrics {
            let mut row = cells(part, metric, lang).map(|cell| plain(&cell));
            if metric.judgement == Judgement::Worse {
                row[6] = format!("**{}**", row[6]);
            }
            let _ = writeln!(out, "| {} |", row.join(" | "));
        }
        let _ = writeln!(out);
        for line in level.cost.iter().flat_map(cost_change) {
            let _ = writeln!(out, "- {}", plain(&lang.pick(line)));
        }
        for reason in reasons(level, lang) {
            let (metrics, text) = (plain(&reason.metrics), plain(&reason.text));
            let _ = writeln!(out, "- {metrics}: {text}");
        }
        for caveat in &level.caveats {
            let _ = writeln!(out, "- {}", plain(&lang.pick(change_caveat(caveat))));
        }
    }
    let _ = writeln!(out, "\n{}", intervals_note(levels, lang));
    out
}
