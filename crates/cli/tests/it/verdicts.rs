//! What a run says and returns when there is little to say, and what is allowed between rounds.

use crate::common::{dataset, dualround, engine, engine_with, json, run, stderr, stdout};
use simllm::{FaultRule, SimConfig};
use std::{fs, path::Path};

fn line(base: &str, more: &str) -> String {
    format!(
        "--dataset data.jsonl --endpoint {base} --max-output-tokens 4 --temperature 0 --seed 1 \
         --no-probe --warmup 0 --model sim-1 --output-dir out --overwrite {more}"
    )
}

fn conclusion(dir: &Path) -> serde_json::Value {
    json(&dir.join("out/comparison.json"))["levels"][0]["conclusion"].clone()
}

#[test]
fn v00c_a_warm_round_that_failed_whole_is_exit_code_5() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let refuse = |at: usize| {
        format!("request={at}:status=503")
            .parse::<FaultRule>()
            .unwrap()
    };
    let sim = engine_with(SimConfig {
        faults: (8..16).map(refuse).collect(),
        ..SimConfig::default()
    });
    let output = run(dir, &line(&sim.base_url(), ""));
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("no request succeeded in a cold round and in its warm one"),
        "{said}"
    );
    assert_eq!(conclusion(dir)["reason"]["kind"], "no_pairs");
    // Without a pair to make it is no failure, and the same holds for a run that a limit ended: the
    // limit is the reason.
    let well = engine();
    let output = run(dir, &line(&well.base_url(), "--rounds C"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(conclusion(dir)["reason"]["kind"], "no_warm_round");
    let half = engine_with(SimConfig {
        faults: (3..8).map(refuse).collect(),
        ..SimConfig::default()
    });
    let output = run(dir, &line(&half.base_url(), "--max-failures 3"));
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stdout(&output).contains("the level ended before there were two rounds"));
}

#[test]
fn v14_a_finished_run_is_judged_by_the_gates_of_now() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    let base = sim.base_url();
    let first = line(&base, "--fail-if ttft.ratio<1000");
    assert_eq!(run(dir, &first).status.code(), Some(4));
    let resumed = |more: &str| {
        let line = line(&base, &format!("--resume out {more}"));
        run(dir, &line.replace("--output-dir out --overwrite ", ""))
    };
    let again = resumed("--fail-if ttft.ratio<1000");
    assert_eq!(again.status.code(), Some(4), "{}", stderr(&again));
    let words = stderr(&again);
    assert!(
        words.contains("--fail-if 'ttft.ratio<1000' at concurrency"),
        "{words}"
    );
    assert_eq!(json(&dir.join("out/run.json"))["exit_code"], 4);
    // Nothing of the server is asked: it may be gone.
    drop(sim);
    assert_eq!(resumed("").status.code(), Some(0));
    assert_eq!(json(&dir.join("out/run.json"))["exit_code"], 0);
    assert_eq!(resumed("--require-cold").status.code(), Some(4));
}

#[test]
fn tables_show_the_first_rounds_or_all() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    let base = sim.base_url();
    let shown = |more: &str| {
        let output = run(
            dir,
            &line(&base, &format!("--rounds CWC --concurrency 1 {more}")),
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let first = shown("");
    assert_eq!(first.matches("│ TTFT (ms)").count(), 2, "{first}");
    assert!(
        first.contains("Round 3 (cold)") && !first.contains("Hit rate (usage)"),
        "{first}"
    );
    let note = "n = 8: a P99 needs at least 100 samples";
    assert_eq!(first.matches(note).count(), 1, "{first}");
    // The sentence of the level stands in the closing alone.
    assert_eq!(first.matches("Concurrency 1: ").count(), 1, "{first}");
    let all = shown("--tables all");
    assert_eq!(all.matches("│ TTFT (ms)").count(), 3, "{all}");
    assert!(all.contains("Hit rate (usage)"), "{all}");
    let made = stdout(&run(dir, "report out --tables first"));
    assert_eq!(made.matches("│ TTFT (ms)").count(), 2, "{made}");
    let bad = run(dir, &line(&base, "--tables some"));
    assert_eq!(bad.status.code(), Some(2));
    assert!(
        stderr(&bad).contains("[possible values: first, all]"),
        "{}",
        stderr(&bad)
    );
    assert_eq!(run(dir, "report out --tables some").status.code(), Some(2));
}

#[test]
fn round_noise_is_given_by_flag_environment_and_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    let base = sim.base_url();
    let allowance = |dir: &Path| {
        let found = conclusion(dir)["allowance"].clone();
        (found["percent"].as_f64(), found["source"].clone())
    };
    assert!(run(dir, &line(&base, "")).status.success());
    assert_eq!(allowance(dir), (Some(25.0), "default".into()));
    let output = run(dir, &line(&base, "--round-noise 0"));
    assert!(output.status.success());
    assert!(stderr(&output).contains("--round-noise 0: two rounds"));
    assert_eq!(allowance(dir), (Some(0.0), "flag".into()));
    let mut command = dualround();
    command.current_dir(dir).env("DUALROUND_ROUND_NOISE", "7.5");
    assert!(
        command
            .args(line(&base, "").split_whitespace())
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(allowance(dir), (Some(7.5), "flag".into()));
    fs::write(dir.join("run.yaml"), "round_noise: 12\n").unwrap();
    let output = run(dir, &line(&base, "--config run.yaml"));
    assert!(output.status.success());
    assert_eq!(allowance(dir), (Some(12.0), "flag".into()));
    // What was allowed is kept with the run: made again, it is the same.
    let before = conclusion(dir);
    assert!(run(dir, "report out").status.success());
    assert_eq!(conclusion(dir), before);
    // Resumed under another allowance, it is judged by that one.
    let resumed =
        line(&base, "--resume out --round-noise 3").replace("--output-dir out --overwrite ", "");
    let output = run(dir, &resumed);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(allowance(dir), (Some(3.0), "flag".into()));
    let judged = conclusion(dir);
    assert!(run(dir, "report out").status.success());
    assert_eq!(conclusion(dir), judged);
    let listing = stdout(&run(dir, &line(&base, "--config run.yaml --print-config")));
    assert!(
        listing.contains("round_noise: 12.0  # file run.yaml"),
        "{listing}"
    );
    assert!(stdout(&run(dir, "completions bash")).contains("--round-noise"));
    for bad in ["-1", "200.5", "NaN", "much"] {
        let output = run(dir, &line(&base, &format!("--round-noise={bad}")));
        assert_eq!(output.status.code(), Some(2), "{bad}");
        assert!(stderr(&output).contains("--round-noise"), "{bad}");
    }
}
