//! The comparison as JUnit XML, which CI systems show: a metric that is worse fails, one that
//! cannot be told is skipped.

use super::{Versus, change, interval, shown, value};
use crate::{text::safe_text, words::change_reason};
use dualround_model::{Judgement, Lang};
use std::fmt::Write;

/// A `--fail-if` and why it failed; `None`: it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateResult {
    /// The condition, with the level that it was held against.
    pub name: String,
    /// Why it failed.
    pub failed: Option<String>,
}

enum Case {
    Passed,
    Failed(String),
    Skipped(String),
}

/// The whole file.
pub fn junit(all: &[Versus<'_>], gates: &[GateResult]) -> String {
    let mut suites = String::new();
    for versus in all {
        for level in &versus.change.levels {
            let title = format!("{} concurrency {}", versus.new.dir.display(), level.load);
            let cases = level.metrics().filter(|(_, metric)| shown(metric));
            let cases = cases.map(|(part, metric)| {
                let text = format!(
                    "{} → {}, {} ({}), {}",
                    value(metric, metric.base),
                    value(metric, metric.new),
                    change(metric),
                    interval(metric),
                    super::judgement(metric.judgement, Lang::En)
                );
                let case = match metric.judgement {
                    Judgement::Worse => Case::Failed(text),
                    Judgement::CannotTell => Case::Skipped(
                        metric
                            .reason
                            .map_or(text, |reason| Lang::En.pick(change_reason(reason))),
                    ),
                    Judgement::Better | Judgement::Same => Case::Passed,
                };
                (format!("{part}.{}", metric.name), case)
            });
            suite(&mut suites, &title, cases.collect());
        }
    }
    if !gates.is_empty() {
        let cases = gates.iter().map(|gate| {
            let case = gate.failed.clone().map_or(Case::Passed, Case::Failed);
            (gate.name.clone(), case)
        });
        suite(&mut suites, "--fail-if", cases.collect());
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dualround compare\">\n{suites}</testsuites>\n"
    )
}

fn suite(out: &mut String, title: &str, cases: Vec<(String, Case)>) {
    let count = |wanted: fn(&Case) -> bool| cases.iter().filter(|(_, case)| wanted(case)).count();
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
        xml(title),
        cases.len(),
        count(|case| matches!(case, Case::Failed(_))),
        count(|case| matches!(case, Case::Skipped(_)))
    );
    for (name, case) in cases {
        let open = format!(
            "    <testcase classname=\"{}\" name=\"{}\"",
            xml(title),
            xml(&name)
        );
        let _ = match case {
            Case::Passed => writeln!(out, "{open}/>"),
            Case::Failed(text) => writeln!(
                out,
                "{open}><failure message=\"{}\"/></testcase>",
                xml(&text)
            ),
            Case::Skipped(text) => writeln!(
                out,
                "{open}><skipped message=\"{}\"/></testcase>",
                xml(&text)
            ),
        };
    }
    out.push_str("  </testsuite>\n");
}

fn xml(text: &str) -> String {
    safe_text(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
