//! The comparison as JUnit XML, which CI systems show: a metric that is worse fails, one that
//! cannot be told is skipped.

use super::{Versus, change, interval, shown, value};
use crate::{text::safe_text, words::change_reason};
use dualround_model::{Judgement, Lang, MetricChange};
use std::fmt::Write;

/// A `--fail-if` condition that was held against a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateResult {
    /// The condition, with the level that it was held against.
    pub name: String,
    /// Why it failed.
    pub failed: Option<String>,
}

/// A test case: a metric of a level, or a `--fail-if`.
struct JunitCase {
    name: String,
    outcome: CaseOutcome,
}

/// How a test case ended, with the message of one that did not pass.
enum CaseOutcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// All comparisons with one base and the gates, as JUnit XML.
pub fn junit(all: &[Versus<'_>], gates: &[GateResult]) -> String {
    let mut suites = String::new();
    for versus in all {
        for level in &versus.change.levels {
            let (dir, load) = (versus.new.dir.display(), level.load);
            let title = format!("{dir} {} {load}", load.kind());
            let cases = level.metrics().filter(|(_, metric)| shown(metric));
            let cases: Vec<JunitCase> = cases
                .map(|(part, metric)| JunitCase {
                    name: format!("{part}.{}", metric.name),
                    outcome: outcome(metric),
                })
                .collect();
            suite(&mut suites, &title, &cases);
        }
    }
    if !gates.is_empty() {
        let cases: Vec<JunitCase> = gates
            .iter()
            .map(|gate| JunitCase {
                name: gate.name.clone(),
                outcome: gate
                    .failed
                    .clone()
                    .map_or(CaseOutcome::Passed, CaseOutcome::Failed),
            })
            .collect();
        suite(&mut suites, "--fail-if", &cases);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dualround compare\">\n{suites}</testsuites>\n"
    )
}

/// Worse fails; what cannot be told is skipped, with the reason.
fn outcome(metric: &MetricChange) -> CaseOutcome {
    let text = format!(
        "{} → {}, {} ({}), {}",
        value(metric, metric.base, Lang::En),
        value(metric, metric.new, Lang::En),
        change(metric, Lang::En),
        interval(metric, Lang::En),
        super::judgement(metric.judgement, Lang::En)
    );
    match metric.judgement {
        Judgement::Worse => CaseOutcome::Failed(text),
        Judgement::CannotTell => CaseOutcome::Skipped(
            metric
                .reason
                .map_or(text, |reason| Lang::En.pick(change_reason(reason))),
        ),
        Judgement::Better | Judgement::Same => CaseOutcome::Passed,
    }
}

fn suite(out: &mut String, title: &str, cases: &[JunitCase]) {
    let (mut failures, mut skipped) = (0, 0);
    for case in cases {
        match case.outcome {
            CaseOutcome::Passed => {}
            CaseOutcome::Failed(_) => failures += 1,
            CaseOutcome::Skipped(_) => skipped += 1,
        }
    }
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        xml(title),
        cases.len()
    );
    for case in cases {
        let open = format!(
            "    <testcase classname=\"{}\" name=\"{}\"",
            xml(title),
            xml(&case.name)
        );
        let _ = match &case.outcome {
            CaseOutcome::Passed => writeln!(out, "{open}/>"),
            CaseOutcome::Failed(text) => writeln!(
                out,
                "{open}><failure message=\"{}\"/></testcase>",
                xml(text)
            ),
            CaseOutcome::Skipped(text) => writeln!(
                out,
                "{open}><skipped message=\"{}\"/></testcase>",
                xml(text)
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
