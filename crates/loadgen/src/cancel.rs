//! The signal that ends a run early.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};
use tokio::sync::Notify;

/// Shared by everything that must stop when the user says so.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    flag: AtomicBool,
    notify: Notify,
}

impl Cancel {
    /// A signal that has not been given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal: nothing new is sent, what is in flight ends as cancelled.
    pub fn cancel(&self) {
        self.0.flag.store(true, SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Whether it has been given.
    pub fn is_cancelled(&self) -> bool {
        self.0.flag.load(SeqCst)
    }

    /// Waits for it.
    pub(crate) async fn cancelled(&self) {
        loop {
            let notified = self.0.notify.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}
