//! What can stop a run. Failures of single requests are records, not errors.

use std::io;

/// Why a run cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A URL that cannot be used.
    #[error("cannot use URL `{url}`: {reason}")]
    Url {
        /// As given, credentials removed.
        url: String,
        /// Why.
        reason: String,
    },
    /// A host name that does not resolve.
    #[error("cannot resolve host `{host}`: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's word.
        source: io::Error,
    },
    /// The endpoint does not answer, or not as an OpenAI-compatible server does.
    #[error("endpoint {url} is not usable: {reason}")]
    Endpoint {
        /// The URL tried.
        url: String,
        /// What happened, and what to do.
        reason: String,
    },
    /// The model is not served, or the choice is open.
    #[error("{reason}")]
    Model {
        /// What is there, and what to do.
        reason: String,
    },
    /// A cache reset did not work, so the level would not start cold.
    #[error("cache reset failed at {url}: {reason}")]
    Reset {
        /// The URL called.
        url: String,
        /// The answer, or the lack of one.
        reason: String,
    },
    /// An asked metric that cannot be evaluated.
    #[error("--prometheus-metrics, by {url}: {reason}")]
    Metric {
        /// The source, secrets removed.
        url: String,
        /// The server's words.
        reason: String,
    },
    /// TLS could not be set up.
    #[error("TLS: {reason}")]
    Tls {
        /// Why.
        reason: String,
    },
    /// Too few descriptors for the level.
    #[error(
        "concurrency {concurrency} needs about {need} open files, but the hard limit is {limit}: \
         raise it (`ulimit -Hn`) or lower --concurrency"
    )]
    FileLimit {
        /// Requests in flight asked for.
        concurrency: u32,
        /// Descriptors needed.
        need: u64,
        /// The hard limit.
        limit: u64,
    },
    /// A thread or runtime could not be started.
    #[error("cannot start a worker: {0}")]
    Worker(#[source] io::Error),
    /// A request body could not be built.
    #[error("cannot build the request of dataset row {row}: {reason}")]
    Body {
        /// The row.
        row: u64,
        /// Why.
        reason: String,
    },
    /// Two rounds that must hold the same bytes do not.
    #[error("round {round}: {what} digest {found} differs from {expected} of the first round")]
    Digest {
        /// Its number.
        round: u32,
        /// `content` or `wire`.
        what: &'static str,
        /// What was found.
        found: String,
        /// What it should be.
        expected: String,
    },
}
