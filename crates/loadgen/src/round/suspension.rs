//! How long the machine was suspended: Linux' monotonic clock stands then, and the time since boot
//! goes on.

/// What the two clocks were apart when this was last asked.
#[derive(Debug)]
pub(crate) struct Suspension {
    apart_ns: Option<i64>,
}

impl Suspension {
    /// Counts from now on.
    pub(crate) fn watch() -> Self {
        let apart_ns = apart();
        Self { apart_ns }
    }

    /// How long the machine was suspended since this was last asked, ns; 0 where the system does not
    /// tell.
    pub(crate) fn since(&mut self) -> u64 {
        self.since_with(apart())
    }

    fn since_with(&mut self, now: Option<i64>) -> u64 {
        let before = std::mem::replace(&mut self.apart_ns, now);
        let grown = before.zip(now).map_or(0, |(before, now)| now - before);
        // Two clocks that are read one after the other differ by that, too.
        u64::try_from(grown).unwrap_or(0) / NOTHING_NS * NOTHING_NS
    }
}

/// Between the readings of the two clocks less may pass, ns.
const NOTHING_NS: u64 = 1_000_000;

/// Time since boot less monotonic time, ns.
#[cfg(target_os = "linux")]
fn apart() -> Option<i64> {
    use rustix::time::{ClockId, Timespec, clock_gettime};
    let ns = |time: Timespec| {
        let whole = time.tv_sec.checked_mul(1_000_000_000)?;
        whole.checked_add(time.tv_nsec)
    };
    let awake = ns(clock_gettime(ClockId::Monotonic))?;
    let all = ns(clock_gettime(ClockId::Boottime))?;
    all.checked_sub(awake)
}

#[cfg(not(target_os = "linux"))]
fn apart() -> Option<i64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f029_a_suspended_machine_is_seen_by_what_its_clocks_are_apart() {
        let mut machine = Suspension {
            apart_ns: Some(7_000_000_000),
        };
        assert_eq!(machine.since_with(Some(7_000_000_300)), 0);
        assert_eq!(machine.since_with(Some(9_500_000_000)), 2_499_000_000);
        assert_eq!(machine.since_with(Some(9_500_000_000)), 0);
        assert_eq!(machine.since_with(None), 0);
        // This one was not.
        assert_eq!(Suspension::watch().since(), 0);
    }
}
