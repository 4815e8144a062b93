//! The truth about the cache, against an engine whose cache is known.

use crate::common::{
    dataset, dualround, engine, engine_with, in_no_file, json, run, stderr, stdout,
};
use serde_json::Value;
use simllm::{Fault, FaultOn, FaultRule, Sim, SimConfig};
use std::path::Path;

fn dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 10);
    dir
}

fn line(sim: &Sim, more: &str) -> String {
    format!(
        "run --dataset data.jsonl --endpoint {} --max-output-tokens 4 --warmup 0 --output-dir out --overwrite {more}",
        sim.base_url()
    )
}

fn level(dir: &Path) -> Value {
    json(&dir.join("out/comparison.json"))["levels"][0].clone()
}

#[test]
fn b046_three_sources_of_hits_agree() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    let output = run(dir.path(), &line(&sim, ""));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let hits = &level(dir.path())["hit_rate"];
    let rate = |name: &str| hits[name].as_f64().unwrap();
    assert!(rate("usage") > 0.9, "{hits}");
    for other in ["server", "theory", "model_lru"] {
        assert!(
            (rate(other) - rate("usage")).abs() < 1e-5,
            "{other}: {hits}"
        );
    }
    assert_eq!(hits["tiers"][0]["tier"], "local");
    // The engine's field was proven, so prompts stay as they are.
    let cold = &level(dir.path())["cold"];
    assert_eq!(
        (&cold["method"], &cold["verdict"]),
        (&"salt".into(), &"cold".into())
    );
    // Made again from the journal, the same comes out.
    let before = level(dir.path());
    assert_eq!(run(dir.path(), "report out").status.code(), Some(0));
    assert_eq!(level(dir.path()), before);
}

