//! Whether a share of requests is within the SLO, as sure as a probe can tell.

use dualround_model::ProbeVerdict;
use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF};

/// A statement is wrong at most so often.
const ERROR: f64 = 0.05;
/// Requests of a probe at the least, whatever the share.
const FEWEST: u64 = 100;
/// More than any probe sends.
const MOST: u64 = 10_000_000;

/// The rule of a probe: of so many requests, so many may miss the SLO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareRule {
    /// The share that must be within the SLO, 0 to 1.
    pub share: f64,
    /// Requests of the probe.
    pub requests: u64,
    /// How many of them may miss it, so that the exact bound at 95 % is not below the share.
    pub may_miss: u64,
}

impl ShareRule {
    /// The rule for a share of `least` requests or more: at least 100, and so many that one may miss.
    pub fn of(share: f64, least: u64) -> Self {
        let requests = with_one_miss(share).max(FEWEST).max(least);
        Self {
            share,
            requests,
            may_miss: may_miss(share, requests),
        }
    }

    /// What so many within the SLO, and so many not, come to; `None` while both are possible.
    pub fn decided(&self, met: u64, missed: u64) -> Option<ProbeVerdict> {
        if missed > self.may_miss {
            return Some(ProbeVerdict::NotMet);
        }
        let enough = met + self.may_miss >= self.requests;
        enough.then_some(ProbeVerdict::Met)
    }
}

/// The lowest share that `met` of `n` do not exclude at 95 %: Clopper and Pearson's lower end
/// (Biometrika 26 (1934) 404), of one side. `None` of nothing.
pub fn lowest_share(met: u64, n: u64) -> Option<f64> {
    if n == 0 || met > n {
        return None;
    }
    if met == 0 {
        return Some(0.0);
    }
    let beta = Beta::new(met as f64, (n - met + 1) as f64).ok()?;
    Some(beta.inverse_cdf(ERROR))
}

/// Fewest requests of which one may miss.
fn with_one_miss(share: f64) -> u64 {
    // The tail falls as requests are added.
    let (mut low, mut high) = (1, MOST);
    while low < high {
        let middle = u64::midpoint(low, high);
        if tail(share, middle, 1) <= ERROR {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The most that may miss, of so many; 0 also where none may.
fn may_miss(share: f64, requests: u64) -> u64 {
    let (mut low, mut high) = (0, requests);
    while low < high {
        let middle = u64::midpoint(low, high) + 1;
        if tail(share, requests, middle) <= ERROR {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// How likely it is that no more than so many miss, where just the share is within the SLO.
fn tail(share: f64, requests: u64, missed: u64) -> f64 {
    Binomial::new(1.0 - share, requests).map_or(1.0, |misses| misses.cdf(missed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_has_the_requests_that_its_share_needs() {
        // scipy.stats.binom.cdf(k, n, 1 - share)
        for (share, requests, may_miss) in [
            (0.99, 473, 1),
            (0.9, 100, 4),
            (0.95, 100, 1),
            (0.999, 4742, 1),
        ] {
            let rule = ShareRule::of(share, 0);
            assert_eq!(
                (rule.requests, rule.may_miss),
                (requests, may_miss),
                "{share}"
            );
        }
        let longer = ShareRule::of(0.99, 2000);
        assert_eq!((longer.requests, longer.may_miss), (2000, 12));
    }

    #[test]
    fn it_is_decided_as_soon_as_the_rest_changes_nothing() {
        let rule = ShareRule::of(0.9, 0);
        assert_eq!(rule.decided(95, 4), None);
        assert_eq!(rule.decided(96, 0), Some(ProbeVerdict::Met));
        assert_eq!(rule.decided(96, 4), Some(ProbeVerdict::Met));
        assert_eq!(rule.decided(10, 5), Some(ProbeVerdict::NotMet));
    }

    #[test]
    fn bounds_are_those_of_clopper_and_pearson() {
        // By bisection over the sum of the upper tail.
        for (met, n, low) in [
            (473, 473, 0.993_687),
            (472, 473, 0.990_010),
            (96, 100, 0.910_804),
            (1, 20, 0.002_561),
        ] {
            let found = lowest_share(met, n).unwrap();
            assert!((found - low).abs() < 2e-6, "{met} of {n}: {found}");
        }
        assert_eq!((lowest_share(0, 9), lowest_share(0, 0)), (Some(0.0), None));
    }
}
