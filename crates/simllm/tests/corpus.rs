//! What the fuzzer of YAML settings began with, and what it found, read again.
#![cfg(test)]

#[path = "../../../fuzz/harness/kept.rs"]
mod kept;

#[path = "../../../fuzz/harness/yaml.rs"]
mod yaml;

#[test]
fn the_fuzzers_settings_are_read() {
    let inputs = kept::inputs("yaml");
    assert!(inputs.len() >= 5, "{}", inputs.len());
    for (name, input) in inputs {
        println!("{name}");
        yaml::one(&input);
    }
}