#[test]
fn b129_a_reset_between_the_rounds_claims_nothing() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    let output = run(dir.path(), &line(&sim, "--rounds CC --cold reset"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let level = level(dir.path());
    assert_eq!(level["conclusion"]["kind"], "cannot_tell", "{level}");
    assert_eq!(
        (&level["pairs"], &level["ttft"]["ratio"]),
        (&0.into(), &Value::Null)
    );
    let said = stdout(&output);
    assert!(said.contains("the schedule has no warm round"), "{said}");
    assert!(
        !said.contains("faster (") && !said.contains("cache works"),
        "{said}"
    );
    // Nor is it the default: round 2 of a plain reset run repeats round 1 without one.
    let output = run(dir.path(), &line(&sim, "--cold reset"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let warm = json(&dir.path().join("out/concurrency_1_round_2.json"));
    assert_eq!(warm["configuration"]["cold_action"], Value::Null);
}

#[test]
fn a_share_of_each_prompt_hits_as_much() {
    // By the engine's own tokens, a whole number of its blocks; by characters where there is no
    // tokenizer to ask.
    for (engine, block, slack) in [("", Some(16), 0.06), ("--engine tgi", None, 0.1)] {
        let (dir, sim) = (dir(), engine_with(SimConfig::default()));
        let more = format!("--shared-prefix 0,50,100 {engine}");
        let output = run(dir.path(), &line(&sim, &more));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("prefix kept 50 %"));
        let level = level(dir.path());
        let points = level["partial"].as_array().unwrap();
        assert_eq!(points.len(), 3, "{points:?}");
        for (point, asked) in points.iter().zip([0.0, 0.5, 1.0]) {
            let kept = point["cut"]["kept_share"].as_f64().unwrap();
            let hits = point["usage"].as_f64().unwrap();
            assert!((kept - asked).abs() < slack, "{point}");
            assert!((hits - asked).abs() < 0.1, "{point}");
            if asked < 1.0 {
                assert_eq!(point["cut"]["block_tokens"].as_u64(), block, "{point}");
            }
            if let (Some(_), 0.5) = (block, asked) {
                assert!((hits - kept).abs() < 0.02, "{point}");
            }
        }
        let ttft = |at: usize| points[at]["ttft"]["warm_avg"].as_f64().unwrap();
        assert!(ttft(0) > ttft(1) && ttft(1) > ttft(2), "{points:?}");
        // The comparison itself is of the schedule's rounds only.
        assert_eq!((&level["cycles"], &level["pairs"]), (&1.into(), &10.into()));
        let before = level.clone();
        assert_eq!(run(dir.path(), "report out").status.code(), Some(0));
        assert_eq!(
            json(&dir.path().join("out/comparison.json"))["levels"][0],
            before
        );
    }
    let output = run(
        Path::new("."),
        "run --dataset x --endpoint y --shared-prefix 120",
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_salt_that_does_not_separate_is_not_used() {
    for config in [
        SimConfig {
            honour_cache_salt: false,
            ..SimConfig::default()
        },
        SimConfig {
            strict_fields: true,
            ..SimConfig::default()
        },
        // A second tier might ignore it.
        SimConfig {
            external_blocks: 65_536,
            ..SimConfig::default()
        },
    ] {
        let (dir, sim) = (dir(), engine_with(config));
        // The second tier shows once it was asked.
        run(dir.path(), &line(&sim, "--rounds C --concurrency 2"));
        let output = run(dir.path(), &line(&sim, ""));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let cold = &level(dir.path())["cold"];
        assert_eq!(
            (&cold["method"], &cold["verdict"]),
            (&"marker".into(), &"cold".into())
        );
    }
}

#[test]
fn b128_b130_a_reset_is_proven_or_the_run_stops() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    let output = run(dir.path(), &line(&sim, "--cold reset"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let cold = &level(dir.path())["cold"];
    assert_eq!(
        (&cold["method"], &cold["verdict"]),
        (&"reset".into(), &"cold".into())
    );
    assert!(
        cold["evidence"]
            .to_string()
            .contains("proven: a text that had hit"),
        "{cold}"
    );
    for config in [
        SimConfig {
            reset_lies: true,
            ..SimConfig::default()
        },
        // The second tier keeps what the first one forgot.
        SimConfig {
            external_blocks: 65_536,
            ..SimConfig::default()
        },
    ] {
        let sim = engine_with(config);
        let output = run(dir.path(), &line(&sim, "--cold reset"));
        let words = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{words}");
        assert!(words.contains("still hits"), "{words}");
    }
    let none = engine_with(SimConfig {
        reset_enabled: false,
        ..SimConfig::default()
    });
    let output = run(dir.path(), &line(&none, "--cold reset"));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("--reset-cache-url"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn other_traffic_is_told() {
    let (dir, sim) = (
        dir(),
        engine_with(SimConfig {
            max_batch: 64,
            ..SimConfig::default()
        }),
    );
    let url = format!("{}/v1/chat/completions", sim.base_url());
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let other = std::thread::spawn({
        let stop = std::sync::Arc::clone(&stop);
        move || {
            let body = "{\"model\":\"sim-1\",\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"somebody else asks\"}]}";
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                post(&url, body);
            }
        }
    });
    let output = run(dir.path(), &line(&sim, ""));
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    other.join().unwrap();
    assert!(
        stdout(&output).contains("other traffic on this server"),
        "{}",
        stdout(&output)
    );
    let quiet = run(dir.path(), &line(&sim, ""));
    assert!(
        !stdout(&quiet).contains("other traffic"),
        "{}",
        stdout(&quiet)
    );
}

fn post(url: &str, body: &str) {
    use std::io::{Read, Write};
    let rest = url.trim_start_matches("http://");
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn v07_a_proof_whose_request_failed_proves_nothing() {
    // A reset that only says yes, after the canary (0 to 2) and two sends of a text; each try to
    // prove anything fails.
    let failing = |on| FaultRule {
        on,
        fault: Fault::Status {
            code: 503,
            body: None,
            retry_after: None,
        },
    };
    let (dir, sim) = (
        dir(),
        engine_with(SimConfig {
            reset_lies: true,
            faults: vec![failing(FaultOn::Request(5)), failing(FaultOn::Request(6))],
            ..SimConfig::default()
        }),
    );
    let output = run(dir.path(), &line(&sim, "--cold reset"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let evidence = level(dir.path())["cold"]["evidence"].to_string();
    assert!(!evidence.contains("hit 0 after it"), "{evidence}");
    assert!(
        evidence.contains("not proven: a request that was to prove it failed"),
        "{evidence}"
    );
    assert!(evidence.contains("503"), "{evidence}");
}

#[test]
fn v08_lengths_of_answers_are_no_matter_of_helpers() {
    let (dir, sim) = (
        dir(),
        engine_with(SimConfig {
            refuse_min_above_max: true,
            ..SimConfig::default()
        }),
    );
    let long = "--max-output-tokens 32 --min-output-tokens 32 --ignore-eos --concurrency 4";
    let line = line(&sim, long)
        .replace("--max-output-tokens 4 ", "")
        .replace("--warmup 0", "--warmup 4");
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let level = level(dir.path());
    assert_eq!(
        (&level["cold"]["method"], &level["cold"]["verdict"]),
        (&"salt".into(), &"cold".into())
    );
    let run = json(&dir.path().join("out/run.json"));
    assert!(
        run["canary"]["repeated"].as_u64() > Some(16),
        "{}",
        run["canary"]
    );
    // Refused in earnest, they are read and said.
    let refusing = engine_with(SimConfig {
        faults: (0..6)
            .map(|n| FaultRule {
                on: FaultOn::Request(n),
                fault: Fault::Status {
                    code: 400,
                    body: Some("no room".to_owned()),
                    retry_after: None,
                },
            })
            .collect(),
        ..SimConfig::default()
    });
    let output = self::run(dir.path(), &self::line(&refusing, ""));
    assert!(
        stderr(&output).contains("canary")
            || stdout(&output).contains("the canary was not answered"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn gates_are_exit_code_4_and_say_why() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    let gated = |condition: &str| {
        let line = line(&sim, "");
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.extend(["--fail-if", condition]);
        let output = crate::common::dualround()
            .current_dir(dir.path())
            .args(words)
            .output()
            .unwrap();
        (output.status.code().unwrap(), stderr(&output))
    };
    assert_eq!(gated("hit_rate.usage < 0.5").0, 0);
    let (code, words) = gated("hit_rate.usage >= 0.5");
    assert_eq!(code, 4, "{words}");
    assert!(
        words.contains("--fail-if 'hit_rate.usage >= 0.5' at concurrency 1: it is 0.9"),
        "{words}"
    );
    assert_eq!(gated("cold.verdict != cold").0, 0);
    assert_eq!(gated("ttft.speed < 3").0, 2);
    let (code, words) = gated("speed < 3");
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("ttft"), "{words}");
}

#[test]
fn check_endpoint_says_what_will_be_measured() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    let found = stdout(&run(
        dir.path(),
        &format!("check endpoint {}", sim.base_url()),
    ));
    for words in [
        "simulated",
        "vllm:prefix_cache_hits_total",
        "POST /reset_prefix_cache",
        "by the field cache_salt",
        "units of 16 tokens",
    ] {
        assert!(found.contains(words), "`{words}`: {found}");
    }
    let before = sim.truth().requests.len();
    run(
        dir.path(),
        &format!("check endpoint {} --no-canary", sim.base_url()),
    );
    assert_eq!(sim.truth().requests.len(), before);
}

#[test]
fn an_e_round_shows_what_an_outer_tier_is_worth_alone() {
    let config = SimConfig {
        external_blocks: 65_536,
        external_ms_per_token: 0.01,
        ..SimConfig::default()
    };
    let (dir, sim) = (dir(), engine_with(config));
    let output = run(dir.path(), &line(&sim, "--rounds CWE"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let level = level(dir.path());
    let external = &level["external"];
    assert!(external["usage"].as_f64().unwrap() > 0.9, "{external}");
    let rate = |tiers: &Value, name: &str| {
        let tiers = tiers.as_array().unwrap();
        let tier = tiers.iter().find(|tier| tier["tier"] == name).unwrap();
        tier["rate"].as_f64().unwrap_or(0.0)
    };
    assert!(rate(&external["tiers"], "local") < 0.05, "{external}");
    assert!(rate(&external["tiers"], "external") > 0.9, "{external}");
    // The warm round came from the engine's own cache.
    assert!(rate(&level["hit_rate"]["tiers"], "local") > 0.9, "{level}");
    assert!(level["ttft"]["ratio"].as_f64() > external["ttft"]["ratio"].as_f64());
    assert!(stdout(&output).contains("outer tiers only"));
    // Answers that tell the tiers themselves outrank counters, which others' requests are in, too.
    let config = SimConfig {
        report_cached_by_tier: true,
        external_blocks: 65_536,
        external_ms_per_token: 0.01,
        ..SimConfig::default()
    };
    let by_usage = engine_with(config);
    let output = run(dir.path(), &line(&by_usage, "--rounds CWE --tables all"));
    let level = self::level(dir.path());
    let tiers = &level["external"]["tiers"];
    assert_eq!(tiers[0]["server"], "usage", "{tiers}");
    assert!(rate(tiers, "local") < 1e-9, "{tiers}");
    let usage = level["external"]["usage"].as_f64().unwrap();
    assert!((usage - rate(tiers, "external")).abs() < 1e-5, "{level}");
    let local = rate(&level["hit_rate"]["tiers"], "local");
    let shown = format!("(local {:.1} %, external", 100.0 * local);
    assert!(stdout(&output).contains(&shown), "{}", stdout(&output));
    let round = json(&dir.path().join("out/concurrency_1_round_3.json"));
    let request = &round["requests"][0];
    assert_eq!(request["external_cached_tokens"], request["cached_tokens"]);
    assert_eq!(round["summary"]["local_cached_tokens"], 0);
    assert_eq!(
        run(dir.path(), &line(&sim, "--rounds EC")).status.code(),
        Some(2)
    );
}

#[test]
fn answers_are_compared_on_request() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    run(dir.path(), &line(&sim, "--rounds CWW --check-output"));
    let answers = &level(dir.path())["answers"];
    assert_eq!(
        (&answers["pairs"], &answers["equal_share"]),
        (&10.into(), &1.0.into())
    );
    assert_eq!(answers["warm_equal_share"], 1.0);
    run(dir.path(), &line(&sim, ""));
    assert!(level(dir.path())["answers"].is_null());
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    assert!(round["requests"][0]["output"].is_null());
}

#[test]
fn b152_credentials_of_an_admin_url_are_nowhere() {
    let (dir, sim) = (dir(), engine_with(SimConfig::default()));
    let other = engine_with(SimConfig::default());
    let admin = other.base_url().replace("http://", "http://al:pa55w0rd@");
    let output = run(dir.path(), &line(&sim, &format!("--admin-url {admin}")));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stdout(&output).contains("pa55w0rd") && !stderr(&output).contains("pa55w0rd"));
    in_no_file(&dir.path().join("out"), "pa55w0rd");
}

/// The older API, by the endpoint's path: a text in, text out, measured and judged as a chat is.
#[test]
fn completions_are_measured_as_chats_are() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 8);
    let endpoint = format!("{}/v1/completions", sim.base_url());
    let line = format!(
        "--dataset data.jsonl --endpoint {endpoint} --max-output-tokens 4 --output-dir out --seed 1"
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let level = json(&dir.path().join("out/comparison.json"))["levels"][0].clone();
    assert_eq!(level["cold"]["verdict"], "cold", "{level}");
    assert!(
        level["hit_rate"]["usage"].as_f64().unwrap() > 0.9,
        "{level}"
    );
    let round = json(&dir.path().join("out/concurrency_1_round_1.json"));
    for request in round["requests"].as_array().unwrap() {
        assert_eq!(request["success"], true, "{request}");
        assert_eq!(request["token_events"], 4, "{request}");
        assert!(request["ttft"].as_f64().is_some() && request["itl"].as_f64().is_some());
    }
    let flags = round["summary"]["flags"].as_object().unwrap();
    assert!(!flags.contains_key("unknown_text"), "{flags:?}");
    // What it cannot take is refused by its row.
    let image = r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://h/x"}}]}]}"#;
    std::fs::write(dir.path().join("image.jsonl"), format!("{image}\n")).unwrap();
    // So it is wherever it stands, and a check says so before any run.
    let text = r#"{"prompt":"hi"}"#;
    std::fs::write(dir.path().join("later.jsonl"), format!("{text}\n{image}\n")).unwrap();
    let checked = dualround()
        .current_dir(dir.path())
        .args(["check", "dataset", "later.jsonl", "--endpoint", &endpoint])
        .output()
        .unwrap();
    assert_eq!(checked.status.code(), Some(2), "{}", stdout(&checked));
    let said = stderr(&checked);
    assert!(
        said.contains("row 2") && said.contains("/v1/chat/completions"),
        "{said}"
    );
    let line = format!("--dataset image.jsonl --endpoint {endpoint} --output-dir none");
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("more than text"),
        "{}",
        stderr(&output)
    );
}
