#![no_main]

#[path = "../harness/apis.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::one(data));
