//! What can go wrong with a chat request or the metrics page, and when.

mod parse;

pub use parse::FaultError;

use serde::{Deserialize, Serialize};

/// A fault and the requests it happens to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Which chat requests, counted in order of arrival.
    pub on: FaultOn,
    /// What happens to them.
    pub fault: Fault,
}

/// The chat requests that a fault happens to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultOn {
    /// All.
    All,
    /// Every n-th: the requests n − 1, 2n − 1, …
    Every(u64),
    /// One, 0-based.
    Request(u64),
    /// This one and all after it, 0-based.
    From(u64),
    /// This share of them, by a hash of the arrival number.
    Rate(f64),
}

/// A fault of the answer to a chat request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An HTTP status with a JSON error body.
    Status {
        /// The status.
        code: u16,
        /// The whole body; an OpenAI error object by default.
        #[serde(default)]
        body: Option<String>,
        /// `Retry-After`, seconds.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// An error event in the 200 stream, then `[DONE]`.
    ErrorEvent {
        /// Tokens before it.
        after_tokens: usize,
        /// Its message.
        message: String,
    },
    /// The event by which the Responses API says that an answer failed as a whole; in the other APIs an
    /// error event.
    FailedEvent {
        /// Tokens before it.
        after_tokens: usize,
        /// Its message.
        message: String,
    },
    /// An `error:` field of the stream, which the standard does not have, then `[DONE]`.
    ErrorField {
        /// Tokens before it.
        after_tokens: usize,
    },
    /// The answer ends with this `finish_reason`; the log calls it aborted.
    Finish {
        /// The word.
        reason: String,
    },
    /// TCP reset.
    Reset {
        /// Tokens before it.
        after_tokens: usize,
    },
    /// TCP reset when so many bytes of the response, head included, have been written.
    ResetAtByte {
        /// How many.
        byte: usize,
    },
    /// A clean end of the body without finish_reason and `[DONE]`.
    CloseEarly {
        /// Tokens before it.
        after_tokens: usize,
    },
    /// The connection is closed inside an event.
    CutBody {
        /// Tokens before it.
        after_tokens: usize,
    },
    /// Nothing more comes, the socket stays open for so long.
    Stall {
        /// Tokens before it; 0: not even a head.
        after_tokens: usize,
        /// How long, ms.
        ms: u64,
    },
    /// The response is written in small pieces with a pause after each.
    Drip {
        /// Bytes of a piece.
        bytes: usize,
        /// The pause, ms.
        ms: u64,
    },
    /// The response is written in pieces that keep to no event, without a pause.
    Split {
        /// Bytes of a piece.
        bytes: usize,
    },
    /// Token events are held back until so many are due, then written at once.
    Merge {
        /// How many.
        events: usize,
    },
    /// A line of so many bytes that never ends, in the place of the first token.
    EndlessLine {
        /// How many.
        bytes: usize,
    },
    /// The stream ends after finish_reason without `[DONE]`.
    MissingDone,
    /// An event with broken JSON.
    GarbageEvent {
        /// Tokens before it.
        after_tokens: usize,
    },
    /// 200 and `[DONE]` only.
    EmptyOutput,
    /// A JSON body although a stream was asked for.
    NotStreamed,
    /// CRLF line ends.
    Crlf,
    /// CR alone as line end.
    Cr,
    /// A byte order mark before the first event.
    Bom,
    /// `data:` without a space.
    NoSpace,
    /// Comments and pings between the events.
    Comments,
    /// `usage` reports this many completion tokens.
    UsageMismatch {
        /// The wrong number.
        completion_tokens: u64,
    },
    /// The first token comes so much later, ms.
    Late {
        /// How much.
        ms: u64,
    },
    /// All events are held back and released at the end, as by a buffering proxy.
    Buffered,
}

/// A fault of the metrics page, at every n-th reading of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFault {
    /// Readings n, 2n, …
    pub every: u64,
    /// What happens.
    pub fault: PageFaultKind,
}

/// What goes wrong with a reading of the metrics page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFaultKind {
    /// This HTTP status.
    Status(u16),
    /// A page of HTML.
    Html,
    /// Broken lines between the good ones.
    Garbage,
    /// No answer for so long, ms.
    Stall(u64),
    /// The page ends in the middle of a line, although its length said otherwise.
    Cut,
    /// The page of another process behind the same address, whose counters stand this much higher.
    OtherProcess(u64),
}

impl FaultOn {
    /// Whether the fault happens to the chat request with this arrival number, 0-based.
    fn hits(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Every(n) => n > 0 && number % n == n - 1,
            Self::Request(wanted) => number == wanted,
            Self::From(first) => number >= first,
            Self::Rate(rate) => {
                let hash = crate::tokenizer::hash(&number.to_le_bytes()) % 1_000_000;
                (hash as f64) < rate * 1e6
            }
        }
    }
}

/// The fault of the chat request with this arrival number.
pub(crate) fn of(rules: &[FaultRule], number: u64) -> Option<&Fault> {
    rules
        .iter()
        .find(|rule| rule.on.hits(number))
        .map(|rule| &rule.fault)
}
