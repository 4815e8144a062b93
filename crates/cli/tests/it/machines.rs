//! What machines, networks and gateways do around a run.

use crate::common::{dataset, dualround, engine_with, json, path_of, scripted, stderr, stdout};
use simllm::SimConfig;
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n";

fn stream() -> Vec<u8> {
    let events = [
        r#"{"choices":[{"delta":{"content":"A"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":1}}"#,
        "[DONE]",
    ];
    let events: String = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    format!("{HEAD}Content-Type: text/event-stream\r\n\r\n{events}").into_bytes()
}

/// A gateway that answers the list of models with `head` and `body`.
fn gateway(head: &'static str, body: &'static str) -> String {
    scripted(move |request| match path_of(request) {
        "/v1/models" => format!(
            "{head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
        "/v1/chat/completions" => stream(),
        _ => b"HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(),
    })
}

/// Arguments of a run against this engine that is over soon.
fn small_run<'a>(base: &'a str, out: &'a str) -> Vec<&'a str> {
    [
        ["--dataset", "data.jsonl", "--endpoint", base],
        ["--output-dir", out, "--max-output-tokens", "3"],
    ]
    .concat()
    .into_iter()
    .chain(["--model", "sim-1", "--no-probe", "--warmup", "0"])
    .collect()
}

/// Waits until requests stand in the journal of this folder.
fn until_recorded(out: &Path) {
    let journal = out.join("requests.jsonl");
    let until = Instant::now() + Duration::from_secs(60);
    while std::fs::metadata(&journal).map_or(0, |file| file.len()) < 1000 {
        assert!(Instant::now() < until, "no request was recorded");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn measured(dir: &Path, base: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = dualround()
        .current_dir(dir)
        .args([
            "--dataset",
            "data.jsonl",
            "--endpoint",
            base,
            "--output-dir",
            "out",
        ])
        .args(["--overwrite", "--progress", "none"])
        .args(more)
        .output()
        .unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn f020_a_model_that_is_listed_several_times_is_one() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let listed = r#"{"data":[{"id":"a-m"},{"id":"a-m"},{"id":"a-m"}]}"#;
    let (code, said) = measured(dir.path(), &gateway("HTTP/1.1 200 OK", listed), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        json(&dir.path().join("out/run.json"))["plan"]["model"],
        "a-m"
    );
    let two = r#"{"data":[{"id":"a-m"},{"id":"b-m"},{"id":"a-m"}]}"#;
    let (code, said) = measured(dir.path(), &gateway("HTTP/1.1 200 OK", two), &[]);
    assert_eq!(code, Some(3));
    assert!(said.contains("2 models: a-m, b-m"), "{said}");
}

#[test]
fn f031_a_key_that_may_not_list_models_may_chat() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    for head in ["HTTP/1.1 403 Forbidden", "HTTP/1.1 401 Unauthorized"] {
        let base = gateway(head, r#"{"error":{"message":"scope"}}"#);
        let (code, said) = measured(dir.path(), &base, &["--model", "m"]);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = measured(dir.path(), &base, &[]);
        assert_eq!(code, Some(3));
        assert!(
            said.contains("scope") && said.contains("--model NAME"),
            "{said}"
        );
    }
}

/// LiteLLM's page, as any mount of FastAPI, answers a path without its last slash with a redirect.
#[test]
fn g07_a_metrics_page_behind_a_redirect_is_read() {
    let page = scripted(|head| {
        let (status, body) = match path_of(head) {
            "/metrics/" => ("200 OK", "lm_requests_total 3\n"),
            "/far" => (
                "307 Temporary Redirect\r\nLocation: http://other.example/metrics",
                "",
            ),
            "/round" => ("302 Found\r\nLocation: /round", ""),
            _ => ("307 Temporary Redirect\r\nLocation: /metrics/", ""),
        };
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .into_bytes()
    });
    let check = |path: &str| {
        let url = format!("{page}{path}");
        let output = dualround()
            .args(["check", "metrics", &url])
            .output()
            .unwrap();
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let (code, said) = check("/metrics");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("lm_requests_total"), "{said}");
    let (code, said) = check("/far");
    assert_ne!(code, Some(0));
    assert!(
        said.contains("another host or port, http://other.example/metrics"),
        "{said}"
    );
    let (code, said) = check("/round");
    assert_ne!(code, Some(0));
    assert!(said.contains("redirects"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let sim = engine_with(SimConfig::default());
    let url = format!("{page}/metrics");
    let metrics = [
        "--prometheus-url",
        &url,
        "--prometheus-metrics",
        "lm_requests_total",
    ];
    let (code, said) = measured(dir.path(), &sim.base_url(), &metrics);
    assert_eq!(code, Some(0), "{said}");
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert_eq!(
        round["summary"]["prometheus"]["lm_requests_total"]["samples_failed"]
            .as_u64()
            .unwrap_or(0),
        0
    );
    assert!(!said.contains("scrapes of"), "{said}");
}

#[test]
fn x16_a_proxy_of_no_known_kind_is_refused_where_it_would_be_used() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let run = |endpoint: &str, name: &str, value: &str| {
        let output = dualround()
            .current_dir(dir.path())
            .args(["--dataset", "data.jsonl", "--endpoint", endpoint])
            .args(["--print-config=plan"])
            .env(name, value)
            .output()
            .unwrap();
        (output.status.code(), stderr(&output))
    };
    for (endpoint, name) in [
        ("http://gpu.example", "HTTP_PROXY"),
        ("https://gpu.example", "https_proxy"),
        ("http://gpu.example", "ALL_PROXY"),
    ] {
        for value in ["garbage://al:pa55w0rd@x", "ftp://x:1"] {
            let (code, said) = run(endpoint, name, value);
            assert_eq!(code, Some(2), "{name} {value}");
            assert!(
                said.contains("proxies are http://") && !said.contains("pa55w0rd"),
                "{said}"
            );
        }
        assert_eq!(run(endpoint, name, "http://x:1").0, Some(0));
    }
    // It is not on the way.
    assert_eq!(
        run("http://127.0.0.1:1", "HTTP_PROXY", "garbage://x").0,
        Some(0)
    );
    assert_eq!(
        run("http://gpu.example", "HTTPS_PROXY", "garbage://x").0,
        Some(0)
    );
}

#[test]
fn x35_a_misspelt_variable_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let output = dualround()
        .current_dir(dir.path())
        .args([
            "--dataset",
            "data.jsonl",
            "--endpoint",
            "http://127.0.0.1:1",
        ])
        .env("DUALROUND_CONCURENCY", "3")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean DUALROUND_CONCURRENCY?"),
        "{}",
        stderr(&output)
    );
}

/// The terminal goes away: what was measured is written. Under nohup the run goes on.
#[cfg(unix)]
#[test]
fn x28_a_hangup_ends_a_run_in_order() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 12);
    let sim = engine_with(SimConfig {
        fixed_ttft_ms: Some(200.0),
        ..SimConfig::default()
    });
    let program = env!("CARGO_BIN_EXE_dualround");
    let base = sim.base_url();
    let start = |before: &[&str], out: &str| {
        let words = [before, &[program], &small_run(&base, out)].concat();
        Command::new(words[0])
            .current_dir(dir.path())
            .args(&words[1..])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let hang_up = |child: &mut std::process::Child, out: &str| {
        until_recorded(&dir.path().join(out));
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-HUP", &pid])
                .status()
                .unwrap()
                .success()
        );
        child.wait().unwrap().code()
    };
    let mut child = start(&[], "plain");
    assert_eq!(hang_up(&mut child, "plain"), Some(129));
    assert!(dir.path().join("plain/comparison.json").exists());
    if cfg!(target_os = "linux") {
        let mut child = start(&["nohup"], "nohup");
        assert_eq!(hang_up(&mut child, "nohup"), Some(0));
    }
}

