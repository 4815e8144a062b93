//! Every caveat and every diagnosis, as people read it in both languages.
#![cfg(test)]

use dualround_model::{Diagnosis, Lang, Warning};
use dualround_report::{diagnosis_text, warning_text};

/// Caveats as they stand in the files, one a line: each variant, and each wording that it has.
const CAVEATS: &str = r#"
{"code": "fewer_samples", "asked": 20, "available": 12}
{"code": "duplicate_prompts", "count": 3}
{"code": "truncated_input", "count": 3, "limit": 100, "unit": "tokens"}
{"code": "truncated_input", "count": 3, "limit": 100, "unit": "characters"}
{"code": "canary_failed", "reason": "HTTP 500"}
{"code": "warm_up_failed", "failed": 1, "of": 2, "example": "HTTP 503"}
{"code": "other_input_length", "stated": 100, "counted": 112}
{"code": "icl_approximate", "gaps": 1000001}
{"code": "few_samples_for_p99", "n": 12}
{"code": "not_streamed", "count": 2}
{"code": "unknown_text", "count": 1, "of": 2, "place": "delta.thinking", "lead_ms": 1.25}
{"code": "unknown_text", "count": 1, "of": 2, "place": "delta.thinking", "lead_ms": null}
{"code": "compressed", "count": 1, "of": 2}
{"code": "unknown_finish", "count": 1, "reason": "tired"}
{"code": "prompt_cut", "requests": 3, "chars": 9000, "tokens": 300}
{"code": "impossible_usage", "count": 1, "of": 2}
{"code": "usage_total_off", "count": 1}
{"code": "auto_found_nothing", "metrics": 3, "names": ["x", "y"]}
{"code": "client_stood_still", "ms": 812.4, "requests": 3}
{"code": "records_missing", "missing": 3, "planned": 9}
{"code": "row_fields_unsent", "fields": [["image_url", 1], ["notes", 7]]}
{"code": "row_fields_unsent", "fields": [["a", 1], ["b", 2], ["c", 3], ["d", 4], ["e", 5], ["f", 6], ["g", 7], ["h", 8], ["i", 9]]}
{"code": "equal_ids", "count": 1}
{"code": "equal_ids", "count": 2}
{"code": "tokens_from_events", "count": 1, "of": 2}
{"code": "usage_mismatch", "count": 1}
{"code": "buffered_suspected", "count": 1, "of": 2}
{"code": "prompt_tokens_changed", "count": 1, "of": 2}
{"code": "failures", "failed": 1, "sent": 2, "example": "reset: peer"}
{"code": "timeouts", "count": 2, "limit": "total 600 s"}
{"code": "all_failed", "sent": 2, "example": "reset: peer"}
{"code": "goodput_zero", "detail": "ttft_ms < 100: 3 of 4 miss it"}
{"code": "goodput_zero", "detail": "ttft_ms < 100: 3 of 4 miss it", "missed": [{"metric": "ttft_ms", "limit": 100.0, "by": 3, "of": 4}, {"metric": "itl_ms", "limit": 2.5, "by": 1, "of": 4}]}
{"code": "high_ttft", "p50_ms": 12345.6, "detail": "7 waiting"}
{"code": "high_ttft", "p50_ms": 12345.6, "detail": ""}
{"code": "other_traffic", "what": "requests finished", "seen": 9.0, "ours": 4.0}
{"code": "other_traffic", "what": "prompt tokens", "seen": 9.0, "ours": 4.0}
{"code": "other_traffic", "what": "prompt tokens computed", "seen": 9.0, "ours": 4.0}
{"code": "other_traffic", "what": "prompt tokens looked up in the cache", "seen": 9.0, "ours": 4.0}
{"code": "other_traffic", "what": "requests running or waiting before the round", "seen": 9.0, "ours": 0.0}
{"code": "client_overloaded", "probe_lag_p99_ms": 12.34, "coalesced_share": null, "worker_cpu_share": null}
{"code": "client_overloaded", "probe_lag_p99_ms": 12.34, "coalesced_share": 0.5, "worker_cpu_share": 0.2}
{"code": "client_overloaded", "probe_lag_p99_ms": 12.34, "coalesced_share": 0.5, "worker_cpu_share": 0.97}
{"code": "metric_missing", "name": "hits", "close": ["hit", "his"]}
{"code": "metric_missing", "name": "hits", "close": []}
{"code": "metric_alias", "name": "hits", "mapping": "cache_hits"}
{"code": "short_window", "url": "http://p", "seconds": 4.2, "interval_seconds": 15.0}
{"code": "scrapes_failed", "url": "http://p", "failed": 1, "tried": 9, "reason": "late"}
{"code": "scrapes_failed", "url": "http://p", "failed": 1, "tried": 9}
{"code": "counter_reset", "name": "hits"}
{"code": "metric_not_covered", "name": "hits"}
{"code": "not_cold", "detail": "3 hits"}
{"code": "interrupted", "not_started": 3}
{"code": "killed", "not_recorded": 3, "in_flight": 2}
{"code": "limit_reached", "flag": "--budget", "not_started": 3}
{"code": "retried", "count": 1, "attempts": 2}
{"code": "engine_unreachable", "url": "http://e", "reason": "refused"}
{"code": "metrics_unreadable", "url": "http://e", "reason": "no text"}
{"code": "note", "text": "as it was"}
"#;

