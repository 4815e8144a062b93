//! Instants of a request. All are nanoseconds on the run's monotonic clock, counted from the
//! run's anchor (`run.json` holds the wall time of the anchor).

use serde::{Deserialize, Serialize};

/// Who took a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampSource {
    /// The kernel, when the segment arrived (`SO_TIMESTAMPING`, software receive stamp).
    Kernel,
    /// This program, just after the read returned.
    Read,
    /// HTTP/2: the kernel or this program, at the last read of the connection; other frames may
    /// have come with it, and it may be a later read than the event's.
    Connection,
}

/// When bytes arrived: somewhere in `(not_before, at]`.
///
/// The interval is a point (`not_before == at`) only when the kernel stamped the one segment that
/// the read returned and nothing was left behind it; a kernel stamp of merged segments is the
/// arrival of the *last* one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Latest possible arrival, ns; the value that results use.
    pub at: u64,
    /// Earliest possible arrival, ns: the end of the previous read, or, when that had left nothing
    /// behind, the last instant at which the system is known to have had nothing for this socket.
    pub not_before: u64,
    /// Who took it.
    pub source: StampSource,
}

/// The instants of one request, ns since the run's anchor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// When the request was free to go as far as the dataset is concerned: the round's start.
    pub queued_ns: u64,
    /// When the request was due, in an open loop; `None` in a closed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ns: Option<u64>,
    /// When one of the places in flight was free for it, where it was due before and all of them
    /// were taken (`--max-concurrency`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freed_ns: Option<u64>,
    /// t0: just before the first byte of the request was written on an open connection.
    /// `None`: nothing was written (no connection, or cancelled before).
    pub start_ns: Option<u64>,
    /// The response head was complete.
    pub head_ns: Option<u64>,
    /// The first token-bearing event (content, reasoning, refusal or tool call).
    pub first_token_ns: Option<u64>,
    /// The first event with answer content, as opposed to reasoning.
    pub first_content_ns: Option<u64>,
    /// The last token-bearing event.
    pub last_token_ns: Option<u64>,
    /// End of the response: `[DONE]`, else the end of the body; of a failed request: when it failed.
    pub end_ns: u64,
    /// Time to open the connection used, when it was opened for this request, ns. Never inside TTFT.
    pub connect_ns: Option<u64>,
    /// Gaps between neighbouring token-bearing events, ns, in order of arrival.
    pub gaps_ns: Vec<u64>,
    /// Width of the interval in which the first token arrived (0: exact), ns.
    pub first_token_width_ns: u64,
}

impl Timeline {
    /// Width of the interval in which the first token arrived, ms; `None` without one.
    #[expect(clippy::cast_precision_loss, reason = "a width is far below 2^52 ns")]
    pub fn first_token_width_ms(&self) -> Option<f64> {
        self.first_token_ns
            .map(|_| self.first_token_width_ns as f64 / 1e6)
    }
}
