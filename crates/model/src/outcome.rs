//! How a request ended. A failed request is data, never an `Err` that ends a round.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What went wrong, as a short stable name (`http_503`, `timeout_idle`, …).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FailureKind {
    /// The host name could not be resolved.
    Resolve,
    /// The TCP connection could not be opened.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The request could not be written.
    Send,
    /// The server answered with this status (3xx, 4xx, 5xx).
    Http(u16),
    /// The server says, by the type or code of its error, that the prompt is longer than its context.
    ContextOverflow,
    /// The response is not HTTP/1.1, or breaks its framing.
    BadResponse,
    /// An error object inside a 200 stream or body.
    StreamError,
    /// An event that is not JSON of the expected shape.
    BadEvent,
    /// Bytes that are not UTF-8.
    BadUtf8,
    /// One event exceeds the size limit.
    EventTooLarge,
    /// The response exceeds the size limit.
    ResponseTooLarge,
    /// The stream ended in the middle of an event.
    TruncatedEvent,
    /// The stream ended cleanly, but without `finish_reason` and without `[DONE]`.
    IncompleteStream,
    /// A complete answer in which nothing was generated.
    EmptyOutput,
    /// The connection was reset or closed in the middle of the response.
    ConnectionReset,
    /// Opening the connection took longer than its limit.
    TimeoutConnect,
    /// The first token took longer than its limit.
    TimeoutFirstToken,
    /// The stream fell silent for longer than its limit.
    TimeoutIdle,
    /// The whole request took longer than its limit.
    TimeoutTotal,
    /// No local port or descriptor was left on this side.
    ClientPortsExhausted,
}

const NAMED: [(FailureKind, &str); 20] = [
    (FailureKind::Resolve, "resolve"),
    (FailureKind::Connect, "connect"),
    (FailureKind::Tls, "tls"),
    (FailureKind::Send, "send"),
    (FailureKind::ContextOverflow, "context_overflow"),
    (FailureKind::BadResponse, "bad_response"),
    (FailureKind::StreamError, "stream_error"),
    (FailureKind::BadEvent, "bad_event"),
    (FailureKind::BadUtf8, "bad_utf8"),
    (FailureKind::EventTooLarge, "event_too_large"),
    (FailureKind::ResponseTooLarge, "response_too_large"),
    (FailureKind::TruncatedEvent, "truncated_event"),
    (FailureKind::IncompleteStream, "incomplete_stream"),
    (FailureKind::EmptyOutput, "empty_output"),
    (FailureKind::ConnectionReset, "connection_reset"),
    (FailureKind::TimeoutConnect, "timeout_connect"),
    (FailureKind::TimeoutFirstToken, "timeout_first_token"),
    (FailureKind::TimeoutIdle, "timeout_idle"),
    (FailureKind::TimeoutTotal, "timeout_total"),
    (FailureKind::ClientPortsExhausted, "client_ports_exhausted"),
];

impl FailureKind {
    /// True for the four kinds of time limit.
    pub fn is_timeout(self) -> bool {
        matches!(
            self,
            Self::TimeoutConnect | Self::TimeoutFirstToken | Self::TimeoutIdle | Self::TimeoutTotal
        )
    }

    /// All kinds but the HTTP statuses.
    pub fn named() -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(kind, _)| *kind)
    }

    /// The kind of this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(code) = name.strip_prefix("http_") {
            return code.parse().ok().map(Self::Http);
        }
        NAMED.iter().find(|(_, n)| *n == name).map(|(k, _)| *k)
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Http(code) = self {
            return write!(f, "http_{code}");
        }
        let name = NAMED
            .iter()
            .find(|(k, _)| k == self)
            .map_or("unknown", |(_, n)| n);
        f.write_str(name)
    }
}

impl Serialize for FailureKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FailureKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown failure kind `{name}`")))
    }
}

/// How far a request had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before any byte was written.
    Connect,
    /// While the request was being written.
    Send,
    /// Waiting for the response head.
    Head,
    /// The head was there, no token yet.
    FirstToken,
    /// Tokens were coming.
    Stream,
    /// The response was complete; its content was wrong.
    Complete,
}

impl Phase {
    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Head => "head",
            Self::FirstToken => "first_token",
            Self::Stream => "stream",
            Self::Complete => "complete",
        }
    }
}

/// Why and where a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// How far the request had come.
    pub phase: Phase,
    /// A reason for people, never empty; from servers at most 2 KiB, control characters removed.
    pub message: String,
    /// The HTTP status, when a head was read.
    pub status: Option<u16>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 2xx, finished, something generated, nothing wrong.
    Success,
    /// Everything else that ended by itself.
    Failed(Failure),
    /// Ended by the user or by a limit of the run.
    Cancelled,
}

impl Outcome {
    /// True for [`Outcome::Success`].
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success)
    }

    /// The failure, if it is one.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}
