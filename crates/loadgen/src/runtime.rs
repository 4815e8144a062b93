//! Runtimes of one thread: a byte must not change threads between its socket and its stamp.
//!
//! Each time such a runtime has nothing to do it asks the system which sockets are ready. What was
//! not ready at one asking and is at the next came in between, so the instant of the last asking
//! but one bounds the arrival of whatever is read now from below.

use crate::{LoadError, clock::instant_now};
use std::{cell::Cell, time::Instant};
use tokio::runtime::{Builder, Runtime};

/// Sockets whose readiness is taken over at one asking. With more than that ready, the rest would
/// wait for the next one, and the bound would be wrong.
const READY: usize = 1 << 16;

/// Instants just before a runtime asked which sockets are ready.
#[derive(Clone, Copy)]
struct Askings {
    last: Option<Instant>,
    last_but_one: Option<Instant>,
}

thread_local! {
    static ASKED: Cell<Askings> = const {
        Cell::new(Askings {
            last: None,
            last_but_one: None,
        })
    };
}

/// A runtime for the thread that drives it.
pub(crate) fn single() -> Result<Runtime, LoadError> {
    Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(READY)
        .on_thread_park(|| {
            let before = ASKED.get();
            ASKED.set(Askings {
                last: Some(instant_now()),
                last_but_one: before.last,
            });
        })
        .build()
        .map_err(LoadError::Worker)
}

/// The instant after which everything came that is read now from a socket that had been empty.
pub(crate) fn not_before() -> Option<Instant> {
    ASKED.get().last_but_one
}
