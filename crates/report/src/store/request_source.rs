//! Single requests for the files that hold all of them, one at a time.

use dualround_model::{RequestMetrics, RequestRecord, RoundResult};
use std::io;

/// A receiver of requests, each with its metrics.
pub type RequestReceiver<'a> = dyn FnMut(RequestRecord, RequestMetrics) -> io::Result<()> + 'a;

/// A source of the requests of a round.
pub trait RequestSource {
    /// Hands over every `every`-th request of a round, in the order of their index.
    ///
    /// # Errors
    /// When they cannot be had, or `take` fails.
    fn each(
        &self,
        round: &RoundResult,
        every: usize,
        take: &mut RequestReceiver<'_>,
    ) -> io::Result<()>;
}
