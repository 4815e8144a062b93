//! The kernel stamps on the wall clock; results are on the monotonic one.

/// The wall clock by its distance from the run's clock, as last seen.
#[derive(Debug)]
pub(crate) struct WallClock {
    offset: i128,
    seen_ns: u64,
}

/// Slewing moves a clock by up to 0.05 %; this much per elapsed time is allowed, a step is not.
const SLEW: i128 = 1000;
/// And this much always: the two clocks are not read at the same instant, ns.
const JITTER_NS: i128 = 100_000;

impl WallClock {
    /// From both clocks, read together, ns.
    pub(crate) fn new(now: u64, wall: u64) -> Self {
        Self {
            offset: i128::from(wall) - i128::from(now),
            seen_ns: now,
        }
    }

    /// A wall-clock stamp on the monotonic clock, with both clocks as they stand now. `None` when
    /// there is no stamp, the clocks moved against each other since the last call, or the result
    /// is impossible.
    pub(crate) fn convert(&mut self, stamp: Option<u64>, now: u64, wall: u64) -> Option<u64> {
        let offset = i128::from(wall) - i128::from(now);
        let drift = (offset - self.offset).abs();
        let allowed = i128::from(now.saturating_sub(self.seen_ns)) / SLEW + JITTER_NS;
        (self.offset, self.seen_ns) = (offset, now);
        let age = wall.checked_sub(stamp?)?;
        if drift <= allowed {
            now.checked_sub(age)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000_000_000;

    #[test]
    fn a_stamp_is_as_old_as_the_wall_clock_says() {
        let mut clock = WallClock::new(1_000, DAY + 1_000);
        assert_eq!(
            clock.convert(Some(DAY + 4_000), 5_000, DAY + 5_000),
            Some(4_000)
        );
        assert_eq!(clock.convert(None, 6_000, DAY + 6_000), None);
    }

    #[test]
    fn b035_a_step_of_the_wall_clock_is_not_believed() {
        let second = 1_000_000_000;
        for step in [-2 * i128::from(second), 2 * i128::from(second)] {
            let mut clock = WallClock::new(0, DAY);
            let wall = u64::try_from(i128::from(DAY + second) + step).unwrap();
            // Stamped before the step, read after it.
            assert_eq!(
                clock.convert(Some(DAY + second - 1_000), second, wall),
                None
            );
            // From then on the new distance holds.
            let (now, wall) = (second + 10_000, wall + 10_000);
            assert_eq!(
                clock.convert(Some(wall - 1_000), now, wall),
                Some(now - 1_000)
            );
        }
    }

    #[test]
    fn slewing_is_allowed() {
        let (hour, mut clock) = (3_600_000_000_000, WallClock::new(0, DAY));
        let wall = DAY + hour + hour / 2_000;
        assert_eq!(clock.convert(Some(wall - 7), hour, wall), Some(hour - 7));
    }
}
