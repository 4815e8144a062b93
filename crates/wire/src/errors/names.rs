//! The words that servers call errors by, in the names and the states of what they send.

use crate::errors::name_words::words;

/// Words that tell of no error: of success, or of how far something has come.
const FINE: &[&str] = &[
    "",
    "0",
    "ok",
    "okay",
    "success",
    "successful",
    "succeeded",
    "null",
    "none",
    "nil",
    "no error",
    "no_error",
    "noerror",
    "n/a",
    "false",
    "done",
    "finished",
    "finish",
    "complete",
    "completed",
    "end",
    "ended",
    "stop",
    "stopped",
    "close",
    "closed",
    "start",
    "started",
    "running",
    "queued",
    "pending",
    "processing",
    "in_progress",
    "generating",
    "waiting",
    "ready",
    "created",
    "accepted",
    "active",
    "normal",
];

/// A word that tells of no error, in any case and with its full stop.
pub(crate) fn is_fine_word(text: &str) -> bool {
    let word = text
        .trim()
        .trim_end_matches(['.', '!'])
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    let succeeded =
        word.contains("成功") && !["不", "未", "失败"].iter().any(|no| word.contains(no));
    succeeded || FINE.contains(&word.as_str())
}

/// Words that call something an error.
const BROKEN: &[&str] = &[
    "error",
    "errors",
    "err",
    "exception",
    "fault",
    "failed",
    "failure",
    "fail",
    "fatal",
    "abort",
    "aborted",
    "cancel",
    "cancelled",
    "canceled",
    "timeout",
    "rejected",
    "denied",
    "crashed",
    "terminated",
    "interrupted",
    "overloaded",
    "unavailable",
    "throttled",
    "unauthorized",
    "forbidden",
    "panic",
];

/// A name or a state that calls something an error.
pub(crate) fn is_broken(text: &str) -> bool {
    let words = words(text);
    words
        .iter()
        .any(|word| BROKEN.contains(&word.as_str()) || ends_as_error(word))
}

/// `RuntimeError` in one word.
fn ends_as_error(word: &str) -> bool {
    word.ends_with("error") || word.ends_with("exception")
}

/// Names under which an error stands.
const ERRORS: &[&str] = &[
    "error",
    "errors",
    "err",
    "exception",
    "exceptions",
    "fault",
    "faults",
    "faultstring",
    "faultcode",
    "failure",
    "failures",
    "errmsg",
    "errcode",
    "errno",
    "errinfo",
    "errormsg",
    "errorcode",
];

/// Words of names that count or rate errors, tell of ones that are over, or set what is to be done.
const COUNTS: &[&str] = &[
    "count",
    "counts",
    "rate",
    "ratio",
    "total",
    "num",
    "number",
    "budget",
    "policy",
    "handling",
    "tolerance",
    "margin",
    "previous",
    "last",
    "retry",
    "retries",
    "ignored",
    "handled",
    "recovered",
    "url",
    "docs",
    "correction",
];

/// A name that says that what stands under it is an error.
pub(crate) fn names_error(key: &str) -> bool {
    let words = words(key);
    words
        .iter()
        .any(|word| ERRORS.contains(&word.as_str()) || ends_as_error(word))
        && !words.iter().any(|word| COUNTS.contains(&word.as_str()))
}

/// The name of a code.
pub(crate) fn is_code(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    let joined = [
        "retcode",
        "statuscode",
        "errcode",
        "errorcode",
        "errno",
        "resultcode",
    ];
    matches!(last, "code" | "ret") || joined.contains(&last) || words == ["err", "no"]
}

/// The name of a code whose words are those of an error, whatever they are: `"code":"Arrearage"`.
pub(crate) fn tells_by_word(key: &str) -> bool {
    let words = words(key);
    words.iter().all(|word| {
        let known = ["code", "error", "err", "status", "ret", "result", "return"];
        known.contains(&word.as_str()) || ERRORS.contains(&word.as_str())
    })
}

/// The name of a message.
pub(crate) fn is_message(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "message" | "msg" | "errmsg" | "errormsg" | "description" | "tips" | "title"
    )
}

/// The name of a state: what is called an error under it is one.
pub(crate) fn is_state(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "type"
            | "event"
            | "object"
            | "status"
            | "state"
            | "result"
            | "outcome"
            | "kind"
            | "level"
            | "severity"
            | "code"
            | "phase"
            | "reason"
    )
}

/// The name of a flag of success.
pub(crate) fn is_flag(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    matches!(last, "ok" | "success" | "succeeded" | "successful")
}
