//! Runtimes of one thread: a byte must not change threads between its socket and its stamp.

use crate::LoadError;
use tokio::runtime::{Builder, Runtime};

/// A runtime for the thread that drives it.
pub(crate) fn single() -> Result<Runtime, LoadError> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LoadError::Worker)
}
