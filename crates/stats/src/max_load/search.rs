//! The search for the highest load that is met: halves of what is left, in logarithms.

use dualround_model::{LoadBound, LoadUnit, three_digits};

/// Two loads this far apart are told no further.
const STEP: f64 = 1.05;

/// A search under way.
#[derive(Clone, Debug)]
pub struct LoadSearch {
    unit: LoadUnit,
    /// The lowest and the highest load that may be tried.
    ends: (f64, f64),
    /// The highest that was met.
    met: Option<f64>,
    /// The lowest that was not met.
    not_met: Option<f64>,
}

impl LoadSearch {
    /// A search between two loads, both of which may be tried.
    pub fn between(from: f64, to: f64, unit: LoadUnit) -> Self {
        Self {
            unit,
            ends: (from, to.max(from)),
            met: None,
            not_met: None,
        }
    }

    /// The load to be tried next; `None` where nothing is left to be told.
    pub fn next(&self) -> Option<f64> {
        let (from, to) = self.ends;
        let (low, high) = (self.met.unwrap_or(from), self.not_met.unwrap_or(to));
        if let Some(middle) = self.middle(low, high) {
            return Some(middle);
        }
        // No load is in between: what is left are ends that were not tried yet.
        match (self.met, self.not_met) {
            (None, Some(not_met)) if not_met > from => Some(from),
            (met, None) if met != Some(to) => Some(to),
            _ => None,
        }
    }

    /// Takes what a load came to.
    pub fn take(&mut self, load: f64, is_met: bool) {
        let (side, pick) = if is_met {
            (&mut self.met, f64::max as fn(f64, f64) -> f64)
        } else {
            (&mut self.not_met, f64::min as fn(f64, f64) -> f64)
        };
        *side = Some(side.map_or(load, |known| pick(known, load)));
    }

    /// The highest load that was met, the lowest that was not, and why that is not exact.
    pub fn found(&self) -> FoundLoad {
        let bound = match (self.next(), self.met, self.not_met) {
            (Some(_), ..) => Some(LoadBound::Unfinished),
            (None, None, _) => Some(LoadBound::Below),
            (None, Some(_), None) => Some(LoadBound::AtLeast),
            (None, Some(_), Some(_)) => None,
        };
        FoundLoad {
            value: self.met,
            not_met: self.not_met,
            bound,
        }
    }

    /// Loads that are tried at most: one of the ends after all that lie between.
    pub fn most_probes(&self) -> u32 {
        let (from, to) = self.ends;
        1 + self.between_at_most(from, to)
    }

    fn between_at_most(&self, low: f64, high: f64) -> u32 {
        self.middle(low, high).map_or(0, |middle| {
            let halves = [(low, middle), (middle, high)];
            let most = halves.map(|(low, high)| self.between_at_most(low, high));
            1 + most[0].max(most[1])
        })
    }

    /// The load halfway between two, in logarithms; `None` where they are too near each other.
    fn middle(&self, low: f64, high: f64) -> Option<f64> {
        if high <= low * STEP {
            return None;
        }
        let middle = (low * high).sqrt();
        let middle = if self.unit.is_whole() {
            middle.round()
        } else {
            three_digits(middle)
        };
        (middle > low && middle < high).then_some(middle)
    }
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundLoad {
    /// The highest load that was met.
    pub value: Option<f64>,
    /// The lowest that was not.
    pub not_met: Option<f64>,
    /// Why the value is not exact.
    pub bound: Option<LoadBound>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where every load up to the most is met; what is found, and how many were tried.
    fn search(most: f64, from: f64, to: f64, unit: LoadUnit) -> (FoundLoad, u32) {
        let mut search = LoadSearch::between(from, to, unit);
        let mut probes = 0;
        while let Some(load) = search.next() {
            assert!((from..=to).contains(&load), "{load}");
            search.take(load, load <= most);
            probes += 1;
        }
        assert!(
            probes <= search.most_probes(),
            "{probes} of {}",
            search.most_probes()
        );
        (search.found(), probes)
    }

    #[test]
    fn the_most_is_found_within_five_percent_in_at_most_twelve_probes() {
        for most in [1.0, 1.3, 7.77, 31.6, 100.0, 512.3, 999.0] {
            let (found, probes) = search(most, 1.0, 1000.0, LoadUnit::Rate);
            let value = found.value.unwrap();
            assert!(value <= most && value >= most / 1.05, "{most}: {found:?}");
            assert!(
                probes <= 12 && found.bound.is_none(),
                "{most}: {probes} {found:?}"
            );
        }
        for most in [1.0, 2.0, 17.0, 63.0, 500.0] {
            let (found, probes) = search(most, 1.0, 512.0, LoadUnit::Concurrency);
            let value = found.value.unwrap();
            assert!(value <= most && value >= most / 1.05, "{most}: {found:?}");
            assert!(
                probes <= 12 && found.bound.is_none(),
                "{most}: {probes} {found:?}"
            );
        }
    }

    #[test]
    fn ends_are_tried_before_they_bound_anything() {
        let (found, _) = search(2000.0, 1.0, 1000.0, LoadUnit::Rate);
        assert_eq!(
            (found.value, found.bound),
            (Some(1000.0), Some(LoadBound::AtLeast))
        );
        let (found, _) = search(0.5, 1.0, 1000.0, LoadUnit::Rate);
        assert_eq!((found.value, found.not_met), (None, Some(1.0)));
        assert_eq!(found.bound, Some(LoadBound::Below));
        let (found, probes) = search(9.0, 4.0, 4.0, LoadUnit::Concurrency);
        assert_eq!((found.value, probes), (Some(4.0), 1));
    }

    #[test]
    fn a_search_that_was_ended_says_what_it_has() {
        let mut search = LoadSearch::between(1.0, 100.0, LoadUnit::Rate);
        assert_eq!(search.next(), Some(10.0));
        search.take(10.0, true);
        let found = search.found();
        assert_eq!(
            (found.value, found.bound),
            (Some(10.0), Some(LoadBound::Unfinished))
        );
    }
}
