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
    /// A turn stands behind a later one, or twice.
    #[error(
        "turn {found} of session {session} comes after turn {before}: its rows stand in the order of its turns, each once"
    )]
    OutOfOrder {
        /// The session.
        session: String,
        /// The number of the row.
        found: u64,
        /// The number of the turn before it.
        before: u64,
    },
    /// What names a session is no name.
    #[error("`{key}` is {value}: a session is named by a text or a number")]
    NotAName {
        /// The key.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// A chat stands in two rows.
    #[error("chat {chat} stands in a row before, too")]
    ChatTwice {
        /// The chat.
        chat: String,
    },
    /// A chat names itself as its parent.
    #[error("chat {chat} names itself as its parent")]
    ChatOfItself {
        /// The chat.
        chat: String,
    },
    /// A chat stands behind one that follows it.
    #[error("chat {chat} comes after a chat that names it as its parent: parents come first")]
    ChatBehindItsChild {
        /// The chat.
        chat: String,
    },
    /// Columns of turns are numbered with a gap.
    #[error("its columns are numbered {before}, then {found}: a turn between them is missing")]
    MissingColumn {
        /// The number before the gap.
        before: u32,
        /// The one behind it.
        found: u32,
    },
    /// Two keys state the wait before a turn.
    #[error("`{one}` and `{other}` both state the wait before a turn: one of them may")]
    TwoGaps {
        /// One key.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A turn holds a text and messages.
    #[error("turn {} holds `messages` and a text beside them: it asks one of both", .at + 1)]
    TwoTexts {
        /// Its place in the list, 0-based.
        at: usize,
    },
    /// The rows hold their answers, and those of the server are asked for.
    #[error(
        "it holds its whole history, answers included, so those of the server cannot take their place"
    )]
    AnswersHeld,
    /// A speaker who is neither of both.
    #[error("turn {} is spoken by {speaker}, whom no API knows", .at + 1)]
    Speaker {
        /// Its place in the list, 0-based.
        at: usize,
        /// Who that is.
        speaker: String,
    },
    /// A turn that holds no text.
    #[error("turn {} has no text", .at + 1)]
    NoText {
        /// Its place in the list, 0-based.
        at: usize,
    },
    /// An answer that is neither a text nor a message.
    #[error("the answer to turn {} is {value}, neither a text nor messages", .at + 1)]
    Answer {
        /// Its place in the list, 0-based.
        at: usize,
        /// What stands there, shortened.
        value: String,
    },
    /// A turn that goes on from what a tool returned to the recorded answer.
    #[error(
        "turn {} begins with what a tool returned to the recorded answer: the server's own calls another, or none",
        .at + 1
    )]
    ToolResult {
        /// Its place in the conversation, 0-based.
        at: usize,
    },
    /// A gap that is none.
    #[error(transparent)]
    Gap(#[from] TimeError),
}
