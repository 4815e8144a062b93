//! Events of OpenAI's Responses: items whose parts begin, grow and are done, each event with its
//! number.

use super::{SimEvent, StreamForm, UsageFigures};
use serde_json::{Value, json};

fn counts(usage: &UsageFigures) -> Value {
    let mut details = serde_json::Map::new();
    if let Some(cached) = usage.cached {
        details.insert("cached_tokens".to_owned(), json!(cached));
    }
    if let Some((short, long)) = usage.written {
        details.insert("cache_write_tokens".to_owned(), json!(short + long));
    }
    json!({"input_tokens": usage.prompt, "input_tokens_details": details,
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion})
}

fn numbered(form: &mut StreamForm<'_>, name: &'static str, mut event: Value) -> SimEvent {
    event["type"] = json!(name);
    event["sequence_number"] = json!(form.told);
    form.told += 1;
    SimEvent::named(name, &event)
}

fn response(form: &StreamForm<'_>, status: &str) -> Value {
    json!({"id": form.id(), "object": "response", "created_at": 0,
        "model": form.config.first_model(), "status": status, "output": [], "usage": null,
        "error": null, "incomplete_details": null})
}

fn item(form: &StreamForm<'_>, is_reasoning: bool) -> Value {
    if is_reasoning {
        json!({"id": format!("rs_{}", form.number), "type": "reasoning", "summary": []})
    } else {
        json!({"id": format!("msg_{}", form.number), "type": "message", "role": "assistant",
            "status": "in_progress", "content": []})
    }
}

/// The response, its first item and, of a message, its first part.
pub(super) fn begin(form: &mut StreamForm<'_>) -> Vec<SimEvent> {
    let running = response(form, "in_progress");
    let mut events = vec![
        numbered(
            form,
            "response.created",
            json!({"response": running.clone()}),
        ),
        numbered(form, "response.in_progress", json!({"response": running})),
    ];
    let is_reasoning = form.reasoning_tokens() > 0;
    events.extend(open_item(form, is_reasoning));
    events
}

fn open_item(form: &mut StreamForm<'_>, is_reasoning: bool) -> Vec<SimEvent> {
    let item = item(form, is_reasoning);
    let at = usize::from(!is_reasoning && form.reasoning_tokens() > 0);
    let added = json!({"output_index": at, "item": item});
    let mut events = vec![numbered(form, "response.output_item.added", added)];
    if !is_reasoning {
        let part = json!({"type": "output_text", "text": "", "annotations": []});
        let added = json!({"output_index": at, "content_index": 0, "part": part});
        events.push(numbered(form, "response.content_part.added", added));
    }
    events
}

/// Reasoning is done, and the message begins.
pub(super) fn next_item(form: &mut StreamForm<'_>) -> Vec<SimEvent> {
    let text = form.text(0..form.reasoning_tokens());
    let done = json!({"output_index": 0, "content_index": 0, "text": text});
    let mut events = vec![numbered(form, "response.reasoning_text.done", done)];
    events.extend(open_item(form, false));
    events
}

/// A text that an item grows by; it needs no escapes.
pub(super) fn tokens(form: &mut StreamForm<'_>, text: &str, is_reasoning: bool) -> SimEvent {
    let (name, item) = if is_reasoning {
        ("response.reasoning_text.delta", "rs")
    } else {
        ("response.output_text.delta", "msg")
    };
    let number = form.told;
    form.told += 1;
    SimEvent {
        name,
        data: format!(
            "{{\"type\":\"{name}\",\"sequence_number\":{number},\"item_id\":\"{item}_{}\",\
             \"output_index\":0,\"content_index\":0,\"delta\":\"{text}\"}}",
            form.number
        ),
    }
}

/// What had been told is told again, whole.
pub(super) fn finish(form: &mut StreamForm<'_>, tokens: usize) -> Vec<SimEvent> {
    let thinking = form.reasoning_tokens().min(tokens);
    let text = form.text(thinking..tokens);
    let part = json!({"type": "output_text", "text": text, "annotations": []});
    let mut item = item(form, false);
    (item["status"], item["content"]) = (json!("completed"), json!([part]));
    vec![
        numbered(
            form,
            "response.output_text.done",
            json!({"content_index": 0, "text": text}),
        ),
        numbered(
            form,
            "response.content_part.done",
            json!({"content_index": 0, "part": part}),
        ),
        numbered(form, "response.output_item.done", json!({"item": item})),
    ]
}

/// The event with the whole response, which ends the stream.
pub(super) fn end(
    form: &mut StreamForm<'_>,
    tokens: usize,
    reason: Option<&str>,
    usage: Option<&UsageFigures>,
) -> SimEvent {
    let whole = body(form, tokens, reason, usage);
    let name = if whole["status"] == "incomplete" {
        "response.incomplete"
    } else {
        "response.completed"
    };
    numbered(form, name, json!({"response": whole}))
}

pub(super) fn error(form: &mut StreamForm<'_>, message: &str) -> SimEvent {
    numbered(
        form,
        "error",
        json!({"code": "server_error", "message": message, "param": null}),
    )
}

pub(super) fn failed(form: &mut StreamForm<'_>, message: &str) -> SimEvent {
    let mut whole = response(form, "failed");
    whole["error"] = json!({"code": "server_error", "message": message});
    numbered(form, "response.failed", json!({"response": whole}))
}

/// A whole answer. One that ends at its limit is incomplete; one without tokens is complete.
pub(super) fn body(
    form: &StreamForm<'_>,
    tokens: usize,
    reason: Option<&str>,
    usage: Option<&UsageFigures>,
) -> Value {
    let mut whole = response(form, "incomplete");
    whole["incomplete_details"] = json!({"reason": reason.unwrap_or("max_output_tokens")});
    if tokens == 0 {
        (whole["status"], whole["incomplete_details"]) = (json!("completed"), Value::Null);
    }
    let thinking = form.reasoning_tokens().min(tokens);
    let mut output = Vec::new();
    if thinking > 0 {
        let mut item = item(form, true);
        item["content"] = json!([{"type": "reasoning_text", "text": form.text(0..thinking)}]);
        output.push(item);
    }
    if tokens > thinking {
        let mut item = item(form, false);
        let part =
            json!({"type": "output_text", "text": form.text(thinking..tokens), "annotations": []});
        (item["status"], item["content"]) = (json!("completed"), json!([part]));
        output.push(item);
    }
    whole["output"] = Value::Array(output);
    if let Some(usage) = usage {
        whole["usage"] = counts(usage);
    }
    whole
}
