//! A response as a whole: at the end of a stream, or in the place of one.

use crate::{
    api::fallback::{
        error_in_list, error_of_fields, error_with_type, instead_of_answer, object_of,
    },
    chat::answer_body::{BodyError, BodyFacts},
    chat::usage::{IfObject, RawUsage},
};
use dualround_model::Usage;
use serde_json::Value;

/// How a response ended.
pub(super) enum End {
    /// By itself or by a limit of the request: `completed`, `length`.
    Own(String),
    /// The server broke it off; its words.
    Failed(String),
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    let text = value.pointer(path)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// How a response ended, by its status, else by the type of the event that brought it. An engine may
/// end a stream of an incomplete response with `response.completed`.
pub(super) fn end_of(response: &Value, kind: &str) -> End {
    let by_event = kind.strip_prefix("response.").unwrap_or(kind);
    let status = text(response, "/status").unwrap_or(by_event);
    let broken = |status: &str| ["failed", "cancelled"].contains(&status);
    if broken(status) || broken(by_event) {
        let error = response.get("error").and_then(error_with_type);
        return End::Failed(error.unwrap_or_else(|| format!("the response ended as `{status}`")));
    }
    if let Some(error) = response.get("error").and_then(error_with_type) {
        return End::Failed(error);
    }
    if ["in_progress", "queued"].contains(&status) && by_event != "completed" {
        return End::Failed(format!(
            "the answer is not complete: its status is `{status}`"
        ));
    }
    let reason = text(response, "/incomplete_details/reason");
    match reason {
        Some("max_output_tokens" | "max_tokens") => End::Own("length".to_owned()),
        Some(reason) => End::Failed(format!(
            "the server broke the answer off: the response is incomplete, reason `{reason}`"
        )),
        None if status == "incomplete" || by_event == "incomplete" => End::Failed(
            "the server broke the answer off: the response is incomplete, without a reason"
                .to_owned(),
        ),
        None => End::Own("completed".to_owned()),
    }
}

/// The counts of a response; `None` where it has none.
pub(super) fn usage_of(response: &Value) -> Option<Usage> {
    let told = response.get("usage")?;
    let raw = serde_json::from_value::<IfObject<RawUsage>>(told.clone()).ok()?;
    raw.0
        .map(|raw| raw.usage())
        .filter(|usage| !usage.is_empty())
}

/// Reads a whole answer.
///
/// # Errors
/// [`BodyError`] when the body is neither a response nor an error in the place of one.
pub(in crate::api) fn read_body(body: &[u8]) -> Result<BodyFacts, BodyError> {
    if let Some(error) = error_in_list(body) {
        return Ok(error);
    }
    let fields = object_of(body)?;
    if let Some(error) = error_of_fields(&fields) {
        return Ok(BodyFacts::of_error(error));
    }
    if !fields.get("output").is_some_and(Value::is_array) {
        return instead_of_answer(body, "output");
    }
    let response = Value::Object(fields);
    let (finish_reason, error) = match end_of(&response, "") {
        End::Own(reason) => (Some(reason), None),
        End::Failed(message) => (None, Some(message)),
    };
    let mut facts = BodyFacts {
        finish_reason,
        error,
        usage: usage_of(&response),
        id: text(&response, "/id").map(str::to_owned),
        ..BodyFacts::default()
    };
    let items = response.get("output").and_then(Value::as_array);
    for item in items.into_iter().flatten() {
        add_item(&mut facts, item);
    }
    Ok(facts)
}

fn add_item(facts: &mut BodyFacts, item: &Value) {
    let kind = text(item, "/type").unwrap_or("");
    if kind.ends_with("_call") {
        facts.tool_call |= text(item, "/name").is_some();
        return;
    }
    let parts = ["content", "summary"].map(|key| item.get(key).and_then(Value::as_array));
    for part in parts.into_iter().flatten().flatten() {
        let words = text(part, "/text").unwrap_or("");
        match text(part, "/type").unwrap_or("") {
            "refusal" => facts.tool_call |= text(part, "/refusal").is_some(),
            _ if kind == "reasoning" => facts.reasoning.push_str(words),
            _ => facts.text.push_str(words),
        }
    }
}
