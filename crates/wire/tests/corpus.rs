//! What the fuzzer began with, and what it found, read again.
#![cfg(test)]

#[path = "../../../fuzz/harness/apis.rs"]
mod apis;

#[path = "../../../fuzz/harness/deltas.rs"]
mod deltas;

#[path = "../../../fuzz/harness/exposition.rs"]
mod exposition;

#[path = "../../../fuzz/harness/kept.rs"]
mod kept;

#[path = "../../../fuzz/harness/response.rs"]
mod response;

#[path = "../../../fuzz/harness/sse.rs"]
mod sse;

/// Runs every kept input of a target.
fn replay(target: &str, one: fn(&[u8])) {
    let inputs = kept::inputs(target);
    assert!(inputs.len() >= 5, "{}", inputs.len());
    for (name, input) in inputs {
        println!("{name}");
        one(&input);
    }
}

#[test]
fn the_fuzzers_pages_are_read() {
    replay("exposition", exposition::one);
}

#[test]
fn the_fuzzers_streams_are_decoded() {
    replay("sse", sse::one);
}

#[test]
fn the_fuzzers_events_are_read() {
    replay("deltas", deltas::one);
}

#[test]
fn the_fuzzers_responses_are_decoded() {
    replay("response", response::one);
}

#[test]
fn the_fuzzers_events_of_each_api_are_read() {
    replay("apis", apis::one);
}
