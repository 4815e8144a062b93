//! What a server says of its own time.

use serde::{Deserialize, Serialize};

/// Where one request spent its time in the server, as far as the server's own answer says it. `None`
/// means that it does not say, never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTimes {
    /// From its arrival at the engine until it was scheduled, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_ns: Option<u64>,
    /// From there until its first token was made, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill_ns: Option<u64>,
}

impl ServerTimes {
    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes what `newer` says.
    pub fn merge(&mut self, newer: Self) {
        self.queue_ns = newer.queue_ns.or(self.queue_ns);
        self.prefill_ns = newer.prefill_ns.or(self.prefill_ns);
    }
}
