//! The crossing test: every flag, round letter, command and metric that there is, against
//! everything that must know it. Rows come from the program itself, never from a list here; a hole
//! has a reason, by class or, for at most [`HOLES`] in all, by itself.

pub(crate) mod commands;
mod flag_classes;
mod flags;
mod letters;
mod metrics;

use crate::common::{dualround, is_chinese, stdout};

/// Holes with a reason of their own that all crossings may have together.
const HOLES: usize = 20;

/// What the program prints for these words.
fn printed(words: &[&str]) -> String {
    let output = dualround().args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}");
    stdout(&output)
}

#[test]
fn single_holes_are_few() {
    let holes = [
        flag_classes::HOLES.len(),
        commands::HOLES.len(),
        metrics::HOLES.len(),
    ];
    assert!(holes.iter().sum::<usize>() <= HOLES, "{holes:?}");
}
