//! The most load that a server takes: an engine whose capacity is known by construction.

use crate::{
    common::{dataset, engine, json, refused, run, serial, stderr, stdout},
    schema::valid,
};
use serde_json::Value;
use std::path::Path;

/// Prompts of 100 words that share nothing, and an SLO.
fn rows(dir: &Path, count: usize) {
    let line = format!(
        "generate -o rows.jsonl --prompts {count} --groups {count} --shared 8 --unique 92 --seed 1"
    );
    let output = run(dir, &line);
    assert!(output.status.success(), "{}", stderr(&output));
    std::fs::write(dir.join("slo.yaml"), "slo: {ttft_ms: 200}\n").unwrap();
}

#[test]
fn a_capacity_that_is_known_is_found_cold_and_warm() {
    // A cold prompt takes some 22 ms, a warm one hardly more than 2 ms.
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(2.0, 0.17));
    let dir = dir.path();
    rows(dir, 240);
    let output = run(
        dir,
        &format!(
            "max-load --dataset rows.jsonl --endpoint {} --slo-file slo.yaml --share 0.9 \
             --arrival constant --from 44 --to 52 --max-output-tokens 1 --seed 1 --lang en \
             --progress none --output-dir out",
            sim.base_url()
        ),
    );
    let shown = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}{}", stderr(&output));
    let found = json(&dir.join("out/max_load.json"));
    valid("max_load", &found);
    let [cold, warm] = [0, 1].map(|side| found["sides"][side].clone());
    // What a prompt takes, by the tokens that were computed.
    let probe = dir.join("out/probes/cold_1/rate_47.8_round_1.json");
    let requests = json(&probe)["requests"].as_array().unwrap().clone();
    // A probe that was decided left the rest of its requests.
    let computed = requests.iter().filter_map(|one| {
        let tokens = |key: &str| one[key].as_f64();
        Some(tokens("input_tokens")? - tokens("cached_tokens")?)
    });
    let ms: Vec<f64> = computed.map(|tokens| 2.0 + 0.17 * tokens).collect();
    let capacity = 1e3 * ms.len() as f64 / ms.iter().sum::<f64>();
    let most = cold["value"].as_f64().unwrap();
    // The engine's sleeps are longer on a busy machine, and what it takes is less.
    assert!(
        (0.85..1.08).contains(&(most / capacity)),
        "{most} of {capacity}: {cold}"
    );
    assert_eq!(
        (&cold["bound"], &cold["unit"]),
        (&Value::Null, &"rate".into())
    );
    // The highest that was tried is a bound, and so is the ratio.
    assert_eq!(
        (&warm["value"], &warm["bound"]),
        (&52.0.into(), &"at_least".into())
    );
    assert_eq!(found["ratio_at_least"], true);
    let ratio = found["ratio"].as_f64().unwrap();
    assert!((ratio - 52.0 / most).abs() < 1e-4, "{found}");
    assert!(shown.contains("ratio: ≥ "), "{shown}");
    for side in [&cold, &warm] {
        let probes = side["probes"].as_array().unwrap();
        assert!(!probes.is_empty() && probes.len() <= 12, "{side}");
        for probe in probes {
            // Each is a run that can be read like any other.
            let folder = dir.join("out").join(probe["folder"].as_str().unwrap());
            let run = json(&folder.join("run.json"));
            assert_eq!(
                run["plan"]["levels"][0]["rate"]["per_second"],
                probe["load"]
            );
            assert!(folder.join("report.html").exists());
        }
    }
    let page = std::fs::read_to_string(dir.join("out/max_load.html")).unwrap();
    assert!(
        page.contains("<svg") && page.contains("requests/s"),
        "{page}"
    );
    // A warm probe is behind a round that fills the cache, and is not held against it.
    let warm_run = json(&dir.join("out/probes/warm_1/comparison.json"));
    assert_eq!(
        warm_run["levels"][0]["conclusion"]["reason"]["kind"],
        "primed"
    );
    assert!(warm_run["levels"][0]["hit_rate"]["usage"].as_f64().unwrap() > 0.8);
    // Another search does not write over it.
    let again = format!(
        "max-load --dataset rows.jsonl --endpoint {} --slo-file slo.yaml --share 0.9 --output-dir out",
        sim.base_url()
    );
    refused(dir, &again, &["earlier search", "--overwrite"]);
}

#[test]
fn the_budget_ends_a_probe_which_then_does_not_count() {
    // A cold probe asks 96 prompts at least, one after the other: some 4 s.
    let (dir, sim) = (tempfile::tempdir().unwrap(), serial(40.0, 0.0));
    let dir = dir.path();
    rows(dir, 160);
    let line = format!(
        "max-load --dataset rows.jsonl --endpoint {} --slo-file slo.yaml --share 0.9 --by concurrency --to 4 \
         --budget 2s --warmup 0 --max-output-tokens 1 --seed 1 --lang en --progress none --output-dir out",
        sim.base_url()
    );
    let output = run(dir, &line);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let found = json(&dir.join("out/max_load.json"));
    valid("max_load", &found);
    let cold = &found["sides"][0];
    assert_eq!(cold["value"], Value::Null, "{cold}");
    assert_eq!(cold["probes"][0]["verdict"], "cut_short", "{cold}");
    assert_eq!(cold["probes"].as_array().unwrap().len(), 1, "{cold}");
    assert!(stderr(&output).contains("cut short, which does not count"));
    assert!(stdout(&output).contains("nothing is known; the search was ended early (1 probe)"));
}

#[test]
fn a_search_that_cannot_be_is_refused_before_anything_is_sent() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let dir = dir.path();
    rows(dir, 160);
    dataset(dir, 8);
    let line = |more: &str| {
        format!(
            "max-load --dataset rows.jsonl --endpoint {} --slo-file slo.yaml --share 0.9 {more}",
            sim.base_url()
        )
    };
    for (more, words) in [
        ("--rounds CW", &["--rounds", "leave"][..]),
        ("--concurrency 4", &["--concurrency"]),
        ("--replay", &["--replay"]),
        ("--turns all", &["--turns", "leave"]),
        ("--budget 2Mtok", &["--budget", "by time"]),
        ("--until decided --budget 1h", &["--until"]),
        ("--from 0", &["--from 0", "above 0"]),
        ("--from 5 --to 2", &["--from 5", "--to 2"]),
        ("--by concurrency --from 1.5", &["--from 1.5", "whole"]),
        ("--by users", &["--by", "rate", "concurrency"]),
        ("--budget 5s", &["--budget 5 s", "at least"]),
    ] {
        refused(dir, &line(more), words);
    }
    refused(dir, &line("").replace("0.9", "1"), &["--share 1"]);
    refused(
        dir,
        &line("").replace("0.9", "0.99"),
        &["160 prompts", "473"],
    );
    let no_slo = line("").replace("--slo-file slo.yaml", "");
    refused(dir, &no_slo, &["--slo-file"]);
    assert!(sim.truth().requests.is_empty());
    assert!(!dir.join("max-load").exists());
}
