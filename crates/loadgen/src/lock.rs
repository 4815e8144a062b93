//! Taking a mutex whose holder may have panicked: what it guards here is whole at every instant.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a mutex, poisoned or not.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
