#![no_main]

#[path = "../harness/yaml.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::one(data));
