//! The run's clock: nanoseconds on the monotonic clock since an anchor, and what the kernel's
//! wall-clock stamps mean on it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the run's anchor. Copied freely; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    anchor: Instant,
    anchor_wall: SystemTime,
}

impl Clock {
    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self {
            anchor: Instant::now(),
            anchor_wall: SystemTime::now(),
        }
    }

    /// Nanoseconds since the anchor.
    pub fn now(&self) -> u64 {
        nanos(self.anchor.elapsed())
    }

    /// The position of an instant on this clock, ns; 0 for instants before the anchor.
    pub fn at(&self, instant: Instant) -> u64 {
        nanos(instant.saturating_duration_since(self.anchor))
    }

    /// The instant at `ns` after the anchor.
    pub fn instant(&self, ns: u64) -> Instant {
        self.anchor + Duration::from_nanos(ns)
    }

    /// Wall time of the anchor.
    pub fn anchor_wall(&self) -> SystemTime {
        self.anchor_wall
    }

    /// Now on both clocks: (ns since the anchor, wall clock ns since 1970).
    pub(crate) fn now_both(&self) -> (u64, u64) {
        let mono = self.now();
        (
            mono,
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, nanos),
        )
    }
}

/// A duration in whole nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
