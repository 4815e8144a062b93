//! What the program knows of itself: its limits and its own error.

use crate::common::{dataset, engine_with, json, run, stderr, stdout};
use simllm::SimConfig;
use std::{path::Path, process::Output};

/// The same under limits on open files.
fn limited(dir: &Path, soft: u32, hard: u32, line: &str) -> Output {
    let program = assert_cmd::cargo::cargo_bin!("dualround");
    let script = format!(
        "ulimit -Sn {soft} && ulimit -Hn {hard} && exec {} {line}",
        program.display()
    );
    std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir)
        .env("LANG", "C")
        .output()
        .unwrap()
}

#[test]
#[cfg(unix)]
fn b060_open_files_are_raised_or_refused_before_the_first_request() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 200);
    let sim = engine_with(SimConfig {
        max_batch: 4096,
        ..SimConfig::default()
    });
    let line = format!(
        "run --dataset data.jsonl --endpoint {} --model sim-1 --concurrency 200 --no-probe \
         --warmup 0 --max-output-tokens 2 --output-dir out",
        sim.base_url()
    );
    let output = limited(dir.path(), 64, 4096, &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let round = json(&dir.path().join("out/concurrency_200_round_1.json"));
    assert_eq!(round["summary"]["successful_requests"], 200);
    let before = sim.truth().requests.len();
    let output = limited(
        dir.path(),
        64,
        64,
        &line.replace("output-dir out", "output-dir two"),
    );
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words}");
    for word in ["264", "64", "ulimit"] {
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(sim.truth().requests.len(), before);
}

#[test]
fn calibrate_tells_the_clients_own_error() {
    let dir = tempfile::tempdir().unwrap();
    let line = "calibrate --concurrency 1,20 --ttft-ms 50 --itl-ms 5 --output-tokens 8";
    let output = run(dir.path(), &format!("{line} --json"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    for (at, (concurrency, requests)) in [(1, 8), (20, 40)].into_iter().enumerate() {
        let level = &found["levels"][at];
        assert_eq!(level["concurrency"], concurrency);
        for metric in ["ttft", "itl", "latency"] {
            assert_eq!(level[metric]["n"], requests, "{level}");
            // Bounds for a busy machine; what it is on a quiet one stands in docs/en/method/accuracy.md.
            let mean = level[metric]["mean"].as_f64().unwrap();
            assert!(mean.abs() < 10.0, "{level}");
        }
        assert!(level["true_ttft_ms"].as_f64().unwrap() >= 49.0, "{level}");
    }
    assert!(found["flat_out"]["tokens_per_second"].as_f64().unwrap() > 1000.0);
    assert!(
        dir.path().read_dir().unwrap().next().is_none(),
        "no file is written"
    );
    let table = stdout(&run(dir.path(), &format!("{line} --lang zh")));
    assert!(
        table.contains("TTFT 平均值") && table.contains("tokens/s"),
        "{table}"
    );
    for bad in ["calibrate --concurrency 0", "calibrate --lang xx"] {
        assert_eq!(run(dir.path(), bad).status.code(), Some(2), "{bad}");
    }
}
