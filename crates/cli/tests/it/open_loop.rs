//! Requests that arrive at instants of their own: rates, replays, a side that cannot hold its rate.

use crate::{
    common::{adds_up, dataset, engine, json, refused, run, serial, stderr, stdout},
    schema::valid,
};
use serde_json::Value;
use std::{fmt::Write as _, path::Path};

fn succeeds(dir: &Path, line: &str) -> String {
    let output = run(dir, line);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    stdout(&output)
}

fn ms(request: &Value, key: &str) -> f64 {
    request[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key}: {request}"))
}

/// Short prompts that share nothing.
fn short_rows(dir: &Path, rows: usize) {
    let mut text = String::new();
    for row in 0..rows {
        let words: Vec<String> = (0..96).map(|word| format!("w{row}x{word}")).collect();
        let _ = writeln!(text, "{{\"text\": \"{}\"}}", words.join(" "));
    }
    std::fs::write(dir.join("short.jsonl"), text).unwrap();
}

#[test]
fn a_rate_is_told_in_every_file_and_each_round_has_the_same_instants() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    dataset(dir, 12);
    let base = sim.base_url();
    let shown = succeeds(
        dir,
        &format!(
            "--dataset data.jsonl --endpoint {base} --request-rate 40 20 --rounds CW \
             --max-output-tokens 4 --seed 1 --lang en --output-dir out \
             --prometheus-url {base}/metrics --prometheus-metrics auto"
        ),
    );
    for words in [
        "Request rate: 40/s Poisson | Round 1 (cold)",
        "TTFT from due (ms)",
        "scheduled: 40.00 requests/sec",
        "Request rate 20/s: ",
        "not told below 800 requests",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let rounds = [1, 2].map(|round| {
        let file = json(&dir.join(format!("out/rate_40_round_{round}.json")));
        valid("concurrency_round", &file);
        adds_up(&file);
        file
    });
    let due = rounds.each_ref().map(|file| {
        let requests = file["requests"].as_array().unwrap();
        let due: Vec<f64> = requests.iter().map(|one| ms(one, "scheduled_ms")).collect();
        for one in requests {
            assert!(ms(one, "start_ms") >= ms(one, "scheduled_ms"), "{one}");
            assert!(ms(one, "ttft_from_due") >= ms(one, "ttft"), "{one}");
        }
        due
    });
    assert_eq!(due[0], due[1]);
    assert!((due[0][11] - 275.0).abs() < 0.001, "{due:?}");
    let configuration = &rounds[0]["configuration"];
    let load =
        serde_json::json!({"kind": "rate", "value": 40.0, "arrival": "poisson", "burstiness": 1.0});
    assert_eq!(
        (&configuration["load"], &configuration["concurrency"]),
        (&load, &Value::Null)
    );
    let comparison = json(&dir.join("out/comparison.json"));
    valid("comparison", &comparison);
    assert_eq!(comparison["levels"][1]["load"]["value"], 20.0);
    valid(
        "telemetry",
        &json(&dir.join("out/telemetry_rate_40_round_1.json")),
    );
    let tidy = std::fs::read_to_string(dir.join("out/metrics_tidy.csv")).unwrap();
    assert!(
        tidy.contains(",ttft_from_due,p99,") && tidy.contains(",rate,40"),
        "{tidy}"
    );
    let summary = std::fs::read_to_string(dir.join("out/metrics_summary.csv")).unwrap();
    assert!(
        summary.contains("rate40-round2") && summary.contains("Client lag"),
        "{summary}"
    );
    for line in std::fs::read_to_string(dir.join("out/requests.jsonl"))
        .unwrap()
        .lines()
    {
        valid("journal_line", &serde_json::from_str(line).unwrap());
    }
    // From the journal alone the same files come again.
    let before = std::fs::read_to_string(dir.join("out/rate_40_round_2.json")).unwrap();
    std::fs::remove_file(dir.join("out/rate_40_round_2.json")).unwrap();
    succeeds(dir, "report out --lang en");
    let after = std::fs::read_to_string(dir.join("out/rate_40_round_2.json")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_side_that_cannot_hold_the_rate_is_named_and_never_divided() {
    // Cold: 10 ms each, so 100 a second at most; warm: far more.
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(0.5, 0.1));
    let dir = dir.path();
    short_rows(dir, 840);
    let base = sim.base_url();
    let shown = succeeds(
        dir,
        &format!(
            "--dataset short.jsonl --endpoint {base} --request-rate 200 --max-output-tokens 1 \
             --seed 1 --lang en --output-dir out"
        ),
    );
    let sentence = "the cold side cannot hold this rate, the warm side can";
    assert!(
        shown.contains(sentence) && shown.contains("OVERLOADED"),
        "{shown}"
    );
    let level = &json(&dir.join("out/comparison.json"))["levels"][0];
    let conclusion = &level["conclusion"];
    assert_eq!(conclusion["kind"], "withheld");
    let reason = serde_json::json!({"kind": "overloaded", "cold": true, "warm": false});
    assert_eq!(conclusion["reason"], reason);
    for metric in ["ttft", "itl", "latency"] {
        for figure in ["ratio", "interval_low", "spread_high", "cold_typical"] {
            assert_eq!(level[metric][figure], Value::Null, "{metric}.{figure}");
        }
    }
    // What was hit is known all the same.
    assert!(
        level["hit_rate"]["usage"].as_f64().unwrap() > 0.8,
        "{level}"
    );
    let overloaded = |round| {
        let file = json(&dir.join(format!("out/rate_200_round_{round}.json")));
        file["summary"]["arrivals"]["overloaded"].clone()
    };
    assert_eq!((overloaded(1), overloaded(2)), (true.into(), false.into()));
    // Nor is it divided by another run's.
    let compared = run(dir, "compare out out --json -");
    let levels: Value = serde_json::from_str(&stdout(&compared)).unwrap();
    valid("compare", &levels);
    let level = &levels["comparisons"][0]["levels"][0];
    assert_eq!(level["cold"]["ttft"]["change"], Value::Null, "{level}");
    assert_eq!(level["warm"]["ttft"]["change"], 0.0, "{level}");
    assert_eq!(
        level["cache"]["ttft_ratio"]["change"],
        Value::Null,
        "{level}"
    );
}

#[test]
fn a_server_whose_requests_time_out_is_not_said_to_keep_up() {
    // The same engine: what the client gives up is not in the backlog, and was not served.
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(0.5, 0.1));
    let dir = dir.path();
    short_rows(dir, 840);
    let line = format!(
        "--dataset short.jsonl --endpoint {} --request-rate 160 --timeout 0.3 --rounds C \
         --max-output-tokens 1 --seed 1 --lang en --output-dir out",
        sim.base_url()
    );
    let shown = stdout(&run(dir, &line));
    let file = json(&dir.join("out/rate_160_round_1.json"));
    let summary = &file["summary"];
    assert!(
        summary["failed_requests"].as_u64().unwrap() > 100,
        "{shown}"
    );
    assert_ne!(summary["arrivals"]["overloaded"], false, "{summary}");
    assert!(!shown.contains("not seen to grow"), "{shown}");
}

