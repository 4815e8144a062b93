//! Whether two runs may be compared: what differs, and what the user may let differ.

use crate::plan_differences::plan_differences;
use dualround_model::{ChangeCaveat, EngineKind, Lang, Which};
use dualround_report::{RunInfo, setting_text};

/// What `--allow` takes.
pub(crate) const KINDS: [&str; 4] = ["model", "dataset", "engine", "settings"];

/// A difference that makes figures mean other things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// One of [`KINDS`].
    pub(crate) kind: &'static str,
    /// What differs.
    what: &'static str,
    base: String,
    new: String,
}

impl Difference {
    /// In words.
    pub(crate) fn text(&self, lang: Lang) -> String {
        setting_text(self.what, Some(&self.base), Some(&self.new), lang)
    }

    /// Beside a comparison that the user wants all the same.
    pub(crate) fn caveat(self) -> ChangeCaveat {
        ChangeCaveat::Differs {
            what: self.what.to_owned(),
            base: Some(self.base),
            new: Some(self.new),
        }
    }
}

/// Everything that differs.
pub(crate) fn differences(base: &RunInfo, new: &RunInfo) -> Vec<Difference> {
    let mut out = Vec::new();
    let mut differ = |kind: &'static str, what: &'static str, base: String, new: String| {
        if base != new {
            out.push(Difference {
                kind,
                what,
                base,
                new,
            });
        }
    };
    let (old, now) = (&base.plan, &new.plan);
    differ("model", "model", old.model.clone(), now.model.clone());
    // Another draw from the same file is another set of requests, but no other dataset.
    let file = |run: &RunInfo| {
        let name = run.plan.dataset.path.file_name().unwrap_or_default();
        format!("{} ({} rows)", name.to_string_lossy(), run.dataset.rows)
    };
    if base.dataset.digest != new.dataset.digest {
        differ("dataset", "dataset", file(base), file(new));
    }
    let engine = |run: &RunInfo| {
        let kinds = run.engines.iter().map(|engine| engine.kind);
        let known = kinds.filter(|kind| *kind != EngineKind::Unknown);
        let mut names: Vec<&str> = known.map(EngineKind::name).collect();
        names.dedup();
        names.join(" + ")
    };
    let engines = (engine(base), engine(new));
    if !engines.0.is_empty() && !engines.1.is_empty() {
        differ("engine", "engine", engines.0, engines.1);
    }
    let (a, b) = (&old.request, &now.request);
    let shown = |value: Option<u64>| value.map_or("none".to_owned(), |value| value.to_string());
    let number = |value: Option<f64>| value.map_or("none".to_owned(), |value| value.to_string());
    for (what, a, b) in [
        (
            "--max-output-tokens",
            shown(a.max_output_tokens),
            shown(b.max_output_tokens),
        ),
        (
            "--min-output-tokens",
            shown(a.min_output_tokens),
            shown(b.min_output_tokens),
        ),
        (
            "--ignore-eos",
            a.ignore_eos.unwrap_or(false).to_string(),
            b.ignore_eos.unwrap_or(false).to_string(),
        ),
        (
            "--temperature",
            number(a.temperature),
            number(b.temperature),
        ),
        ("--top-p", number(a.top_p), number(b.top_p)),
        ("--extra-body", json(&a.extra_body), json(&b.extra_body)),
        ("--http2", a.http2.to_string(), b.http2.to_string()),
        (
            "--max-input-length",
            shown(old.dataset.max_input_length),
            shown(now.dataset.max_input_length),
        ),
        ("--slo-file", slo(base), slo(new)),
    ] {
        differ("settings", what, a, b);
    }
    out
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
    let mut differ = |what: &str, base: Option<String>, new: Option<String>| {
        if base != new {
            let what = what.to_owned();
            out.push(ChangeCaveat::Differs { what, base, new });
        }
    };
    let version = |run: &RunInfo| run.engines.first()?.version.clone();
    differ("engine version", version(base), version(new));
    let policy = |run: &RunInfo| format!("{:?}", run.plan.cold.policy).to_lowercase();
    for (what, of) in [
        (
            "dualround",
            (|run| run.version.clone()) as fn(&RunInfo) -> String,
        ),
        ("schedule", |run| run.plan.schedule.to_string()),
        ("workers", |run| run.plan.workers.to_string()),
        ("client machine", |run| run.environment.to_string()),
    ] {
        differ(what, Some(of(base)), Some(of(new)));
    }
    differ("cold policy", Some(policy(base)), Some(policy(new)));
    for other in plan_differences(&base.plan, &new.plan) {
        differ(&other.what, Some(other.base), Some(other.new));
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
