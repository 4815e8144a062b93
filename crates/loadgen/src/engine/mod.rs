//! Which engine a server is, and what it tells about its cache. One file an engine, in which `look`
//! knows it by what a server showed, and `describe` says what it then has. What is seen of a server
//! is gathered first, so that judging it needs no network.

mod dynamo;
mod hosted;
mod llama_cpp;
mod lmcache;
mod observe;
mod profile;
mod sglang;
mod tensorrt_llm;
mod tgi;
mod vllm;
mod watch;

use dualround_model::{EngineKind, EngineReport, ResetCall};
use dualround_wire::{Scrape, gateway_of_page};
use serde_json::Value;

pub(crate) use observe::observe;
use profile::{EngineProfile, PROFILES};
pub(crate) use profile::{TokenizerCalls, tokenizer_calls};
#[cfg(test)]
pub(crate) use watch::Settled;
pub(crate) use watch::{EngineReading, Watch};

/// What a server showed of itself. Nothing here changed its state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Base URL, for calls.
    pub(crate) base: String,
    /// The same without secrets.
    pub(crate) shown: String,
    /// The gateway that the headers of the model list name.
    pub(crate) gateway: Option<String>,
    /// `Server` header of the model list.
    pub(crate) server: Option<String>,
    /// `/v1/models`.
    pub(crate) models: Option<Value>,
    /// `/version`.
    pub(crate) version: Option<Value>,
    /// `/get_server_info`.
    pub(crate) server_info: Option<Value>,
    /// `/props`.
    pub(crate) props: Option<Value>,
    /// `/info` (TGI).
    pub(crate) info: Option<Value>,
    /// Status of a GET on `/reset_prefix_cache`, which takes POST only.
    pub(crate) reset_status: Option<u16>,
    /// `/metrics`.
    pub(crate) page: Option<Scrape>,
    /// Its name or address.
    pub(crate) host: String,
    /// Why nothing of it was seen: it could not be reached.
    pub(crate) unreachable: Option<String>,
}

impl Observed {
    fn has_metric(&self, beginning: &str) -> bool {
        let page = self.page.as_ref();
        page.is_some_and(|page| page.names().iter().any(|name| name.starts_with(beginning)))
    }

    /// The model list names this owner.
    fn owned_by(&self, owner: &str) -> bool {
        let list = self.models.as_ref().and_then(|models| models.get("data"));
        let mut models = list.and_then(Value::as_array).into_iter().flatten();
        models.any(|model| model["owned_by"] == owner)
    }

    /// The smallest context that the model list names: which of its models is asked is not known here.
    fn listed_context(&self) -> Option<u64> {
        let list = self.models.as_ref().and_then(|models| models.get("data"));
        let models = list.and_then(Value::as_array).into_iter().flatten();
        let told = models.filter_map(|model| {
            let mut keys = ["max_model_len", "context_length", "context_window"].iter();
            keys.find_map(|key| model.get(key).and_then(Value::as_u64))
        });
        told.filter(|tokens| *tokens > 0).min()
    }

    /// The first of these names that is on the page.
    fn metric(&self, names: &[&str]) -> Option<String> {
        let page = self.page.as_ref()?;
        let on_page = page.names();
        names
            .iter()
            .find(|name| on_page.contains(name))
            .map(|name| (*name).to_owned())
    }

    fn call(&self, method: &str, path: &str) -> ResetCall {
        ResetCall {
            method: method.to_owned(),
            url: format!("{}{path}", self.base),
        }
    }

    /// The value of a metric on which all of its samples agree, whatever models they are of.
    fn value(&self, metric: &str) -> Option<f64> {
        let samples = self.page.as_ref()?.samples.iter();
        let mut values = samples.filter(|sample| sample.name == metric);
        let first = values.next()?.value;
        #[expect(clippy::float_cmp, reason = "sizes that are told, not computed")]
        values.all(|sample| sample.value == first).then_some(first)
    }

    /// A label's value of the first sample of a metric.
    fn label(&self, metric: &str, label: &str) -> Option<String> {
        let page = self.page.as_ref()?;
        let sample = page.samples.iter().find(|sample| sample.name == metric)?;
        let (_, value) = sample.labels.iter().find(|(name, _)| name == label)?;
        Some(value.clone())
    }

    /// The same, where it is a whole number.
    fn label_number(&self, metric: &str, label: &str) -> Option<u64> {
        self.label(metric, label)?.parse().ok()
    }
}

/// A report that knows nothing yet.
fn blank(kind: EngineKind, seen: &Observed, evidence: &str) -> EngineReport {
    EngineReport {
        evidence: vec![evidence.to_owned()],
        ..EngineReport::new(kind, seen.shown.clone())
    }
}

/// What the server is, and what stands in front of it. `forced` overrides what it looks like, not what
/// it shows.
pub(crate) fn detect(seen: &Observed, forced: Option<EngineKind>) -> EngineReport {
    let names = seen.page.as_ref().map(Scrape::names).unwrap_or_default();
    let report = engine(seen, forced);
    EngineReport {
        gateway: gateway_of_page(&names).or_else(|| seen.gateway.clone()),
        context_tokens: report.context_tokens.or_else(|| seen.listed_context()),
        ..report
    }
}

fn engine(seen: &Observed, forced: Option<EngineKind>) -> EngineReport {
    if let Some(kind) = forced {
        return force(seen, kind);
    }
    let found = PROFILES.iter().find_map(|profile| (profile.look)(seen));
    found.unwrap_or_else(|| {
        let evidence = "nothing that is known of any engine";
        let mut report = blank(EngineKind::Unknown, seen, evidence);
        report.hints.push(
            "name the engine with --engine and its metrics page with --prometheus-url, or, where a gateway stands in front of it, give its own address with --admin-url".to_owned(),
        );
        report
    })
}

fn force(seen: &Observed, kind: EngineKind) -> EngineReport {
    let evidence = "--engine";
    match EngineProfile::of(kind) {
        Some(profile) => (profile.describe)(seen, evidence),
        None => blank(EngineKind::Unknown, seen, evidence),
    }
}

#[cfg(test)]
mod tests;
