//! Runtimes of one thread: a byte must not change threads between its socket and its stamp.
//!
//! Each time such a runtime has nothing to do it asks the system which sockets are ready. What was
//! not ready at one asking and is at the next came in between, so the instant of the last asking
//! but one bounds the arrival of whatever is read now from below.

use crate::LoadError;
use std::{cell::Cell, time::Instant};
use tokio::runtime::{Builder, Runtime};

/// Sockets whose readiness is taken over at one asking. With more than that ready, the rest would
/// wait for the next one, and the bound would be wrong.
const READY: usize = 1 << 16;

thread_local! {
    /// Instants just before the last asking, and before the one before.
    static ASKED: Cell<(Option<Instant>, Option<Instant>)> = const { Cell::new((None, None)) };
}

/// A runtime for the thread that drives it.
pub(crate) fn single() -> Result<Runtime, LoadError> {
    Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(READY)
        .on_thread_park(|| {
            let (last, _) = ASKED.get();
            ASKED.set((Some(Instant::now()), last));
        })
        .build()
        .map_err(LoadError::Worker)
}

/// What is read now from a socket that had been empty came after this instant.
pub(crate) fn not_before() -> Option<Instant> {
    ASKED.get().1
}
