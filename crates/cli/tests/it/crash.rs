//! Runs that end before their time: killed, out of disk, resumed. Nothing that had ended is lost.

use crate::common::{adds_up, dataset, engine, engine_with, json, run, scripted, stderr, stdout};
use serde_json::Value;
use simllm::{Sim, SimConfig};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

/// An engine whose answers take six times this.
fn slow(itl_ms: f64) -> Sim {
    Sim::start(SimConfig {
        prefill_base_ms: 1.0,
        prefill_ms_per_token: 0.0,
        itl_ms,
        max_batch: 64,
        ..SimConfig::default()
    })
    .unwrap()
}

fn line(sim: &Sim, more: &str) -> String {
    let base = sim.base_url();
    format!(
        "--dataset data.jsonl --endpoint {base} --max-output-tokens 6 --model sim-1 --no-probe --warmup 0 {more}"
    )
}

fn spawn(dir: &Path, line: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dualround"))
        .current_dir(dir)
        .args(line.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lines of the journal of a kind, the torn one left out.
fn journal(dir: &Path, kind: &str) -> Vec<Value> {
    let bytes = fs::read(dir.join("requests.jsonl")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line.get(kind).cloned()).collect()
}

/// Waits until the journal has so many requests.
fn wait_for(dir: &Path, requests: usize) {
    let until = Instant::now() + Duration::from_secs(30);
    while journal(dir, "request").len() < requests {
        assert!(Instant::now() < until, "no {requests} requests after 30 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn b149_a_kill_loses_at_most_the_requests_in_flight() {
    const IN_FLIGHT: usize = 8;
    for (at, wanted) in [3, 60, 110, 160].into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        dataset(dir, 100);
        let sim = slow(8.0);
        let mut child = spawn(dir, &line(&sim, "--concurrency 8 --output-dir out"));
        wait_for(&dir.join("out"), wanted);
        std::thread::sleep(Duration::from_millis(7 * at as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = journal(&dir.join("out"), "request").len();
        let served = sim
            .settled_truth()
            .requests
            .iter()
            .filter(|one| !one.aborted)
            .count();
        assert!(
            kept + IN_FLIGHT >= served,
            "{kept} of {served} are in the journal"
        );
        // What is there is reported.
        let output = run(dir, "report out");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let mut in_files = 0;
        for round in [1, 2] {
            let path = dir.join(format!("out/concurrency_8_round_{round}.json"));
            if path.exists() {
                let file = json(&path);
                adds_up(&file);
                assert_eq!(file["summary"]["planned_requests"], 100);
                in_files += file["requests"].as_array().unwrap().len();
            }
        }
        assert_eq!(in_files, kept);
        assert!(dir.join("out/report.html").exists());
        assert!(json(&dir.join("out/run.json"))["exit_code"].is_null());
        let parts = fs::read_dir(dir.join("out")).unwrap().flatten();
        assert!(
            !parts
                .map(|entry| entry.file_name())
                .any(|name| name.to_string_lossy().ends_with(".part"))
        );
    }
}

/// A reset that fails between two levels ends the run; what was measured before it stands.
#[test]
fn a_run_that_an_error_ended_is_reported_and_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 12);
    let sim = engine_with(SimConfig {
        cache_blocks: 0,
        ..SimConfig::default()
    });
    let allowed = Arc::new(AtomicU32::new(1));
    let left = Arc::clone(&allowed);
    let reset = scripted(move |_| {
        let take = |left: u32| left.checked_sub(1);
        let status = match left.fetch_update(SeqCst, SeqCst, take) {
            Ok(_) => "200 OK",
            Err(_) => "503 Service Unavailable",
        };
        format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
    });
    let cold = format!("--cold reset --reset-cache-url {reset}/x --concurrency 2 4");
    let words = line(&sim, &cold);
    let output = run(dir, &format!("{words} --output-dir out"));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let ended = json(&dir.join("out/run.json"));
    assert_eq!(ended["interrupted"], true);

    let output = run(dir, "report out --lang en");
    let (said, words_of) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{words_of}");
    assert!(said.contains("Concurrency: 2 |"), "{said}");
    assert!(
        words_of.contains("did not come to its end (1 of 2 levels"),
        "{words_of}"
    );
    // Of an older program that did not write it down.
    let older = fs::read_to_string(dir.join("out/run.json")).unwrap();
    let older = older.replace("\"interrupted\": true", "\"interrupted\": false");
    fs::write(dir.join("out/run.json"), older).unwrap();
    let output = run(dir, "report out --lang en");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    allowed.store(9, SeqCst);
    let output = run(dir, &format!("{words} --resume out"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("1 of 2 levels are kept"),
        "{}",
        stderr(&output)
    );
    assert_eq!(json(&dir.join("out/run.json"))["interrupted"], false);
}

#[test]
fn a_killed_sweep_goes_on_at_its_first_unfinished_level() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 20);
    let sim = slow(30.0);
    let words = line(&sim, "--concurrency 4 5 6");
    let mut child = spawn(dir, &format!("{words} --output-dir out --num-samples 15"));
    // Into the warm round of the second level.
    wait_for(&dir.join("out"), 30 + 15 + 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = json(&dir.join("out/run.json"));
    let first = fs::read(dir.join("out/concurrency_4_round_2.json")).unwrap();

    // Other settings are refused, and nothing is lost by it.
    let output = run(
        dir,
        &format!("{words} --resume out --num-samples 15 --temperature 1"),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("request.temperature: null then, 1.0 now"),
        "{}",
        stderr(&output)
    );
    let output = run(dir, &format!("{words} --resume out --output-dir other"));
    assert_eq!(output.status.code(), Some(2));
    let output = run(dir, &format!("{words} --resume nothing"));
    assert!(
        stderr(&output).contains("holds no run") && !dir.join("nothing").exists(),
        "{}",
        stderr(&output)
    );

    let output = run(dir, &format!("{words} --resume out --num-samples 15"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("1 of 3 levels are kept"),
        "{}",
        stderr(&output)
    );
    assert!(
        !stdout(&output).contains("Concurrency: 4 |"),
        "{}",
        stdout(&output)
    );
    let after = json(&dir.join("out/run.json"));
    for key in ["run_id", "started_at", "plan_digest"] {
        assert_eq!(before[key], after[key], "{key}");
    }
    assert_eq!(after["resumed_at"].as_array().unwrap().len(), 1);
    assert_eq!(after["exit_code"], 0);
    assert_eq!(
        fs::read(dir.join("out/concurrency_4_round_2.json")).unwrap(),
        first
    );
    assert_eq!(
        json(&dir.join("out/comparison.json"))["levels"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    // Every planned request once, and the same draw at every level.
    let requests = journal(&dir.join("out"), "request");
    let places: BTreeSet<String> = requests
        .iter()
        .map(|one| format!("{}/{}/{}", one["level"], one["round"], one["index"]))
        .collect();
    assert_eq!((requests.len(), places.len()), (90, 90));
    let rounds = journal(&dir.join("out"), "round");
    let digests: BTreeSet<String> = rounds
        .iter()
        .map(|r| r["content_digest"].to_string())
        .collect();
    assert_eq!((rounds.len(), digests.len()), (6, 1));
    // The redone level is cold again: the marker or salt is another one.
    let cold = |level: u64| {
        let of = rounds
            .iter()
            .find(|r| r["level"] == level && r["cold"].is_object());
        of.unwrap()["wire_digest"].to_string()
    };
    assert_ne!(cold(0), cold(1));
    let output = run(dir, &format!("{words} --resume out --num-samples 15"));
    assert!(
        stderr(&output).contains("it is judged again"),
        "{}",
        stderr(&output)
    );
    assert_eq!(run(dir, "report out").status.code(), Some(0));
}

#[test]
#[cfg(unix)]
fn a_full_disk_stops_the_run_and_keeps_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 200);
    let sim = engine_with(SimConfig {
        max_batch: 64,
        ..SimConfig::default()
    });
    // Files may not grow beyond 64 KiB: the journal meets that first. The signal is ignored, so
    // that the write fails as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} {}",
        env!("CARGO_BIN_EXE_dualround"),
        line(&sim, "--concurrency 4 --output-dir out")
    );
    let output = Command::new("bash")
        .current_dir(dir)
        .args(["-c", &script])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("requests.jsonl") && said.contains("what had ended until then is kept"),
        "{said}"
    );
    let kept = journal(&dir.join("out"), "request").len();
    assert!(kept > 10 && kept < 200, "{kept}");
    // It stopped instead of measuring on.
    let served = sim.settled_truth().requests.len();
    assert!(served < 200, "{served}");
    // With room again, everything is made from it.
    let output = run(dir, "report out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.join("out/concurrency_4_round_1.json"));
    adds_up(&file);
    assert_eq!(file["requests"].as_array().unwrap().len(), kept);
    let output = run(dir, &line(&engine(), "--concurrency 4 --resume out"));
    assert_eq!(
        output.status.code(),
        Some(2),
        "another endpoint is another run"
    );
}

#[test]
fn x29_a_run_killed_in_its_cold_round_has_no_warm_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 40);
    let sim = slow(20.0);
    let mut child = spawn(dir, &line(&sim, "--concurrency 2 --output-dir out"));
    wait_for(&dir.join("out"), 10);
    child.kill().unwrap();
    child.wait().unwrap();
    let output = run(dir, "report out --lang en");
    let said = stdout(&output);
    assert!(said.contains("no warm round was run"), "{said}");
    assert!(
        said.contains("ended before there were two rounds"),
        "{said}"
    );
    // The schedule had a warm round: nobody is told to ask for one.
    assert!(!said.contains("every round was made cold"), "{said}");
    assert!(said.contains("the run was killed in this round"), "{said}");
}
