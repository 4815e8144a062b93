//! The server metrics of a run: what is asked, of whom, and what went wrong with it.

use super::{engines::RunEngines, setting::RunSetting};
use crate::{
    LoadError,
    control::ControlPlane,
    telemetry::{
        AskError, Collected, MetricQuery, PageReading, QueryKind, Sampler, SamplerSettings,
        known_of, tracks,
    },
};
use dualround_model::{MetricTrack, Plan, Resolved, Warning};
use std::{sync::Arc, time::Duration};

/// Names that are told where `auto` knows none.
const NAMED: usize = 5;

/// The server metrics of a run.
pub(super) struct RunMetrics {
    /// One for each source.
    pub(super) samplers: Arc<[Sampler]>,
    /// What is asked; empty before it was looked up.
    asked: Vec<MetricQuery>,
}

impl RunMetrics {
    /// Starts a sampler for each source of the plan.
    ///
    /// # Errors
    /// [`LoadError`] for a source that cannot be used.
    pub(super) fn start(plan: &Plan, control: &ControlPlane) -> Result<Self, LoadError> {
        let settings = sampler_settings(plan, control);
        let urls = plan.prometheus.urls.iter();
        let samplers: Result<Vec<Sampler>, LoadError> =
            urls.map(|url| Sampler::start(url, &settings)).collect();
        Ok(Self {
            samplers: samplers?.into(),
            asked: Vec::new(),
        })
    }

    /// Nothing was looked up yet, though the plan asks for metrics.
    pub(super) fn is_to_be_looked_up(&self, plan: &Plan) -> bool {
        self.asked.is_empty() && !plan.prometheus.metrics.is_empty()
    }

    /// Begins the readings of a round.
    pub(super) fn begin(&self) {
        for sampler in self.samplers.iter() {
            sampler.begin();
        }
    }

    /// Ends the readings of a round that began and ended then, ns.
    pub(super) fn end(&self, window: (u64, u64)) -> Vec<Collected> {
        let samplers = self.samplers.iter();
        samplers.map(|sampler| sampler.end(window)).collect()
    }

    /// What the asked metrics did over a round.
    pub(super) fn tracks(&self, pages: &[Collected]) -> Vec<MetricTrack> {
        tracks(&self.asked, pages)
    }

    /// Looks the asked metrics up once, before the run: what is missing or an alias is said early.
    /// The plan gets the pages and names that were found.
    ///
    /// # Errors
    /// [`LoadError::NeedsPrometheus`] for an expression that a page cannot evaluate;
    /// [`LoadError::Metric`] for one that a server cannot.
    pub(super) fn look_up(
        &mut self,
        setting: &mut RunSetting,
        engines: &RunEngines,
    ) -> Result<Vec<Warning>, LoadError> {
        self.sample_engines(setting, engines)?;
        let mut warnings = Vec::new();
        warnings.extend(self.expand_auto(&mut setting.plan));
        let metrics = setting.plan.prometheus.metrics.iter();
        self.asked = metrics.map(|one| MetricQuery::parse(one)).collect();
        let sources = self.ask_sources(&mut warnings)?;
        if !sources.is_empty() {
            self.judge(&sources, &mut warnings)?;
        }
        Ok(warnings)
    }

    /// Metrics without a page are those of the engines' own, which were found.
    ///
    /// # Errors
    /// [`LoadError::NoMetricsPage`] where none was.
    fn sample_engines(
        &mut self,
        setting: &mut RunSetting,
        engines: &RunEngines,
    ) -> Result<(), LoadError> {
        let plan = &mut setting.plan;
        if plan.prometheus.metrics.is_empty() || !self.samplers.is_empty() {
            return Ok(());
        }
        let mut urls = Vec::new();
        let mut samplers = Vec::new();
        for watch in engines.watches.iter().filter(|watch| watch.has_page) {
            let (url, sampler) = watch.sampler(sampler_settings(plan, &setting.control))?;
            urls.push(url);
            samplers.push(sampler);
        }
        if samplers.is_empty() {
            return Err(LoadError::NoMetricsPage {
                url: crate::redact_url(&plan.endpoint),
                was_looked_for: plan.probe,
            });
        }
        plan.prometheus.urls = urls;
        self.samplers = samplers.into();
        Ok(())
    }

