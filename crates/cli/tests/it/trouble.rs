//! What the program says and does when something is wrong.

use crate::common::{
    dataset, dualround, engine, engine_with, in_no_file, json, run, stderr, stdout,
};
use simllm::{Fault, FaultOn, FaultRule, SimConfig};
use std::path::Path;

fn dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 10);
    dir
}

fn faulty(on: FaultOn, fault: Fault) -> simllm::Sim {
    engine_with(SimConfig {
        faults: vec![FaultRule { on, fault }],
        ..SimConfig::default()
    })
}

const BARE: &str = "--no-probe --warmup 0 --max-output-tokens 4 --output-dir out --model sim-1";

/// Exit code and stderr of a run in a folder.
fn code(dir: &Path, line: &str) -> (i32, String) {
    let output = run(dir, line);
    (output.status.code().unwrap(), stderr(&output))
}

#[test]
fn bad_input_is_exit_code_2_before_anything_is_sent() {
    let (dir, sim) = (dir(), engine());
    let base = sim.base_url();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("empty.jsonl", "");
    write("bad.jsonl", "{\"text\":\"a\"}\n\n{\"text\":\"c\",}\n");
    write("shape.jsonl", "{\"query\":\"What is rain?\",\"id\":3}\n");
    write("slo.yaml", "slo:\n  ttft: 1\n");
    write("conf.yaml", "conccurency: [1]\n");
    write("file", "");
    for (line, words) in [
        (
            format!("--dataset none.jsonl --endpoint {base}"),
            vec!["none.jsonl"],
        ),
        (
            format!("--dataset empty.jsonl --endpoint {base}"),
            vec!["empty.jsonl", "no rows"],
        ),
        (
            format!("--dataset bad.jsonl --endpoint {base}"),
            vec!["line 3", "--skip-bad-rows"],
        ),
        (
            format!("--dataset shape.jsonl --endpoint {base}"),
            vec!["line 1", "`query`", "--text-key"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --concurrency 0"),
            vec!["0"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --cold ice"),
            vec!["'ice' for '--cold", "auto, salt, reset, none"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --num-samples 0"),
            vec!["--num-samples 0"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --nonsense"),
            vec!["--nonsense"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --slo-file slo.yaml"),
            vec!["slo.yaml", "`ttft`", "ttft_ms"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --config conf.yaml"),
            vec!["conf.yaml", "conccurency"],
        ),
        (
            format!("--dataset data.jsonl --endpoint {base} --output-dir file/x"),
            vec!["file/x"],
        ),
        (
            "--dataset data.jsonl --endpoint localhost:1".to_owned(),
            vec!["http://localhost:1"],
        ),
        (format!("--endpoint {base}"), vec!["--dataset"]),
    ] {
        let (code, said) = code(dir.path(), &line);
        assert_eq!(code, 2, "{line}\n{said}");
        for word in words {
            assert!(said.contains(word), "{line}\n{said}\nwants {word}");
        }
    }
    assert!(sim.truth().requests.is_empty());
    let (code, _) = code(
        dir.path(),
        &format!("--dataset shape.jsonl --text-key query --endpoint {base}"),
    );
    assert_eq!(code, 0);
}

#[test]
fn an_unreachable_endpoint_is_one_message_and_exit_code_3() {
    let dir = dir();
    let (code, said) = code(
        dir.path(),
        "--dataset data.jsonl --endpoint http://127.0.0.1:9",
    );
    assert_eq!(code, 3);
    assert_eq!(said.matches("127.0.0.1:9").count(), 1, "{said}");
    assert!(!dir.path().join("results/run.json").exists());
}

#[test]
fn b066_models_are_found_listed_or_asked_for() {
    let dir = dir();
    let sim = engine();
    let (ok, _) = code(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {} --max-output-tokens 2",
            sim.base_url()
        ),
    );
    assert_eq!(ok, 0);
    assert_eq!(
        json(&dir.path().join("results/run.json"))["plan"]["model"],
        "sim-1"
    );
    let models = vec!["a".to_owned(), "b".to_owned()];
    let two = engine_with(SimConfig {
        models,
        ..SimConfig::default()
    });
    let (no, said) = code(
        dir.path(),
        &format!("--dataset data.jsonl --endpoint {}", two.base_url()),
    );
    assert_eq!(no, 3);
    assert!(said.contains("a, b") && said.contains("--model"), "{said}");
    let (no, said) = code(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {} --model c",
            two.base_url()
        ),
    );
    assert_eq!(no, 3);
    assert!(said.contains("`c`") && said.contains("a, b"), "{said}");
}

#[test]
fn b051_b052_failures_are_counted_by_kind_and_told_once() {
    let dir = dir();
    let fault = Fault::Status {
        code: 429,
        body: None,
        retry_after: Some(1),
    };
    let sim = faulty(FaultOn::Every(2), fault);
    let output = run(
        dir.path(),
        &format!("--dataset data.jsonl --endpoint {} {BARE}", sim.base_url()),
    );
    assert_eq!(output.status.code(), Some(0));
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert_eq!(round["summary"]["failures"]["http_429"], 5);
    assert_eq!(round["summary"]["n_ttft"], 5);
    assert_eq!(sim.truth().requests.len(), 20);
    assert!(stdout(&output).contains("http_429 x5"));
    let fault = Fault::Status {
        code: 422,
        body: Some(
            "{\"detail\":[{\"loc\":[\"body\",\"model\"],\"msg\":\"field required\"}]}".to_owned(),
        ),
        retry_after: None,
    };
    let sim = faulty(FaultOn::All, fault);
    let output = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {} {BARE} --overwrite",
            sim.base_url()
        ),
    );
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(
        stdout(&output).matches("body.model field required").count(),
        1
    );
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert!(round["summary"]["avg_ttft"].is_null() && round["summary"]["p99_latency"].is_null());
}

#[test]
fn b067_b068_fields_that_a_server_refuses_can_be_changed() {
    let dir = dir();
    let config = SimConfig {
        refuse_max_tokens: true,
        refuse_stream_options: true,
        ..SimConfig::default()
    };
    let sim = engine_with(config);
    let line = format!(
        "--dataset data.jsonl --endpoint {} {BARE} --overwrite",
        sim.base_url()
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(5));
    assert!(
        stdout(&output).contains("max_completion_tokens"),
        "{}",
        stdout(&output)
    );
    let line = format!("{line} --max-tokens-field max_completion_tokens");
    assert!(stdout(&run(dir.path(), &line)).contains("stream_options"));
    let output = run(dir.path(), &format!("{line} --no-stream-options"));
    assert_eq!(output.status.code(), Some(0));
    // Without usage, tokens are counted from events, and that is said.
    assert!(stdout(&output).contains("10 of 10 requests: output tokens counted from events"));
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert_eq!(round["requests"][0]["token_source"], "events");
    assert!(round["summary"]["avg_input_tokens"].is_null());
}

#[test]
fn b054_a_server_that_dies_is_not_fast() {
    let dir = dir();
    let sim = faulty(FaultOn::From(3), Fault::Reset { after_tokens: 1 });
    let line = format!(
        "--dataset data.jsonl --endpoint {} {BARE} --max-failure-rate 0.65",
        sim.base_url()
    );
    let (code, said) = code(dir.path(), &line);
    assert_eq!(code, 4);
    assert!(said.contains("--max-failure-rate"), "{said}");
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    let summary = &round["summary"];
    assert_eq!(
        (&summary["successful_requests"], &summary["failed_requests"]),
        (&3.into(), &7.into())
    );
    assert_eq!(round["requests"][5]["partial_output_tokens"], 1);
}

#[test]
fn the_guides_troubles_are_told_by_the_tool() {
    let dir = dir();
    // Timeouts.
    let sim = faulty(
        FaultOn::All,
        Fault::Stall {
            after_tokens: 1,
            ms: 5000,
        },
    );
    let line = format!(
        "--dataset data.jsonl --num-samples 2 --timeout 0.3 --endpoint {} {BARE}",
        sim.base_url()
    );
    let said = stdout(&run(dir.path(), &line));
    assert!(
        said.contains("timed out") && said.contains("--timeout"),
        "{said}"
    );
    // Goodput 0.
    let sim = engine();
    std::fs::write(dir.path().join("slo.yaml"), "slo: {ttft_ms: 0.001}").unwrap();
    let line = format!(
        "--dataset data.jsonl --slo-file slo.yaml --overwrite --endpoint {} {BARE}",
        sim.base_url()
    );
    let output = run(dir.path(), &line);
    let said = stdout(&output);
    assert!(
        said.contains("no request met the SLO") && said.contains("missed by 10 of 10"),
        "{said}"
    );
    // No speed-up.
    let off = engine_with(SimConfig {
        cache_blocks: 0,
        ..SimConfig::default()
    });
    let line = format!(
        "--dataset data.jsonl --overwrite --max-output-tokens 4 --output-dir out --endpoint {}",
        off.base_url()
    );
    let said = stdout(&run(dir.path(), &line));
    assert!(said.contains("cache off"), "{said}");
    let comparison = json(&dir.path().join("out/comparison.json"));
    assert_eq!(
        comparison["levels"][0]["conclusion"]["cache_evidence"],
        false
    );
}

#[test]
fn b127_a_warm_server_is_found_out() {
    let dir = dir();
    let sim = engine();
    let line = format!(
        "--dataset data.jsonl --cold none --overwrite --max-output-tokens 4 --output-dir out --endpoint {}",
        sim.base_url()
    );
    assert_eq!(code(dir.path(), &line).0, 0);
    let (again, _) = code(dir.path(), &line);
    assert_eq!(again, 0);
    let level = &json(&dir.path().join("out/comparison.json"))["levels"][0];
    assert_eq!(level["cold"]["verdict"], "contaminated");
    assert_eq!(level["conclusion"]["kind"], "withheld");
    assert_eq!(code(dir.path(), &format!("{line} --require-cold")).0, 4);
    let auto = line.replace("--cold none", "--cold auto --require-cold");
    assert_eq!(code(dir.path(), &auto).0, 0);
}

#[test]
fn b121_a_missing_metric_is_no_zero() {
    let dir = dir();
    let sim = engine();
    let base = sim.base_url();
    let line = format!(
        "--dataset data.jsonl --endpoint {base} {BARE} --prometheus-url {base}/metrics --prometheus-metrics lmcache_hit"
    );
    let (code, said) = code(dir.path(), &line);
    assert_eq!(code, 0);
    assert!(
        said.contains("lmcache_hit is not on the page") && said.contains("lmcache_hit_rate"),
        "{said}"
    );
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert!(round["summary"]["prometheus"]["lmcache_hit"]["avg"].is_null());
}

#[test]
fn b123_readings_between_requests_at_concurrency_1() {
    let dir = dir();
    let sim = engine();
    let base = sim.base_url();
    let name = "vllm:prefix_cache_queries_total";
    let line = format!(
        "--dataset data.jsonl --endpoint {base} {BARE} --concurrency 1 5 --prometheus-url {base}/metrics --prometheus-metrics {name}"
    );
    assert_eq!(code(dir.path(), &line).0, 0);
    let alone = json(&dir.path().join("out/concurrency_1_round_1.json"));
    for request in alone["requests"].as_array().unwrap() {
        let reading = &request["prometheus"][name];
        let (delta, tokens) = (&reading["delta"], &request["input_tokens"]);
        assert!((delta.as_f64().unwrap() - tokens.as_f64().unwrap()).abs() < 1e-9);
        assert_eq!(reading["overlapping"], false);
    }
    let many = json(&dir.path().join("out/concurrency_5_round_1.json"));
    assert_eq!(many["requests"][3]["prometheus"][name]["overlapping"], true);
}

#[test]
fn b138_an_earlier_run_is_never_mixed_in() {
    let dir = dir();
    let sim = engine();
    let line = format!("--dataset data.jsonl --endpoint {} {BARE}", sim.base_url());
    assert_eq!(code(dir.path(), &format!("{line} --concurrency 1 2")).0, 0);
    let (no, said) = code(dir.path(), &line);
    assert_eq!(no, 2);
    assert!(said.contains("--overwrite"), "{said}");
    assert_eq!(code(dir.path(), &format!("{line} --overwrite")).0, 0);
    assert!(!dir.path().join("out/concurrency_2_round_1.json").exists());
    let default = line.replace("--output-dir out", "");
    assert_eq!(code(dir.path(), &default).0, 0);
    let (ok, said) = code(dir.path(), &default);
    assert_eq!(ok, 0);
    assert!(said.contains("previous"), "{said}");
}

#[test]
fn b151_b152_secrets_are_nowhere() {
    let dir = dir();
    let sim = engine_with(SimConfig {
        api_key: Some("sk-XYZ".to_owned()),
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let output = dualround()
        .current_dir(dir.path())
        .args([
            "--dataset",
            "data.jsonl",
            "--endpoint",
            &base,
            "--api-key",
            "sk-XYZ",
        ])
        .args([
            "--header",
            "X-Api-Key: abc123",
            "--max-output-tokens",
            "4",
            "--output-dir",
            "out",
        ])
        .args([
            "--prometheus-url",
            &format!("{}/metrics?token=t3", base.replace("://", "://bo:pw2@")),
        ])
        .args(["--prometheus-metrics", "lmcache_hit_rate"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output) + &stderr(&output);
    for secret in ["sk-XYZ", "abc123", "pw2", "t3\"", "token=t3"] {
        assert!(!said.contains(secret), "{secret}");
        in_no_file(&dir.path().join("out"), secret);
    }
    let (refused, said) = code(
        dir.path(),
        &format!("--dataset data.jsonl --endpoint {base}"),
    );
    assert_eq!(refused, 3);
    assert!(said.contains("401") && said.contains("--api-key"), "{said}");
}

#[cfg(unix)]
#[test]
fn b148_an_interrupted_run_keeps_what_there_is() {
    let dir = dir();
    let sim = engine_with(SimConfig {
        fixed_ttft_ms: Some(200.0),
        ..SimConfig::default()
    });
    let program = assert_cmd::cargo::cargo_bin("dualround");
    let line = format!(
        "--dataset data.jsonl --cold none --endpoint {} {BARE}",
        sim.base_url()
    );
    let child = std::process::Command::new(program)
        .current_dir(dir.path())
        .args(line.split_whitespace())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Somewhere in round 2: ten requests of 200 ms are behind us.
    while sim.truth().requests.len() < 13 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let began = std::time::Instant::now();
    let pid = child.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed().as_secs_f64() < 4.0);
    assert_eq!(output.status.code(), Some(130));
    let first = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert_eq!(first["summary"]["successful_requests"], 10);
    let second = json(&dir.path().join("out/concurrency_1_round_2.json"));
    let summary = &second["summary"];
    let count = |key: &str| summary[key].as_u64().unwrap();
    assert_eq!(summary["interrupted"], true);
    assert_eq!(count("cancelled_requests"), 1);
    let parts = [
        "successful_requests",
        "failed_requests",
        "cancelled_requests",
        "not_started_requests",
    ];
    assert_eq!(
        parts.iter().map(|key| count(key)).sum::<u64>(),
        count("planned_requests")
    );
}

#[test]
fn a_report_is_made_again_from_the_journal() {
    let dir = dir();
    let sim = engine();
    assert_eq!(
        code(
            dir.path(),
            &format!("--dataset data.jsonl --endpoint {} {BARE}", sim.base_url())
        )
        .0,
        0
    );
    let file = |name: &str| std::fs::read_to_string(dir.path().join("out").join(name)).unwrap();
    let names = [
        "concurrency_1_round_2.json",
        "metrics_summary.csv",
        "comparison.json",
    ];
    let before: Vec<String> = names.iter().map(|name| file(name)).collect();
    for name in names {
        std::fs::remove_file(dir.path().join("out").join(name)).unwrap();
    }
    assert_eq!(code(dir.path(), "report out").0, 0);
    let after: Vec<String> = names.iter().map(|name| file(name)).collect();
    assert_eq!(before, after);
}

#[test]
fn a_reader_that_leaves_does_not_end_the_run() {
    let dir = dir();
    let sim = engine();
    let base = sim.base_url();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("dualround"))
        .current_dir(dir.path())
        .args(["--dataset", "data.jsonl", "--endpoint", &base])
        .args(["--output-dir", "out", "--max-output-tokens", "4"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(dir.path().join("out/comparison.json").exists());
}
