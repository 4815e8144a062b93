//! Saved runs against each other, and the list of them.

use crate::{
    common::{dataset, engine, engine_with, json, run, stderr, stdout},
    schema::valid,
};
use simllm::SimConfig;
use std::{fs, path::Path};

/// Measures `rows` into `out`, with further words.
fn measure(dir: &Path, base: &str, out: &str, more: &str) {
    let line = format!(
        "--dataset data.jsonl --endpoint {base} --max-output-tokens 4 --temperature 0 --seed 1 --output-dir {out} {more}"
    );
    let output = run(dir, &line);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_same_requests_are_compared_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 10);
    let slow = engine_with(SimConfig {
        fixed_ttft_ms: Some(60.0),
        fixed_warm_ttft_ms: Some(60.0),
        ..SimConfig::default()
    });
    let fast = engine();
    measure(dir, &fast.base_url(), "base", "--concurrency 1 2");
    measure(dir, &slow.base_url(), "new", "--concurrency 2 4");
    let line =
        "compare base new --json c.json --markdown c.md --junit c.xml --fail-if worse>0 --lang en";
    let output = run(dir, line);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let table = stdout(&output);
    assert!(
        table.contains("Concurrency: 2 (requests compared one by one)"),
        "{table}"
    );
    assert!(
        table.contains("concurrency 1 is in the base run only"),
        "{table}"
    );
    assert!(
        table.contains("concurrency 4 is in the new run only"),
        "{table}"
    );
    assert!(table.contains("WORSE"), "{table}");
    let file = json(&dir.join("c.json"));
    valid("compare", &file);
    let level = &file["comparisons"][0]["levels"][0];
    assert_eq!(
        (&level["paired"], &level["concurrency"]),
        (&true.into(), &2.into())
    );
    let ttft = &level["warm"]["ttft"];
    assert_eq!(
        (&ttft["judgement"], &ttft["n"]),
        (&"worse".into(), &10.into())
    );
    assert!(ttft["interval_low"].as_f64().unwrap() > 1.0, "{ttft}");
    // What the cache is worth has gone with it.
    let worth = &level["cache"]["ttft_ratio"];
    assert!(worth["change"].as_f64().unwrap() < 0.0, "{worth}");
    assert_eq!(
        level["warm"]["token_throughput"]["judgement"],
        "cannot_tell"
    );
    assert!(level["warm"]["goodput_request_rate"]["base"].is_null());
    let junit = fs::read_to_string(dir.join("c.xml")).unwrap();
    assert!(
        junit.contains("name=\"warm.ttft\"><failure message="),
        "{junit}"
    );
    assert_eq!(
        junit.matches("<testcase").count(),
        junit.matches("classname").count()
    );
    let markdown = fs::read_to_string(dir.join("c.md")).unwrap();
    assert!(
        markdown.contains("| warm | TTFT (ms) |") && markdown.contains("**WORSE**"),
        "{markdown}"
    );
    // The other way round it is better; but of a level that one run lacks nothing is known.
    let line = "compare new base --fail-if warm.ttft.judgement==worse --lang zh";
    let output = run(dir, line);
    assert_eq!(output.status.code(), Some(4), "{}", stdout(&output));
    assert!(stdout(&output).contains("变好"), "{}", stdout(&output));
    for missing in [
        "at 并发 4: 只有基准运行有该负载级别",
        "at 并发 1: 只有新运行有该负载级别",
    ] {
        assert!(stderr(&output).contains(missing), "{}", stderr(&output));
    }
    assert!(!stderr(&output).contains("at 并发 2"));
    measure(dir, &slow.base_url(), "slow", "--concurrency 2");
    measure(dir, &fast.base_url(), "fast", "--concurrency 2");
    let output = run(
        dir,
        "compare slow fast --fail-if warm.ttft.judgement==worse",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    // To stdout alone, for a pipe.
    let output = run(dir, "compare base new --json -");
    let piped: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(piped, file);
}

