//! A whole answer of Messages, which is no stream.

use super::usage::RunningUsage;
use crate::{
    api::fallback::{error_in_list, error_of_fields, instead_of_answer, object_of},
    chat::answer_body::{BodyError, BodyFacts},
};
use serde_json::Value;

/// Reads a whole answer.
///
/// # Errors
/// [`BodyError`] when the body is neither a message nor an error in the place of one.
pub(in crate::api) fn read_body(body: &[u8]) -> Result<BodyFacts, BodyError> {
    if let Some(error) = error_in_list(body) {
        return Ok(error);
    }
    let fields = object_of(body)?;
    if let Some(error) = error_of_fields(&fields) {
        return Ok(BodyFacts {
            error: Some(error),
            ..BodyFacts::default()
        });
    }
    let Some(Value::Array(blocks)) = fields.get("content") else {
        return instead_of_answer(body, "content");
    };
    let mut usage = RunningUsage::default();
    let told = fields.get("usage");
    usage.take(told.and_then(|told| serde_json::from_value(told.clone()).ok()));
    let own = |key: &str| {
        let text = fields.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut facts = BodyFacts {
        finish_reason: own("stop_reason"),
        usage: usage.told(),
        id: own("id"),
        ..BodyFacts::default()
    };
    blocks.iter().for_each(|block| add_block(&mut facts, block));
    Ok(facts)
}

fn add_block(facts: &mut BodyFacts, block: &Value) {
    let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or("");
    match text("type") {
        "text" => facts.text.push_str(text("text")),
        "thinking" => facts.reasoning.push_str(text("thinking")),
        "redacted_thinking" => facts.tool_call |= !text("data").is_empty(),
        kind if kind.ends_with("tool_use") => facts.tool_call |= !text("name").is_empty(),
        _ => {}
    }
}
