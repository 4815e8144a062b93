//! Digests of what samples ask, for proof that two runs asked the same.

use dualround_model::{Sample, hex};
use sha2::{Digest, Sha256};

/// SHA-256 of a sample's messages, options and output length, hex.
pub fn sample_digest(sample: &Sample) -> String {
    let mut hash = Sha256::new();
    add(&mut hash, sample);
    hex(&hash.finalize())
}

/// SHA-256 of what a cache sees of a sample: its messages and tools, not how long the answer may be.
pub(crate) fn prompt_digest(sample: &Sample) -> String {
    let beside = ["tools", "system", "instructions"].map(|key| sample.options.get(key));
    let parts = serde_json::json!([sample.messages, beside]);
    hex(&Sha256::digest(parts.to_string().as_bytes()))
}

/// The digest of all samples in order.
pub(crate) fn digest<'a>(samples: impl Iterator<Item = &'a Sample>) -> String {
    let mut hash = Sha256::new();
    for sample in samples {
        add(&mut hash, sample);
    }
    hex(&hash.finalize())
}

fn add(hash: &mut Sha256, sample: &Sample) {
    let parts = serde_json::json!([sample.messages, sample.options, sample.output_tokens]);
    let bytes = parts.to_string();
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes.as_bytes());
}
