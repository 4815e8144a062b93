//! A timer that wakes when a request is due. The runtime's own wakes at whole milliseconds, which is
//! more than a client may be late.

use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use linux::KernelTimer as DueTimer;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::TickTimer as DueTimer;

#[cfg(target_os = "linux")]
mod linux {
    use super::Duration;
    use crate::sys;
    use rustix::{
        io,
        time::{
            Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
            timerfd_settime,
        },
    };
    use std::os::fd::OwnedFd;
    use tokio::io::unix::AsyncFd;

    /// A timer of the kernel, of which the runtime hears as of a socket.
    pub(crate) struct KernelTimer(Option<AsyncFd<OwnedFd>>);

    impl KernelTimer {
        /// A timer of the calling thread's runtime.
        pub(crate) fn new() -> Self {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags).ok();
            Self(timer.and_then(sys::watch_reads))
        }

        /// Waits so long. Where the kernel gives no timer, by the runtime's.
        pub(crate) async fn wait(&self, time: Duration) {
            if self.by_kernel(time).await.is_none() {
                super::sleep(time).await;
            }
        }

        async fn by_kernel(&self, time: Duration) -> Option<()> {
            let timer = self.0.as_ref()?;
            let once = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec::try_from(time).ok()?,
            };
            timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once).ok()?;
            loop {
                let mut ready = timer.readable().await.ok()?;
                let mut expirations = [0; 8];
                match io::read(timer.get_ref(), &mut expirations) {
                    Err(io::Errno::AGAIN) => ready.clear_ready(),
                    read => return read.ok().map(drop),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::Duration;
    use crate::clock::instant_now;

    /// The runtime's timer comes up to so late.
    const TICK: Duration = Duration::from_millis(2);

    /// The runtime's timer, and for the rest other tasks get their turn until the time is over.
    pub(crate) struct TickTimer;

    impl TickTimer {
        /// A timer of the calling thread's runtime.
        pub(crate) fn new() -> Self {
            Self
        }

        /// Waits so long.
        pub(crate) async fn wait(&self, time: Duration) {
            let until = instant_now() + time;
            if time > TICK {
                super::sleep(time - TICK).await;
            }
            while instant_now() < until {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "an arrival is an instant")]
async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::instant_now;

    #[tokio::test]
    async fn it_never_wakes_early_and_can_be_used_again() {
        let timer = DueTimer::new();
        for micros in [300, 1, 1_700] {
            let (time, began) = (Duration::from_micros(micros), instant_now());
            timer.wait(time).await;
            assert!(began.elapsed() >= time, "{:?} of {time:?}", began.elapsed());
        }
    }
}
