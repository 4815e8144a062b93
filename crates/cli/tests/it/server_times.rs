//! What a server says of its own time, request by request.

use crate::{
    common::{dataset, engine_with, json, run, stderr},
    schema::valid,
};
use serde_json::Value;
use simllm::SimConfig;
use std::path::Path;

fn ran(dir: &Path, config: SimConfig) -> (Vec<Value>, simllm::TruthLog) {
    let sim = engine_with(config);
    let line = format!(
        "--dataset data.jsonl --endpoint {} --max-output-tokens 4 --warmup 0 --no-probe --cold none --rounds C \
         --concurrency 4 --seed 1 --output-dir out --overwrite --progress none",
        sim.base_url()
    );
    let output = run(dir, &line);
    assert!(output.status.success(), "{}", stderr(&output));
    let file = json(&dir.join("out/concurrency_4_round_1.json"));
    valid("concurrency_round", &file);
    (file["requests"].as_array().unwrap().clone(), sim.truth())
}

/// A key of all requests, ms as ns, sorted.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of a test"
)]
fn sorted(requests: &[Value], key: &str) -> Vec<u64> {
    let times = requests.iter().map(|one| one[key].as_f64().unwrap());
    let mut times: Vec<u64> = times.map(|ms| (ms * 1e6).round() as u64).collect();
    times.sort_unstable();
    times
}

#[test]
fn queue_and_prefill_are_what_the_server_logged_and_unknown_where_it_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 10);
    let one_at_a_time = SimConfig {
        report_times: true,
        max_batch: 1,
        ..SimConfig::default()
    };
    let (requests, truth) = ran(dir.path(), one_at_a_time);
    for (key, logged) in [
        (
            "server_queue_ms",
            truth
                .requests
                .iter()
                .map(|one| one.queue_ns)
                .collect::<Vec<_>>(),
        ),
        (
            "server_prefill_ms",
            truth.requests.iter().map(|one| one.prefill_ns).collect(),
        ),
    ] {
        let mut logged = logged;
        logged.sort_unstable();
        assert_eq!(sorted(&requests, key), logged, "{key}");
    }
    // Three of four wait for the one before them.
    let waited = sorted(&requests, "server_queue_ms");
    assert!(
        waited.iter().filter(|ns| **ns > 1_000_000).count() >= 6,
        "{waited:?}"
    );
    for one in &requests {
        let part = |key: &str| one[key].as_f64().unwrap();
        assert!(
            part("server_queue_ms") + part("server_prefill_ms") < part("ttft"),
            "{one}"
        );
    }
    let (requests, _) = ran(dir.path(), SimConfig::default());
    for one in &requests {
        assert!(
            one["server_queue_ms"].is_null() && one["server_prefill_ms"].is_null(),
            "{one}"
        );
    }
}
