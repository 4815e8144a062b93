//! What is wrong with one row.

use crate::{
    fields::FieldError, messages::MessageError, session::error::SessionError, timestamp::TimeError,
    trace::TraceError,
};

/// A row that makes no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A line that holds no value: it is no JSON, no UTF-8, or no row of its table.
    #[error("{0}")]
    Unreadable(String),
    /// A number, a flag, a list of anything else than turns.
    #[error("a row is a JSON object or a string")]
    NoObject,
    /// The key that was named holds no prompt.
    #[error("the value of `{key}` is no text")]
    NoText {
        /// The key of the prompt.
        key: String,
    },
    /// The key that was named is not there.
    #[error("no key `{key}`; it has: {keys}")]
    NoKey {
        /// The key of the prompt.
        key: String,
        /// The keys there are.
        keys: String,
    },
    /// A Batch row for another API.
    #[error("a Batch row for {url}, which generates no text")]
    OtherCall {
        /// Its `url`.
        url: String,
    },
    /// It is not of the shape that was named.
    #[error("no {wanted}; it has: {keys}")]
    OtherShape {
        /// What a row of that shape has.
        wanted: &'static str,
        /// The keys there are.
        keys: String,
    },
    /// A message stands in the place of a list of them.
    #[error("this is one message, not a row: give {{\"messages\": […]}}, or a list of such lists")]
    OneMessage,
    /// The settings of vLLM's generator of conversations.
    #[error("these are the settings of a generator, not rows")]
    GeneratorSettings,
    /// No shape has these keys.
    #[error("unknown shape with the keys {keys}")]
    UnknownShape {
        /// The keys there are.
        keys: String,
    },
    /// Not a row of LongBench, where only those are converted.
    #[error("not a LongBench row (context with input, or question and choices)")]
    NotLongBench,
    /// A prompt of token ids with something else in it.
    #[error("a prompt of token ids is a list of whole numbers from 0 to 4294967295")]
    TokenIds,
    /// A field whose value cannot be sent.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Messages that the API does not take.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Lengths or blocks of a trace that cannot be.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A time that is none, where rows are to be asked at theirs.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// It makes no session, where those are asked.
    #[error(transparent)]
    Session(#[from] SessionError),
}