/// While a run writes into a folder, nobody else does.
#[test]
fn f032_x30_a_folder_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 16);
    let sim = engine_with(SimConfig {
        fixed_ttft_ms: Some(150.0),
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let words = [small_run(&base, "out"), vec!["--seed", "1"]].concat();
    let mut first = Command::new(env!("CARGO_BIN_EXE_dualround"))
        .current_dir(dir.path())
        .args(&words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until_recorded(&dir.path().join("out"));
    let resumed: Vec<&str> = words
        .iter()
        .map(|word| match *word {
            "--output-dir" => "--resume",
            other => other,
        })
        .collect();
    for words in [
        [&words[..], &["--overwrite"]].concat(),
        resumed,
        vec!["report", "out"],
    ] {
        let mut second = dualround();
        let output = second.current_dir(dir.path()).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("another dualround writes into out (process "),
            "{}",
            stderr(&output)
        );
    }
    assert!(first.wait().unwrap().success());
    let comparison = json(&dir.path().join("out/comparison.json"));
    assert_eq!(comparison["levels"][0]["pairs"], 16);
    // Afterwards, and after one that was killed, it is free.
    assert!(!dir.path().join("out/.lock").exists());
    std::fs::write(dir.path().join("out/.lock"), "1").unwrap();
    let again = dualround()
        .current_dir(dir.path())
        .args(["report", "out"])
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", stderr(&again));
}

#[test]
fn x32_records_that_are_gone_from_a_journal_are_told() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 12);
    let sim = engine_with(SimConfig::default());
    let (code, said) = measured(dir.path(), &sim.base_url(), &["--max-output-tokens", "3"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("lacks"), "{said}");
    let journal = dir.path().join("out/requests.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let mut gone = 0;
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| {
            let drop = gone < 4 && line.starts_with("{\"request\"") && line.contains("\"round\":1");
            gone += i32::from(drop);
            !drop
        })
        .collect();
    assert_eq!(gone, 4);
    std::fs::write(&journal, kept.join("\n") + "\n").unwrap();
    let again = dualround()
        .current_dir(dir.path())
        .args(["report", "out", "--lang", "en"])
        .output()
        .unwrap();
    let said = stdout(&again)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        said.contains("the journal lacks 4 of the 12 requests of this finished round"),
        "{said}"
    );
}

