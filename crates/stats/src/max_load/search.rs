//! The search for the highest load that is met: halves of what is left, in logarithms; what bounds
//! it from above is tried twice.

use dualround_model::{LoadBound, LoadUnit, three_digits};

/// Two loads this far apart are told no further.
const STEP: f64 = 1.05;
/// Nothing is tried a second time where the search could then take more probes than this.
const MOST_PROBES: usize = 12;

/// A search under way.
///
/// A machine that falters for a second makes a load fail that it can take, and nothing makes a load
/// pass that it cannot. One unlucky probe would send the search into the wrong half, where all that
/// follows is met: so the load that bounds what was found from above is tried once more, as soon as
/// two loads in a row below it were met, or nothing is left between. Where it is met then, the search
/// goes on above it.
#[derive(Clone, Debug)]
pub struct LoadSearch {
    unit: LoadUnit,
    /// The lowest and the highest load that may be tried.
    ends: (f64, f64),
    /// The loads that were tried, and whether they were met.
    tried: Vec<(f64, bool)>,
}

impl LoadSearch {
    /// A search between two loads, both of which may be tried.
    pub fn between(from: f64, to: f64, unit: LoadUnit) -> Self {
        Self {
            unit,
            ends: (from, to.max(from)),
            tried: Vec::new(),
        }
    }

    /// The load to be tried next; `None` where nothing is left to be told.
    pub fn next(&self) -> Option<f64> {
        let doubted = self.to_be_confirmed();
        if doubted.is_some() && self.met_in_a_row() >= 2 {
            return doubted;
        }
        self.untried().or(doubted)
    }

    /// The load to be tried next of those that were not tried yet.
    fn untried(&self) -> Option<f64> {
        let (from, to) = self.ends;
        let (met, not_met) = (self.met(), self.not_met());
        if let Some(middle) = self.middle(met.unwrap_or(from), not_met.unwrap_or(to)) {
            return Some(middle);
        }
        // No load is in between: what is left are ends that were not tried yet.
        match (met, not_met) {
            (None, Some(not_met)) if not_met > from => Some(from),
            (met, None) if met != Some(to) => Some(to),
            _ => None,
        }
    }

    /// The lowest load that was not met, where it was tried only once and may be tried again.
    fn to_be_confirmed(&self) -> Option<f64> {
        let not_met = self.not_met()?;
        let is_it = |load: f64| load.total_cmp(&not_met).is_eq();
        let times = self.tried.iter().filter(|(load, _)| is_it(*load));
        // Where it is met then, the search goes on above it.
        let (after, next) = match self.not_met_above(not_met) {
            Some(next) => (0, next),
            None => (usize::from(not_met < self.ends.1), self.ends.1),
        };
        let most = self.tried.len() + 1 + after + self.between_at_most(not_met, next);
        (times.count() < 2 && most <= MOST_PROBES).then_some(not_met)
    }

    /// How many of the latest probes were met, with none between that was not.
    fn met_in_a_row(&self) -> usize {
        self.tried.iter().rev().take_while(|(_, met)| *met).count()
    }

    /// Takes what a load came to.
    pub fn take(&mut self, load: f64, is_met: bool) {
        self.tried.push((load, is_met));
    }

    /// The highest load that was met.
    fn met(&self) -> Option<f64> {
        let met = self.tried.iter().filter(|(_, is_met)| *is_met);
        met.map(|(load, _)| *load).reduce(f64::max)
    }

    /// The lowest load above it that was not met.
    fn not_met(&self) -> Option<f64> {
        self.not_met_above(self.met().unwrap_or(0.0))
    }

    fn not_met_above(&self, least: f64) -> Option<f64> {
        let not_met = self.tried.iter().filter(|(_, is_met)| !is_met);
        let loads = not_met.map(|(load, _)| *load);
        loads.filter(|load| *load > least).reduce(f64::min)
    }

    /// The highest load that was met, the lowest that was not, and why that is not exact.
    pub fn found(&self) -> FoundLoad {
        let (met, not_met) = (self.met(), self.not_met());
        let bound = match (self.next(), met, not_met) {
            (Some(_), ..) => Some(LoadBound::Unfinished),
            (None, None, _) => Some(LoadBound::Below),
            (None, Some(_), None) => Some(LoadBound::AtLeast),
            (None, Some(_), Some(_)) => None,
        };
        FoundLoad {
            value: met,
            not_met,
            bound,
        }
    }

    /// Loads that are tried at most to tell what lies between two.
    fn between_at_most(&self, low: f64, high: f64) -> usize {
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
    fn search(most: f64, from: f64, to: f64, unit: LoadUnit) -> (FoundLoad, usize) {
        let mut search = LoadSearch::between(from, to, unit);
        let mut probes = 0;
        while let Some(load) = search.next() {
            assert!((from..=to).contains(&load), "{load}");
            search.take(load, load <= most);
            probes += 1;
        }
        assert!(probes <= MOST_PROBES, "{probes}");
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
    fn one_unlucky_probe_does_not_move_what_is_found() {
        let (lucky, probes) = search(61.0, 4.0, 400.0, LoadUnit::Rate);
        for unlucky in 0..probes {
            let mut search = LoadSearch::between(4.0, 400.0, LoadUnit::Rate);
            let mut number = 0;
            while let Some(load) = search.next() {
                search.take(load, load <= 61.0 && number != unlucky);
                number += 1;
            }
            let value = search.found().value.unwrap();
            assert!(number <= 12, "{unlucky}: {number}");
            assert!(
                value <= 61.0 && value * 1.05 >= 61.0,
                "{unlucky}: {value} {lucky:?}"
            );
        }
    }

    #[test]
    fn what_is_missed_time_and_again_ends_after_twelve_probes() {
        let mut search = LoadSearch::between(1.0, 1000.0, LoadUnit::Rate);
        let mut number = 0;
        // Missed at first, met at the second try: the worst that luck can do.
        let mut tried = Vec::new();
        while let Some(load) = search.next() {
            search.take(load, tried.contains(&load));
            tried.push(load);
            number += 1;
        }
        assert!(number <= 12, "{:?}", search.tried);
        assert!(search.found().bound.is_none(), "{:?}", search.found());
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
