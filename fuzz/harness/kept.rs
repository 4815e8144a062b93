//! The inputs of a target that are kept: see `fuzz/run`.

use std::io::Read;

/// Beginnings and finds, with a name each.
pub(crate) fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let fuzz = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz");
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(format!("{fuzz}/corpus/{target}")).unwrap() {
        let path = entry.unwrap().path();
        inputs.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    let packed = std::fs::File::open(format!("{fuzz}/found/{target}.bin.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    let mut rest = &bytes[..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let (input, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        inputs.push((format!("found {}", inputs.len()), input.to_vec()));
        rest = after;
    }
    inputs
}
