//! What can stop a run. Failures of single requests are records, not errors. No message names a
//! flag: which one helps, the command line says, by the variant.

use dualround_model::Api;
use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

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
    /// Nothing that speaks HTTP answers at the endpoint.
    #[error("endpoint {url} is not usable: {reason}")]
    Unreachable {
        /// The URL tried.
        url: String,
        /// What happened.
        reason: String,
        /// What most likely stands in the way.
        obstacle: Obstacle,
    },
    /// The endpoint was not ready in the time that it was given.
    #[error("endpoint {url} is not usable: not ready after {seconds} s: {reason}")]
    NotReady {
        /// The URL tried.
        url: String,
        /// The time, seconds.
        seconds: f64,
        /// Its last answer, or the lack of one.
        reason: String,
    },
    /// The canary showed that fresh text does not make a prompt cold, on which rounds of the schedule
    /// rest.
    #[error(
        "fresh text does not make a prompt cold at {url}: of a prompt of {of} tokens that was sent before, {hit} came from the cache behind another marker too"
    )]
    FreshTextHits {
        /// The endpoint.
        url: String,
        /// Tokens that were found.
        hit: u64,
        /// Tokens of the prompt.
        of: u64,
    },
    /// The endpoint does not answer the canary, as it would not answer any request.
    #[error("endpoint {url} is not usable: {words}")]
    CanaryRefused {
        /// The URL tried.
        url: String,
        /// The kind of the failure, and the server's words.
        words: String,
        /// What most likely is wrong.
        refusal: CanaryRefusal,
    },
    /// The endpoint refuses the key at its list of models.
    #[error("endpoint {url} is not usable: HTTP {status}: {words}")]
    KeyRefused {
        /// The URL tried.
        url: String,
        /// HTTP status.
        status: u16,
        /// The server's words.
        words: String,
    },
    /// A server beside the endpoint does not answer.
    #[error("no answer from {url}: {reason}")]
    Unanswered {
        /// The URL asked, secrets removed.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The model is not served, or the choice is open.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A cache reset did not work, so the level would not start cold.
    #[error("cache reset failed at {url}: {reason}")]
    Reset {
        /// The URL called.
        url: String,
        /// The answer, or the lack of one.
        reason: String,
    },
    /// No reset call is known for this server.
    #[error("cache reset failed at {url}: no reset call is known for this server")]
    NoResetKnown {
        /// The endpoint.
        url: String,
        /// The engine's own cache alone is to be emptied, outer tiers kept.
        engine_alone: bool,
    },
    /// The server has no route of the reset that was called.
    #[error("cache reset failed at {url}: HTTP 404 (this server has no such route): {words}")]
    NoResetRoute {
        /// The URL called.
        url: String,
        /// The server's words.
        words: String,
    },
    /// An asked metric that cannot be evaluated.
    #[error("metrics, by {url}: {reason}")]
    Metric {
        /// The source, secrets removed.
        url: String,
        /// The server's words.
        reason: String,
    },
    /// Metrics are asked for, and no page is known that has them.
    #[error("metrics, by {url}: no page of metrics is known")]
    NoMetricsPage {
        /// The endpoint.
        url: String,
        /// One was looked for beside the endpoint.
        was_looked_for: bool,
    },
    /// An asked expression that only a Prometheus server can evaluate.
    #[error(
        "metrics, by {url}: `{expression}` is neither a metric nor a quotient of two: a page cannot evaluate it"
    )]
    NeedsPrometheus {
        /// The page, secrets removed.
        url: String,
        /// What was asked.
        expression: String,
    },
    /// TLS could not be set up.
    #[error("TLS: {reason}")]
    Tls {
        /// Why.
        reason: String,
    },
    /// A file of certificates or keys cannot be used.
    #[error("TLS: {} {}: {reason}", file.name(), path.display())]
    TlsFile {
        /// Which one.
        file: TlsFile,
        /// Where it is.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Too few descriptors for the level.
    #[error(
        "{connections} connections need about {need} open files, but the hard limit is {limit}: \
         raise it (`ulimit -Hn`)"
    )]
    FileLimit {
        /// Connections that the load needs.
        connections: u32,
        /// Descriptors needed.
        need: u64,
        /// The hard limit.
        limit: u64,
    },
    /// Each connection to one address needs a local port of its own, and there are too few.
    #[error(
        "{connections} connections to one address need as many local ports, and this system gives \
         {ports} (net.ipv4.ip_local_port_range): widen that range"
    )]
    PortLimit {
        /// Connections that the load needs.
        connections: u32,
        /// Ports that the system hands out.
        ports: u32,
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

impl LoadError {
    /// The error of a file of certificates or keys that cannot be used.
    pub(crate) fn tls_file(file: TlsFile, path: &Path, reason: &impl Display) -> Self {
        Self::TlsFile {
            file,
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// What most likely is wrong where the canary is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CanaryRefusal {
    /// The path: there is no such route of this API.
    Path(Api),
    /// The key.
    Key,
    /// The server does not speak HTTP/2, in which it was asked.
    Http2,
    /// Nothing that can be told.
    Unknown,
}

/// What most likely keeps an endpoint from answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The TLS handshake, whose failure says itself what is left to do.
    Handshake,
    /// The server speaks HTTP/2 alone, and was asked in HTTP/1.1.
    HttpVersion,
    /// The proxy on the way.
    Proxy,
    /// No server runs there, or the address is another one.
    Address,
}

/// Why no model could be chosen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The server has no list of models.
    #[error("the server has no model list (HTTP {status} at /v1/models{words})")]
    NoList {
        /// HTTP status of what it answered instead; 0 where it was not asked.
        status: u16,
        /// Its words behind a colon, or nothing.
        words: String,
        /// The words ask for a certificate of the client.
        wants_certificate: bool,
    },
    /// The list has a gateway's patterns alone.
    #[error("the server lists patterns of models, not models ({names})")]
    Patterns {
        /// The first of them.
        names: String,
    },
    /// The list is empty.
    #[error("the server lists no model")]
    Nothing,
    /// The list has more than one, and none was asked for.
    #[error("the server serves {count} models: {names}")]
    Several {
        /// How many.
        count: usize,
        /// The first of them.
        names: String,
    },
    /// The server refuses the model that was asked for.
    #[error("the server refuses model `{model}`: {words}{}", served(names.as_deref()))]
    Refused {
        /// The model.
        model: String,
        /// The server's words.
        words: String,
        /// The first names of its list, where it has one.
        names: Option<String>,
    },
}

fn served(names: Option<&str>) -> String {
    names.map_or_else(String::new, |names| format!("; it serves: {names}"))
}

/// The files that TLS is set up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFile {
    /// The CA that was given for servers.
    Ca,
    /// The CA that the environment names in the place of the system's.
    SystemCa,
    /// The client's own certificate.
    ClientCert,
    /// The key of the client's own certificate.
    ClientKey,
}

impl TlsFile {
    fn name(self) -> &'static str {
        match self {
            Self::Ca => "CA file",
            Self::SystemCa => "SSL_CERT_FILE",
            Self::ClientCert => "client certificate",
            Self::ClientKey => "client key",
        }
    }
}
