//! Parts of a whole.

/// A part of all, from 0 to 1; `None` where there is nothing to be a part of.
pub(crate) fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}
