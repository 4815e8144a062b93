//! When a reading was taken, seen from its round.

/// An instant in ms since its round began; what was read before it is negative.
pub(crate) fn since_start(at_ns: u64, started_ns: u64) -> f64 {
    if at_ns >= started_ns {
        ms(at_ns - started_ns)
    } else {
        -ms(started_ns - at_ns)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a round is far shorter than 2^52 ns"
)]
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}
