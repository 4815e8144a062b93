//! Limits of a run: time, failures, attempts, sizes, and waiting for a server.

use crate::common::{dataset, engine_with, in_no_file, json, run, stderr};
use serde_json::Value;
use simllm::{Fault, FaultOn, FaultRule, Sim, SimConfig};
use std::{path::Path, time::Duration};

fn sim(faults: &[&str]) -> Sim {
    let faults = faults.iter().map(|text| text.parse::<FaultRule>().unwrap());
    engine_with(SimConfig {
        faults: faults.collect(),
        ..SimConfig::default()
    })
}

fn line(sim: &Sim, more: &str) -> String {
    let base = sim.base_url();
    format!(
        "--dataset data.jsonl --endpoint {base} --max-output-tokens 4 --model sim-1 --no-probe --warmup 0 --output-dir out {more}"
    )
}

fn round(dir: &Path, concurrency: u32, round: u32) -> Value {
    json(&dir.join(format!("out/concurrency_{concurrency}_round_{round}.json")))
}

fn codes(file: &Value) -> Vec<&str> {
    let warnings = file["summary"]["warnings"].as_array().unwrap().iter();
    warnings
        .map(|warning| warning["code"].as_str().unwrap())
        .collect()
}

#[test]
fn v17_duration_begins_no_more_requests_and_lets_the_others_finish() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 300);
    let sim = sim(&["all:late=30"]);
    let output = run(dir, &line(&sim, "--concurrency 2 --duration 0.6"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for number in [1, 2] {
        let file = round(dir, 2, number);
        let count = |key: &str| file["summary"][key].as_u64().unwrap();
        assert!(
            count("not_started_requests") > 100,
            "{}",
            count("not_started_requests")
        );
        assert_eq!(count("cancelled_requests") + count("failed_requests"), 0);
        assert!(count("successful_requests") > 4);
        assert!(
            codes(&file).contains(&"limit_reached"),
            "{:?}",
            codes(&file)
        );
        let seconds = file["summary"]["duration_seconds"].as_f64().unwrap();
        assert!(number == 2 || seconds > 0.5, "{seconds}");
    }
    // V17: the warm round asks what the cold one began, and nothing else.
    let [cold, warm] = [1, 2].map(|number| {
        let file = round(dir, 2, number);
        let requests = file["requests"].as_array().unwrap().iter();
        requests
            .map(|request| request["index"].as_u64().unwrap())
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert!(warm.is_subset(&cold), "{cold:?} {warm:?}");
    assert!(
        json(&dir.join("out/comparison.json"))["levels"][0]["pairs"]
            .as_u64()
            .unwrap()
            > 4
    );
}

#[test]
fn failures_end_a_level_and_say_so() {
    for (limit, failed) in [("--max-failures 5", 5), ("--max-failure-rate 0.1", 5)] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        dataset(dir, 40);
        let sim = sim(&["every=2:status=500"]);
        let output = run(dir, &line(&sim, &format!("--concurrency 1 2 {limit}")));
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        let flag = limit.split(' ').next().unwrap();
        assert!(
            stderr(&output).contains(&format!(
                "{flag}: the level of concurrency 1 was ended early"
            )),
            "{}",
            stderr(&output)
        );
        let file = round(dir, 1, 1);
        assert_eq!(file["summary"]["failed_requests"], failed, "{limit}");
        assert!(codes(&file).contains(&"limit_reached"));
        // The warm round of that level is left out, the next level is measured.
        assert!(!dir.join("out/concurrency_1_round_2.json").exists());
        assert!(dir.join("out/concurrency_2_round_1.json").exists());
    }
    // A share that is met exactly is not exceeded.
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 20);
    let output = run(
        dir.path(),
        &line(&sim(&["every=2:status=500"]), "--max-failure-rate 0.5"),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn b051_retries_are_off_by_default_and_every_attempt_is_in_the_record() {
    let faults = [
        "request=1:status=503",
        "request=2:status=429,0",
        "request=4:reset=2",
        "request=6:status=400",
    ];
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 6);
    let output = run(dir, &line(&sim(&faults), "--rounds CW"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(round(dir, 1, 1)["summary"]["failed_requests"], 3);
    assert_eq!(
        round(dir, 1, 1)["requests"][1]["retries"],
        serde_json::json!([])
    );

    let output = run(dir, &line(&sim(&faults), "--retries 2 --overwrite"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = round(dir, 1, 1);
    // The second request met two faults, one after the other.
    let second = &file["requests"][1];
    assert_eq!(second["success"], true, "{second}");
    let kinds: Vec<&Value> = second["retries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["kind"])
        .collect();
    assert_eq!(kinds, ["http_503", "http_429"]);
    assert_eq!(
        (
            &second["retries"][0]["wait_ms"],
            &second["retries"][1]["wait_ms"]
        ),
        (&250.into(), &0.into())
    );
    assert!(
        second["flags"]
            .as_array()
            .unwrap()
            .contains(&"retried".into())
    );
    // Its times are those of the last attempt, and the wait is in none but the start.
    assert!(
        second["latency"].as_f64().unwrap() < 200.0 && second["start_ms"].as_f64().unwrap() > 250.0
    );
    // A stream that broke after tokens is not sent again; neither is what the server refuses.
    let kinds: Vec<&Value> = file["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["error"]["kind"])
        .collect();
    assert!(
        kinds.contains(&&"connection_reset".into()) && kinds.contains(&&"http_400".into()),
        "{kinds:?}"
    );
    assert_eq!(file["summary"]["failed_requests"], 2);
    assert!(codes(&file).contains(&"retried"));
    assert_eq!(file["summary"]["flags"]["retried"], 1);
}

#[test]
fn sizes_are_bounded() {
    for (flag, fault, kind) in [
        (
            "--max-event-bytes 2000",
            "all:endless_line=5000",
            "event_too_large",
        ),
        (
            "--max-response-bytes 1024",
            "all:split=100",
            "response_too_large",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        dataset(dir, 2);
        let more = format!("{flag} --max-output-tokens 64");
        let output = run(
            dir,
            &line(&sim(&[fault]), &more).replacen("--max-output-tokens 4 ", "", 1),
        );
        assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
        assert_eq!(round(dir, 1, 1)["requests"][0]["error"]["kind"], kind);
    }
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let output = run(dir.path(), &line(&sim(&[]), "--max-event-bytes 3"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_server_that_comes_later_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 3);
    // A port that nobody listens on yet.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1200));
        Sim::start(SimConfig {
            port,
            ..SimConfig::default()
        })
        .unwrap()
    });
    let words = format!(
        "--dataset data.jsonl --endpoint http://127.0.0.1:{port} --max-output-tokens 2 --output-dir out"
    );
    let refused = run(dir, &format!("{words} --wait-ready 0.2"));
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("not ready after 0.2 s (--wait-ready)"),
        "{}",
        stderr(&refused)
    );
    let output = run(dir, &format!("{words} --wait-ready 20"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("the server was ready after"),
        "{}",
        stderr(&output)
    );
    drop(late.join().unwrap());
}

#[test]
fn b064_every_level_of_a_sweep_sends_the_key_and_none_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 6);
    let sim = engine_with(SimConfig {
        api_key: Some("sk-test-123".to_owned()),
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let words = format!(
        "--dataset data.jsonl --endpoint {base} --max-output-tokens 2 --concurrency 1 2 4 --output-dir out"
    );
    let output = run(dir, &format!("{words} --api-key sk-test-123"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for concurrency in [1, 2, 4] {
        for number in [1, 2] {
            let file = round(dir, concurrency, number);
            assert_eq!(
                file["summary"]["failed_requests"], 0,
                "{concurrency}/{number}"
            );
        }
    }
    let said = String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output);
    assert!(!said.contains("sk-test-123"), "{said}");
    in_no_file(&dir.join("out"), "sk-test-123");
    let refused = run(dir, &format!("{words} --api-key sk-wrong --overwrite"));
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("--api-key") && !stderr(&refused).contains("sk-wrong"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn b151_a_key_that_a_server_echoes_is_masked() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 4);
    let rule = FaultRule {
        on: FaultOn::Every(2),
        fault: Fault::Status {
            code: 400,
            body: Some("{\"error\":{\"message\":\"who is sk-test-123?\"}}".to_owned()),
            retry_after: None,
        },
    };
    let sim = engine_with(SimConfig {
        faults: vec![rule],
        ..SimConfig::default()
    });
    let output = run(dir, &line(&sim, "--api-key sk-test-123"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = round(dir, 1, 1);
    assert_eq!(file["requests"][1]["error"]["message"], "who is ***?");
    in_no_file(&dir.join("out"), "sk-test-123");
    let said = String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output);
    assert!(
        said.contains("who is ***?") && !said.contains("sk-test-123"),
        "{said}"
    );
    // Before the first round as well.
    let base = crate::common::scripted(|_| {
        let body = "{\"error\":{\"message\":\"Incorrect API key provided: sk-test-123\"}}";
        format!(
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    let words =
        format!("--dataset data.jsonl --endpoint {base} --api-key sk-test-123 --output-dir out2");
    let refused = run(dir, &words);
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("provided: ***"),
        "{}",
        stderr(&refused)
    );
}