#[test]
fn another_draw_is_compared_unpaired_and_three_cycles_give_t() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 24);
    let sim = engine();
    for (out, seed) in [("a", 1), ("b", 2)] {
        let more =
            format!("--num-samples 12 --rounds CWCWCW --seed {seed}").replace("--seed 1 ", "");
        let line = format!(
            "--dataset data.jsonl --endpoint {} --max-output-tokens 4 --temperature 0 --output-dir {out} {more}",
            sim.base_url()
        );
        assert!(run(dir, &line).status.success());
    }
    let output = run(dir, "compare a b --json -");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let level = &file["comparisons"][0]["levels"][0];
    assert_eq!(level["paired"], false);
    assert!(level["caveats"][0].as_str().unwrap().contains("one by one"));
    for metric in ["ttft", "token_throughput"] {
        assert_eq!(
            level["warm"][metric]["interval_kind"], "t_cycles",
            "{level}"
        );
        assert_eq!(level["warm"][metric]["n"], 3);
    }
    assert_eq!(level["warm"]["cache_hit_rate"]["interval_kind"], "t_cycles");
}

#[test]
fn what_is_not_comparable_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine_with(SimConfig {
        models: vec!["one".to_owned(), "two".to_owned()],
        ..SimConfig::default()
    });
    let base = sim.base_url();
    measure(dir, &base, "base", "--model one");
    measure(dir, &base, "model", "--model two");
    measure(dir, &base, "level", "--model one --concurrency 3");
    fs::rename(dir.join("data.jsonl"), dir.join("other.jsonl")).unwrap();
    dataset(dir, 9);
    measure(dir, &base, "dataset", "--model one");
    for (other, word) in [
        ("model", "model: one in the base run, two in the new one"),
        ("level", "no level in common: [1] and [3]"),
        (
            "dataset",
            "dataset: data.jsonl (8 rows) in the base run, data.jsonl (9 rows)",
        ),
        ("nothing", "holds no run"),
    ] {
        let output = run(dir, &format!("compare base {other}"));
        assert_eq!(output.status.code(), Some(2), "{other}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    let output = run(dir, "compare base dataset --allow dataset");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("not the same requests"));
    let output = run(
        dir,
        "compare base dataset --allow dataset --fail-if warm.speed<1",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("there is no `speed`"),
        "{}",
        stderr(&output)
    );
    assert_eq!(run(dir, "compare base").status.code(), Some(2));
    assert_eq!(
        run(dir, "compare base model --allow speed").status.code(),
        Some(2)
    );
}

#[test]
fn a_contaminated_cold_round_is_not_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    measure(dir, &sim.base_url(), "first", "--cold none");
    measure(dir, &sim.base_url(), "second", "--cold none");
    let output = run(dir, "compare first second --json -");
    let file: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let level = &file["comparisons"][0]["levels"][0];
    for part in ["/cold/ttft", "/cache/ttft_ratio"] {
        let metric = level.pointer(part).unwrap();
        assert_eq!(metric["judgement"], "cannot_tell", "{part}");
        assert!(
            metric["reason"].as_str().unwrap().contains("contaminated"),
            "{metric}"
        );
        assert!(metric["change"].is_null());
    }
    assert!(!level["warm"]["ttft"]["change"].is_null());
}

#[test]
fn saved_runs_are_listed_with_those_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    let line = format!(
        "--dataset data.jsonl --endpoint {} --max-output-tokens 2 --concurrency 1 2",
        sim.base_url()
    );
    assert!(run(dir, &line).status.success());
    assert!(run(dir, &line).status.success());
    let table = stdout(&run(dir, "list"));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[1].contains("results/previous/") && lines[2].contains("×"),
        "{table}"
    );
    let output = run(dir, "list results --json");
    let file: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(file.as_array().unwrap().len(), 2);
    assert_eq!(file[1]["levels"], serde_json::json!([1, 2]));
    assert_eq!(run(dir, "list nowhere").status.code(), Some(2));
    fs::create_dir(dir.join("empty")).unwrap();
    assert!(stderr(&run(dir, "list empty")).contains("no run was found"));
}
