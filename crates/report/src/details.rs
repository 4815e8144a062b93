//! Single requests for the files that hold all of them, one at a time.

use crate::RoundReader;
use dualround_model::{RequestMetrics, RequestRecord, RoundResult};
use std::{io, path::PathBuf};

/// Takes a request with what was computed for it.
pub type Take<'a> = dyn FnMut(&RequestRecord, &RequestMetrics) -> io::Result<()> + 'a;

/// Where the requests of a round come from.
pub trait Details {
    /// Hands over every `every`-th request of a round, in the order of their index.
    ///
    /// # Errors
    /// When they cannot be had, or `take` fails.
    fn each(&self, round: &RoundResult, every: usize, take: &mut Take<'_>) -> io::Result<()>;
}

/// What was computed of a request of a round.
pub type Measured<'a> = Box<dyn Fn(&RequestRecord) -> RequestMetrics + 'a>;

/// Requests from the journal, which holds them once for all files.
pub struct FromJournal<F> {
    path: PathBuf,
    measure: F,
}

impl<F: for<'a> Fn(&'a RoundResult) -> Measured<'a>> FromJournal<F> {
    /// From the journal at `path`; `measure` tells what was computed of a round's requests.
    pub fn new(path: PathBuf, measure: F) -> Self {
        Self { path, measure }
    }
}

impl<F: for<'a> Fn(&'a RoundResult) -> Measured<'a>> Details for FromJournal<F> {
    fn each(&self, round: &RoundResult, every: usize, take: &mut Take<'_>) -> io::Result<()> {
        let measure = (self.measure)(round);
        let reader = RoundReader::open(&self.path, round).map_err(io::Error::other)?;
        for index in reader.indexes().step_by(every) {
            let record = reader.record(index).map_err(io::Error::other)?;
            if let Some(record) = record {
                take(&record, &measure(&record))?;
            }
        }
        Ok(())
    }
}
