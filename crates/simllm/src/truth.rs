//! The engine's own log: when a request had been read and when each part of its answer was written.

use serde::{Deserialize, Serialize};

/// The record of what happened to one chat request. Instants in ns since the engine's start, monotonic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthRequest {
    /// Arrival number, 0-based.
    pub id: u64,
    /// The body's `user` field: a client can name a request by it.
    pub user: Option<String>,
    /// The last byte of the request had come: when the kernel got it where the kernel tells
    /// (Linux), so that the engine's own waiting is not taken for the client's; else when it was
    /// read.
    pub t_recv_ns: u64,
    /// Just before the write of the first token-bearing event.
    pub t_first_ns: Option<u64>,
    /// Just before the write of the last one.
    pub t_last_ns: Option<u64>,
    /// Just before the write of the end of the answer.
    pub t_done_ns: Option<u64>,
    /// Output tokens written.
    pub tokens: u64,
    /// Token-bearing events written.
    pub events: u64,
    /// Prompt tokens.
    pub prompt_tokens: u64,
    /// Those taken from the cache (both tiers).
    pub cached_tokens: u64,
    /// Those written into the cache.
    #[serde(default)]
    pub written_tokens: u64,
    /// From its arrival until it had its place in the batch and its turn to be computed, ns.
    #[serde(default)]
    pub queue_ns: u64,
    /// From there until its first token was due, ns.
    #[serde(default)]
    pub prefill_ns: u64,
    /// HTTP status.
    pub status: u16,
    /// The client went away, or a fault ended it.
    pub aborted: bool,
    /// Number of its connection, 0-based.
    pub connection: u64,
    /// The body, when `log_bodies` is on.
    pub body: Option<String>,
}

/// The log of everything that happened to an engine since its start, or since it was cleared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthLog {
    /// Chat requests in order of arrival.
    pub requests: Vec<TruthRequest>,
    /// Connections accepted.
    pub connections: u64,
    /// Most requests running at once.
    pub peak_running: u64,
    /// Most requests in the engine at once, queued ones included.
    pub peak_in_flight: u64,
}
