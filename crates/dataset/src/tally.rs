//! What was read, used and left out.

use crate::row_error::RowError;
use std::collections::BTreeMap;

/// Bad lines that are kept with their reasons.
const SHOWN: usize = 20;

/// Keys that are told as not sent.
const UNSENT: usize = 100;

/// A line of a file that could not be read, or a row that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The 1-based number of the line, or of the row in its list.
    pub number: u64,
    /// What is wrong with it.
    pub error: RowError,
}

/// The count of a file's rows.
#[derive(Default)]
pub(crate) struct RowTally {
    /// All rows.
    pub(crate) rows: u64,
    /// Those with a usable prompt.
    pub(crate) used: u64,
    /// Not looked at, since they could not be drawn.
    pub(crate) passed: u64,
    /// Left out, in order of appearance.
    pub(crate) skipped: Vec<(String, u64)>,
    shapes: BTreeMap<&'static str, u64>,
    /// Keys that go nowhere, with how many rows have them.
    unsent: BTreeMap<String, u64>,
    pub(crate) bad: Vec<BadLine>,
}

impl RowTally {
    /// Counts a row that is left out.
    pub(crate) fn skip(&mut self, reason: &str) {
        match self.skipped.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => self.skipped.push((reason.to_owned(), 1)),
        }
    }

    /// Counts a row that is used, with its shape and the keys that go nowhere.
    pub(crate) fn used(&mut self, shape: &'static str, unsent: Vec<String>) {
        self.used += 1;
        *self.shapes.entry(shape).or_insert(0) += 1;
        for key in unsent {
            // Rows may be maps of anything; so many names tell enough.
            if self.unsent.len() < UNSENT || self.unsent.contains_key(&key) {
                *self.unsent.entry(key).or_insert(0) += 1;
            }
        }
    }

    /// Keys that go nowhere, with how many of the used rows have them; the most frequent first.
    pub(crate) fn unsent(&self) -> Vec<(String, u64)> {
        let keys = self.unsent.iter().map(|(key, rows)| (key.clone(), *rows));
        let mut keys: Vec<(String, u64)> = keys.collect();
        keys.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        keys
    }

    /// Keeps what is wrong with a line, as long as there are few.
    pub(crate) fn bad(&mut self, number: u64, error: RowError) {
        if self.bad.len() < SHOWN {
            self.bad.push(BadLine { number, error });
        }
    }

    /// The names of the shapes that were seen.
    pub(crate) fn shapes(&self) -> String {
        let names: Vec<&str> = self.shapes.keys().copied().collect();
        names.join(", ")
    }

    /// `7 rows: 5 used, 2 skipped (1 empty prompt, 1 no turns)`.
    pub(crate) fn words(&self) -> String {
        let skipped: u64 = self.skipped.iter().map(|(_, count)| count).sum();
        let reasons: Vec<String> = self
            .skipped
            .iter()
            .map(|(why, n)| format!("{n} {why}"))
            .collect();
        let passed = match self.passed {
            0 => String::new(),
            n => format!(", {n} not drawn and not looked at"),
        };
        let reasons = match skipped {
            0 => String::new(),
            n => format!(", {n} skipped ({})", reasons.join(", ")),
        };
        format!("{} rows: {} used{passed}{reasons}", self.rows, self.used)
    }
}
