//! A row that is one turn of a session: which session, which turn, and whether it holds its history.

use super::{error::SessionError, gap::RecordedTimes};
use crate::{quote::short, trace::TraceKind};
use serde_json::{Map, Value};

/// Keys that name the session of a row.
const SESSIONS: [&str; 2] = ["session_id", "Session ID"];
/// Keys by which rows of a trace of chats name themselves, and the one before.
const CHAT: &str = "chat_id";
const PARENT: &str = "parent_chat_id";
/// The key of a turn's number.
const TURN: &str = "turn";
/// The key that says whether messages are all, or new.
const MODE: &str = "message_mode";

/// What a row of messages holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HistoryMode {
    /// Everything that is sent.
    Whole,
    /// What is new in it.
    Delta,
}

impl HistoryMode {
    /// In the words of an error.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Whole => "its whole history",
            Self::Delta => "only what is new",
        }
    }
}

/// Which session a row is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TurnKey {
    /// One that all its rows name.
    Session(String),
    /// A chat behind another one; `None`: the first of its session.
    Chat { own: String, parent: Option<String> },
}

impl TurnKey {
    /// The name by which the row that follows finds this one.
    pub(super) fn own_name(&self) -> &str {
        match self {
            Self::Session(session) => session,
            Self::Chat { own, .. } => own,
        }
    }
}

/// A row that is a turn.
#[derive(Clone, Debug)]
pub(super) struct TurnRow {
    pub(super) key: TurnKey,
    /// Its number, where it states one.
    pub(super) turn: Option<u64>,
    pub(super) mode: HistoryMode,
}

impl TurnRow {
    /// Holds the first row of a session to be its first turn, numbered from 0 or from 1, where later
    /// ones are built upon it.
    ///
    /// # Errors
    /// [`SessionError::BeginsLate`] where turns before it are missing.
    pub(super) fn check_first(&self, session: &str) -> Result<(), SessionError> {
        match (self.mode, self.turn) {
            (HistoryMode::Delta, Some(found)) if found > 1 => Err(SessionError::BeginsLate {
                session: session.to_owned(),
                found,
            }),
            _ => Ok(()),
        }
    }
}

/// Whether a row is a turn by its keys.
pub(super) fn is_turn(row: &Map<String, Value>) -> bool {
    session(row).is_some() || (row.contains_key(CHAT) && row.contains_key(PARENT))
}

fn session(row: &Map<String, Value>) -> Option<String> {
    SESSIONS.iter().find_map(|key| name(row.get(*key)?))
}

/// Holds that what names a session can be a name.
///
/// # Errors
/// [`SessionError::NotAName`].
pub(super) fn check_names(row: &Map<String, Value>) -> Result<(), SessionError> {
    for key in [SESSIONS[0], SESSIONS[1], CHAT, PARENT] {
        let Some(value) = row.get(key) else { continue };
        if matches!(value, Value::Bool(_) | Value::Array(_) | Value::Object(_)) {
            let value = short(value);
            return Err(SessionError::NotAName { key, value });
        }
    }
    Ok(())
}

/// A name as a text or a number.
fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads what a row says of its place.
///
/// # Errors
/// [`SessionError`] for a mode or a number that is none.
pub(super) fn of(
    row: &Map<String, Value>,
    trace: Option<TraceKind>,
) -> Result<Option<TurnRow>, SessionError> {
    let key = match (session(row), name_of(row, CHAT)) {
        (Some(session), _) => TurnKey::Session(session),
        (None, Some(own)) => TurnKey::Chat {
            own,
            parent: name_of(row, PARENT).filter(|parent| parent != "-1"),
        },
        (None, None) => return Ok(None),
    };
    Ok(Some(TurnRow {
        key,
        turn: number(row)?,
        mode: mode(row, trace)?,
    }))
}

fn name_of(row: &Map<String, Value>, key: &str) -> Option<String> {
    name(row.get(key)?)
}

fn number(row: &Map<String, Value>) -> Result<Option<u64>, SessionError> {
    let Some(value) = row.get(TURN).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let whole = match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    whole.map(Some).ok_or_else(|| SessionError::NotATurn {
        value: short(value),
    })
}

/// Messages and the blocks of a trace hold the history, a single text does not; unless the row says so.
fn mode(row: &Map<String, Value>, trace: Option<TraceKind>) -> Result<HistoryMode, SessionError> {
    match row.get(MODE).filter(|value| !value.is_null()) {
        None => {}
        Some(Value::String(word)) if word == "delta" => return Ok(HistoryMode::Delta),
        Some(Value::String(word)) if word == "history" => return Ok(HistoryMode::Whole),
        Some(other) => {
            let value = short(other);
            return Err(SessionError::UnknownMode { value });
        }
    }
    let holds_history = row.contains_key("messages")
        || (trace.is_some() && !row.contains_key("text_input"))
        || row.contains_key("prompt_token_ids");
    Ok(if holds_history {
        HistoryMode::Whole
    } else {
        HistoryMode::Delta
    })
}

/// Whether a key is one of those that place a turn.
pub(super) fn is_of_place(key: &str) -> bool {
    SESSIONS.contains(&key) || [CHAT, PARENT, TURN, MODE, "timestamp", "answer"].contains(&key)
}

/// Where the last row of a session stands: what the next one follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastTurn {
    pub(super) number: Option<u64>,
    pub(super) times: RecordedTimes,
}

impl LastTurn {
    /// Holds the number of a row against that of the row before it.
    ///
    /// # Errors
    /// [`SessionError::MissingTurn`], [`SessionError::OutOfOrder`] where they do not follow one another.
    pub(super) fn check(&self, session: &str, found: Option<u64>) -> Result<(), SessionError> {
        match (self.number, found) {
            (Some(before), Some(found)) if found <= before => Err(SessionError::OutOfOrder {
                session: session.to_owned(),
                found,
                before,
            }),
            (Some(before), Some(found)) if found != before.saturating_add(1) => {
                Err(SessionError::MissingTurn {
                    session: session.to_owned(),
                    found,
                    before,
                    wanted: before.saturating_add(1),
                })
            }
            _ => Ok(()),
        }
    }
}
