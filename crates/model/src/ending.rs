//! How an answer ended, by its `finish_reason`.

/// What a `finish_reason` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model or a limit of the request ended the answer.
    Own,
    /// The server broke it off: what came is no whole answer.
    Forced,
    /// The word is not known; the answer counts, and the word is told.
    Unknown,
    /// It says that there is no end yet, as null does.
    NotYet,
}

/// Words for an answer that ended by itself: OpenAI's, then those that engines and gateways pass
/// through from Anthropic, Gemini, Bedrock, Cohere, Mistral, text-generation-inference and others.
const OWN: [&str; 32] = [
    "stop",
    "length",
    "tool_calls",
    "function_call",
    "content_filter",
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "tool_call",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "safety",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "language",
    "image_safety",
    "guardrail_intervened",
    "content_filtered",
    "complete",
    "completed",
    "model_length",
    "token_limit",
    "max_length",
    "eos",
    "eos_token",
    "stop_token",
    "sensitive",
    "repetition",
];

/// Words for an answer that the server broke off.
const FORCED: &[&str] = &[
    "abort",
    "aborted",
    "error",
    "error_toxic",
    "cancel",
    "canceled",
    "cancelled",
    "interruption",
    "timeout",
    "time_limit",
    "network_error",
    "server_error",
    "internal_error",
    "failed",
    "failure",
    "insufficient_system_resource",
    "malformed_function_call",
    "unexpected_tool_call",
    "overloaded",
    "interrupted",
    "killed",
    "oom",
    "out_of_memory",
    "preempted",
    "time_out",
    "deadline_exceeded",
    "client_disconnect",
    "client_disconnected",
    "disconnect",
    "disconnected",
    "rate_limit",
    "rate_limited",
    "rate_limit_exceeded",
    "quota_exceeded",
    "service_unavailable",
    "bad_gateway",
    "kv_cache_full",
];

/// Words in the place of none.
const NOT_YET: &[&str] = &[
    "",
    "null",
    "none",
    "nil",
    "undefined",
    "unspecified",
    "0",
    "false",
    "not_finished",
    "unfinished",
    "in_progress",
    "generating",
    "running",
    "streaming",
    "pending",
    "continue",
];

/// Words inside of longer ones that tell the same: `engine_error`, `user_cancelled`.
const BROKEN: &[&str] = &[
    "error",
    "abort",
    "aborted",
    "cancelled",
    "canceled",
    "failed",
    "failure",
    "overloaded",
    "exception",
    "crash",
    "crashed",
    "fault",
];

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|part| part == word)
}

impl Ending {
    /// Of a `finish_reason`, in any case and with or without Gemini's prefix.
    pub fn of(reason: &str) -> Self {
        let lower = reason.trim().to_ascii_lowercase();
        let word = lower.strip_prefix("finish_reason_").unwrap_or(&lower);
        if NOT_YET.contains(&word) {
            Self::NotYet
        } else if OWN.contains(&word) {
            Self::Own
        } else if FORCED.contains(&word) || BROKEN.iter().any(|broken| has_word(word, broken)) {
            Self::Forced
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn f003_endings_by_their_words() {
        for own in [
            "stop",
            "length",
            "STOP",
            "FINISH_REASON_MAX_TOKENS",
            "FINISH_REASON_STOP",
            "eos",
            "pause_turn",
            "guardrail_intervened",
            "sensitive",
            "model_length",
            "repetition",
            "completed",
        ] {
            assert_eq!(Ending::of(own), Ending::Own, "{own}");
        }
        for forced in [
            "abort",
            "error",
            "ERROR",
            "Cancelled",
            "network_error",
            "insufficient_system_resource",
            "time_limit",
            "ERROR_TOXIC",
            "MALFORMED_FUNCTION_CALL",
            "engine_error",
            "user_cancelled",
            "Error: OOM",
            "out_of_memory",
            "DEADLINE_EXCEEDED",
            "engine_crash",
        ] {
            assert_eq!(Ending::of(forced), Ending::Forced, "{forced}");
        }
        for not_yet in [
            "",
            "0",
            "null",
            "None",
            "not_finished",
            "FINISH_REASON_UNSPECIFIED",
            "in_progress",
        ] {
            assert_eq!(Ending::of(not_yet), Ending::NotYet, "{not_yet}");
        }
        for unknown in ["OTHER", "stopped?", "because"] {
            assert_eq!(Ending::of(unknown), Ending::Unknown, "{unknown}");
        }
    }
}
