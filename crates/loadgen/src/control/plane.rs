//! The side of a run that is not measured, one thing at a time.

use crate::{LoadError, cancel::Cancel, clock::Clock, transport::Network};
use std::{future::Future, time::Duration};
use tokio::{runtime::Runtime, select};

/// How long a pause may go on before it is looked at whether the run was cancelled.
const STEP: Duration = Duration::from_millis(50);

/// Waits beside the request path.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that waits for what is not measured"
)]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What every request of a run needs that is not measured.
pub(crate) struct ControlPlane {
    runtime: Runtime,
    pub(crate) network: Network,
    pub(crate) cancel: Cancel,
}

impl ControlPlane {
    /// One of a run that this signal ends.
    ///
    /// # Errors
    /// [`LoadError::Worker`] when the system gives no runtime.
    pub(crate) fn new(network: Network, cancel: Cancel) -> Result<Self, LoadError> {
        Ok(Self {
            runtime: crate::runtime::single()?,
            network,
            cancel,
        })
    }

    /// The run's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.network.clock
    }

    /// Runs `work` to its end.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs `work` to its end; `None` where the run is cancelled before.
    pub(crate) fn run_unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async {
            select! {
                result = work => Some(result),
                () = self.cancel.cancelled() => None,
            }
        })
    }

    /// Sleeps, unless the run is cancelled.
    #[expect(clippy::disallowed_methods, reason = "in steps, each of which looks")]
    pub(crate) fn pause(&self, duration: Duration) {
        let until = self.clock().now() + crate::clock::nanos(duration);
        while self.clock().now() < until && !self.cancel.is_cancelled() {
            let left = Duration::from_nanos(until.saturating_sub(self.clock().now()));
            std::thread::sleep(left.min(STEP));
        }
    }
}
