//! Events of Anthropic's Messages: blocks that begin, grow and stop.

use super::{SimEvent, StreamForm, UsageFigures};
use serde_json::{Value, json};

fn counts(usage: &UsageFigures) -> Value {
    let read = usage.cached.unwrap_or(0);
    let (short, long) = usage.written.unwrap_or((0, 0));
    let input = usage.prompt.saturating_sub(read + short + long);
    let mut counts = json!({"input_tokens": input, "output_tokens": usage.completion});
    if let Some(cached) = usage.cached {
        counts["cache_read_input_tokens"] = json!(cached);
    }
    if usage.written.is_some() {
        counts["cache_creation_input_tokens"] = json!(short + long);
        counts["cache_creation"] =
            json!({"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long});
    }
    counts
}

fn start_of(index: usize, block: &Value) -> SimEvent {
    let event = json!({"type": "content_block_start", "index": index, "content_block": block});
    SimEvent::named("content_block_start", &event)
}

fn stop_of(index: usize) -> SimEvent {
    let event = json!({"type": "content_block_stop", "index": index});
    SimEvent::named("content_block_stop", &event)
}

/// The message, a ping, and its first block.
pub(super) fn begin(form: &StreamForm<'_>, usage: Option<&UsageFigures>) -> Vec<SimEvent> {
    let mut message = json!({"id": form.id(), "type": "message", "role": "assistant",
        "model": form.config.first_model(), "content": [], "stop_reason": null,
        "stop_sequence": null});
    if let Some(usage) = usage {
        let first = UsageFigures {
            completion: 1,
            ..usage.clone()
        };
        message["usage"] = counts(&first);
    }
    let start = json!({"type": "message_start", "message": message});
    let block = if form.reasoning_tokens() > 0 {
        json!({"type": "thinking", "thinking": "", "signature": ""})
    } else {
        json!({"type": "text", "text": ""})
    };
    vec![
        SimEvent::named("message_start", &start),
        start_of(0, &block),
        SimEvent::named("ping", &json!({"type": "ping"})),
    ]
}

/// Thinking is over, and signed.
pub(super) fn next_block() -> Vec<SimEvent> {
    let signature = json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "signature_delta", "signature": "c2lnbmVk"}});
    vec![
        SimEvent::named("content_block_delta", &signature),
        stop_of(0),
        start_of(1, &json!({"type": "text", "text": ""})),
    ]
}

/// A text that a block grows by; it needs no escapes.
pub(super) fn tokens(form: &StreamForm<'_>, text: &str, is_reasoning: bool) -> SimEvent {
    let (index, kind, key) = match (is_reasoning, form.reasoning_tokens()) {
        (true, _) => (0, "thinking_delta", "thinking"),
        (false, 0) => (0, "text_delta", "text"),
        (false, _) => (1, "text_delta", "text"),
    };
    SimEvent {
        name: "content_block_delta",
        data: format!(
            "{{\"type\":\"content_block_delta\",\"index\":{index},\
             \"delta\":{{\"type\":\"{kind}\",\"{key}\":\"{text}\"}}}}"
        ),
    }
}

/// The last block stops, and the message says why.
pub(super) fn finish(
    form: &StreamForm<'_>,
    tokens: usize,
    reason: Option<&str>,
    usage: Option<&UsageFigures>,
) -> Vec<SimEvent> {
    let thinking = form.reasoning_tokens();
    let last = usize::from(thinking > 0 && tokens > thinking);
    let reason = reason.unwrap_or("max_tokens");
    let mut delta = json!({"type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": null}});
    if let Some(usage) = usage {
        delta["usage"] = counts(usage);
    }
    vec![stop_of(last), SimEvent::named("message_delta", &delta)]
}

pub(super) fn stop() -> SimEvent {
    SimEvent::named("message_stop", &json!({"type": "message_stop"}))
}

pub(super) fn error(message: &str) -> SimEvent {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": message}});
    SimEvent::named("error", &error)
}

/// A whole answer.
pub(super) fn body(form: &StreamForm<'_>, tokens: usize, usage: &UsageFigures) -> Value {
    let thinking = form.reasoning_tokens().min(tokens);
    let mut content = Vec::new();
    if thinking > 0 {
        content.push(json!({"type": "thinking", "thinking": form.text(0..thinking), "signature": "c2lnbmVk"}));
    }
    content.push(json!({"type": "text", "text": form.text(thinking..tokens)}));
    json!({"id": form.id(), "type": "message", "role": "assistant",
        "model": form.config.first_model(), "content": content, "stop_reason": "max_tokens",
        "stop_sequence": null, "usage": counts(usage)})
}
