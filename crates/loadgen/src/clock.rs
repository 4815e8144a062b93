//! The run's clock: nanoseconds on the monotonic clock since an anchor, and what the kernel's
//! wall-clock stamps mean on it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of a run: nanoseconds since its anchor. Copied freely; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    anchor: Instant,
    anchor_wall: SystemTime,
    step: Option<WallStep>,
}

/// A step of the wall clock, for the test that none is believed.
#[derive(Clone, Copy, Debug)]
struct WallStep {
    at_ns: u64,
    by_ns: i64,
}

/// This instant.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub(crate) fn instant_now() -> Instant {
    Instant::now()
}

/// The wall time.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub(crate) fn wall_now() -> SystemTime {
    SystemTime::now()
}

impl Clock {
    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self {
            anchor: instant_now(),
            anchor_wall: wall_now(),
            step: None,
        }
    }

    /// A clock that goes on from the anchor of an earlier run, which began at this wall time; a new
    /// one where the monotonic clock does not reach so far back (the machine was restarted).
    pub fn resumed(anchor_wall: SystemTime) -> Self {
        let now = Self::start();
        let since = now.anchor_wall.duration_since(anchor_wall).ok();
        match since.and_then(|since| now.anchor.checked_sub(since)) {
            Some(anchor) => Self {
                anchor,
                anchor_wall,
                step: None,
            },
            None => now,
        }
    }

    /// This clock on a machine whose wall clock steps by `by_ns` at `at_ns`: what the kernel
    /// stamps and what this program reads then differ from before. For tests.
    #[must_use]
    pub fn with_wall_step(self, at_ns: u64, by_ns: i64) -> Self {
        let step = Some(WallStep { at_ns, by_ns });
        Self { step, ..self }
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
        let wall = since_1970(wall_now());
        (mono, self.stepped(wall, mono))
    }

    /// A kernel's stamp as the wall clock had it when it was taken.
    pub(crate) fn kernel_wall(&self, stamp: u64) -> u64 {
        match self.step {
            None => stamp,
            Some(_) => {
                let since_anchor = stamp.saturating_sub(since_1970(self.anchor_wall));
                self.stepped(stamp, since_anchor)
            }
        }
    }

    fn stepped(&self, wall: u64, mono: u64) -> u64 {
        match self.step {
            Some(step) if mono >= step.at_ns => wall.saturating_add_signed(step.by_ns),
            _ => wall,
        }
    }
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, nanos)
}

/// A duration in whole nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
