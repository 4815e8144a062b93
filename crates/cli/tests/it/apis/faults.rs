//! What ends an answer, and what fails it, in each API.

use super::{APIS, summary};
use crate::common::{dataset, engine_with, json, run, stderr};
use serde_json::Value;
use simllm::{Fault, FaultOn, FaultRule, SimConfig};
use std::path::Path;

/// The one round of a run whose every answer has this fault.
fn broken(dir: &Path, api: &str, fault: Fault) -> Value {
    let sim = engine_with(SimConfig {
        faults: vec![FaultRule {
            on: FaultOn::All,
            fault,
        }],
        ..SimConfig::default()
    });
    let base = sim.base_url();
    let output = run(
        dir,
        &format!(
            "--dataset data.jsonl --endpoint {base} --api {api} --concurrency 2 --rounds C \
             --output-dir {api} --overwrite --max-output-tokens 6 --progress none --no-probe \
             --model sim-1 --warmup 0 --timeout 5"
        ),
    );
    let _ = stderr(&output);
    json(&dir.join(format!("{api}/concurrency_2_round_1.json")))
}

#[test]
fn what_fails_an_answer_fails_it_in_each_api() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let message = "out of memory".to_owned();
    for api in APIS {
        for (fault, kind) in [
            (
                Fault::ErrorEvent {
                    after_tokens: 2,
                    message: message.clone(),
                },
                "stream_error",
            ),
            (
                Fault::FailedEvent {
                    after_tokens: 2,
                    message: message.clone(),
                },
                "stream_error",
            ),
            (
                Fault::Status {
                    code: 529,
                    body: None,
                    retry_after: None,
                },
                "http_529",
            ),
            (Fault::CloseEarly { after_tokens: 2 }, "incomplete_stream"),
            (Fault::CutBody { after_tokens: 2 }, "truncated_event"),
            (Fault::GarbageEvent { after_tokens: 1 }, "bad_event"),
            (Fault::EmptyOutput, "empty_output"),
        ] {
            let file = broken(dir.path(), api, fault.clone());
            let failures = &file["summary"]["failures"];
            assert_eq!(failures[kind], 2, "{api} {fault:?}: {failures}");
        }
        let file = broken(
            dir.path(),
            api,
            Fault::ErrorEvent {
                after_tokens: 2,
                message: message.clone(),
            },
        );
        let said = file["requests"][0]["error"]["message"]
            .as_str()
            .unwrap_or("");
        assert!(said.contains("out of memory"), "{api}: {said}");
    }
}

#[test]
fn what_is_odd_but_whole_succeeds_in_each_api() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    for api in APIS {
        for fault in [
            Fault::Crlf,
            Fault::Cr,
            Fault::NoSpace,
            Fault::Bom,
            Fault::Comments,
            Fault::NotStreamed,
            Fault::Split { bytes: 7 },
            Fault::Merge { events: 3 },
        ] {
            let file = broken(dir.path(), api, fault.clone());
            let summary = &file["summary"];
            assert_eq!(
                summary["successful_requests"], 2,
                "{api} {fault:?}: {summary}"
            );
            assert_eq!(summary["avg_output_tokens"], 6.0, "{api} {fault:?}");
        }
    }
}

#[test]
fn an_end_that_is_not_said_is_told() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    for api in ["chat", "completions", "messages"] {
        broken(dir.path(), api, Fault::MissingDone);
        let round = summary(dir.path(), api, 1);
        assert_eq!(round["flags"]["done_missing"], 2, "{api}: {round}");
    }
    // Of Responses the last event has the end and the counts: without it nothing says that it is whole.
    let file = broken(dir.path(), "responses", Fault::MissingDone);
    assert_eq!(file["summary"]["failures"]["incomplete_stream"], 2);
    let said = file["requests"][0]["error"]["message"]
        .as_str()
        .unwrap_or("");
    assert!(said.contains("response.completed"), "{said}");
}

#[test]
fn an_answer_that_the_server_broke_off_by_a_reason_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let reason = "content_filter".to_owned();
    let file = broken(dir.path(), "responses", Fault::Finish { reason });
    assert_eq!(
        file["summary"]["failures"]["stream_error"], 2,
        "{}",
        file["summary"]
    );
    let refusal = "refusal".to_owned();
    let file = broken(dir.path(), "messages", Fault::Finish { reason: refusal });
    assert_eq!(file["summary"]["successful_requests"], 2);
}
