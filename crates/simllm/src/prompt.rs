//! A prompt as the model gets it: its tokens, and where its blocks end, up to which it can be kept.

use crate::tokenizer::{id, pieces, plain_tokens};
use serde_json::{Map, Value};

/// How long a breakpoint keeps what is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ttl {
    /// Five minutes.
    Short,
    /// An hour.
    Long,
}

/// The end of a block of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockEnd {
    /// Tokens up to it.
    pub(crate) tokens: usize,
    /// A cache is asked to keep them.
    pub(crate) keep: Option<Ttl>,
}

/// A prompt in tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimPrompt {
    pub(crate) ids: Vec<u32>,
    /// The ends of its blocks, in order; none in a text that no template is put around.
    pub(crate) blocks: Vec<BlockEnd>,
}

impl SimPrompt {
    /// A text, or token ids as they are.
    pub(crate) fn plain(prompt: &Value) -> Option<Self> {
        let ids = match prompt {
            Value::String(text) => plain_tokens(text),
            Value::Array(ids) => {
                let ids = ids.iter();
                ids.map(|id| u32::try_from(id.as_u64()?).ok())
                    .collect::<Option<_>>()?
            }
            _ => return None,
        };
        let blocks = Vec::new();
        Some(Self { ids, blocks })
    }

    /// What a request asks, rendered: tools, the system's words, the messages or items. The same in
    /// each API where the same is asked.
    pub(crate) fn rendered(body: &Map<String, Value>) -> Self {
        let mut prompt = Self::default();
        prompt.push("<|begin|>");
        for tool in list(body.get("tools")) {
            prompt.push("<|tool|>");
            prompt.text(&tool_text(tool));
            prompt.end_block(tool);
            prompt.push("<|end|>");
        }
        for key in ["system", "instructions"] {
            if let Some(words) = body.get(key).filter(|words| !words.is_null()) {
                prompt.message("system", words, &Value::Null);
            }
        }
        match body.get("input") {
            Some(Value::String(text)) => {
                prompt.message("user", &Value::String(text.clone()), &Value::Null);
            }
            input => {
                for message in list(body.get("messages")).chain(list(input)) {
                    prompt.turn(message);
                }
            }
        }
        // The automatic form: the end of the last message.
        if let Some(keep) = ttl_of(body)
            && let Some(last) = prompt.blocks.last_mut()
        {
            last.keep = Some(keep);
        }
        for piece in ["<|start|>", "assistant", "<|text|>"] {
            prompt.push(piece);
        }
        prompt
    }

    fn push(&mut self, special: &str) {
        self.ids.push(id(special));
    }

    fn text(&mut self, text: &str) {
        self.ids.extend(pieces(text).into_iter().map(id));
    }

    fn end_block(&mut self, block: &Value) {
        let keep = block.as_object().and_then(ttl_of);
        let tokens = self.ids.len();
        self.blocks.push(BlockEnd { tokens, keep });
    }

    fn open(&mut self, role: &str) {
        for piece in ["<|start|>", role, "<|text|>"] {
            self.push(piece);
        }
    }

    /// A message or an item, with the calls and the results of tools in it.
    fn turn(&mut self, message: &Value) {
        match text_of(message, "type") {
            "function_call" => return self.call("assistant", message, "arguments"),
            "function_call_output" => {
                let output = message.get("output").unwrap_or(&Value::Null);
                return self.message("tool", output, &Value::Null);
            }
            _ => {}
        }
        let role = match text_of(message, "role") {
            "" => "user",
            "developer" => "system",
            role => role,
        };
        let content = message.get("content").unwrap_or(&Value::Null);
        let (results, rest): (Vec<&Value>, Vec<&Value>) =
            list(Some(content)).partition(|block| text_of(block, "type") == "tool_result");
        for result in &results {
            let content = result.get("content").unwrap_or(&Value::Null);
            self.message("tool", content, result);
        }
        let calls: Vec<&Value> = rest
            .iter()
            .copied()
            .filter(|block| text_of(block, "type") == "tool_use")
            .collect();
        let says = content.is_string() || rest.len() > calls.len();
        let has_calls = !calls.is_empty() || message.get("tool_calls").is_some();
        if says || (results.is_empty() && !has_calls) {
            self.message(role, content, message);
        }
        for call in calls {
            self.call(role, call, "input");
        }
        for call in list(message.get("tool_calls")) {
            self.call(
                role,
                call.get("function").unwrap_or(&Value::Null),
                "arguments",
            );
        }
    }

