//! Server metrics as users ask for them, and this program's own.

use crate::common::{
    dataset, dualround, engine, engine_with, json, path_of, run, scripted, stderr, stdout,
};
use serde_json::Value;
use simllm::SimConfig;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
    sync::mpsc::channel,
};

#[test]
fn conditions_quotients_and_auto() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 6);
    let base = sim.base_url();
    let output = dualround()
        .current_dir(dir.path())
        .args(["run", "--dataset", "data.jsonl", "--endpoint", &base, "--concurrency", "2"])
        .args(["--max-output-tokens", "4", "--output-dir", "out", "--warmup", "0"])
        .args(["--prometheus-url", &format!("{base}/metrics"), "--prometheus-metrics"])
        .args([
            "hits=vllm:prefix_cache_hits_total{model_name=~\"sim.*\"}/vllm:prefix_cache_queries_total,auto",
            "vllm:prompt_tokens_total{model_name!=\"x\", other=\"\"}",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.path().join("out/concurrency_2_round_2.json"));
    let metrics = &file["summary"]["prometheus"];
    let sum = |key: &str| -> f64 {
        let requests = file["requests"].as_array().unwrap();
        requests
            .iter()
            .filter_map(|request| request[key].as_f64())
            .sum()
    };
    let rate = metrics["hits"]["value"].as_f64().unwrap();
    assert!(
        (rate - sum("cached_tokens") / sum("input_tokens")).abs() < 1e-4,
        "{metrics}"
    );
    let asked = "vllm:prompt_tokens_total{model_name!=\"x\", other=\"\"}";
    assert_eq!(
        metrics[asked]["increase"].as_f64(),
        Some(sum("input_tokens"))
    );
    // `auto` found what the simulator has.
    assert_eq!(
        metrics["prefix_cache_hit_rate"]["value"].as_f64(),
        Some(rate)
    );
    assert!(
        metrics["vllm:num_requests_running"].is_object(),
        "{metrics}"
    );
    let telemetry = json(&dir.path().join("out/telemetry_concurrency_2_round_2.json"));
    let series = &telemetry["metrics"]["vllm:num_requests_running"]["series"][0];
    let times: Vec<f64> = series["t_ms"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let duration = telemetry["duration_ms"].as_f64().unwrap();
    assert!(
        times[0] <= 0.0 && times[times.len() - 1] >= duration,
        "{times:?} {duration}"
    );
}

/// A server that speaks just enough of Prometheus' API, with the answers of `answer`.
fn prometheus(answer: impl Fn(&str) -> (u16, Value) + Send + 'static) -> String {
    scripted(move |head| {
        let (status, body) = answer(head);
        let body = body.to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close");
        format!("{head}\r\n\r\n{body}").into_bytes()
    })
}

#[test]
fn expressions_need_a_server_that_understands_them() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 2);
    let base = sim.base_url();
    let ask = |url: &str, metric: &str| {
        let output = run(
            dir.path(),
            &format!(
                "run --dataset data.jsonl --endpoint {base} --output-dir out --overwrite \
                 --max-output-tokens 2 --warmup 0 --prometheus-url {url} \
                 --prometheus-metrics {metric}"
            ),
        );
        (output.status.code(), stderr(&output), stdout(&output))
    };
    let (code, said, _) = ask(&format!("{base}/metrics"), "rate(x[5s])");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("a page cannot evaluate it"), "{said}");
    let server = prometheus(|head| {
        let path = path_of(head);
        if path.contains("/targets") {
            let target = serde_json::json!({"scrapeInterval": "100ms"});
            return (
                200,
                serde_json::json!({"status": "success", "data": {"activeTargets": [target]}}),
            );
        }
        if path.contains("bad") {
            return (
                400,
                serde_json::json!({"status": "error", "error": "1:4: parse error"}),
            );
        }
        let value = serde_json::json!([1_999_999_999.5, "0.25"]);
        let result = serde_json::json!([{"metric": {"a": "b"}, "value": value}]);
        (
            200,
            serde_json::json!({"status": "success", "data": {"resultType": "vector", "result": result}}),
        )
    });
    let (code, said, _) = ask(&server, "sum(bad");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("parse error"), "{said}");
    let (code, said, table) = ask(&server, "mine=sum(x offset $since)");
    assert_eq!(code, Some(0), "{said}");
    assert!(table.contains("│ mine "), "{table}");
    let file = json(&dir.path().join("out/concurrency_1_round_2.json"));
    assert_eq!(file["summary"]["prometheus"]["mine"]["avg"], 0.25);
    let warnings = file["summary"]["warnings"].as_array().unwrap();
    assert!(
        warnings.iter().any(|one| one["code"] == "short_window"),
        "{warnings:?}"
    );
}