/// Diagnoses in the same way.
const DIAGNOSES: &str = r#"
{"kind": "ended_before_warm"}
{"kind": "no_warm_round"}
{"kind": "no_pairs"}
{"kind": "not_seen_by_engines", "seen": 90.0, "sent": 100.0, "replayed": true}
{"kind": "not_seen_by_engines", "seen": 90.0, "sent": 100.0, "replayed": false}
{"kind": "orphans", "requests": 2}
{"kind": "counters_left_out", "base": "http://a", "reason": "several_processes"}
{"kind": "counters_left_out", "base": "http://a", "reason": "other_process"}
{"kind": "counters_left_out", "base": "http://a", "reason": "passes_on"}
{"kind": "counters_left_out", "base": "http://a", "reason": "other"}
{"kind": "cache_off"}
{"kind": "replicas", "engines": [["http://a", 1200.0], ["http://b", 800.0]], "seen": "in_round"}
{"kind": "replicas", "engines": [["http://a", 1200.0], ["http://b", 800.0]], "seen": "found"}
{"kind": "replicas", "engines": [["http://a", 1200.0], ["http://b", 800.0]], "seen": "not_found"}
{"kind": "replicas", "engines": [["http://a", 1200.0], ["http://b", 800.0]], "seen": "untested"}
{"kind": "several_processes", "rate": 0.25}
{"kind": "evicted_capacity", "needed": 900, "held": 400}
{"kind": "evicted_slots", "prompts": 9, "slots": 4}
{"kind": "never_found", "short": true}
{"kind": "never_found", "short": false}
{"kind": "never_found_unseen", "short": true}
{"kind": "never_found_unseen", "short": false}
{"kind": "never_found", "short": false, "unasked": true}
{"kind": "never_found_unseen", "short": true, "unasked": true}
{"kind": "never_found_processes"}
{"kind": "found_once_only"}
{"kind": "hits_unseen"}
{"kind": "hits_impossible"}
{"kind": "not_followed", "rate": 0.91}
{"kind": "below_block", "short": 2, "of": 9, "block": 16}
{"kind": "partial_blocks", "block": 16, "mean": 40.2, "most": 0.8}
{"kind": "store_not_finished_later", "first": 0.1, "later": 0.9}
{"kind": "store_not_finished_soon", "requests": 3, "within": 0.12, "after": 0.5}
{"kind": "prompt_tokens_changed"}
{"kind": "warm_failures"}
"#;

/// What each of these says, in English and Chinese.
fn said<T: serde::de::DeserializeOwned>(cases: &str, text: fn(&T, Lang) -> String) -> String {
    let mut out = String::new();
    for case in cases.trim().lines() {
        let case: T = serde_json::from_str(case).unwrap();
        for lang in [Lang::En, Lang::Zh] {
            out += &format!("{}: {}\n", lang.code(), text(&case, lang));
        }
    }
    out
}

#[test]
fn every_caveat_in_both_languages() {
    insta::assert_snapshot!("caveats", said::<Warning>(CAVEATS, warning_text));
}

#[test]
fn every_diagnosis_in_both_languages() {
    insta::assert_snapshot!("diagnoses", said::<Diagnosis>(DIAGNOSES, diagnosis_text));
}