    /// A role and its words: one block a part of them.
    fn message(&mut self, role: &str, content: &Value, around: &Value) {
        self.open(role);
        if let Value::String(text) = content {
            self.text(text);
            self.end_block(around);
        }
        let parts = list(Some(content)).filter(|part| part.get("text").is_some());
        for (at, part) in parts.enumerate() {
            if at > 0 {
                self.text("\n");
            }
            self.text(text_of(part, "text"));
            self.end_block(part);
        }
        self.push("<|end|>");
    }

    /// A call of a tool: its name and arguments, in whichever form these are.
    fn call(&mut self, role: &str, call: &Value, key: &str) {
        let arguments = match call.get(key) {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            Some(arguments) => arguments.clone(),
            None => Value::Null,
        };
        self.open(role);
        self.text(&format!("{}({arguments})", text_of(call, "name")));
        self.end_block(call);
        self.push("<|end|>");
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// How long a block's `cache_control` keeps what is before it.
fn ttl_of(block: &Map<String, Value>) -> Option<Ttl> {
    let control = block
        .get("cache_control")
        .filter(|control| !control.is_null())?;
    let ttl = control.get("ttl").and_then(Value::as_str);
    Some(if ttl == Some("1h") {
        Ttl::Long
    } else {
        Ttl::Short
    })
}

/// A tool in words, in whichever form it is declared.
fn tool_text(tool: &Value) -> String {
    let function = tool.get("function").unwrap_or(tool);
    let schema = function.get("parameters").or(function.get("input_schema"));
    format!(
        "{}{} {}",
        text_of(function, "description"),
        text_of(function, "name"),
        schema.unwrap_or(&Value::Null)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn prompt(body: &Value) -> SimPrompt {
        SimPrompt::rendered(body.as_object().unwrap())
    }

    #[test]
    fn the_same_question_has_the_same_tokens_in_each_api() {
        let chat = prompt(&json!({
            "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}],
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": "{\"x\":1}"}}]},
                {"role": "tool", "content": "sun"},
                {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
        }));
        let messages = prompt(&json!({
            "tools": [{"name": "f", "description": "d", "input_schema": {}}],
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "name": "f", "input": {"x": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "content": "sun"}]},
                {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
        }));
        let responses = prompt(&json!({
            "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {}}],
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": "Weather?"},
                {"type": "function_call", "name": "f", "arguments": "{\"x\":1}"},
                {"type": "function_call_output", "output": "sun"},
                {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]}],
        }));
        assert_eq!(chat.ids, messages.ids);
        assert_eq!(chat.ids, responses.ids);
    }

    #[test]
    fn breakpoints_are_at_the_ends_of_blocks() {
        let body = json!({
            "system": [{"type": "text", "text": "a b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "messages": [
                {"role": "user", "content": "c"},
                {"role": "user", "content": [{"type": "text", "text": "d", "cache_control": {"type": "ephemeral"}}]}],
        });
        let prompt = prompt(&body);
        let kept: Vec<_> = prompt.blocks.iter().map(|block| block.keep).collect();
        assert_eq!(kept, [Some(Ttl::Long), None, Some(Ttl::Short)]);
        assert_eq!(prompt.blocks[0].tokens, 1 + 3 + 2);
        assert!(prompt.blocks[2].tokens < prompt.ids.len());
    }
}