#[test]
fn rates_that_no_client_can_send_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    short_rows(dir, 2);
    for rate in ["1e300", "1e-300", "200000"] {
        let line =
            format!("--dataset short.jsonl --endpoint http://127.0.0.1:9 --request-rate {rate}");
        refused(dir, &line, &["--request-rate", "100000"]);
        refused(
            dir,
            &format!("calibrate --request-rate {rate}"),
            &["--request-rate", "100000"],
        );
    }
    std::fs::write(dir.join("slo.yaml"), "slo: {ttft_ms: 200}\n").unwrap();
    let line = "max-load --dataset short.jsonl --endpoint http://127.0.0.1:9 --slo-file slo.yaml --to 1e300";
    refused(dir, line, &["--to", "100000"]);
}

#[test]
fn a_backlog_that_grew_is_told_where_overload_cannot_be() {
    // The same engine, and too few requests.
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(0.5, 0.1));
    let dir = dir.path();
    short_rows(dir, 120);
    let base = sim.base_url();
    for (lang, words) in [
        ("en", "the backlog of the cold side grew from "),
        ("zh", "冷轮的积压从中点到末尾由 "),
    ] {
        let shown = succeeds(
            dir,
            &format!(
                "--dataset short.jsonl --endpoint {base} --request-rate 200 --arrival constant \
                 --max-output-tokens 1 --seed 1 --lang {lang} --output-dir {lang}"
            ),
        );
        let (_, said) = shown.split_once(words).expect(&shown);
        let file = json(&dir.join(format!("{lang}/rate_200_round_1.json")));
        let arrivals = &file["summary"]["arrivals"];
        assert_eq!(arrivals["overloaded"], Value::Null);
        let middle = arrivals["backlog_middle"].to_string();
        assert!(said.starts_with(&middle), "{middle}: {said}");
        let level = &json(&dir.join(format!("{lang}/comparison.json")))["levels"][0];
        let grew = serde_json::json!({
            "kind": "backlog_grew", "warm": false,
            "middle": arrivals["backlog_middle"], "end": arrivals["backlog_end"],
        });
        let remarks = level["conclusion"]["remarks"].as_array().unwrap();
        assert!(remarks.contains(&grew), "{remarks:?}");
        // The warm side, which keeps up, is not said to have grown.
        let grown = remarks.iter().filter(|one| one["kind"] == "backlog_grew");
        assert_eq!(grown.count(), 1, "{remarks:?}");
    }
}

