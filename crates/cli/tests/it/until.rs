//! Runs that go on until they are decided.

use crate::common::{dataset, dualround, engine, json, run, stderr, stdout};
use serde_json::Value;
use std::path::Path;

fn level(dir: &Path, at: usize) -> Value {
    json(&dir.join("out/comparison.json"))["levels"][at].clone()
}

fn line(base: &str, more: &str) -> String {
    format!(
        "--dataset data.jsonl --endpoint {base} --until decided --max-output-tokens 2 --seed 3 {more}"
    )
}

#[test]
fn a_level_ends_when_it_is_decided_and_says_at_which_look() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 8);
    let more = "--budget 60s --concurrency 1 2 --output-dir out --progress json";
    let output = run(dir.path(), &line(&sim.base_url(), more));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for at in 0..2 {
        let level = level(dir.path(), at);
        let until = &level["until"];
        assert_eq!(until["decided"], true, "{until}");
        let (cycles, look) = (
            until["cycles"].as_u64().unwrap(),
            until["look"].as_u64().unwrap(),
        );
        assert!(cycles >= 3 && look == cycles - 2, "{until}");
        assert_eq!(
            until["looks"].as_u64().unwrap(),
            until["most"].as_u64().unwrap() - 2
        );
        assert_eq!(level["conclusion"]["source"], "until");
        assert_eq!(level["ttft"]["interval_kind"], "t_sequential");
        let said = format!("decided at look {look} of at most {}", until["looks"]);
        assert!(stdout(&output).contains(&said), "{}", stdout(&output));
    }
    let journal = std::fs::read_to_string(dir.path().join("out/requests.jsonl")).unwrap();
    let begun = journal.lines().filter(|line| line.contains("\"begun\""));
    let told = begun.filter(|line| line.contains("\"most_cycles\""));
    // The first cycle tells how many there may be; every later round says so.
    let cycles: u64 = (0..2)
        .map(|at| level(dir.path(), at)["until"]["cycles"].as_u64().unwrap())
        .sum();
    assert_eq!(told.count() as u64, 2 * (cycles - 2));
    let progress = stderr(&output);
    assert!(progress.contains("\"most_cycles\":") && progress.contains("\"budget_left_seconds\":"));
}

#[test]
fn a_budget_that_is_too_short_ends_with_the_one_that_would_do_and_the_run_goes_on_with_it() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 8);
    let base = sim.base_url();
    let output = run(dir.path(), &line(&base, "--budget 0.02 --output-dir out"));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--budget 20ms") && said.contains("or more"),
        "{said}"
    );
    // The rounds are kept, and judged as the pair that they are.
    assert_eq!(level(dir.path(), 0)["conclusion"]["source"], "cw");
    assert!(dir.path().join("out/concurrency_1_round_2.json").exists());
    let resumed = run(dir.path(), &line(&base, "--budget 60s --resume out"));
    assert_eq!(resumed.status.code(), Some(0), "{}", stderr(&resumed));
    assert!(
        stderr(&resumed).contains("1 whole cycles of the next one"),
        "{}",
        stderr(&resumed)
    );
    let decided = level(dir.path(), 0);
    assert_eq!(decided["until"]["decided"], true, "{decided}");
    let info = json(&dir.path().join("out/run.json"));
    assert_eq!(info["resumed_at"].as_array().unwrap().len(), 1);
    // What is finished is judged again, and nothing is sent.
    let before = sim.truth().requests.len();
    let again = run(dir.path(), &line(&base, "--budget 60s --resume out"));
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(sim.truth().requests.len(), before);
}

#[test]
fn a_report_that_is_made_again_says_the_same() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 8);
    let output = run(
        dir.path(),
        &line(&sim.base_url(), "--budget 60s --output-dir out"),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let before = level(dir.path(), 0);
    let output = dualround()
        .current_dir(dir.path())
        .args(["report", "out"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(level(dir.path(), 0), before);
}
