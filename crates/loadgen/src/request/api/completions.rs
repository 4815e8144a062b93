//! The completions API: one text in `prompt`, which no template is put around.

use dualround_model::Sample;
use serde_json::{Map, Value, json};

/// What shapes a prompt.
pub(super) const SHAPING: &[&str] = &["prompt", "suffix"];

/// Fields of a request and of its messages that tell of tools: they shape a chat's prompt, and
/// there is no text that stands for them without its template.
const TOOLS: &[&str] = &["tools", "tool_choice", "functions", "function_call"];
const OF_TOOLS: &[&str] = &["tool_calls", "tool_call_id", "function_call"];
/// Why they are refused, and where they go.
const KNOWS_NONE: &str = "/v1/completions does not take: /v1/chat/completions does";

fn is_set(field: Option<&Value>) -> bool {
    match field {
        None | Some(Value::Null) => false,
        Some(Value::Array(values)) => !values.is_empty(),
        Some(_) => true,
    }
}

/// The texts of a sample's messages, one below the other.
pub(super) fn prompt(sample: &Sample) -> Result<Map<String, Value>, String> {
    if let Some(tools) = TOOLS.iter().find(|key| is_set(sample.options.get(**key))) {
        return Err(format!("it has `{tools}`, which {KNOWS_NONE}"));
    }
    let mut texts = Vec::new();
    for message in &sample.messages {
        if let Some(part) = OF_TOOLS.iter().find(|key| is_set(message.get(**key))) {
            return Err(format!("a message of it has `{part}`, which {KNOWS_NONE}"));
        }
        add_text(message.get("content").unwrap_or(&Value::Null), &mut texts)?;
    }
    let mut fields = Map::new();
    fields.insert("prompt".to_owned(), json!(texts.join("\n\n")));
    Ok(fields)
}

fn add_text(content: &Value, texts: &mut Vec<String>) -> Result<(), String> {
    match content {
        Value::Null => Ok(()),
        Value::String(text) => {
            texts.push(text.clone());
            Ok(())
        }
        Value::Array(parts) => parts.iter().try_for_each(|part| {
            let text = part.get("text").and_then(Value::as_str);
            let text =
                text.ok_or_else(|| format!("it holds more than text, which {KNOWS_NONE}"))?;
            texts.push(text.to_owned());
            Ok(())
        }),
        _ => Err("its content is no text, and /v1/completions takes nothing else".to_owned()),
    }
}

/// Puts the marker before the prompt.
pub(super) fn mark(body: &mut Map<String, Value>, marker: &str) -> Result<(), String> {
    match body.get_mut("prompt") {
        Some(Value::String(text)) => {
            text.insert_str(0, marker);
            Ok(())
        }
        _ => Err("it has no prompt to put a marker into".to_owned()),
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
        assert!(
            prompt(&sample(vec![image]))
                .unwrap_err()
                .contains("more than text")
        );
        assert!(mark(&mut Map::new(), "x").is_err());
    }

    #[test]
    fn tools_are_refused_and_do_not_vanish() {
        let call = json!({"role": "assistant", "content": "", "tool_calls": [{"id": "a"}]});
        let answer = json!({"role": "tool", "content": "42", "tool_call_id": "a"});
        for message in [call, answer] {
            assert!(
                prompt(&sample(vec![message]))
                    .unwrap_err()
                    .contains("`tool_call")
            );
        }
        let mut with_tools = sample(vec![json!({"role": "user", "content": "hi"})]);
        with_tools.options.insert("tools".to_owned(), json!([]));
        assert!(prompt(&with_tools).is_ok());
        with_tools
            .options
            .insert("tools".to_owned(), json!([{"type": "function"}]));
        assert!(prompt(&with_tools).unwrap_err().contains("`tools`"));
    }
}
