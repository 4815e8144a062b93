//! Whether two runs may be compared: what differs, and what the user may let differ.

use crate::plan_differences::plan_differences;
use dualround_model::{CacheControl, ChangeCaveat, EngineKind, Lang, Plan, PromptCacheKey, Which};
use dualround_report::{RunInfo, setting_text};

/// A difference that makes figures mean other things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What `--allow` calls it.
    pub(crate) kind: &'static str,
    /// What differs.
    what: &'static str,
    base: String,
    new: String,
}

impl Difference {
    /// The difference in words.
    pub(crate) fn text(&self, lang: Lang) -> String {
        setting_text(self.what, Some(&self.base), Some(&self.new), lang)
    }

    /// The remark beside a comparison that the user wants all the same.
    pub(crate) fn caveat(self) -> ChangeCaveat {
        ChangeCaveat::Differs {
            what: self.what.to_owned(),
            base: Some(self.base),
            new: Some(self.new),
        }
    }
}

/// The differences between two runs that make figures mean other things.
pub(crate) fn differences(base: &RunInfo, new: &RunInfo) -> Vec<Difference> {
    let mut out = Vec::new();
    let (old, now) = (&base.plan, &new.plan);
    out.extend(difference(
        "model",
        "model",
        old.model.clone(),
        now.model.clone(),
    ));
    // Another draw from the same file is another set of requests, but no other dataset.
    if base.dataset.digest != new.dataset.digest {
        out.extend(difference("dataset", "dataset", file(base), file(new)));
    }
    let (old_engines, new_engines) = (engines(base), engines(new));
    if !old_engines.is_empty() && !new_engines.is_empty() {
        out.extend(difference("engine", "engine", old_engines, new_engines));
    }
    let (a, b) = (&old.request, &now.request);
    for (what, a, b) in [
        (
            "--max-output-tokens",
            or_none(a.max_output_tokens),
            or_none(b.max_output_tokens),
        ),
        (
            "--min-output-tokens",
            or_none(a.min_output_tokens),
            or_none(b.min_output_tokens),
        ),
        (
            "--ignore-eos",
            a.ignore_eos.unwrap_or(false).to_string(),
            b.ignore_eos.unwrap_or(false).to_string(),
        ),
        (
            "--temperature",
            or_none(a.temperature),
            or_none(b.temperature),
        ),
        ("--top-p", or_none(a.top_p), or_none(b.top_p)),
        ("--extra-body", json(&a.extra_body), json(&b.extra_body)),
        (
            "--http2",
            a.network.http2.to_string(),
            b.network.http2.to_string(),
        ),
        (
            "--max-input-length",
            or_none(old.dataset.max_input_length),
            or_none(now.dataset.max_input_length),
        ),
        ("--slo-file", slo(base), slo(new)),
    ] {
        out.extend(difference("settings", what, a, b));
    }
    for (what, a, b) in of_api(old, now) {
        out.extend(difference("settings", what, a, b));
    }
    out
}

/// The API, and what its requests ask of a cache, in both runs.
fn of_api(old: &Plan, now: &Plan) -> [(&'static str, String, String); 6] {
    let (a, b) = (&old.request, &now.request);
    [
        (
            "--api",
            old.api().word().to_owned(),
            now.api().word().to_owned(),
        ),
        (
            "--cache-control",
            control(a.cache.control),
            control(b.cache.control),
        ),
        (
            "--cache-min-tokens",
            or_none(a.cache.min_tokens),
            or_none(b.cache.min_tokens),
        ),
        (
            "--prompt-cache-key",
            cache_key(a.cache.key.as_ref()),
            cache_key(b.cache.key.as_ref()),
        ),
        (
            "--prompt-cache-retention",
            or_none(a.cache.retention.as_ref()),
            or_none(b.cache.retention.as_ref()),
        ),
        (
            "--prompt-token-ids",
            a.prompt_token_ids.to_string(),
            b.prompt_token_ids.to_string(),
        ),
    ]
}

fn difference(
    kind: &'static str,
    what: &'static str,
    base: String,
    new: String,
) -> Option<Difference> {
    (base != new).then_some(Difference {
        kind,
        what,
        base,
        new,
    })
}

/// What Messages ask a cache to keep.
fn control(control: Option<CacheControl>) -> String {
    match control {
        None => "a row's own".to_owned(),
        Some(control) => control.ttl().unwrap_or("off").to_owned(),
    }
}

/// What requests are routed by.
fn cache_key(key: Option<&PromptCacheKey>) -> String {
    match key {
        None => "none".to_owned(),
        Some(PromptCacheKey::PerEpoch) => "per-epoch".to_owned(),
        Some(PromptCacheKey::Fixed(value)) => format!("fixed:{value}"),
    }
}

/// The dataset's file, without its folder.
fn file(run: &RunInfo) -> String {
    let name = run.plan.dataset.path.file_name().unwrap_or_default();
    format!("{} ({} rows)", name.to_string_lossy(), run.dataset.rows)
}

/// The engines that were known; empty where none was.
fn engines(run: &RunInfo) -> String {
    let kinds = run.engines.iter().map(|engine| engine.kind);
    let known = kinds.filter(|kind| *kind != EngineKind::Unknown);
    let mut names: Vec<&str> = known.map(EngineKind::name).collect();
    names.dedup();
    names.join(" + ")
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or("none".to_owned(), |value| value.to_string())
}

fn json(value: &serde_json::Map<String, serde_json::Value>) -> String {
    serde_json::Value::Object(value.clone()).to_string()
}

fn slo(run: &RunInfo) -> String {
    run.plan.slo.map_or("none".to_owned(), |slo| {
        serde_json::to_string(&slo).unwrap_or_default()
    })
}

/// What does not forbid a comparison, but may be why it comes out as it does.
pub(crate) fn remarks(base: &RunInfo, new: &RunInfo) -> Vec<ChangeCaveat> {
    let mut out = Vec::new();
    let (old, now) = (engine_version(base), engine_version(new));
    out.extend(caveat("engine version", old, now));
    for (what, of) in [
        (
            "dualround",
            (|run| run.version.clone()) as fn(&RunInfo) -> String,
        ),
        ("schedule", |run| run.plan.schedule.to_string()),
        ("workers", |run| run.plan.workers.to_string()),
        ("client machine", |run| run.environment.to_string()),
        ("cold policy", cold_policy),
    ] {
        out.extend(caveat(what, Some(of(base)), Some(of(new))));
    }
    for other in plan_differences(&base.plan, &new.plan) {
        out.extend(caveat(&other.what, Some(other.base), Some(other.new)));
    }
    let ended = match [base.interrupted, new.interrupted] {
        [true, true] => Some(Which::Both),
        [true, false] => Some(Which::Base),
        [false, true] => Some(Which::New),
        [false, false] => None,
    };
    out.extend(ended.map(|run| ChangeCaveat::EndedEarly { run }));
    out
}

fn caveat(what: &str, base: Option<String>, new: Option<String>) -> Option<ChangeCaveat> {
    (base != new).then(|| ChangeCaveat::Differs {
        what: what.to_owned(),
        base,
        new,
    })
}

fn engine_version(run: &RunInfo) -> Option<String> {
    run.engines.first()?.version.clone()
}

fn cold_policy(run: &RunInfo) -> String {
    run.plan.cold.policy.name().to_owned()
}
