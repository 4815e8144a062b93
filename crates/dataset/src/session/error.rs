//! Rows that do not make sessions.

use crate::timestamp::TimeError;

/// A row that stands in no session, or in one that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Rows of this trace do not say what they belong to.
    #[error(
        "a row of this {trace} has no `session_id`, so nothing says which requests are turns of one \
         session"
    )]
    NoSession {
        /// The name of the trace.
        trace: &'static str,
    },
    /// One row holds a whole conversation, another one turn.
    #[error("it holds {found}, and a row before it {before}: a file has one of both")]
    TwoForms {
        /// What it holds.
        found: &'static str,
        /// What rows before it hold.
        before: &'static str,
    },
    /// One row holds its whole history, another only what is new.
    #[error("it holds {found}, and a row before it {before}: a file has one of both")]
    TwoModes {
        /// What it holds.
        found: &'static str,
        /// What rows before it hold.
        before: &'static str,
    },
    /// A word for the mode of a row that is none.
    #[error("`message_mode` is {value}: history or delta")]
    UnknownMode {
        /// What stands there, shortened.
        value: String,
    },
    /// A number of a turn that is none.
    #[error("`turn` is {value}, not a number of a turn")]
    NotATurn {
        /// What stands there, shortened.
        value: String,
    },
    /// A turn is missing, or stands before the one that it follows.
    #[error("turn {found} of session {session} follows turn {before}: {wanted} is missing")]
    MissingTurn {
        /// The session.
        session: String,
        /// The number of the row.
        found: u64,
        /// The number of the turn before it.
        before: u64,
        /// The number that would follow.
        wanted: u64,
    },
    /// A session of which only what is new stands in the rows begins after its first turn.
    #[error(
        "session {session} begins with turn {found}, and its rows hold only what is new: what came before is missing"
    )]
    BeginsLate {
        /// The session.
        session: String,
        /// The number of its first row.
        found: u64,
    },
    /// The rows hold their answers, and those of the server are asked for.
    #[error(
        "it holds its whole history, answers included, so those of the server cannot take their place"
    )]
    AnswersHeld,
    /// A speaker who is neither of both.
    #[error("turn {at} is spoken by {speaker}, whom no API knows")]
    Speaker {
        /// Its place in the list, 0-based.
        at: usize,
        /// Who that is.
        speaker: String,
    },
    /// A turn that holds no text.
    #[error("turn {at} has no text")]
    NoText {
        /// Its place in the list, 0-based.
        at: usize,
    },
    /// An answer that is neither a text nor a message.
    #[error("the answer to turn {at} is {value}, neither a text nor messages")]
    Answer {
        /// Its place in the list, 0-based.
        at: usize,
        /// What stands there, shortened.
        value: String,
    },
    /// A turn that goes on from what a tool returned to the recorded answer.
    #[error(
        "turn {at} begins with what a tool returned to the recorded answer: the server's own calls another, or none"
    )]
    ToolResult {
        /// Its place in the conversation, 0-based.
        at: usize,
    },
    /// A gap that is none.
    #[error(transparent)]
    Gap(#[from] TimeError),
}