#[test]
fn a_key_for_metrics_goes_to_metrics_alone() {
    let (dir, sim) = (
        tempfile::tempdir().unwrap(),
        engine_with(SimConfig::default()),
    );
    dataset(dir.path(), 2);
    let (seen, log) = channel();
    let server = prometheus(move |head| {
        let _ = seen.send(head.to_owned());
        (404, Value::Null)
    });
    let output = dualround()
        .current_dir(dir.path())
        .args([
            "run",
            "--dataset",
            "data.jsonl",
            "--endpoint",
            &sim.base_url(),
        ])
        .args(["--prometheus-url", &server, "--prometheus-metrics", "x"])
        .args(["--prometheus-header", "Authorization: Bearer metrics-key"])
        .args([
            "--max-output-tokens",
            "2",
            "--output-dir",
            "out",
            "--warmup",
            "0",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let heads: Vec<String> = log.try_iter().collect();
    let has_key = |head: &String| head.contains("Authorization: Bearer metrics-key");
    assert!(!heads.is_empty() && heads.iter().all(has_key), "{heads:?}");
    for entry in std::fs::read_dir(dir.path().join("out")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("metrics-key"));
    }
    assert!(!stderr(&output).contains("metrics-key"));
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_run_shows_itself_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine_with(SimConfig {
        fixed_ttft_ms: Some(200.0),
        ..SimConfig::default()
    });
    dataset(dir.path(), 30);
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("dualround"))
        .current_dir(dir.path())
        .args([
            "run",
            "--dataset",
            "data.jsonl",
            "--endpoint",
            &sim.base_url(),
        ])
        .args([
            "--metrics-listen",
            "127.0.0.1:0",
            "--max-output-tokens",
            "4",
        ])
        .args(["--output-dir", "out", "--warmup", "0"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines
        .find_map(|line| {
            Some(
                line.unwrap()
                    .split_once("live metrics: http://")?
                    .1
                    .to_owned(),
            )
        })
        .unwrap();
    let address = address.trim_end_matches("/metrics");
    assert!(get(address, "/nothing").starts_with("HTTP/1.1 404"));
    let page = loop {
        let page = get(address, "/metrics");
        if page.contains("dualround_ttft_seconds_count") {
            break page;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert!(page.contains("application/openmetrics-text"), "{page}");
    assert!(page.contains("kind=\"cold\""), "{page}");
    assert!(page.trim_end().ends_with("# EOF"), "{page}");
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
    assert!(
        TcpStream::connect(address).is_err(),
        "it is gone with the run"
    );
    // An address that cannot be had is found out before anything is sent.
    let output = run(
        dir.path(),
        &format!(
            "run --dataset data.jsonl --endpoint {} --metrics-listen 1.2.3.4:1",
            sim.base_url()
        ),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--metrics-listen 1.2.3.4:1"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_dashboard_asks_for_metrics_that_are_there() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/grafana/dashboard.json");
    let text = json(&path).to_string();
    let source = include_str!("../../src/live/mod.rs");
    let mut asked = 0;
    for part in text.split("dualround_").skip(1) {
        let name: String = part
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect();
        let name = name.trim_end_matches("_bucket").trim_end_matches("_total");
        let name = name.trim_end_matches("_seconds");
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
        asked += 1;
    }
    assert!(asked >= 9, "{asked}");
}

#[test]
fn what_a_page_or_server_has_is_shown() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let base = sim.base_url();
    let check = |arguments: &[&str]| {
        let output = dualround()
            .current_dir(dir.path())
            .args(["check", "metrics"])
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let page = format!("{base}/metrics");
    let (code, said) = check(&[&page, "vllm:prefix_cache_hits{model_name=\"sim-1\"}"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("vllm:prefix_cache_hits_total (counter, 1 series): 0"),
        "{said}"
    );
    let (code, said) = check(&[&page, "vllm:prefix_cache_hit"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("close names: vllm:prefix_cache_hits_total"),
        "{said}"
    );
    let (code, said) = check(&[&page, "vllm:prefix_cache_hits{model_name=\"other\"}"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("no series of it meets these conditions"),
        "{said}"
    );
    assert!(!said.contains("close names"), "{said}");
    // What a run would find on a Prometheus server, a check finds too.
    let server = prometheus(|head| {
        let found = head.contains("hits%5Ftotal");
        let value = serde_json::json!({"metric": {}, "value": [1_999_999_999.5, "7"]});
        let result = if found { vec![value] } else { Vec::new() };
        let data = serde_json::json!({"resultType": "vector", "result": result});
        (200, serde_json::json!({"status": "success", "data": data}))
    });
    let (code, said) = check(&[&server, "hits"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("hits is taken from hits_total"), "{said}");
    let (code, said) = check(&[&page, "rate(x[1m])"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("only a Prometheus server"), "{said}");
}

#[test]
fn v00e_readings_between_requests_are_no_part_of_a_round() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 6);
    let base = sim.base_url();
    // A page that takes its time, six of which would be most of the round.
    let page = scripted(|_| {
        std::thread::sleep(std::time::Duration::from_millis(250));
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n# TYPE a_total counter\na_total 1\n".into()
    });
    let output = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {base} --max-output-tokens 4 --output-dir out \
             --warmup 0 --prometheus-metrics a_total --prometheus-url {page}/metrics"
        ),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.path().join("out/concurrency_1_round_1.json"));
    let seconds = |value: &Value| value.as_f64().unwrap();
    let requests = file["requests"].as_array().unwrap();
    let busy: f64 = requests
        .iter()
        .map(|request| seconds(&request["latency"]) / 1e3)
        .sum();
    let duration = seconds(&file["summary"]["duration_seconds"]);
    // Over 1 s of pauses; what is between requests otherwise is milliseconds.
    assert!(
        duration >= 0.999 * busy && duration < busy + 1.0,
        "{duration} {busy}"
    );
    let telemetry = json(&dir.path().join("out/telemetry_concurrency_1_round_1.json"));
    assert!(seconds(&telemetry["duration_ms"]) / 1e3 > duration + 1.2);
}

#[test]
fn g08_metrics_without_a_page_are_the_engines_own() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 6);
    let measure = |base: &str, more: &[&str]| {
        let mut command = dualround();
        let command = command
            .current_dir(dir.path())
            .args(["--dataset", "data.jsonl", "--endpoint", base, "--overwrite"])
            .args([
                "--max-output-tokens",
                "4",
                "--output-dir",
                "out",
                "--progress",
                "none",
            ])
            .args(["--prometheus-metrics", "auto"])
            .args(more);
        command.output().unwrap()
    };
    let output = measure(&sim.base_url(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.path().join("out/concurrency_1_round_2.json"));
    let metrics = &file["summary"]["prometheus"];
    assert!(
        metrics["prefix_cache_hit_rate"]["value"].as_f64() > Some(0.5),
        "{metrics}"
    );
    let plan = json(&dir.path().join("out/run.json"));
    let url = &plan["plan"]["prometheus"]["urls"][0];
    assert_eq!(url, &format!("{}/metrics", sim.base_url()), "{plan}");
    // Where none is found it is said, and nothing is measured.
    let none = scripted(|head| match path_of(head) {
        "/v1/models" => {
            let body = r#"{"data":[{"id":"m"}]}"#;
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length:";
            format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes()
        }
        "/v1/chat/completions" => {
            let chunk = r#"{"choices":[{"delta":{"content":"A"},"finish_reason":"stop"}]}"#;
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
            format!("{head}\r\ndata: {chunk}\n\ndata: [DONE]\n\n").into_bytes()
        }
        _ => b"HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(),
    });
    for more in [&["--model", "m"][..], &["--model", "m", "--no-probe"]] {
        let output = measure(&none, more);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("--prometheus-url"),
            "{}",
            stderr(&output)
        );
    }
}

/// A page of the metric `a_total`, as the processes behind one address answer it: what the n-th
/// reading says.
fn measured_by(page: &str, more: &[&str]) -> (Value, std::time::Duration) {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 6);
    let began = std::time::Instant::now();
    let output = dualround()
        .current_dir(dir.path())
        .args(["--dataset", "data.jsonl", "--endpoint", &sim.base_url()])
        .args([
            "--max-output-tokens",
            "4",
            "--output-dir",
            "out",
            "--rounds",
            "C",
        ])
        .args([
            "--warmup",
            "0",
            "--no-probe",
            "--prometheus-url",
            &format!("{page}/metrics"),
        ])
        .args(["--prometheus-metrics", "a_total,free"])
        .args(more)
        .output()
        .unwrap();
    let took = began.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let concurrency = if more.contains(&"--concurrency") {
        6
    } else {
        1
    };
    let file = format!("out/concurrency_{concurrency}_round_1.json");
    (json(&dir.path().join(file))["summary"].clone(), took)
}

#[test]
fn f024_two_processes_behind_one_page_are_seen_in_a_short_round() {
    let turn = |began: fn(u32) -> String| {
        let read = std::sync::atomic::AtomicU32::new(0);
        scripted(move |head| {
            if path_of(head) != "/metrics" {
                return b"HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into();
            }
            let at = read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let counted = if at.is_multiple_of(2) {
                40 + at
            } else {
                1000 + at
            };
            let started = began(at);
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{started}a_total {counted}\nfree {counted}\n")
                .into_bytes()
        })
    };
    let silent = |_| String::new();
    let told = |at| format!("process_start_time_seconds {}\n", 1_790_000_000 + at % 2);
    for page in [turn(silent), turn(told)] {
        let (summary, _) = measured_by(&page, &["--concurrency", "6"]);
        for name in ["a_total", "free"] {
            let metric = &summary["prometheus"][name];
            assert_eq!(metric["counter_reset"], true, "{name}: {metric}");
            assert!(
                metric["increase"].is_null() && metric["avg"].is_null(),
                "{metric}"
            );
        }
        let warnings = summary["warnings"].to_string();
        assert!(warnings.contains("different processes"), "{warnings}");
    }
}

#[test]
fn g07_a_page_that_hangs_does_not_hold_back_each_request() {
    let page = scripted(|_| {
        std::thread::sleep(std::time::Duration::from_secs(3));
        Vec::new()
    });
    let (summary, took) = measured_by(&page, &[]);
    assert_eq!(summary["successful_requests"], 6);
    // Six requests would wait for six readings of 2 s, beside those around the round.
    assert!(took.as_secs() < 30, "{took:?}");
    assert!(summary["warnings"].to_string().contains("scrapes_failed"));
    assert!(summary["duration_seconds"].as_f64().unwrap() < 2.0);
}