#[test]
fn who_waits_at_the_client_waits_in_ttft_from_due() {
    // One in flight at most, and the fifth prompt takes 1.5 s.
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(0.5, 0.1));
    let dir = dir.path();
    short_rows(dir, 40);
    let rows = std::fs::read_to_string(dir.join("short.jsonl")).unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    let long = format!("{{\"text\": \"{}\"}}", "long ".repeat(15_000));
    rows[4] = &long;
    std::fs::write(dir.join("data.jsonl"), rows.join("\n")).unwrap();
    let base = sim.base_url();
    succeeds(
        dir,
        &format!(
            "--dataset data.jsonl --endpoint {base} --request-rate 25 --arrival constant \
             --max-concurrency 1 --rounds C --max-output-tokens 2 --warmup 0 --no-probe \
             --model sim-1 --output-dir out"
        ),
    );
    let file = json(&dir.join("out/rate_25_round_1.json"));
    let requests = file["requests"].as_array().unwrap();
    let stalled = requests.iter().position(|one| ms(one, "ttft") > 1_400.0);
    let (stalled, later) = requests.split_at(stalled.unwrap() + 1);
    let stalled = stalled.last().unwrap();
    let over = ms(stalled, "scheduled_ms") + ms(stalled, "latency_from_due");
    let held: Vec<&Value> = later
        .iter()
        .filter(|one| ms(one, "scheduled_ms") < over)
        .collect();
    assert!(held.len() >= 30, "{}", held.len());
    for one in held {
        let left = over - ms(one, "scheduled_ms");
        assert!(ms(one, "ttft_from_due") >= left - 1.0, "{left}: {one}");
        assert!(ms(one, "ttft") < 500.0, "{one}");
        assert!(ms(one, "client_lag") < ms(one, "ttft_from_due"), "{one}");
    }
    let arrivals = &file["summary"]["arrivals"];
    assert!(
        arrivals["waited_for_place"].as_u64().unwrap() >= 30,
        "{arrivals}"
    );
    assert_eq!(file["configuration"]["max_concurrency"], 1);
}

/// Rows with these times, in ms.
fn timed(dir: &Path, name: &str, times: &[&str]) {
    let mut text = String::new();
    for (row, time) in times.iter().enumerate() {
        let _ = writeln!(
            text,
            "{{\"text\": \"Story {row}. {}\", \"timestamp\": {time}}}",
            "x ".repeat(80)
        );
    }
    std::fs::write(dir.join(name), text).unwrap();
}

#[test]
fn a_trace_is_replayed_at_its_own_times() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    timed(
        dir,
        "t.jsonl",
        &["5000", "5000", "6000", "7500", "60000", "61000", "62000"],
    );
    let line = format!(
        "--dataset t.jsonl --endpoint {} --replay --timestamp-unit ms --replay-speed 10 --gap-cap 5 \
         --num-samples 6 --max-output-tokens 2 --lang en --output-dir out",
        sim.base_url()
    );
    let shown = succeeds(dir, &line);
    assert!(shown.contains("Replay: ×10"), "{shown}");
    let lasts = "each round of replay ×10, gaps up to 5 s lasts at least 0.85 s: 6 requests, up to 6 within a second";
    let again = run(dir, &line.replace("--output-dir out", "--output-dir again"));
    assert!(stderr(&again).contains(lasts), "{}", stderr(&again));
    // The same without a server, here of the whole file, and of what a round may take.
    let check = "check dataset t.jsonl --replay --timestamp-unit ms";
    let whole = succeeds(dir, check);
    assert!(
        whole.contains(
            "each round of replay lasts at least 57.0 s: 7 requests, up to 2 within a second"
        ),
        "{whole}"
    );
    let cut = succeeds(dir, &format!("{check} --duration 2 --lang zh"));
    assert!(cut.contains("回放：每一轮至少持续 1.00 秒，共 3 个请求，一秒内最多 2 个；更晚的 4 个不发送（--duration）"), "{cut}");
    for round in [1, 2] {
        let file = json(&dir.join(format!("out/replay_round_{round}.json")));
        valid("concurrency_round", &file);
        let requests = file["requests"].as_array().unwrap();
        let due: Vec<f64> = requests.iter().map(|one| ms(one, "scheduled_ms")).collect();
        let expected = [0.0, 0.0, 100.0, 250.0, 750.0, 850.0];
        assert_eq!(due.len(), expected.len());
        for (due, expected) in due.iter().zip(expected) {
            assert!((due - expected).abs() < 0.001, "{due} {expected}");
        }
        assert_eq!(file["configuration"]["load"]["gap_cap_s"], 5.0);
    }
    for (times, words) in [
        (
            &["1", "-2"][..],
            &["t.jsonl line 2", "times begin at 0"][..],
        ),
        (&["1", "null"], &["t.jsonl line 2", "timestamp"]),
        (&["1", "\"soon\""], &["t.jsonl line 2", "soon"]),
        (&["5", "4"], &["t.jsonl line 2", "line 1", "sort"]),
    ] {
        timed(dir, "t.jsonl", times);
        refused(
            dir,
            &line.replace("--output-dir out", "--output-dir no"),
            words,
        );
    }
    timed(dir, "t.jsonl", &["1", "2"]);
    let no_unit = line.replace("--timestamp-unit ms ", "");
    refused(dir, &no_unit, &["unit of `timestamp`", "--timestamp-unit"]);
    for (more, word) in [
        ("--oversample", "--oversample"),
        ("--weight-key w", "--weight-key"),
        ("--shuffle-round2", "--shuffle-round2"),
        ("--concurrency 2", "--concurrency"),
    ] {
        refused(dir, &format!("{line} {more}"), &[word, "--replay"]);
    }
}

