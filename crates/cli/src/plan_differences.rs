//! What two plans of runs that are compared differ in, flag by flag.

use crate::args::GivenThinkTime;
use dualround_model::Plan;
use serde_json::Value;
use std::collections::BTreeSet;

/// Parts of a plan that are told in other ways, or say nothing of what is measured.
const TOLD_OTHERWISE: &[&str] = &[
    "model",
    "dataset.path",
    "dataset.seed",
    "dataset.num_samples",
    "dataset.engine_tokens",
    "dataset.max_input_length",
    "request.max_output_tokens",
    "request.min_output_tokens",
    "request.ignore_eos",
    "request.temperature",
    "request.top_p",
    "request.extra_body",
    "request.cache.control",
    "request.cache.min_tokens",
    "request.cache.key",
    "request.cache.retention",
    "request.prompt_token_ids",
    "request.key_as_bearer",
    "request.http2",
    "request.api_key",
    "request.proxy.given",
    "levels",
    "schedule",
    "cold.policy",
    "cold.require_cold",
    "cold.fail_if",
    "round_noise",
    "slo",
    "prices",
    "output",
    "workers",
    "seed",
];

/// Parts whose flag has another name than their last word.
const FLAGS: &[(&str, &str)] = &[
    ("endpoint", "endpoint"),
    ("dataset.lengths", "--min-length, --max-length"),
    ("dataset.gap_cap_ns", "--gap-cap"),
    ("request.stream_options", "--no-stream-options"),
    ("request.headers", "--header"),
    ("request.proxy.http", "--proxy"),
    ("request.proxy.https", "--proxy"),
    ("request.proxy.endpoint", "--proxy"),
    ("request.proxy.except", "--no-proxy"),
    ("cold.reset_calls", "--reset-cache-url"),
    ("admin_urls", "--admin-url"),
    ("until.budget_ms", "--budget"),
    ("limits.budget_tokens", "--budget"),
    ("probe", "--no-probe"),
    ("round_gap_ms", "--round-gap"),
    ("timeouts.total_ms", "--timeout"),
    ("timeouts.connect_ms", "--connect-timeout"),
    ("timeouts.first_token_ms", "--first-token-timeout"),
    ("timeouts.idle_ms", "--idle-timeout"),
    ("limits.duration_ms", "--duration"),
    ("prometheus.urls", "--prometheus-url"),
    ("prometheus.metrics", "--prometheus-metrics"),
    ("prometheus.interval_ms", "--prometheus-interval"),
    ("prometheus.headers", "--prometheus-header"),
    ("prometheus.per_request", "--prometheus-per-request"),
];

/// A flag whose value differs.
#[derive(Debug, PartialEq)]
pub(crate) struct PlanDifference {
    /// The flag.
    pub(crate) what: String,
    /// Its value in the base run; `none` where it was not set.
    pub(crate) base: String,
    /// Its value in the new one.
    pub(crate) new: String,
}

/// Every setting in which two plans differ and that nothing else tells, once a flag.
pub(crate) fn plan_differences(base: &Plan, new: &Plan) -> Vec<PlanDifference> {
    let base = serde_json::to_value(base).unwrap_or_default();
    let new = serde_json::to_value(new).unwrap_or_default();
    let mut out: Vec<PlanDifference> = Vec::new();
    for part in differing_parts(&base, &new) {
        let (path, what) = (&part.path, flag_of(&part.path));
        if is_told_otherwise(path) || out.iter().any(|one| one.what == what) {
            continue;
        }
        out.push(PlanDifference {
            what,
            base: shown(&as_given(path, &part.old)),
            new: shown(&as_given(path, &part.new)),
        });
    }
    out
}

/// A part in which two values differ.
pub(crate) struct DifferingPart {
    /// Where (`limits.retries`).
    pub(crate) path: String,
    /// What stands there in the first; null where nothing does.
    pub(crate) old: Value,
    /// What stands there in the second.
    pub(crate) new: Value,
}

/// The parts in which two values differ, in order of their paths.
pub(crate) fn differing_parts(old: &Value, new: &Value) -> Vec<DifferingPart> {
    let mut out = Vec::new();
    collect("", old, new, &mut out);
    out
}

