//! What rounds cost: to the cent, in every output.

use super::{measured, summary};
use crate::common::{dataset, engine_with, json, run, stderr, stdout};
use simllm::SimConfig;

const TABLE: &str = "currency: USD
models:
  sim-1: {input: 3, cache_read: 0.30, cache_write: {5m: 3.75, 1h: 6}, output: 15}
";

#[test]
fn a_run_costs_what_its_tokens_cost() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    std::fs::write(dir.path().join("prices.yaml"), TABLE).unwrap();
    let sim = engine_with(SimConfig {
        explicit_cache: true,
        explicit_min_tokens: 100,
        ..SimConfig::default()
    });
    let more = "--cache-control 5m --prices prices.yaml";
    measured(dir.path(), &sim, "messages", more);
    let mut costs = Vec::new();
    for round in [1, 2] {
        let round = summary(dir.path(), "messages", round);
        let of = |key: &str| round[key].as_f64().unwrap();
        let (prompt, output) = (8.0 * of("avg_input_tokens"), 8.0 * of("avg_output_tokens"));
        let (read, written) = (of("cached_tokens"), of("written_tokens"));
        let right =
            ((prompt - read - written) * 3.0 + read * 0.3 + written * 3.75 + output * 15.0) / 1e6;
        let cost = &round["cost"];
        let total = cost["total"].as_f64().unwrap();
        assert!((total - right).abs() < 1e-9, "{total} {right}: {cost}");
        let saved = cost["saved_by_hits"].as_f64().unwrap();
        assert!((saved - read * 2.7 / 1e6).abs() < 1e-9, "{cost}");
        assert_eq!(cost["currency"], "USD");
        costs.push(total);
    }
    let level = &json(&dir.path().join("messages/comparison.json"))["levels"][0]["cost"];
    let cold = level["cold_request"].as_f64().unwrap();
    assert!((cold - costs[0] / 8.0).abs() < 1e-9, "{level}");
    assert_eq!(
        level["break_even"],
        serde_json::json!([{"ttl": "5m", "reuses": 1}, {"ttl": "1h", "reuses": 2}])
    );
    let page = std::fs::read_to_string(dir.path().join("messages/report.html")).unwrap();
    assert!(
        page.contains("id=\"costs\"") && page.contains("hits saved"),
        "no costs in the page"
    );
    let csv = std::fs::read_to_string(dir.path().join("messages/metrics_tidy.csv")).unwrap();
    assert!(
        csv.contains("cost_total") && csv.contains("written_tokens"),
        "{csv}"
    );
    // The table is kept with the run, and another one is taken by the report.
    let again = stdout(&run(dir.path(), "report messages --lang en"));
    assert!(
        again.contains("cost of a request:") && again.contains("USD"),
        "{again}"
    );
    let other = TABLE.replace("USD", "CNY");
    std::fs::write(dir.path().join("other.yaml"), other).unwrap();
    let again = stdout(&run(
        dir.path(),
        "report messages --lang zh --prices other.yaml",
    ));
    assert!(again.contains("CNY") && again.contains("费用"), "{again}");
    let compared = stdout(&run(
        dir.path(),
        "compare messages messages --prices prices.yaml --lang en",
    ));
    assert!(compared.contains("cost of a warm request:"), "{compared}");
}

#[test]
fn a_cost_without_a_count_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    std::fs::write(dir.path().join("prices.yaml"), TABLE).unwrap();
    // It does not tell what it writes, and the table has prices for that.
    let sim = engine_with(SimConfig::default());
    measured(dir.path(), &sim, "chat", "--prices prices.yaml");
    let cost = summary(dir.path(), "chat", 1)["cost"].clone();
    assert!(cost["total"].is_null(), "{cost}");
    assert_eq!(cost["missing"]["count"]["what"], "written", "{cost}");
    let said = stdout(&run(dir.path(), "report chat --lang en"));
    assert!(
        said.contains("not known: 6 of 6 answers do not tell tokens written"),
        "{said}"
    );
}

#[test]
fn a_table_that_cannot_be_used_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let sim = engine_with(SimConfig::default());
    let base = sim.base_url();
    for (table, words) in [
        (
            "currency: USD\nmodels: {other: {input: 1}}\n",
            "no prices of the model `sim-1`",
        ),
        ("currency: USD\nmodels: {sim-1: {input: -1}}\n", "-1"),
        ("currency: USD\nmodels: {sim-1: {inptu: 1}}\n", "inptu"),
    ] {
        std::fs::write(dir.path().join("prices.yaml"), table).unwrap();
        let output = run(
            dir.path(),
            &format!(
                "--dataset data.jsonl --endpoint {base} --prices prices.yaml --output-dir out"
            ),
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert!(
        sim.truth().requests.len() < 10,
        "rounds were measured all the same"
    );
}