/// Whole rounds that are gone, repeated and damaged lines: nothing is made up of the rest.
#[test]
fn x32_what_is_gone_of_a_journal_makes_no_other_run() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 8);
    let sim = engine_with(SimConfig::default());
    let (code, said) = measured(dir.path(), &sim.base_url(), &["--max-output-tokens", "3"]);
    assert_eq!(code, Some(0), "{said}");
    let journal = dir.path().join("out/requests.jsonl");
    let comparison = dir.path().join("out/comparison.json");
    let whole = std::fs::read_to_string(&journal).unwrap();
    let judged = std::fs::read_to_string(&comparison).unwrap();
    let again = |lines: Vec<&str>| {
        std::fs::write(&journal, lines.join("\n") + "\n").unwrap();
        let output = dualround()
            .current_dir(dir.path())
            .args(["report", "out", "--lang", "en"])
            .output()
            .unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let of = |line: &str, kind: &str, round: u32| {
        line.starts_with(&format!("{{\"{kind}\"")) && line.contains(&format!("\"number\":{round},"))
            || kind == "request"
                && line.starts_with("{\"request\"")
                && line.contains(&format!("\"round\":{round},"))
    };
    for round in [1, 2] {
        let gone = |line: &&str| {
            !["begun", "request", "round"]
                .iter()
                .any(|kind| of(line, kind, round))
        };
        let (code, _, said) = again(whole.lines().filter(gone).collect());
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains(&format!("lacks round {round} of concurrency 1")),
            "{said}"
        );
    }
    assert_eq!(std::fs::read_to_string(&comparison).unwrap(), judged);
    // The line that ended a round alone, the last one's too: its requests tell it.
    for round in [1, 2] {
        let ended = |line: &&str| !of(line, "round", round);
        let (code, table, said) = again(whole.lines().filter(ended).collect());
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("the lines that ended 1 rounds are gone"),
            "{said}"
        );
        assert!(
            table.contains("Success: 8") && table.contains(&format!("Round {round} (")),
            "{table}"
        );
        assert!(!table.contains("--cold none"), "{table}");
        assert!(!table.contains("killed"), "{table}");
    }
    // Appended with itself.
    let twice: Vec<&str> = whole.lines().chain(whole.lines()).collect();
    let (code, table, said) = again(twice);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("2 rounds stand there a second time"),
        "{said}"
    );
    assert!(!table.contains("two cycles"), "{table}");
}

