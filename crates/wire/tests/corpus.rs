//! What the fuzzer began with, and what it found, read again.
#![cfg(test)]

#[path = "../../../fuzz/harness/exposition.rs"]
mod harness;

#[path = "../../../fuzz/harness/kept.rs"]
mod kept;

#[test]
fn the_fuzzers_pages_are_read() {
    let inputs = kept::inputs("exposition");
    assert!(inputs.len() > 10, "{}", inputs.len());
    for (name, input) in inputs {
        println!("{name}");
        harness::one(&input);
    }
}
