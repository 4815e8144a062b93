//! Digests of what samples ask, for proof that two runs asked the same.

use dualround_model::{Sample, SessionTurn, hex};
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
    add_text(hash, &parts.to_string());
    if let Some(turn) = &sample.turn {
        add_text(hash, &place(turn));
    }
}

fn add_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

/// What a turn is behind, and how long after: with its own messages that is all that it sends, since
/// the turns before it are in the same digest.
fn place(turn: &SessionTurn) -> String {
    let history = turn.history.as_ref();
    let kept = history.map(|history| (history.keep_messages, history.keep_bytes, history.pinned));
    format!(
        "{} {} {:?} {:?} {:?} {kept:?}",
        turn.session, turn.turn, turn.gap, turn.fork, turn.joins
    )
}
