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
    /// Given with it, and not the other way round.
    parent: Option<Arc<CancelSignal>>,
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

    /// A signal of its own that is given with this one too.
    pub fn child(&self) -> Self {
        Self {
            signal: Arc::default(),
            parent: Some(Arc::clone(&self.signal)),
        }
    }

    /// Gives the signal: nothing new is sent, what is in flight ends as cancelled.
    pub fn cancel(&self) {
        self.signal.given.store(true, SeqCst);
        self.signal.waiting.notify_waiters();
    }

    /// Whether the signal has been given.
    pub fn is_cancelled(&self) -> bool {
        let parent = self.parent.as_ref();
        self.signal.given.load(SeqCst) || parent.is_some_and(|one| one.given.load(SeqCst))
    }

    /// Waits until the signal is given; at once where it has been.
    pub(crate) async fn cancelled(&self) {
        loop {
            let notified = self.signal.waiting.notified();
            let of_parent = self.parent.as_ref().map(|one| one.waiting.notified());
            if self.is_cancelled() {
                return;
            }
            match of_parent {
                None => notified.await,
                Some(of_parent) => tokio::select! {
                    () = notified => {}
                    () = of_parent => {}
                },
            }
        }
    }
}
