//! Chunks of chat completions, and of the older completions, which have a text in the place of a delta.

use super::{SimEvent, StreamForm, UsageFigures};
use crate::dialect::Dialect;
use serde_json::{Value, json};

fn is_plain(form: &StreamForm<'_>) -> bool {
    form.dialect == Dialect::Completions
}

/// A chunk up to and with the bracket that opens its choices.
fn prefix(form: &StreamForm<'_>) -> String {
    let object = if is_plain(form) {
        "text_completion"
    } else {
        "chat.completion.chunk"
    };
    let model = json!(form.config.first_model());
    format!(
        "{{\"id\":\"{}\",\"object\":\"{object}\",\"created\":0,\"model\":{model},\"choices\":[",
        form.id()
    )
}

/// The chunk that names the role and holds no token.
pub(super) fn role(form: &StreamForm<'_>) -> SimEvent {
    SimEvent::plain(format!(
        "{}{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\
         \"finish_reason\":null}}]}}",
        prefix(form)
    ))
}

/// The chunk of a text.
pub(super) fn tokens(
    form: &StreamForm<'_>,
    text: &str,
    is_reasoning: bool,
    usage: Option<&UsageFigures>,
) -> SimEvent {
    let bears = if is_plain(form) {
        format!("\"text\":\"{text}\"")
    } else if is_reasoning {
        format!("\"delta\":{}", form.reasoning_in().delta(text))
    } else {
        format!("\"delta\":{{\"content\":\"{text}\"}}")
    };
    let counts = usage.map_or_else(String::new, |usage| format!(",\"usage\":{}", counts(usage)));
    SimEvent::plain(format!(
        "{}{{\"index\":0,{bears},\"finish_reason\":null}}]{counts}}}",
        prefix(form)
    ))
}

/// The chunk that says why the answer ends.
pub(super) fn finish(form: &StreamForm<'_>, reason: Option<&str>) -> SimEvent {
    let nothing = if is_plain(form) {
        "\"text\":\"\""
    } else {
        "\"delta\":{}"
    };
    let reason = json!(reason.unwrap_or("length"));
    SimEvent::plain(format!(
        "{}{{\"index\":0,{nothing},\"finish_reason\":{reason}}}]}}",
        prefix(form)
    ))
}

/// The chunk without choices that has the counts.
pub(super) fn usage_event(form: &StreamForm<'_>, usage: &UsageFigures) -> SimEvent {
    let metrics = usage.times.map_or_else(String::new, |times| {
        format!(",\"metrics\":{}", metrics(times))
    });
    let counts = counts(usage);
    SimEvent::plain(format!("{}],\"usage\":{counts}{metrics}}}", prefix(form)))
}

pub(super) fn error(message: &str) -> SimEvent {
    let error = json!({"error": {"message": message, "type": "server_error"}});
    SimEvent::plain(error.to_string())
}

/// A whole answer.
pub(super) fn body(form: &StreamForm<'_>, tokens: usize, usage: &UsageFigures) -> Value {
    let text = form.text(0..tokens);
    let (object, choice) = if is_plain(form) {
        (
            "text_completion",
            json!({"index": 0, "finish_reason": "length", "text": text}),
        )
    } else {
        let message = json!({"role": "assistant", "content": text.trim_start()});
        (
            "chat.completion",
            json!({"index": 0, "finish_reason": "length", "message": message}),
        )
    };
    let mut body = json!({"id": form.id(), "object": object, "model": form.config.first_model(),
        "usage": counts(usage), "choices": [choice]});
    if let Some(times) = usage.times {
        body["metrics"] = metrics(times);
    }
    body
}

/// The times of a request as vLLM names them: what it calls the time to the first token counts from when it
/// is scheduled.
fn metrics(times: [u64; 2]) -> Value {
    let [queue, prefill] = times.map(|ns| ns as f64 / 1e6);
    json!({"time_to_first_token_ms": prefill, "queue_time_ms": queue})
}

fn counts(usage: &UsageFigures) -> Value {
    let mut details = serde_json::Map::new();
    if let Some(cached) = usage.cached {
        details.insert("cached_tokens".to_owned(), json!(cached));
        if let Some((local, external)) = usage.tiers {
            details.insert("local_cached_tokens".to_owned(), json!(local));
            details.insert("external_cached_tokens".to_owned(), json!(external));
        }
    }
    if let Some((short, long)) = usage.written {
        details.insert("created_cache_tokens".to_owned(), json!(short + long));
    }
    let details = if details.is_empty() {
        Value::Null
    } else {
        Value::Object(details)
    };
    json!({"prompt_tokens": usage.prompt, "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion, "prompt_tokens_details": details})
}
