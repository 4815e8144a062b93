//! What the fuzzer began with, and what it found, read again.
#![cfg(test)]

#[path = "../../../fuzz/harness/dataset.rs"]
mod harness;

use std::io::Read;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz");

#[test]
fn the_fuzzers_corpus_is_read() {
    let mut files = 0;
    for entry in std::fs::read_dir(format!("{FUZZ}/corpus/dataset")).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        harness::one(&std::fs::read(&path).unwrap());
        files += 1;
    }
    assert!(files > 30, "{files}");
}

#[test]
fn what_the_fuzzer_found_is_read() {
    let packed = std::fs::File::open(format!("{FUZZ}/found/dataset.bin.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    let (mut rest, mut inputs) = (&bytes[..], 0);
    while let Some((length, after)) = rest.split_first_chunk() {
        let (input, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        harness::one(input);
        rest = after;
        inputs += 1;
    }
    assert!(inputs > 1000, "{inputs}");
}
