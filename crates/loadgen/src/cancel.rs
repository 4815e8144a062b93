//! The signal that ends a run early.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};
use tokio::sync::Notify;

/// The signal that ends a run early. Copies share it: what one gives, all have.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    signal: Arc<CancelSignal>,
}

#[derive(Debug, Default)]
struct CancelSignal {
    given: AtomicBool,
    waiting: Notify,
}

impl Cancel {
    /// A signal that has not been given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal: nothing new is sent, what is in flight ends as cancelled.
    pub fn cancel(&self) {
        self.signal.given.store(true, SeqCst);
        self.signal.waiting.notify_waiters();
    }

    /// Whether the signal has been given.
    pub fn is_cancelled(&self) -> bool {
        self.signal.given.load(SeqCst)
    }

    /// Waits until the signal is given; at once where it has been.
    pub(crate) async fn cancelled(&self) {
        loop {
            let notified = self.signal.waiting.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}
