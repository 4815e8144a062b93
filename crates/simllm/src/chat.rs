//! What a chat request asks for, and what is wrong with it.

use crate::config::SimConfig;
use serde_json::{Value, json};

/// A chat request that can be served.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) messages: Vec<(String, String)>,
    /// A text to go on with instead: the older completions.
    pub(crate) prompt: Option<String>,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) continuous_usage: bool,
    pub(crate) max_tokens: Option<usize>,
    pub(crate) salt: String,
    pub(crate) user: Option<String>,
}

/// A refusal: status and message.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) u16, pub(crate) String);

impl Refusal {
    /// The body of the answer.
    pub(crate) fn body(&self) -> String {
        let kind = if self.0 == 404 {
            "NotFoundError"
        } else {
            "BadRequestError"
        };
        json!({"error": {"message": self.1, "type": kind, "param": null, "code": self.0}})
            .to_string()
    }
}

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
pub(crate) fn parse(body: &[u8], config: &SimConfig) -> Result<ChatRequest, Refusal> {
    let refuse = |message: &str| Err(Refusal(400, message.to_owned()));
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return refuse("the body is not a JSON object");
    };
    if config.strict_fields
        && let Some(key) = body
            .keys()
            .find(|key| !PLAIN_FIELDS.contains(&key.as_str()))
    {
        return refuse(&format!("extra field `{key}` is not permitted"));
    }
    if config.refuse_max_tokens && body.contains_key("max_tokens") {
        return refuse("'max_tokens' is not supported, use 'max_completion_tokens' instead");
    }
    if config.refuse_stream_options && body.contains_key("stream_options") {
        return refuse("stream_options: extra fields not permitted");
    }
    let model = body.get("model").and_then(Value::as_str).unwrap_or("");
    if !config.models.iter().any(|known| known == model) {
        return Err(Refusal(404, format!("The model `{model}` does not exist.")));
    }
    let messages: Vec<_> = match body.get("messages") {
        Some(Value::Array(messages)) => messages.iter().map(message).collect(),
        _ => Vec::new(),
    };
    let prompt = match body.get("prompt") {
        Some(Value::String(prompt)) if messages.is_empty() => Some(prompt.clone()),
        _ => None,
    };
    if messages.is_empty() && prompt.is_none() {
        return refuse("messages must be a list that is not empty");
    }
    let option = |name: &str| {
        let options = body.get("stream_options");
        options
            .and_then(|o| o.get(name))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    };
    let tokens = |name: &str| body.get(name).and_then(Value::as_u64);
    let max_tokens = tokens("max_tokens").or(tokens("max_completion_tokens"));
    if config.refuse_min_above_max && tokens("min_tokens") > max_tokens {
        return refuse("min_tokens must be less than or equal to max_tokens");
    }
    Ok(ChatRequest {
        messages,
        prompt,
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        include_usage: option("include_usage"),
        continuous_usage: option("continuous_usage_stats"),
        max_tokens: max_tokens.and_then(|n| usize::try_from(n).ok()),
        salt: body
            .get("cache_salt")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
        user: body.get("user").and_then(Value::as_str).map(str::to_owned),
    })
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
