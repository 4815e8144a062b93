//! Every command of the users' guide, with the program's name replaced, against the simulator.

use crate::common::{dataset, dualround, engine, json, run, stderr, stdout};
use std::path::Path;

/// The guide's folders and files, small.
fn guide_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("data")).unwrap();
    dataset(dir.path(), 6);
    for name in [
        "narrativeqa",
        "mixed",
        "production_queries",
        "test",
        "long_context",
    ] {
        std::fs::copy(
            dir.path().join("data.jsonl"),
            dir.path().join(format!("data/{name}.jsonl")),
        )
        .unwrap();
    }
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    std::fs::create_dir(dir.path().join("examples")).unwrap();
    for (from, to) in [
        ("example_dataset.json", "examples/example_dataset.json"),
        ("slo.yaml", "slo.yaml"),
        ("slo_production.yaml", "slo_production.yaml"),
        ("batch.sh", "batch.sh"),
        ("config.yaml", "config.yaml"),
    ] {
        std::fs::copy(examples.join(from), dir.path().join(to)).unwrap();
    }
    dir
}

fn ok(dir: &Path, line: &str) -> String {
    let output = run(dir, line);
    assert!(
        output.status.success(),
        "{line}\n{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    stdout(&output)
}

#[test]
fn the_complete_example() {
    let (dir, sim) = (guide_dir(), engine());
    let base = sim.base_url();
    let table = ok(
        dir.path(),
        &format!(
            "--dataset data/narrativeqa.jsonl --endpoint {base}/v1/chat/completions --model sim-1 \
             --num-samples 100 --concurrency 5 10 20 --max-input-length 8192 --max-output-tokens 8 \
             --temperature 0.7 --timeout 600 --prometheus-url {base}/metrics \
             --prometheus-metrics lmcache_hit_rate memory_usage_bytes --slo-file slo.yaml \
             --output-dir results/test_run --lang zh"
        ),
    );
    assert!(
        table.contains("并发: 10 | 第 1 轮性能指标")
            && table.contains("总请求数: 6 | 成功: 6 | 失败: 0")
    );
    assert!(table.contains("满足 SLO 的请求数: 6 / 6 (100.00%)"));
    let out = dir.path().join("results/test_run");
    for concurrency in [5, 10, 20] {
        for round in [1, 2] {
            let file = json(&out.join(format!("concurrency_{concurrency}_round_{round}.json")));
            assert_eq!(file["summary"]["successful_requests"], 6);
            assert_eq!(file["requests"].as_array().unwrap().len(), 6);
            let figure = |key: &str| file["summary"][key].as_f64().unwrap();
            let good = figure("goodput_request_throughput") * figure("duration_seconds");
            assert!((good - 6.0).abs() < 1e-3, "{good}");
            assert!(
                file["summary"]["prometheus"]["memory_usage_bytes"]["avg"]
                    .as_f64()
                    .unwrap()
                    > 1e9
            );
        }
    }
    let csv = std::fs::read_to_string(out.join("metrics_summary.csv")).unwrap();
    assert!(csv.contains("\n有效吞吐量 (requests/sec),"));
    assert!(csv.starts_with("指标/轮次,并发5-第1轮,并发5-第2轮,并发10-第1轮"));
    let levels = json(&out.join("comparison.json"));
    assert_eq!(levels["levels"].as_array().unwrap().len(), 3);
    assert_eq!(levels["levels"][0]["cold"]["verdict"], "cold");
}

#[test]
fn the_four_examples() {
    let (dir, sim) = (guide_dir(), engine());
    let base = sim.base_url();
    let url = format!("{base}/v1/chat/completions");
    ok(
        dir.path(),
        &format!(
            "--dataset examples/example_dataset.json --endpoint {url} --num-samples 10 --concurrency 5"
        ),
    );
    assert!(dir.path().join("results/metrics_summary.csv").exists());
    ok(
        dir.path(),
        &format!(
            "--dataset data/narrativeqa.jsonl --endpoint {url} --num-samples 50 --concurrency 10 \
             --prometheus-url {base}/metrics --prometheus-metrics lmcache_hit_rate \
             --output-dir results/cache_test --max-output-tokens 8"
        ),
    );
    let rate = |round: u32| {
        let file = format!("results/cache_test/concurrency_10_round_{round}.json");
        let file = json(&dir.path().join(file));
        file["summary"]["prometheus"]["lmcache_hit_rate"]["after"]
            .as_f64()
            .unwrap()
    };
    assert!(rate(1) < 0.2 && rate(2) > 0.8, "{} {}", rate(1), rate(2));
    ok(
        dir.path(),
        &format!(
            "--dataset data/mixed.jsonl --endpoint {url} --num-samples 200 \
             --concurrency 1 5 10 20 50 100 --output-dir results/scaling_test --max-output-tokens 4"
        ),
    );
    ok(
        dir.path(),
        &format!(
            "--dataset data/production_queries.jsonl --endpoint {url} --num-samples 1000 \
             --concurrency 50 --slo-file slo_production.yaml --output-dir results/slo_check \
             --max-output-tokens 4"
        ),
    );
    let good = json(
        &dir.path()
            .join("results/slo_check/concurrency_50_round_2.json"),
    );
    assert_eq!(good["summary"]["goodput_requests"], 6);
}

#[test]
fn long_texts_by_conversion() {
    let (dir, sim) = (guide_dir(), engine());
    let row = |i: usize, set: &str| {
        serde_json::json!({"_id": i.to_string(), "dataset": set, "input": "Who left?",
            "context": format!("Doc {i}. ") + &"Ann met Bo. ".repeat(50), "answers": ["Bo"]})
        .to_string()
    };
    let rows = [
        row(1, "narrativeqa"),
        row(2, "narrativeqa"),
        row(3, "qasper"),
        row(1, "narrativeqa"),
    ];
    std::fs::write(dir.path().join("lb.jsonl"), rows.join("\n")).unwrap();
    let refused = run(
        dir.path(),
        "convert longbench --num-samples 50 --output data/x.jsonl",
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--input-file") && stderr(&refused).contains("narrativeqa"));
    ok(
        dir.path(),
        "convert longbench --dataset narrativeqa --input-file lb.jsonl --num-samples 50 --output data/lc.jsonl",
    );
    let text = std::fs::read_to_string(dir.path().join("data/lc.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("Who left?") && !text.contains("answers"));
    let url = sim.base_url();
    ok(
        dir.path(),
        &format!(
            "--dataset data/lc.jsonl --max-input-length 40 --endpoint {url} --max-output-tokens 4"
        ),
    );
    let file = json(&dir.path().join("results/concurrency_1_round_1.json"));
    assert_eq!(file["summary"]["flags"]["truncated_input"], 2);
    ok(dir.path(), "check dataset lb.jsonl");
}

#[test]
fn the_batch_script_and_the_config_file() {
    let (dir, sim) = (guide_dir(), engine());
    let program = assert_cmd::cargo::cargo_bin("dualround");
    let status = std::process::Command::new("bash")
        .current_dir(dir.path())
        .args(["batch.sh", "--max-output-tokens", "4"])
        .env("DUALROUND", program)
        .env("DATASET", "data/test.jsonl")
        .env("ENDPOINT", sim.base_url())
        .env("CONCURRENCIES", "1 5")
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", stderr(&status));
    assert!(dir.path().join("results/conc_5/comparison.json").exists());
    let output = dualround()
        .current_dir(dir.path())
        .args([
            "--config",
            "config.yaml",
            "--endpoint",
            &sim.base_url(),
            "--slo-file",
            "slo.yaml",
        ])
        .args(["--max-output-tokens", "4"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        dir.path()
            .join("results/concurrency_4_round_3.json")
            .exists()
    );
}

#[test]
fn the_companion_checks() {
    let (dir, sim) = (guide_dir(), engine());
    let base = sim.base_url();
    let shown = ok(dir.path(), "check dataset data/test.jsonl");
    assert!(shown.contains("rows: 6 (6 usable)") && shown.contains("first request"));
    let shown = ok(
        dir.path(),
        &format!("check metrics {base}/metrics lmcache_hit_rate kv_cache_size"),
    );
    assert!(shown.contains("lmcache_hit_rate (gauge"));
    let missing = run(
        dir.path(),
        &format!("check metrics {base}/metrics lmcache_hit_rat"),
    );
    assert_eq!(missing.status.code(), Some(2));
    assert!(stdout(&missing).contains("lmcache_hit_rate"));
    assert!(ok(dir.path(), &format!("check endpoint {base}")).contains("sim-1"));
}