fn collect(at: &str, old: &Value, new: &Value, out: &mut Vec<DifferingPart>) {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        if old != new {
            out.push(DifferingPart {
                path: at.to_owned(),
                old: old.clone(),
                new: new.clone(),
            });
        }
        return;
    };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let path = if at.is_empty() {
            key.clone()
        } else {
            format!("{at}.{key}")
        };
        let old = old.get(key).unwrap_or(&Value::Null);
        let new = new.get(key).unwrap_or(&Value::Null);
        collect(&path, old, new, out);
    }
}

fn is_told_otherwise(path: &str) -> bool {
    TOLD_OTHERWISE.iter().any(|part| {
        let rest = path.strip_prefix(part);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn flag_of(path: &str) -> String {
    if let Some((_, flag)) = FLAGS.iter().find(|(part, _)| *part == path) {
        return (*flag).to_owned();
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    format!("--{}", last.replace('_', "-"))
}

/// A value of the plan as its flag takes it: seconds, and "no" of what a `--no-…` switches off.
fn as_given(path: &str, value: &Value) -> Value {
    let is_negated = flag_of(path).starts_with("--no-");
    match (value, value.as_f64()) {
        (Value::Object(_), _) if path == "until" => "decided".into(),
        (Value::Bool(on), _) if is_negated => Value::Bool(!on),
        (_, Some(ms)) if path.ends_with("_ms") => Value::String((ms / 1000.0).to_string()),
        (_, Some(ns)) if path.ends_with("_ns") => Value::String((ns / 1e9).to_string()),
        (Value::Object(_), _) if path.ends_with("think_time") => {
            let time = serde_json::from_value(value.clone()).map(GivenThinkTime);
            time.map_or_else(|_| value.clone(), |time| Value::String(time.to_string()))
        }
        _ => value.clone(),
    }
}

/// A value in words.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(shown).collect();
            values.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::{SessionPlan, ThinkTime};

    #[test]
    fn differences_are_told_by_their_flags() {
        let base = Plan::new("http://a", "d.jsonl");
        let mut new = base.clone();
        assert_eq!(plan_differences(&base, &new), []);
        new.limits.retries = 2;
        new.timeouts.total_ms = None;
        new.seed = 9;
        let told = |what: &str, base: &str, new: &str| PlanDifference {
            what: what.to_owned(),
            base: base.to_owned(),
            new: new.to_owned(),
        };
        assert_eq!(
            plan_differences(&base, &new),
            [
                told("--retries", "0", "2"),
                told("--timeout", "300", "none"),
            ]
        );
    }

    #[test]
    fn values_are_those_that_the_flags_take() {
        let base = Plan::new("http://a", "d.jsonl");
        let mut new = base.clone();
        (new.probe, new.request.stream_options) = (false, false);
        new.timeouts.idle_ms = Some(1500);
        let values = |flag: &str| {
            let all = plan_differences(&base, &new);
            let one = all.into_iter().find(|one| one.what == flag);
            one.map(|one| one.new)
        };
        assert_eq!(values("--no-probe").as_deref(), Some("true"));
        assert_eq!(values("--no-stream-options").as_deref(), Some("true"));
        assert_eq!(values("--idle-timeout").as_deref(), Some("1.5"));
        let sessions = |think_time| SessionPlan {
            think_time,
            gap_cap_ns: 2_500_000_000,
            ..SessionPlan::default()
        };
        for (time, told) in [
            (ThinkTime::Recorded, "recorded"),
            (ThinkTime::Fixed(0), "none"),
            (ThinkTime::Fixed(250_000_000), "0.25"),
        ] {
            new.dataset.sessions = Some(sessions(time));
            let all = plan_differences(&base, &new);
            let value = |flag: &str| {
                let one = all.iter().find(|one| one.what == flag);
                one.map(|one| one.new.as_str())
            };
            assert_eq!(value("--gap-cap"), Some("2.5"));
            assert_eq!(value("--think-time"), Some(told));
        }
    }
}
