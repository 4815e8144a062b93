//! Something done beside the run: again and again, or once after a time.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

/// A thread beside the run; it ends when dropped.
pub(crate) struct Ticking {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticking {
    /// Works at every tick, and once more when dropped; `work` is told whether it is the last time.
    pub(crate) fn start(every: Duration, mut work: impl FnMut(bool) + Send + 'static) -> Self {
        Self::spawn(move |stopped| {
            loop {
                let last = stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout);
                work(last);
                if last {
                    return;
                }
            }
        })
    }

    /// Works once after this time, unless it is dropped before.
    pub(crate) fn once(after: Duration, work: impl FnOnce() + Send + 'static) -> Self {
        Self::spawn(move |stopped| {
            if stopped.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                work();
            }
        })
    }

    fn spawn(run: impl FnOnce(&Receiver<()>) + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        Self {
            stop: Some(stop),
            thread: Some(std::thread::spawn(move || run(&stopped))),
        }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // What it failed with it has said itself.
            let _ = thread.join();
        }
    }
}
