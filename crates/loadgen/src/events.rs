//! What happens while a round runs, as those who watch it are told.

use dualround_model::{RequestRecord, RoundMeta};

/// An event of a running round, as its watcher gets it.
#[derive(Debug)]
#[non_exhaustive]
pub enum RoundEvent<'a> {
    /// Warm-up requests are being sent.
    WarmingUp {
        /// How many.
        requests: u32,
    },
    /// The cold action is being taken.
    MakingCold,
    /// The round has begun.
    Started {
        /// What is known of it: nothing has been sent yet, so every request is not started.
        begun: &'a RoundMeta,
    },
    /// A request has ended.
    Finished(&'a RequestRecord),
    /// All that had ended are handed over: time to put them where a crash does not reach them.
    Taken,
    /// Time has passed.
    Tick {
        /// Requests in flight.
        in_flight: u32,
    },
}
