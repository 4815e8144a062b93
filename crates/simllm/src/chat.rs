//! What a chat request asks for, and what is wrong with it.

use crate::config::SimConfig;
use serde_json::{Map, Value, json};

/// A chat request that can be served.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    /// Role and text of each message.
    pub(crate) messages: Vec<(String, String)>,
    /// A text to go on with instead: the older completions.
    pub(crate) prompt: Option<String>,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// Token counts with every chunk, as vLLM's `continuous_usage_stats`.
    pub(crate) continuous_usage: bool,
    pub(crate) max_tokens: Option<usize>,
    /// `cache_salt`; empty where there is none.
    pub(crate) salt: String,
    /// By which a client names its request in the log.
    pub(crate) user: Option<String>,
}

/// A refusal of a request.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Why, for the client.
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal of what the request says: 400.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> String {
        let Self { status, message } = self;
        let kind = if *status == 404 {
            "NotFoundError"
        } else {
            "BadRequestError"
        };
        json!({"error": {"message": message, "type": kind, "param": null, "code": status}})
            .to_string()
    }
}

/// Fields that the plain chat API has.
const PLAIN_FIELDS: [&str; 7] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
];

/// Reads a request body.
///
/// # Errors
/// What an engine of this configuration answers instead.
pub(crate) fn parse(body: &[u8], config: &SimConfig) -> Result<ChatRequest, Refusal> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Refusal::bad_request("the body is not a JSON object"));
    };
    check_fields(&body, config)?;
    let messages: Vec<_> = match body.get("messages") {
        Some(Value::Array(messages)) => messages.iter().map(message).collect(),
        _ => Vec::new(),
    };
    let prompt = match body.get("prompt") {
        Some(Value::String(prompt)) if messages.is_empty() => Some(prompt.clone()),
        _ => None,
    };
    if messages.is_empty() && prompt.is_none() {
        return Err(Refusal::bad_request(
            "messages must be a list that is not empty",
        ));
    }
    let max_tokens = count(&body, "max_tokens").or(count(&body, "max_completion_tokens"));
    if config.refuse_min_above_max && count(&body, "min_tokens") > max_tokens {
        return Err(Refusal::bad_request(
            "min_tokens must be less than or equal to max_tokens",
        ));
    }
    let options = body.get("stream_options");
    Ok(ChatRequest {
        messages,
        prompt,
        stream: is_set(body.get("stream")),
        include_usage: is_set(options.and_then(|options| options.get("include_usage"))),
        continuous_usage: is_set(options.and_then(|options| options.get("continuous_usage_stats"))),
        max_tokens: max_tokens.and_then(|n| usize::try_from(n).ok()),
        salt: body
            .get("cache_salt")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
        user: body.get("user").and_then(Value::as_str).map(str::to_owned),
    })
}

/// Refuses what an engine of this configuration does not take, and models that it does not have.
fn check_fields(body: &Map<String, Value>, config: &SimConfig) -> Result<(), Refusal> {
    let mut keys = body.keys().map(String::as_str);
    if config.strict_fields
        && let Some(key) = keys.find(|key| !PLAIN_FIELDS.contains(key))
    {
        return Err(Refusal::bad_request(format!(
            "extra field `{key}` is not permitted"
        )));
    }
    if config.refuse_max_tokens && body.contains_key("max_tokens") {
        return Err(Refusal::bad_request(
            "'max_tokens' is not supported, use 'max_completion_tokens' instead",
        ));
    }
    if config.refuse_stream_options && body.contains_key("stream_options") {
        return Err(Refusal::bad_request(
            "stream_options: extra fields not permitted",
        ));
    }
    let model = body.get("model").and_then(Value::as_str).unwrap_or("");
    if !config.models.iter().any(|known| known == model) {
        return Err(Refusal {
            status: 404,
            message: format!("The model `{model}` does not exist."),
        });
    }
    Ok(())
}

fn is_set(flag: Option<&Value>) -> bool {
    flag.and_then(Value::as_bool).unwrap_or(false)
}

fn count(body: &Map<String, Value>, key: &str) -> Option<u64> {
    body.get(key).and_then(Value::as_u64)
}

/// Role and text of a message; parts are joined.
pub(crate) fn message(message: &Value) -> (String, String) {
    let role = message
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or("user")
        .to_owned();
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    };
    (role, text)
}
