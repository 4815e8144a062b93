//! The completions API: one text, or the ids of its tokens, in `prompt`, which no template is put
//! around.

use super::error::BodyError;
use dualround_model::{Api, Sample};
use serde_json::{Map, Value, json};

/// The fields that shape a prompt.
pub(super) const SHAPING: &[&str] = &["prompt", "suffix"];

/// Fields of a request and of its messages that tell of tools: they shape a chat's prompt, and
/// there is no text that stands for them without its template.
const TOOLS: &[&str] = &["tools", "tool_choice", "functions", "function_call"];
const OF_TOOLS: &[&str] = &["tool_calls", "tool_call_id", "function_call"];

fn is_set(field: Option<&Value>) -> bool {
    match field {
        None | Some(Value::Null) => false,
        Some(Value::Array(values)) => !values.is_empty(),
        Some(_) => true,
    }
}

/// The fields of a sample: the text of its one message, or its token ids, and its own options.
pub(super) fn fields(sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    for &field in TOOLS {
        if is_set(sample.options.get(field)) {
            return Err(BodyError::Tools { field });
        }
    }
    for key in ["system", "instructions"] {
        if is_set(sample.options.get(key)) {
            return Err(BodyError::key(key, Api::Completions));
        }
    }
    for message in &sample.messages {
        for &field in OF_TOOLS {
            if is_set(message.get(field)) {
                return Err(BodyError::ToolMessage { field });
            }
        }
    }
    let mut fields = Map::new();
    fields.insert("prompt".to_owned(), prompt(sample)?);
    let row = sample.options.iter();
    fields.extend(row.map(|(key, value)| (key.clone(), value.clone())));
    Ok(fields)
}

fn prompt(sample: &Sample) -> Result<Value, BodyError> {
    if let Some(ids) = sample.token_ids() {
        return Ok(ids.clone());
    }
    let [message] = sample.messages.as_slice() else {
        return Err(BodyError::Several {
            count: sample.messages.len(),
        });
    };
    let mut texts = Vec::new();
    add_text(message.get("content").unwrap_or(&Value::Null), &mut texts)?;
    Ok(json!(texts.join("\n\n")))
}

fn add_text(content: &Value, texts: &mut Vec<String>) -> Result<(), BodyError> {
    match content {
        Value::Null => Ok(()),
        Value::String(text) => {
            texts.push(text.clone());
            Ok(())
        }
        Value::Array(parts) => parts.iter().try_for_each(|part| {
            let text = part.get("text").and_then(Value::as_str);
            texts.push(text.ok_or(BodyError::MoreThanText)?.to_owned());
            Ok(())
        }),
        _ => Err(BodyError::NoText),
    }
}

/// Puts ids before those of a prompt.
///
/// # Errors
/// [`BodyError::TextAmongIds`] where it is no list of ids.
pub(super) fn mark_ids(body: &mut Map<String, Value>, ids: &[u32]) -> Result<(), BodyError> {
    match body.get_mut("prompt") {
        Some(Value::Array(prompt)) => {
            prompt.splice(0..0, ids.iter().map(|id| json!(id)));
            Ok(())
        }
        _ => Err(BodyError::TextAmongIds),
    }
}

/// Puts the marker before the prompt.
pub(super) fn mark(body: &mut Map<String, Value>, marker: &str) -> Result<(), BodyError> {
    match body.get_mut("prompt") {
        Some(Value::String(text)) => {
            text.insert_str(0, marker);
            Ok(())
        }
        _ => Err(BodyError::NoPrompt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(messages: Vec<Value>) -> Sample {
        Sample {
            row: 0,
            id: None,
            messages,
            output_tokens: None,
            input_tokens: None,
            arrival_ns: None,
            options: Map::new(),
            truncated: false,
            turn: None,
        }
    }

    #[test]
    fn a_prompt_is_the_text_of_its_message() {
        let parts = json!({"role": "user", "content": [{"type": "text", "text": "Why?"}]});
        let mut made = fields(&sample(vec![parts.clone()])).unwrap();
        assert_eq!(made["prompt"], "Why?");
        mark(&mut made, "able acid\n").unwrap();
        assert_eq!(made["prompt"], "able acid\nWhy?");
        let system = json!({"role": "system", "content": "Be brief."});
        let refused = fields(&sample(vec![system, parts]))
            .unwrap_err()
            .to_string();
        assert!(refused.contains("2 messages"), "{refused}");
        let image = json!({"role": "user", "content": [{"type": "image_url", "image_url": {}}]});
        let refused = fields(&sample(vec![image])).unwrap_err().to_string();
        assert!(refused.contains("more than text"), "{refused}");
        assert!(mark(&mut Map::new(), "x").is_err());
    }

    #[test]
    fn words_of_a_system_are_refused_and_do_not_vanish() {
        for key in ["system", "instructions"] {
            let mut with = sample(vec![json!({"role": "user", "content": "hi"})]);
            with.options.insert(key.to_owned(), json!("Be brief."));
            let refused = fields(&with).unwrap_err().to_string();
            assert!(
                refused.contains(key) && refused.contains("completions"),
                "{refused}"
            );
        }
    }

    #[test]
    fn tools_are_refused_and_do_not_vanish() {
        let call = json!({"role": "assistant", "content": "", "tool_calls": [{"id": "a"}]});
        let answer = json!({"role": "tool", "content": "42", "tool_call_id": "a"});
        for message in [call, answer] {
            let refused = fields(&sample(vec![message])).unwrap_err().to_string();
            assert!(refused.contains("`tool_call"), "{refused}");
        }
        let mut with_tools = sample(vec![json!({"role": "user", "content": "hi"})]);
        with_tools.options.insert("tools".to_owned(), json!([]));
        assert!(fields(&with_tools).is_ok());
        with_tools
            .options
            .insert("tools".to_owned(), json!([{"type": "function"}]));
        let refused = fields(&with_tools).unwrap_err().to_string();
        assert!(refused.contains("`tools`"), "{refused}");
    }
}
