//! The part of the studies that is tried with every commit: few runs, on fixed seeds, so that what
//! held once holds until something changes.

use super::{
    mixed::{POWERS, QUEUES},
    until::{CELLS, MOST},
};

/// Runs of a row of the study of mixed rounds.
const MIXED_RUNS: u64 = 100;
/// Prefill ratio at which mixed and whole rounds are held against each other.
const RATIO: f64 = 4.0;
/// Runs of a row of the study of cycles.
const UNTIL_RUNS: u64 = 100;

/// What does not hold of either.
pub fn faults() -> Vec<String> {
    let mut faults = mixed();
    for most in MOST {
        for cell in CELLS.map(|cell| cell.with_most(most)) {
            faults.extend(cell.faults(&cell.run(UNTIL_RUNS)));
        }
    }
    faults
}

fn mixed() -> Vec<String> {
    let mut faults = Vec::new();
    for queue in QUEUES {
        let apart = queue.agreement(RATIO, MIXED_RUNS);
        if !apart.holds() {
            faults.push(format!("mixed against whole rounds {queue:?}: {apart:?}"));
        }
        let null = queue.without_effect(MIXED_RUNS);
        if !null.holds() {
            faults.push(format!("no effect in mixed rounds {queue:?}: {null:?}"));
        }
    }
    for cell in POWERS.iter().filter(|cell| cell.must_find) {
        let found = cell.run(MIXED_RUNS);
        if !cell.holds(&found) {
            faults.push(format!("an effect in mixed rounds {cell:?}: {found:?}"));
        }
    }
    faults
}
