//! Single requests for the files that hold all of them, one at a time.

use dualround_model::{RequestMetrics, RequestRecord, RoundResult};
use std::io;

/// Takes a request with what was computed for it.
pub type Take<'a> = dyn FnMut(RequestRecord, RequestMetrics) -> io::Result<()> + 'a;

/// Where the requests of a round come from.
pub trait Details {
    /// Hands over every `every`-th request of a round, in the order of their index.
    ///
    /// # Errors
    /// When they cannot be had, or `take` fails.
    fn each(&self, round: &RoundResult, every: usize, take: &mut Take<'_>) -> io::Result<()>;
}
