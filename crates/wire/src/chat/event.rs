//! What an event of a stream can mean.

use crate::chat::chunk::ChunkFacts;
use dualround_model::Usage;

/// The meaning of one event of a stream, whatever API it came by.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent<'a> {
    /// The stream is at its end: `[DONE]`, `message_stop`.
    Done,
    /// A chunk of an answer.
    Chunk(ChunkFacts<'a>),
    /// The server reports an error inside the stream.
    Error {
        /// Its message, not empty.
        message: String,
        /// Its code, if there is one.
        code: Option<String>,
    },
    /// Keep-alives, nulls, events of unknown kinds.
    Ignored,
    /// An event of an unknown kind that holds text.
    Unknown {
        /// Its type, or where the text stands.
        place: String,
    },
    /// What looks like an error of another form, and fails the answer unless it goes on.
    Suspect(Box<Suspect>),
    /// Not what a chunk looks like.
    Bad {
        /// Why.
        reason: String,
        /// The bytes are no UTF-8.
        utf8: bool,
    },
}

/// An event that looks like an error of a form of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Its words.
    pub message: String,
    /// It is called an error. What is not may as well be text in a form that is not known: it fails an
    /// answer that had begun.
    pub sure: bool,
    /// The place of the text that it may be.
    pub place: Option<String>,
    /// Token counts beside it.
    pub usage: Option<Box<Usage>>,
}
