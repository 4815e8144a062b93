//! How the requests of an open loop arrived, and whether the server kept up with them.

use serde::{Deserialize, Serialize};

/// The arrivals of a round in an open loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrivalSummary {
    /// Requests a second that were to arrive: (planned − 1) over the instant of the last one;
    /// `None` for a single one, or for all of them at once.
    pub scheduled_rate: Option<f64>,
    /// Requests a second that were begun: (begun − 1) over last t0 − first t0.
    pub begun_rate: Option<f64>,
    /// Requests that were begun.
    pub begun: u64,
    /// How far the client was behind its schedule when it began the last request, over the
    /// schedule: the share by which the load was less than asked for.
    pub schedule_error: Option<f64>,
    /// Connections that were ready when the round began.
    pub connections: u64,
    /// Connections that were opened in it, because none was free.
    pub connections_opened: u64,
    /// Requests that were due while all places in flight were taken.
    pub waited_for_place: u64,
    /// By how much draining between the blocks of a mixed round put off what was due later, in the
    /// end, s.
    #[serde(default)]
    pub drained_seconds: f64,
    /// Requests that were due and had not ended.
    pub backlog: Backlog,
}

/// Requests that were due and had not ended, over a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// When the middle one of all requests was due.
    pub middle: u64,
    /// When the last one was due.
    pub end: u64,
    /// Most at any instant at which one was due.
    pub most: u64,
    /// Growth from middle to end above this is no chance: 5 % of what was due in between, the
    /// prompts that the engine works on at once (8 where it does not tell), whatever is more.
    pub limit: u64,
    /// The server could not hold the rate: the backlog grew by more than the limit, and did not fall
    /// back, while fewer requests ended than arrive on average. `None`: too few requests to tell.
    pub overloaded: Option<bool>,
}
