//! The part of the studies that is tried with every commit: few runs, on fixed seeds, so that what
//! held once holds until something changes.

use super::{
    mixed::{POWERS, QUEUES, Queue},
    until::CELLS,
};

/// Runs of a row.
const RUNS: u64 = 100;
/// Prefill ratio at which mixed and whole rounds are held against each other.
const RATIO: f64 = 4.0;
/// Cycles at most.
const MOST: u32 = 12;

/// What does not hold of either.
pub fn faults() -> Vec<String> {
    let mut faults = Vec::new();
    // One user, and every other queue.
    for queue in QUEUES.into_iter().step_by(2) {
        faults.extend(of_queue(queue));
    }
    for cell in CELLS.map(|cell| cell.with_most(MOST)) {
        faults.extend(cell.faults(&cell.run(RUNS)));
    }
    faults
}

/// What does not hold of mixed rounds in a queue.
fn of_queue(queue: Queue) -> Vec<String> {
    let mut faults = Vec::new();
    let apart = queue.agreement(RATIO, RUNS);
    if !apart.holds() {
        faults.push(format!("mixed against whole rounds {queue:?}: {apart:?}"));
    }
    let null = queue.without_effect(RUNS);
    if !null.holds() {
        faults.push(format!("no effect in mixed rounds {queue:?}: {null:?}"));
    }
    for cell in POWERS.iter().filter(|cell| cell.must_find) {
        if cell.queue == queue {
            let found = cell.run(RUNS);
            if !cell.holds(&found) {
                faults.push(format!("an effect in mixed rounds {queue:?}: {found:?}"));
            }
        }
    }
    faults
}
