//! Something done again and again beside the run.

use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

/// A thread that works at every tick, and once more when dropped.
pub(crate) struct Ticking {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticking {
    /// Begins; `work` is told whether it is the last time.
    pub(crate) fn start(every: Duration, mut work: impl FnMut(bool) + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            loop {
                let last = stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout);
                work(last);
                if last {
                    return;
                }
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
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
