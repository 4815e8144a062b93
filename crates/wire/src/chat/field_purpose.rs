//! What a field of a delta or a choice is for, by the words of its name.

use crate::{errors::name_words::words, errors::names::names_error};

/// The purpose of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldPurpose {
    /// Text of the answer.
    Answer,
    /// Text of reasoning.
    Reasoning,
    Refusal,
    /// Calls of tools or functions.
    Calls,
    /// Images, sounds, videos.
    Media,
    Error,
    /// It says something of the answer and is none.
    About,
    /// None of these: text in it is told by its name.
    Unknown,
}

/// Fields of deltas and choices that are about the answer.
const ABOUT: &[&str] = &[
    "name",
    "finish_reason",
    "stop_reason",
    "native_finish_reason",
    "matched_stop",
    "stop_sequence",
    "finish_details",
    "stop_details",
    "logprobs",
    "prompt_logprobs",
    "token_ids",
    "prompt_token_ids",
    "annotations",
    "obfuscation",
    "padding",
    "channel",
    "recipient",
    "weight",
    "hidden_states",
    "seed",
    "provider",
    "service_tier",
    "usage",
    "timestamp",
    "content_type",
    "content_index",
    "kind",
    "phase",
    "state",
    "stage",
    "mode",
    "lang",
    "author",
    "agent",
];

/// Words of names of fields about an answer: sources, scores, states.
const DESCRIBES: [&str; 14] = [
    "citation",
    "citations",
    "reference",
    "references",
    "grounding",
    "search",
    "metadata",
    "meta",
    "version",
    "expert",
    "experts",
    "safety",
    "fingerprint",
    "filter",
];

/// Words of names of reasoning.
const REASONING: [&str; 4] = ["reasoning", "thinking", "thought", "thoughts"];

/// Words of names of what proves, counts or sets reasoning and is no text of it.
const ABOUT_REASONING: &[&str] = &[
    "signature",
    "signatures",
    "opaque",
    "encrypted",
    "effort",
    "tokens",
    "closed",
    "mode",
    "format",
    "enable",
    "enabled",
    "budget",
    "level",
    "config",
    "duration",
    "time",
    "ms",
    "seconds",
    "secs",
    "count",
    "cost",
    "type",
    "name",
    "lang",
    "language",
    "state",
    "status",
    "start",
    "started",
    "end",
    "ended",
    "id",
    "ids",
    "index",
    "at",
    "for",
    "is",
    "has",
    "done",
    "complete",
    "redacted",
];

/// The same at the end of a name: `reasoning_model`, beside which `model_reasoning` is text.
const SETS_REASONING: &[&str] = &[
    "length",
    "model",
    "parser",
    "provider",
    "visibility",
    "url",
    "available",
    "stage",
    "phase",
    "version",
];

/// Keys beside a text that say what it is, and are no text of the model.
pub(crate) fn is_about(key: &str) -> bool {
    matches!(
        key,
        "type"
            | "id"
            | "index"
            | "role"
            | "model"
            | "object"
            | "status"
            | "format"
            | "language"
            | "mime_type"
            | "signature"
            | "data"
            | "encrypted_content"
            | "tool_call_id"
            | "created"
            | "created_at"
    )
}

/// The purpose of a field, by its name.
pub(crate) fn purpose_of(key: &str) -> FieldPurpose {
    match key {
        "content" | "text" | "output_text" => FieldPurpose::Answer,
        "refusal" => FieldPurpose::Refusal,
        "error" => FieldPurpose::Error,
        "tool_calls" | "function_call" | "tool_call" => FieldPurpose::Calls,
        "audio" | "images" | "image" | "video" | "videos" => FieldPurpose::Media,
        // The names that most servers use need no taking apart.
        "reasoning_content" | "reasoning" => FieldPurpose::Reasoning,
        key if ABOUT.contains(&key) || (is_about(key) && key != "data") => FieldPurpose::About,
        key => by_words(key),
    }
}

/// The purpose of a field whose name must be taken apart.
fn by_words(key: &str) -> FieldPurpose {
    let words = words(key);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if any(&REASONING) || words.iter().any(|word| runs_together(word)) {
        let last = words.last().map_or("", String::as_str);
        return if any(ABOUT_REASONING) || SETS_REASONING.contains(&last) {
            FieldPurpose::About
        } else {
            FieldPurpose::Reasoning
        };
    }
    if names_error(key) {
        return FieldPurpose::Error;
    }
    // LangChain's `tool_call_chunks`, Bedrock's `toolUse`.
    let called = ["call", "calls", "use", "uses"];
    if any(&["tool", "function"]) && any(&called) {
        return FieldPurpose::Calls;
    }
    let last = words.last().map_or("", String::as_str);
    // `trace_id`, `model_name`.
    let identifies = words.len() > 1 && ["id", "ids", "name"].contains(&last);
    if identifies
        || any(&DESCRIBES)
        || any(&["signature", "signatures", "encrypted", "opaque", "status"])
    {
        return FieldPurpose::About;
    }
    FieldPurpose::Unknown
}

/// Two words written as one: `thinkingcontent`.
fn runs_together(word: &str) -> bool {
    let text = ["content", "text"];
    let mut bare = text.iter().filter_map(|end| word.strip_suffix(end));
    bare.any(|begin| REASONING.contains(&begin))
}

/// A number under this name is text of reasoning: services that guess types send its digits so.
/// Under other names of reasoning it is a time or a count.
pub(crate) fn holds_digits(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    ["content", "text", "delta"]
        .iter()
        .any(|end| last.ends_with(end))
}

/// A name, or a type, of reasoning: `thinking_blocks`, `reasoning.text`, `modelThinking`, …
pub(crate) fn reasons(key: &str) -> bool {
    purpose_of(key) == FieldPurpose::Reasoning
}

/// What belongs to reasoning and is no text of it.
pub(crate) fn proves(key: &str) -> bool {
    let words = words(key);
    words
        .iter()
        .any(|word| ABOUT_REASONING.contains(&word.as_str()))
}