    /// `auto` stands for the known metrics of caches and queues that are there. Said, where none is.
    fn expand_auto(&self, plan: &mut Plan) -> Option<Warning> {
        let metrics = &plan.prometheus.metrics;
        if !metrics.iter().any(|asked| asked == "auto") {
            return None;
        }
        let samplers = self.samplers.iter();
        let names: Vec<String> = samplers
            .filter_map(|one| one.names().ok())
            .flatten()
            .collect();
        let found = known_of(&names);
        let mut all: Vec<String> = Vec::new();
        for asked in metrics {
            let alone = std::slice::from_ref(asked);
            for one in if asked == "auto" { &found[..] } else { alone } {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            }
        }
        plan.prometheus.metrics = all;
        (found.is_empty() && !names.is_empty()).then(|| Warning::AutoFoundNothing {
            metrics: names.len() as u64,
            names: names.into_iter().take(NAMED).collect(),
        })
    }

    /// What each source says of the asked metrics.
    fn ask_sources(&self, warnings: &mut Vec<Warning>) -> Result<Vec<Collected>, LoadError> {
        let mut sources = Vec::new();
        for sampler in self.samplers.iter() {
            let url = sampler.shown.clone();
            match sampler.ask(&self.asked) {
                Ok(source) => sources.push(source),
                Err(AskError::Refused(reason)) => return Err(LoadError::Metric { url, reason }),
                Err(AskError::Unreadable(reason)) => {
                    warnings.push(Warning::MetricsUnreadable { url, reason });
                }
            }
        }
        Ok(sources)
    }

    /// Says what is missing, and what stands for a name that was asked.
    fn judge(&self, sources: &[Collected], warnings: &mut Vec<Warning>) -> Result<(), LoadError> {
        let has_server = sources
            .iter()
            .any(|source| matches!(source, Collected::Server(..)));
        for (asked, track) in self.asked.iter().zip(tracks(&self.asked, sources)) {
            if matches!(asked.what, QueryKind::Expression) && !has_server {
                return Err(self.needs_server(&asked.text));
            }
            let name = track.asked;
            match (track.resolved, &asked.what) {
                (Resolved::Missing { close }, _) => {
                    warnings.push(Warning::MetricMissing { name, close });
                }
                (
                    Resolved::Ratio {
                        numerator,
                        denominator,
                    },
                    QueryKind::Of(_),
                ) => {
                    let mapping = format!("increase of {numerator} / increase of {denominator}");
                    warnings.push(Warning::MetricAlias { name, mapping });
                }
                (Resolved::Name(mapping), QueryKind::Of(selector)) if mapping != selector.name => {
                    warnings.push(Warning::MetricAlias { name, mapping });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn needs_server(&self, expression: &str) -> LoadError {
        let shown = self.samplers.first().map(|sampler| sampler.shown.clone());
        LoadError::NeedsPrometheus {
            url: shown.unwrap_or_default(),
            expression: expression.to_owned(),
        }
    }

    /// What went wrong with the sources over a round.
    pub(super) fn warnings(&self, pages: &[Collected]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (sampler, page) in self.samplers.iter().zip(pages) {
            match page {
                Collected::Page(readings) => warnings.extend(failed_readings(sampler, readings)),
                Collected::Server(_, told) => warnings.extend(told.iter().cloned()),
            }
        }
        warnings
    }
}

fn failed_readings(sampler: &Sampler, readings: &[PageReading]) -> Option<Warning> {
    let failed = readings
        .iter()
        .filter_map(|reading| reading.failed.as_deref());
    let reasons: Vec<&str> = failed.collect();
    let reason = reasons.first()?;
    Some(Warning::ScrapesFailed {
        url: sampler.shown.clone(),
        failed: reasons.len() as u64,
        tried: readings.len() as u64,
        reason: (*reason).to_owned(),
    })
}

fn sampler_settings(plan: &Plan, control: &ControlPlane) -> SamplerSettings {
    SamplerSettings {
        network: control.network.clone(),
        every: Duration::from_millis(plan.prometheus.interval_ms.max(1)),
        headers: crate::request::auth::given(&plan.prometheus.headers),
        cancel: control.cancel.clone(),
    }
}
