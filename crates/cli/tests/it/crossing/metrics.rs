//! Every metric of a round and of a request: `explain`, schema, CSV, Parquet, the page, `compare`.

use super::printed;
use crate::common::{dataset, dualround, engine, json, run, stderr};
use serde_json::Value;
use std::collections::BTreeSet;

/// Where a metric and a column do not meet, and why.
pub(super) const HOLES: &[(&str, &str, &str)] = &[
    (
        "ttfo",
        "compare",
        "TTFT where nothing reasons; both runs are of one model",
    ),
    (
        "icl",
        "compare",
        "gaps have no prompt that they could be paired by",
    ),
    (
        "client_lag",
        "compare",
        "this client's own error, not the server's: it is a caveat where it is not small",
    ),
    (
        "goodput_token_rate",
        "compare",
        "goodput is compared by its requests",
    ),
    (
        "goodput_token_throughput",
        "compare",
        "goodput is compared by its requests",
    ),
    (
        "goodput_token_rate",
        "html",
        "goodput is shown by its requests",
    ),
    (
        "goodput_token_throughput",
        "html",
        "goodput is shown by its requests",
    ),
];

/// How many requests something holds for: the names say it, and the tables beside the page.
fn is_count(metric: &str) -> bool {
    ["requests", "in_flight"]
        .iter()
        .any(|end| metric.ends_with(end))
}

/// What this program did around a round, which the round's file alone tells.
const AROUND: [&str; 3] = ["peak_in_flight", "probe_requests", "warmup_requests"];

/// Lengths and totals: `compare` tells other lengths, and rates of totals.
fn is_total(metric: &str) -> bool {
    ["tokens", "_seconds", "_per_event"]
        .iter()
        .any(|end| metric.ends_with(end))
}

/// The metrics of a summary: those with statistics, and those that are one figure.
fn metrics_of(summary: &Value) -> BTreeSet<String> {
    let keys = summary.as_object().unwrap().iter();
    let single = [
        "seconds",
        "throughput",
        "rate",
        "_tokens",
        "_per_event",
        "requests",
        "in_flight",
    ];
    let of = |(key, value): (&String, &Value)| match key.strip_prefix("n_") {
        Some(metric) => Some(metric.to_owned()),
        // Statistics of those, and groups.
        None if !value.is_number() && !value.is_null() => None,
        None if [
            "avg_", "p50_", "p90_", "p95_", "p99_", "min_", "max_", "stddev_",
        ]
        .iter()
        .any(|of| key.starts_with(of)) =>
        {
            None
        }
        None => single
            .iter()
            .any(|end| key.ends_with(end))
            .then(|| key.clone()),
    };
    keys.filter_map(of).collect()
}

/// The page has the metric in its data, or defines it.
fn is_on_page(page: &str, metric: &str) -> bool {
    page.contains(&format!("\"{metric}\":")) || page.contains(&format!("id=\"def-{metric}\""))
}

#[test]
fn every_metric_is_explained_and_written_everywhere() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 8);
    let base = sim.base_url();
    let output = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {base} --output-dir out --max-output-tokens 4 \
             --progress none"
        ),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let round = json(&dir.path().join("out/concurrency_1_round_2.json"));
    let metrics = metrics_of(&round["summary"]);
    assert!(metrics.len() > 20, "{metrics:?}");
    let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).unwrap();
    let (tidy, page) = (read("out/metrics_tidy.csv"), read("out/report.html"));
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../schema/concurrency_round.schema.json"
    );
    let schema = json(root.as_ref());
    let known = &schema["properties"]["summary"]["properties"];
    let compared = dualround()
        .current_dir(dir.path())
        .args(["compare", "out", "out", "--json", "-"])
        .output()
        .unwrap();
    let compared = String::from_utf8(compared.stdout).unwrap();
    let mut wrong = Vec::new();
    for metric in metrics {
        let mut held = |column: &str, holds: bool| {
            let hole = HOLES
                .iter()
                .any(|(name, at, _)| *name == metric && *at == column);
            if !holds && !hole {
                wrong.push(format!("{metric}: {column}"));
            }
        };
        let explained = dualround().args(["explain", &metric]).output().unwrap();
        held("explain", explained.status.success() || is_count(&metric));
        held(
            "schema",
            known
                .get(&metric)
                .or_else(|| known.get(format!("p99_{metric}")))
                .is_some(),
        );
        let column = metric.trim_end_matches("_seconds");
        held(
            "csv",
            tidy.contains(&format!(",{column},")) || AROUND.contains(&metric.as_str()),
        );
        held(
            "html",
            is_on_page(&page, &metric) || is_count(&metric) || is_total(&metric),
        );
        let is_compared = compared.contains(&format!("\"{metric}\": {{"));
        held(
            "compare",
            is_compared || is_count(&metric) || is_total(&metric),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    printed(&["explain"]);
}
