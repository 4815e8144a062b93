//! What a field of a delta or a choice is for, by its name.

use crate::field::is_about;

/// What a field is for.
pub(crate) enum Place {
    Answer,
    Reasoning,
    Refusal,
    Calls,
    Media,
    Error,
    /// It says something of the answer and is none.
    About,
    Unknown,
}

/// Fields of deltas and choices that are about the answer.
const ABOUT: [&str; 24] = [
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
    // Azure: where an answer on one's own data comes from.
    "context",
];

/// A field about an answer, by a word in its name: sources, scores, states.
fn describes(key: &str) -> bool {
    let words = [
        "citation",
        "reference",
        "grounding",
        "search",
        "metadata",
        "meta_",
        "version",
        "expert",
        "safety",
        "filter",
        "fingerprint",
        "status",
    ];
    let key = key.to_ascii_lowercase();
    words.iter().any(|word| key.contains(word))
}

/// By its name.
pub(crate) fn place(key: &str) -> Place {
    match key {
        "content" | "text" | "output_text" => Place::Answer,
        "refusal" => Place::Refusal,
        "error" => Place::Error,
        "tool_calls" | "function_call" | "tool_call" => Place::Calls,
        "audio" | "images" | "image" | "video" | "videos" => Place::Media,
        key if ABOUT.contains(&key) || is_about(key) => Place::About,
        key if proves(key) || describes(key) => Place::About,
        key if reasons(key) => Place::Reasoning,
        _ => Place::Unknown,
    }
}

/// A field of reasoning by its name: `reasoning_content`, `reasoning`, `reasoning_details`,
/// `thinking`, `thinking_blocks`, `thoughts`, … What proves reasoning without showing it is none.
pub(crate) fn reasons(key: &str) -> bool {
    let named = ["reasoning", "thinking", "thought"];
    let lower = key.to_ascii_lowercase();
    named.iter().any(|name| lower.contains(name)) && !proves(key) && !describes(key)
}

/// A field that belongs to reasoning and is no text of it: proofs, counts, settings.
pub(crate) fn proves(key: &str) -> bool {
    let words = [
        "signature",
        "opaque",
        "encrypted",
        "effort",
        "tokens",
        "closed",
        "mode",
        "format",
        "enable",
        "budget",
        "level",
        "config",
        "duration",
    ];
    let lower = key.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word)) || key.ends_with("_id") || key.ends_with("Id")
}
