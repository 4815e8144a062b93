//! Why a request that is not measured brought no answer that can be used.

use super::REDIRECTS;
use crate::transport::{ConnectError, ExchangeError, MAX_BYTES};
use std::{io, time::Duration};

/// Why a control request failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ControlError {
    /// No connection could be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The exchange broke off.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The answer was not complete in time.
    #[error("no complete answer within {} s", limit.as_secs_f64())]
    Timeout {
        /// The time limit of one exchange.
        limit: Duration,
    },
    /// The answer is not packed as it says.
    #[error("the answer cannot be unpacked: {0}")]
    Packing(#[source] io::Error),
    /// The answer unpacks to more than is kept.
    #[error("the answer unpacks to more than {MAX_BYTES} bytes")]
    TooLarge,
    /// A redirect leads away from the host that was asked.
    #[error(
        "HTTP {status}, a redirect to another host or port, {to}, which is not followed: give that URL"
    )]
    RedirectedAway {
        /// HTTP status.
        status: u16,
        /// Where to, secrets removed.
        to: String,
    },
    /// Redirects without an end.
    #[error("more than {REDIRECTS} redirects")]
    Redirects,
    /// The server answered something other than the page.
    #[error("HTTP {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
}
