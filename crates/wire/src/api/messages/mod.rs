//! The events of a stream of Anthropic's Messages: content blocks that begin, grow and stop.

mod body;
mod usage;

use crate::{
    api::fallback::{error_with_type, other_event, owned, without_json},
    chat::chunk::ChunkFacts,
    chat::event::StreamEvent,
    chat::field::FieldContent,
    chat::hidden_text::hidden_text,
    chat::repair::repair,
    chat::usage::IfObject,
    learnt::Learnt,
    sse::SseEvent,
};
pub(super) use body::read_body;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use usage::{RunningUsage, UsageFields};

/// A reader of the events of one stream of Messages.
#[derive(Debug, Default)]
pub struct MessagesReader {
    learnt: Learnt,
    /// The counts so far: a later event's take the place of an earlier one's.
    usage: RunningUsage,
}

/// An event as it is read, not yet judged.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BlockEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: FieldContent<'a>,
    #[serde(borrow)]
    delta: Option<BlockDelta<'a>>,
    message: Option<Value>,
    content_block: Option<Value>,
    usage: IfObject<UsageFields>,
    error: Option<Value>,
}

/// What an event adds to a block, or to the message.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BlockDelta<'a> {
    #[serde(borrow, rename = "type")]
    kind: FieldContent<'a>,
    #[serde(borrow)]
    text: FieldContent<'a>,
    #[serde(borrow)]
    thinking: FieldContent<'a>,
    #[serde(borrow)]
    partial_json: FieldContent<'a>,
    #[serde(borrow)]
    stop_reason: FieldContent<'a>,
}

impl MessagesReader {
    /// Says what the next event means.
    #[inline(never)]
    pub(super) fn read_event<'a>(&mut self, event: SseEvent<'a>) -> StreamEvent<'a> {
        if let Some(known) = without_json(&event) {
            return known;
        }
        let Self { learnt, usage } = self;
        learnt.read(event.event, event.data, |name, data| {
            parse(name, data, usage)
        })
    }
}

fn parse<'a>(name: &str, data: &'a [u8], usage: &mut RunningUsage) -> StreamEvent<'a> {
    if let Ok(event) = serde_json::from_slice(data) {
        return event_of(event, name, data, usage);
    }
    let Some(text) = repair(data) else {
        return other_event(name, data);
    };
    match serde_json::from_slice(&text) {
        Ok(event) => owned(event_of(event, name, &text, usage)),
        Err(_) => other_event(name, data),
    }
}

/// What an event means, by its type.
fn event_of<'a>(
    event: BlockEvent<'a>,
    name: &str,
    data: &'a [u8],
    usage: &mut RunningUsage,
) -> StreamEvent<'a> {
    let kind = event.kind.plain().unwrap_or_default();
    match kind.as_ref() {
        "content_block_delta" => match event.delta {
            Some(delta) => delta_of_block(delta, data),
            None => StreamEvent::Ignored,
        },
        "content_block_start" => event
            .content_block
            .map_or(StreamEvent::Ignored, |block| start_of_block(&block)),
        "message_start" => start_of_message(event.message.as_ref(), usage),
        "message_delta" => {
            usage.take(event.usage.0);
            let reason = event.delta.and_then(|delta| delta.stop_reason.plain());
            StreamEvent::Chunk(ChunkFacts {
                finish_reason: reason,
                usage: usage.told().map(Box::new),
                ..ChunkFacts::default()
            })
        }
        "message_stop" => StreamEvent::Done,
        "content_block_stop" | "ping" => StreamEvent::Chunk(ChunkFacts::default()),
        "error" => match event.error.as_ref().and_then(words_of_error) {
            Some((message, code)) => StreamEvent::Error { message, code },
            None => other_event(name, data),
        },
        _ => other_event(name, data),
    }
}

/// The message of an error, and its type: `overloaded_error`.
fn words_of_error(error: &Value) -> Option<(String, Option<String>)> {
    let text = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
    match (text("message"), text("type")) {
        (Some(message), kind) if !message.is_empty() => Some((message, kind)),
        (_, Some(kind)) => Some((kind, None)),
        _ => error_with_type(error).map(|words| (words, None)),
    }
}

/// The id of the answer, and the counts that are known at its start.
fn start_of_message(message: Option<&Value>, usage: &mut RunningUsage) -> StreamEvent<'static> {
    let told = message.and_then(|message| message.get("usage"));
    usage.take_start(told.and_then(|told| serde_json::from_value(told.clone()).ok()));
    let id = message.and_then(|message| message.get("id")?.as_str());
    StreamEvent::Chunk(ChunkFacts {
        id: id
            .filter(|id| !id.is_empty())
            .map(|id| Cow::Owned(id.to_owned())),
        usage: usage.told().map(Box::new),
        ..ChunkFacts::default()
    })
}

/// A block that begins: mostly empty; a tool's use has its name already, hidden thinking all it has.
fn start_of_block(block: &Value) -> StreamEvent<'static> {
    let text = |key: &str| {
        let text = block.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let kind = text("type").unwrap_or_default();
    let mut facts = ChunkFacts {
        has_choices: true,
        ..ChunkFacts::default()
    };
    match kind.as_str() {
        "text" => facts.content = text("text").map(Cow::Owned),
        "thinking" => facts.reasoning = text("thinking").map(Cow::Owned),
        "redacted_thinking" => facts.redacted = text("data").is_some(),
        _ if kind.ends_with("tool_use") => facts.tool_call = text("name").is_some(),
        // What a tool found: looked up, not generated.
        _ if kind.ends_with("tool_result") => {}
        _ => facts.unknown = hidden_text(block).map(Box::from),
    }
    StreamEvent::Chunk(facts)
}

/// What a block grows by.
fn delta_of_block<'a>(delta: BlockDelta<'a>, data: &[u8]) -> StreamEvent<'a> {
    let mut facts = ChunkFacts {
        has_choices: true,
        ..ChunkFacts::default()
    };
    let kind = delta.kind.plain().unwrap_or_default();
    match kind.as_ref() {
        "text_delta" => facts.content = delta.text.plain(),
        "thinking_delta" => facts.reasoning = delta.thinking.plain(),
        "input_json_delta" => facts.tool_call = delta.partial_json.plain().is_some(),
        // They prove or source what was said, and say nothing themselves.
        "signature_delta" | "citations_delta" => {}
        _ => {
            let event: Value = serde_json::from_slice(data).unwrap_or_default();
            facts.unknown = event.get("delta").and_then(hidden_text).map(Box::from);
        }
    }
    StreamEvent::Chunk(facts)
}

#[cfg(test)]
mod tests;
