//! What is sent: samples from a dataset, and the requests made of them.

use crate::{SessionFacts, SessionTurn, TurnPlace};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One prompt of the dataset, as it will be asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// 1-based row (JSON array element) or physical line (JSONL) of the file.
    pub row: u64,
    /// The row's own id, kept as data only.
    pub id: Option<String>,
    /// What is asked: chat messages, or the messages or items of the API in whose shape the row is.
    pub messages: Vec<Value>,
    /// Output length that the row itself asks for, tokens; wins over the flag.
    pub output_tokens: Option<u64>,
    /// Length of the prompt as the row states it, tokens.
    #[serde(default)]
    pub input_tokens: Option<u64>,
    /// When the row says that it was asked, ns on the clock of its trace; of a date-time, since 1970
    /// UTC. It is no part of what is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_ns: Option<u64>,
    /// Further request fields of the row (`temperature`, `tools`, …), merged into the body.
    pub options: Map<String, Value>,
    /// True when `--max-input-length` cut the prompt.
    pub truncated: bool,
    /// The turn of a session that it asks; `None`: it stands by itself.
    #[serde(skip)]
    pub turn: Option<Arc<SessionTurn>>,
}

/// The key under which a message holds the ids of its tokens in the place of a text.
const TOKEN_IDS: &str = "token_ids";

impl Sample {
    /// The message that stands for a prompt of token ids.
    pub fn message_of_ids(ids: &[u32]) -> Value {
        serde_json::json!({"role": "user", TOKEN_IDS: ids})
    }

    /// The list of token ids that the prompt is made of; `None` where it is text.
    pub fn token_ids(&self) -> Option<&Value> {
        self.messages.first()?.get(TOKEN_IDS)
    }

    /// All text of the messages, in order, parts included, joined with newlines.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for text in self.texts() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(text);
        }
        out
    }

    /// The texts of the messages, in order, parts included.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        for message in &self.messages {
            match message.get("content") {
                Some(Value::String(text)) => texts.push(text.as_str()),
                Some(Value::Array(parts)) => {
                    texts.extend(parts.iter().filter_map(|part| part.get("text")?.as_str()));
                }
                _ => {}
            }
        }
        texts
    }

    /// The same, to be changed.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        let mut texts = Vec::new();
        for message in &mut self.messages {
            match message.get_mut("content") {
                Some(Value::String(text)) => texts.push(text),
                Some(Value::Array(parts)) => {
                    for part in parts {
                        if let Some(Value::String(text)) = part.get_mut("text") {
                            texts.push(text);
                        }
                    }
                }
                _ => {}
            }
        }
        texts
    }
}

/// The samples of a run and how they came to be chosen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Selection {
    /// The samples of each level in the order of sending; one entry where all levels ask the same.
    #[serde(skip)]
    pub levels: Vec<Vec<Arc<Sample>>>,
    /// Rows of the file.
    #[serde(default)]
    pub rows: u64,
    /// Rows that hold a usable prompt; `None` where rows that could not be drawn were not looked at.
    pub usable_rows: Option<u64>,
    /// Rows left out, by reason.
    pub skipped: Vec<(String, u64)>,
    /// What the file was recognised as.
    pub format: String,
    /// The seed of the draw.
    pub seed: u64,
    /// Prompts that stand more than once among the samples (each repetition counts).
    pub duplicate_prompts: u64,
    /// Prompts cut by `--max-input-length`.
    pub truncated: u64,
    /// Keys of rows that go into no request, with how many rows have them.
    #[serde(default)]
    pub unsent: Vec<(String, u64)>,
    /// SHA-256 over the content of all samples in order, level by level where they differ, hex.
    pub digest: String,
    /// Remarks for the user.
    pub notes: Vec<String>,
    /// What the sessions of the first level come to; `None` where rows are asked one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionFacts>,
}

impl Selection {
    /// The samples of the level at this position.
    pub fn of_level(&self, level: usize) -> &[Arc<Sample>] {
        let samples = self.levels.get(level).or(self.levels.last());
        samples.map_or(&[], Vec::as_slice)
    }
}

/// The first 16 bytes of the SHA-256 of a body.
pub type BodyDigest = [u8; 16];

/// One request of an epoch, ready to be written to a socket.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    /// 0-based position in the round.
    pub index: u32,
    /// The row's id.
    pub id: Option<Arc<str>>,
    /// The whole HTTP/1.1 request, head and body.
    pub bytes: Arc<[u8]>,
    /// Where the body begins in `bytes`.
    pub body_at: usize,
    /// Of the body as it was made.
    pub body_digest: BodyDigest,
    /// Prompt text to keep with the record, as `--store-text` asks.
    pub prompt: Option<Arc<str>>,
    /// SHA-256 of the prompt's content without the marker, hex, first 16 digits.
    pub prompt_digest: Arc<str>,
    /// Characters of the prompt's text.
    pub prompt_chars: u64,
    /// Tokens that the row states for it.
    pub input_tokens: Option<u64>,
    /// Of these, the longest beginning that another prompt of the round has too.
    pub shared_chars: u64,
    /// The prompt was cut by `--max-input-length`.
    pub truncated: bool,
    /// What the row asked for itself and got (`temperature`, `max_tokens`, …), a JSON object.
    pub row_options: Option<Arc<str>>,
    /// Where it stands in a session, where it does.
    pub turn: Option<TurnPlace>,
    /// The name and value of the header that carries its session, where one was asked for.
    pub session_field: Option<(Arc<str>, Arc<str>)>,
}

impl PreparedRequest {
    /// A request of made text, of which nothing but its bytes is to be recorded.
    pub fn made(index: u32, bytes: Arc<[u8]>, body_at: usize) -> Self {
        Self {
            index,
            id: None,
            bytes,
            body_at,
            body_digest: BodyDigest::default(),
            prompt: None,
            prompt_digest: "".into(),
            prompt_chars: 0,
            input_tokens: None,
            shared_chars: 0,
            truncated: false,
            row_options: None,
            turn: None,
            session_field: None,
        }
    }
}

/// All requests of one epoch, or of a round with bodies of its own: serialised once.
#[derive(Clone, Debug)]
pub struct PreparedEpoch {
    /// The requests in order.
    pub requests: Vec<PreparedRequest>,
    /// Digest of the bodies without their salt: equal in all rounds of a level.
    pub content_digest: String,
    /// Digest of the bodies as sent, over those of each: equal in all rounds that repeat an epoch.
    pub wire_digest: String,
}
