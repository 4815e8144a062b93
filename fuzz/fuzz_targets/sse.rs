#![no_main]

#[path = "../harness/sse.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::one(data));
