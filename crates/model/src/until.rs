//! A level that runs cold–warm cycles until they decide, or a budget of time is spent.

use serde::{Deserialize, Serialize};

/// `--until decided`: cycles go on until the interval over them decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntilPlan {
    /// The time that all levels of the run may take together, ms.
    pub budget_ms: u64,
}

impl UntilPlan {
    /// Cycles that an interval over cycles needs, and from which on it is looked at.
    pub const FEWEST: u32 = 3;
    /// Cycles of a level at most: each look that may come costs certainty.
    pub const MOST: u32 = 20;

    /// The cycles for which a level has time, by its first one; at most [`Self::MOST`].
    pub fn cycles(left_ns: u64, cycle_ns: u64) -> u32 {
        let fit = left_ns / cycle_ns.max(1);
        u32::try_from(fit).unwrap_or(u32::MAX).min(Self::MOST)
    }

    /// Looks at a level of so many cycles at most: one after each from the third on.
    pub fn looks(most: u32) -> u32 {
        most.saturating_sub(Self::FEWEST - 1)
    }
}

/// How far a level came that was to run until it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntilProgress {
    /// Cycles that were run so far.
    pub cycles: u32,
    /// Cycles at most, fixed after the first one by the time that it took.
    pub most: u32,
    /// The look (from 1) at which the interval was computed: the last one.
    pub look: u32,
    /// Looks that there may be at most; the error of all of them together is 5 %.
    pub looks: u32,
    /// That look decided.
    pub decided: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cycle_tells_how_many_there_may_be() {
        assert_eq!(UntilPlan::cycles(600, 100), 6);
        assert_eq!(UntilPlan::cycles(299, 100), 2);
        assert_eq!(UntilPlan::cycles(10_000, 100), UntilPlan::MOST);
        assert_eq!(UntilPlan::cycles(10, 0), 10);
        assert_eq!((UntilPlan::looks(3), UntilPlan::looks(20)), (1, 18));
        assert_eq!(UntilPlan::looks(2), 0);
    }
}