/// A signal ends the wait for a server as it ends a run.
#[cfg(unix)]
#[test]
fn x28_a_signal_ends_the_wait_for_a_server() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 4);
    for (signal, right) in [("TERM", 143), ("HUP", 129)] {
        let mut run = Command::new(assert_cmd::cargo::cargo_bin("dualround"))
            .current_dir(dir.path())
            .args(small_run("http://127.0.0.1:1", "out"))
            .args(["--wait-ready", "60", "--overwrite"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(700));
        let id = run.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status();
        assert!(sent.unwrap().success());
        let code = run.wait().unwrap().code();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut run.stderr.take().unwrap(), &mut said).unwrap();
        assert_eq!(code, Some(right), "{said}");
        assert!(!said.contains("not ready after 60"), "{said}");
    }
}

/// A process that is stopped for a second: what was in flight is late by that, and it is said.
#[cfg(unix)]
#[test]
fn f029_a_standstill_of_the_client_is_told() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 10);
    let sim = engine_with(SimConfig {
        fixed_ttft_ms: Some(200.0),
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dualround"))
        .current_dir(dir.path())
        .args(small_run(&base, "out"))
        .args(["--lang", "en", "--concurrency", "2", "--progress", "none"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until_recorded(&dir.path().join("out"));
    let pid = child.id().to_string();
    let signal = |name: &str| Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(signal("-STOP").success());
    std::thread::sleep(Duration::from_millis(1200));
    assert!(signal("-CONT").success());
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("this client did not run for"), "{said}");
    let lags = [1, 2].map(|round| {
        let file = json(
            &dir.path()
                .join(format!("out/concurrency_2_round_{round}.json")),
        );
        file["summary"]["client"]["probe_lag_max_ms"]
            .as_f64()
            .unwrap()
    });
    assert!(lags.iter().any(|lag| *lag > 900.0), "{lags:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn x24_a_path_that_is_no_text_is_refused_before_anything_is_written() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let odd = std::ffi::OsStr::from_bytes(b"d\xff.jsonl");
    std::fs::rename(dir.path().join("data.jsonl"), dir.path().join(odd)).unwrap();
    for flag in ["--dataset", "--output-dir"] {
        let mut command = dualround();
        command
            .current_dir(dir.path())
            .args(["--endpoint", "http://127.0.0.1:1"]);
        if flag == "--output-dir" {
            command.args(["--dataset", "d"]);
        }
        let output = command.arg(flag).arg(odd).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains(&format!("{flag} d")),
            "{}",
            stderr(&output)
        );
        assert!(stderr(&output).contains("not UTF-8"), "{}", stderr(&output));
    }
    assert!(!dir.path().join("results").exists());
}

/// A page of a gateway that `auto` knows nothing of.
#[test]
fn g08_auto_says_that_it_found_nothing() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let page = scripted(|_| {
        let body = "vllm_router_requests_total 3\nvllm_router_active 1\n";
        format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let sim = engine_with(SimConfig::default());
    let args = [
        "--prometheus-url",
        &page,
        "--prometheus-metrics",
        "auto",
        "--lang",
        "en",
    ];
    let (code, said) = measured(dir.path(), &sim.base_url(), &args);
    assert_eq!(code, Some(0), "{said}");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("auto knows none of the 2 metrics that are there"),
        "{said}"
    );
    assert!(said.contains("vllm_router_requests_total"), "{said}");
}

/// Why readings failed stands beside how many did.
#[test]
fn g07_readings_that_fail_say_why() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let page = scripted(|_| {
        "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            .as_bytes()
            .to_vec()
    });
    let sim = engine_with(SimConfig::default());
    let args = [
        "--prometheus-url",
        &page,
        "--prometheus-metrics",
        "up",
        "--lang",
        "en",
    ];
    let (_, said) = measured(dir.path(), &sim.base_url(), &args);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("failed (HTTP 401)"), "{said}");
}
