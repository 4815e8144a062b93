//! The completions API: one text in `prompt`, which no template is put around.

use super::BodyError;
use dualround_model::Sample;
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

/// The field of the prompt: the texts of a sample's messages, one below the other.
pub(super) fn prompt(sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    for &field in TOOLS {
        if is_set(sample.options.get(field)) {
            return Err(BodyError::Tools { field });
        }
    }
    let mut texts = Vec::new();
    for message in &sample.messages {
        for &field in OF_TOOLS {
            if is_set(message.get(field)) {
                return Err(BodyError::ToolMessage { field });
            }
        }
        add_text(message.get("content").unwrap_or(&Value::Null), &mut texts)?;
    }
    let mut fields = Map::new();
    fields.insert("prompt".to_owned(), json!(texts.join("\n\n")));
    Ok(fields)
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
            options: Map::new(),
            truncated: false,
        }
    }

    #[test]
    fn a_prompt_is_the_texts_of_the_messages() {
        let system = json!({"role": "system", "content": "Be brief."});
        let parts = json!({"role": "user", "content": [{"type": "text", "text": "Why?"}]});
        let mut fields = prompt(&sample(vec![system, parts])).unwrap();
        assert_eq!(fields["prompt"], "Be brief.\n\nWhy?");
        mark(&mut fields, "able acid\n").unwrap();
        assert_eq!(fields["prompt"], "able acid\nBe brief.\n\nWhy?");
        let image = json!({"role": "user", "content": [{"type": "image_url", "image_url": {}}]});
        let refused = prompt(&sample(vec![image])).unwrap_err().to_string();
        assert!(refused.contains("more than text"), "{refused}");
        assert!(mark(&mut Map::new(), "x").is_err());
    }

    #[test]
    fn tools_are_refused_and_do_not_vanish() {
        let call = json!({"role": "assistant", "content": "", "tool_calls": [{"id": "a"}]});
        let answer = json!({"role": "tool", "content": "42", "tool_call_id": "a"});
        for message in [call, answer] {
            let refused = prompt(&sample(vec![message])).unwrap_err().to_string();
            assert!(refused.contains("`tool_call"), "{refused}");
        }
        let mut with_tools = sample(vec![json!({"role": "user", "content": "hi"})]);
        with_tools.options.insert("tools".to_owned(), json!([]));
        assert!(prompt(&with_tools).is_ok());
        with_tools
            .options
            .insert("tools".to_owned(), json!([{"type": "function"}]));
        let refused = prompt(&with_tools).unwrap_err().to_string();
        assert!(refused.contains("`tools`"), "{refused}");
    }
}
