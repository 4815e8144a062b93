//! What the fuzzer began with, and what it found, read again.
#![cfg(test)]

#[path = "../../../fuzz/harness/dataset.rs"]
mod harness;

#[path = "../../../fuzz/harness/kept.rs"]
mod kept;

#[test]
fn the_fuzzers_files_are_read() {
    let inputs = kept::inputs("dataset");
    assert!(inputs.len() > 1000, "{}", inputs.len());
    for (name, input) in inputs {
        println!("{name}");
        harness::one(&input);
    }
}
