//! Values that flags take and refuse, and the flags that do not meet a column of the crossing, by
//! class or by themselves.

/// No settings of a file: they name the file, print it, or go on with a run.
pub(super) const NOT_IN_FILES: [&str; 3] = ["config", "print-config", "resume"];

/// A value that differs from the default, where neither a listed word nor 7, 0.5 or true is one.
pub(super) const GOOD: &[(&str, &str)] = &[
    ("admin-url", "http://127.0.0.1:9/x"),
    ("api-key", "sk-other-key-of-the-run"),
    ("ca-cert", "ca.pem"),
    ("client-cert", "id.pem"),
    ("client-key", "id.key"),
    ("config", "empty.yaml"),
    ("dataset", "other.jsonl"),
    ("endpoint", "http://127.0.0.1:9/other"),
    ("extra-body", r#"{"top_k":3}"#),
    ("fail-if", "ttft.ratio < 3"),
    ("header", "X-Tenant: other"),
    ("max-event-bytes", "2000000"),
    ("max-response-bytes", "2000000"),
    ("metrics-listen", "127.0.0.1:0"),
    ("model", "other"),
    ("output-dir", "elsewhere"),
    ("prometheus-per-request", "false"),
    ("prometheus-header", "X-Scope: other"),
    ("prometheus-metrics", "other_total"),
    ("prometheus-url", "http://127.0.0.1:9/metrics"),
    ("proxy", "http://127.0.0.1:9"),
    ("remote-write", "http://127.0.0.1:9/api/v1/write"),
    ("reset-cache-url", "http://127.0.0.1:9/reset"),
    ("resume", "out"),
    ("rounds", "CWC"),
    ("session-header", "x-session"),
    ("slo-file", "slo.yaml"),
    ("api", "responses"),
    ("cache-control", "1h"),
    ("prices", "prices.yaml"),
    ("prompt-cache-key", "per-epoch"),
    ("prompt-cache-retention", "24h"),
    ("text-key", "text"),
    ("tokenizer", "none"),
    ("weight-key", "weight"),
];

/// A value that is refused, where `@@` is not.
pub(super) const BAD: &[(&str, &str)] = &[
    ("admin-url", "http://"),
    ("api-key", "a\u{1}b"),
    ("dataset", "not-there.jsonl"),
    ("endpoint", "http://"),
    ("header", "no colon"),
    ("output-dir", "other.jsonl/below"),
    ("prices", "not-there.yaml"),
    ("prompt-cache-retention", " "),
    ("prometheus-header", "no colon"),
    ("prometheus-url", "http://"),
    ("remote-write", "http://"),
    ("reset-cache-url", "http://"),
    ("resume", "no-run-there"),
];

/// Any text is a good one: names that the server, the data set or the engine may know.
pub(super) const ANY_TEXT: [&str; 4] = ["model", "text-key", "weight-key", "prometheus-metrics"];

/// They say how a run shows itself, where its files go or what is held against it, and so nothing of
/// what is measured: neither `--resume` nor `compare` asks for them.
pub(super) const NOT_MEASURED: &[&str] = &[
    "config",
    "fail-if",
    "lang",
    "metrics-listen",
    "output-dir",
    "overwrite",
    "prices",
    "print-config",
    "progress",
    "quiet",
    "remote-write",
    "require-cold",
    "resume",
    "round-noise",
    "tables",
    "wait-ready",
];

/// They change files beside what is measured: a run that goes on makes them as it began, and none is
/// compared.
pub(super) const OF_FILES: [&str; 4] = ["check-output", "chunk-times", "csv-bom", "store-text"];

/// What `compare` calls a flag, where it is not the flag.
pub(super) const CALLED: &[(&str, &str)] = &[
    ("cold", "cold policy:"),
    ("concurrency", "concurrency"),
    ("endpoint", "endpoint:"),
    ("model", "model:"),
    ("rounds", "schedule:"),
    ("workers", "workers:"),
];

/// Secrets are in no file, so none can be held against another.
pub(super) const SECRET: [&str; 3] = ["api-key", "header", "prometheus-header"];

/// They make the levels, and `compare` tells which levels one run lacks: here both have the same
/// rounds. `open_loop` has runs that differ.
pub(super) const OF_LEVELS: [&str; 6] = [
    "arrival",
    "burstiness",
    "concurrency",
    "gap-cap",
    "replay-speed",
    "request-rate",
];

/// Where a flag and a column do not meet, and why.
pub(super) const HOLES: &[(&str, &str, &str)] = &[
    (
        "seed",
        "compare",
        "other requests are told, by the digest of what was sent",
    ),
    (
        "dataset",
        "compare",
        "told by the digest of its content, not by its name",
    ),
    ("num-samples", "compare", "other requests are told"),
    (
        "budget",
        "compare",
        "told as --until, which the other run does not have",
    ),
    (
        "no-proxy",
        "resume",
        "there is no proxy that it would go without",
    ),
    (
        "no-proxy",
        "compare",
        "there is no proxy that it would go without",
    ),
    (
        "tokenizer",
        "resume",
        "none is what a run without lengths has",
    ),
    (
        "tokenizer",
        "compare",
        "none is what a run without lengths has",
    ),
];
