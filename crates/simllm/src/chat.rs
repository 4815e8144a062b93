//! What a request asks for, in whichever API, and what is wrong with it.

use crate::{config::SimConfig, dialect::Dialect, prompt::SimPrompt};
use serde_json::{Map, Value, json};

/// A request that can be served.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    /// The API that it came by.
    pub(crate) dialect: Dialect,
    pub(crate) prompt: SimPrompt,
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

    /// The body of the answer, as an API has it.
    pub(crate) fn body(&self, dialect: Dialect) -> String {
        let Self { status, message } = self;
        if dialect == Dialect::Messages {
            let kind = match status {
                401 => "authentication_error",
                404 => "not_found_error",
                529 => "overloaded_error",
                500.. => "api_error",
                _ => "invalid_request_error",
            };
            return json!({"type": "error", "error": {"type": kind, "message": message}})
                .to_string();
        }
        let kind = if *status == 404 {
            "NotFoundError"
        } else {
            "BadRequestError"
        };
        json!({"error": {"message": message, "type": kind, "param": null, "code": status}})
            .to_string()
    }
}

/// Reads a request body.
///
/// # Errors
/// What an engine of this configuration answers instead.
pub(crate) fn parse(
    dialect: Dialect,
    body: &[u8],
    config: &SimConfig,
) -> Result<ChatRequest, Refusal> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Refusal::bad_request("the body is not a JSON object"));
    };
    check_fields(dialect, &body, config)?;
    let prompt = prompt_of(dialect, &body)?;
    let lengths = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    let max_tokens = lengths.iter().find_map(|key| count(&body, key));
    if dialect == Dialect::Messages && max_tokens.is_none() {
        return Err(Refusal::bad_request("max_tokens: Field required"));
    }
    if config.refuse_min_above_max && count(&body, "min_tokens") > max_tokens {
        return Err(Refusal::bad_request(
            "min_tokens must be less than or equal to max_tokens",
        ));
    }
    let options = body.get("stream_options");
    Ok(ChatRequest {
        dialect,
        prompt,
        stream: is_set(body.get("stream")),
        include_usage: matches!(dialect, Dialect::Messages | Dialect::Responses)
            || is_set(options.and_then(|options| options.get("include_usage"))),
        continuous_usage: is_set(options.and_then(|options| options.get("continuous_usage_stats"))),
        max_tokens: max_tokens.and_then(|n| usize::try_from(n).ok()),
        salt: body
            .get("cache_salt")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
        user: name_of(&body),
    })
}

/// By which a client names its request: `user`, or what Messages have for it.
fn name_of(body: &Map<String, Value>) -> Option<String> {
    let metadata = body.get("metadata");
    let user = body.get("user").or_else(|| metadata?.get("user_id"));
    user.and_then(Value::as_str).map(str::to_owned)
}

fn prompt_of(dialect: Dialect, body: &Map<String, Value>) -> Result<SimPrompt, Refusal> {
    let is_filled = |key: &str| match body.get(key) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => dialect == Dialect::Responses && !text.is_empty(),
        _ => false,
    };
    match dialect {
        Dialect::Completions => {
            let plain = body.get("prompt").and_then(SimPrompt::plain);
            plain
                .ok_or_else(|| Refusal::bad_request("prompt must be a text or a list of token ids"))
        }
        Dialect::Chat | Dialect::Messages if !is_filled("messages") => Err(Refusal::bad_request(
            "messages must be a list that is not empty",
        )),
        Dialect::Responses if !is_filled("input") => Err(Refusal::bad_request(
            "input must be a text or a list that is not empty",
        )),
        _ => Ok(SimPrompt::rendered(body)),
    }
}

/// Refuses what an engine of this configuration does not take, and models that it does not have.
fn check_fields(
    dialect: Dialect,
    body: &Map<String, Value>,
    config: &SimConfig,
) -> Result<(), Refusal> {
    let mut keys = body.keys().map(String::as_str);
    if config.strict_fields
        && let Some(key) = keys.find(|key| !dialect.fields().contains(key))
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
