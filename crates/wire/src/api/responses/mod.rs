//! The events of a stream of OpenAI's Responses: output items whose parts begin, grow and are done.

mod body;

use crate::{
    api::fallback::{error_with_type, other_event, owned, without_json},
    chat::chunk::ChunkFacts,
    chat::event::{StreamEvent, Suspect},
    chat::field::FieldContent,
    chat::hidden_text::hidden_text,
    chat::repair::repair,
    learnt::Learnt,
    sse::SseEvent,
};
pub(super) use body::read_body;
use body::{End, end_of, usage_of};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// A reader of the events of one stream of Responses.
#[derive(Debug, Default)]
pub struct ResponsesReader {
    learnt: Learnt,
}

/// An event as it is read, not yet judged.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ItemEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: FieldContent<'a>,
    #[serde(borrow)]
    delta: FieldContent<'a>,
    response: Option<Value>,
    item: Option<Value>,
    part: Option<Value>,
    error: Option<Value>,
    message: Option<Value>,
    code: Option<Value>,
}

impl ResponsesReader {
    /// Says what the next event means.
    #[inline(never)]
    pub(super) fn read_event<'a>(&mut self, event: SseEvent<'a>) -> StreamEvent<'a> {
        if let Some(known) = without_json(&event) {
            return known;
        }
        self.learnt.read(event.event, event.data, parse)
    }
}

fn parse<'a>(name: &str, data: &'a [u8]) -> StreamEvent<'a> {
    if let Ok(event) = serde_json::from_slice(data) {
        return event_of(event, name, data);
    }
    let Some(text) = repair(data) else {
        return other_event(name, data);
    };
    match serde_json::from_slice(&text) {
        Ok(event) => owned(event_of(event, name, &text)),
        Err(_) => other_event(name, data),
    }
}

/// Whether what an item or a part is told with at its start, or what it holds at its end, was not
/// generated now, or was told already.
fn tells_nothing(kind: &str) -> bool {
    kind.ends_with(".done")
        || matches!(
            kind,
            "response.created"
                | "response.in_progress"
                | "response.queued"
                | "response.reasoning_summary_part.added"
                | "response.output_text.annotation.added"
                | "response.output_item.done"
                | "keepalive"
                | "ping"
        )
        // What a tool is at: `response.web_search_call.searching`.
        || (kind.contains("_call.") && !kind.ends_with(".delta"))
        || kind.starts_with("response.mcp_list_tools.")
}

/// What an event means, by its type.
fn event_of<'a>(event: ItemEvent<'a>, name: &str, data: &'a [u8]) -> StreamEvent<'a> {
    let kind = event.kind.plain().unwrap_or_default();
    let mut facts = ChunkFacts {
        has_choices: true,
        ..ChunkFacts::default()
    };
    match kind.as_ref() {
        "response.output_text.delta" => facts.content = event.delta.plain(),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            facts.reasoning = event.delta.plain();
        }
        "response.refusal.delta" => facts.refusal = event.delta.plain().is_some(),
        "response.function_call_arguments.delta"
        | "response.custom_tool_call_input.delta"
        | "response.mcp_call_arguments.delta"
        | "response.code_interpreter_call_code.delta" => {
            facts.tool_call = event.delta.plain().is_some();
        }
        "response.output_item.added" => {
            facts.tool_call = event.item.as_ref().is_some_and(is_named_call);
        }
        "response.content_part.added" => {
            let text = event.part.as_ref().and_then(|part| part.get("text"));
            let text = text.and_then(Value::as_str).filter(|text| !text.is_empty());
            facts.content = text.map(|text| Cow::Owned(text.to_owned()));
        }
        "response.completed" | "response.incomplete" | "response.failed" => {
            return last(event.response.as_ref(), &kind, data);
        }
        "error" => return error(&event.error, &event.message, &event.code, name, data),
        "response.created" => facts.id = event.response.as_ref().and_then(id_of),
        known if tells_nothing(known) => {}
        known if known.starts_with("response.") && known.ends_with(".delta") => {
            let text = event.delta.all_text().is_some();
            facts.unknown = text.then(|| known.into());
        }
        known if known.starts_with("response.") => {
            let event: Value = serde_json::from_slice(data).unwrap_or_default();
            facts.unknown = hidden_text(&event).map(|_| known.into());
        }
        _ => return other_event(name, data),
    }
    StreamEvent::Chunk(facts)
}

fn id_of(response: &Value) -> Option<Cow<'static, str>> {
    let id = response.get("id")?.as_str()?;
    (!id.is_empty()).then(|| Cow::Owned(id.to_owned()))
}

/// An item that names a function that is called.
fn is_named_call(item: &Value) -> bool {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or("");
    text("type").ends_with("_call") && !text("name").is_empty()
}

/// The event that ends a stream, with what became of the response.
fn last<'a>(response: Option<&Value>, kind: &str, data: &[u8]) -> StreamEvent<'a> {
    // Without one, what would be in it may stand in the event itself.
    let event: Value;
    let response = match response.filter(|response| response.is_object()) {
        Some(response) => response,
        None => {
            event = serde_json::from_slice(data).unwrap_or_default();
            &event
        }
    };
    let usage = usage_of(response);
    let reason = match end_of(response, kind) {
        End::Own(reason) => reason,
        End::Failed(message) => {
            return match usage {
                // What was counted before it failed is kept.
                Some(usage) => StreamEvent::Suspect(Box::new(Suspect {
                    message,
                    sure: true,
                    place: None,
                    usage: Some(Box::new(usage)),
                })),
                None => StreamEvent::Error {
                    message,
                    code: None,
                },
            };
        }
    };
    StreamEvent::Chunk(ChunkFacts {
        ends: true,
        finish_reason: Some(Cow::Owned(reason)),
        id: id_of(response),
        usage: usage.map(Box::new),
        ..ChunkFacts::default()
    })
}

/// An error in the stream: its words at the top, as the API has it, or in an object of their own.
fn error<'a>(
    error: &Option<Value>,
    message: &Option<Value>,
    code: &Option<Value>,
    name: &str,
    data: &'a [u8],
) -> StreamEvent<'a> {
    let text = |value: &Option<Value>| value.as_ref()?.as_str().map(str::to_owned);
    if let Some(message) = text(message).filter(|message| !message.is_empty()) {
        return StreamEvent::Error {
            message,
            code: text(code),
        };
    }
    match error.as_ref().and_then(error_with_type) {
        Some(message) => StreamEvent::Error {
            message,
            code: None,
        },
        None => other_event(name, data),
    }
}

#[cfg(test)]
mod tests;