#[test]
fn a_mixed_round_at_a_rate_is_cut_by_time_once_its_cold_round_has_told() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(0.5, 0.04));
    let dir = dir.path();
    short_rows(dir, 60);
    let output = run(
        dir,
        &format!(
            "--dataset short.jsonl --endpoint {} --request-rate 60 --rounds CM --seed 1 --lang en \
             --max-output-tokens 1 --output-dir out",
            sim.base_url()
        ),
    );
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    // A second holds fewer than ten blocks of four times the longest latency, or enough of them.
    let file = json(&dir.join("out/rate_60_round_2.json"));
    let longest = json(&dir.join("out/rate_60_round_1.json"))["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ms(one, "latency"))
        .fold(0.0, f64::max);
    let requests = file["requests"].as_array().unwrap();
    let mut begins = std::collections::BTreeMap::new();
    for one in requests {
        let block = one["block"].as_u64().unwrap();
        let due = ms(one, "scheduled_ms");
        let first = begins.entry(block).or_insert(due);
        *first = f64::min(*first, due);
    }
    let begins: Vec<f64> = begins.into_values().collect();
    assert!(begins.len() > 1, "{begins:?}");
    let gaps: Vec<f64> = begins.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(
        gaps.iter().all(|gap| *gap >= 4.0 * longest),
        "{longest}: {gaps:?}"
    );
    if begins.len() < 10 {
        assert!(said.contains("M at 60/s: "), "{said}");
    }
    // What is due later was put off meanwhile, and that is said.
    let put_off = file["summary"]["arrivals"]["drained_seconds"]
        .as_f64()
        .unwrap();
    let said = stdout(&output).contains("instants put off by");
    assert_eq!(put_off > 0.0, said, "{put_off}");
    // Nothing of a block was sent before the one before it had ended.
    for one in requests {
        let (block, start) = (one["block"].as_u64().unwrap(), ms(one, "start_ms"));
        let earlier = requests
            .iter()
            .filter(|other| other["block"].as_u64().unwrap() < block);
        for other in earlier {
            assert!(
                ms(other, "start_ms") + ms(other, "latency") <= start + 0.5,
                "{other} {one}"
            );
        }
    }
}

#[test]
fn runs_of_other_rates_have_no_level_in_common() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    dataset(dir, 6);
    let line = |load: &str, out: &str| {
        format!(
            "--dataset data.jsonl --endpoint {} {load} --max-output-tokens 2 --seed 1 --output-dir {out}",
            sim.base_url()
        )
    };
    succeeds(dir, &line("--request-rate 50 80", "a"));
    succeeds(dir, &line("--request-rate 50 --arrival constant", "b"));
    succeeds(dir, &line("--request-rate 50", "c"));
    refused(
        dir,
        "compare a b",
        &["no level in common", "50/s", "50/s constant"],
    );
    let output = run(dir, "compare a c --lang en");
    let said = stdout(&output);
    assert!(said.contains("Request rate: 50/s Poisson"), "{said}");
    assert!(
        said.contains("request rate 80/s is in the base run only"),
        "{said}"
    );
    // Going on needs the same instants.
    refused(
        dir,
        &(line("--request-rate 50 --arrival constant", "a").replace("--output-dir", "--resume")),
        &["had other settings"],
    );
}
