//! The server metrics of a run: what is asked, of whom, and what went wrong with it.

use super::Session;
use crate::{
    Cancel, LoadError,
    clock::Clock,
    secrets::Secrets,
    telemetry::{
        AskError, Collected, MetricQuery, QueryKind, Sampler, SamplerSettings, known_of, tracks,
    },
};
use dualround_model::{Plan, Resolved, Warning};
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// Names that are told where `auto` knows none.
const NAMED: usize = 5;

/// Starts a sampler for each source of the plan.
pub(super) fn start(
    plan: &Plan,
    cancel: &Cancel,
    tls: Option<&TlsConnector>,
    clock: Clock,
) -> Result<Vec<Sampler>, LoadError> {
    let common = common(plan, cancel, tls, clock);
    let urls = plan.prometheus.urls.iter();
    urls.map(|url| Sampler::start(url, &common)).collect()
}

fn common(
    plan: &Plan,
    cancel: &Cancel,
    tls: Option<&TlsConnector>,
    clock: Clock,
) -> SamplerSettings {
    SamplerSettings {
        tls: tls.cloned(),
        clock,
        every: Duration::from_millis(plan.prometheus.interval_ms.max(1)),
        headers: crate::request::auth::given(&plan.prometheus.headers),
        cancel: cancel.clone(),
        request: plan.request.clone(),
    }
}

impl Session {
    /// Metrics without a page are those of the engines' own, which were found.
    ///
    /// # Errors
    /// [`LoadError::Metric`] where none was.
    fn sample_engines(&mut self) -> Result<(), LoadError> {
        if self.plan.prometheus.metrics.is_empty() || !self.samplers.is_empty() {
            return Ok(());
        }
        let mut found = Vec::new();
        for watch in self.watches.iter().filter(|watch| watch.has_page) {
            let tls = self.tls.as_ref();
            found.push(watch.sampler(common(&self.plan, &self.cancel, tls, self.clock))?);
        }
        if found.is_empty() {
            let found = if self.plan.probe {
                "no page of metrics was found beside it"
            } else {
                "with --no-probe no page is looked for"
            };
            return Err(LoadError::Metric {
                url: crate::redact_url(&self.plan.endpoint),
                reason: format!(
                    "{found}: --prometheus-metrics needs --prometheus-url URL, the page that has them"
                ),
            });
        }
        let (urls, samplers): (Vec<String>, Vec<Sampler>) = found.into_iter().unzip();
        self.plan.prometheus.urls = urls;
        self.samplers = samplers.into();
        Ok(())
    }

    /// Looks the asked metrics up once, before the run: what is missing or an alias is said early.
    ///
    /// # Errors
    /// [`LoadError::Metric`] for an expression that cannot be evaluated.
    pub fn look_up_metrics(&mut self) -> Result<Vec<Warning>, LoadError> {
        let secrets = Secrets::of(&self.plan);
        let looked = self.look_up();
        let looked = looked.map(|warnings| secrets.scrub_all(warnings));
        looked.map_err(|error| secrets.scrub_error(error))
    }

    fn look_up(&mut self) -> Result<Vec<Warning>, LoadError> {
        let mut warnings = Vec::new();
        let mut sources = Vec::new();
        self.sample_engines()?;
        warnings.extend(self.expand_auto());
        let metrics = self.plan.prometheus.metrics.iter();
        self.asked = metrics.map(|one| MetricQuery::parse(one)).collect();
        for sampler in self.samplers.iter() {
            match sampler.ask(&self.asked) {
                Ok(source) => sources.push(source),
                Err(AskError::Refused(reason)) => {
                    let url = sampler.shown.clone();
                    return Err(LoadError::Metric { url, reason });
                }
                Err(AskError::Unreadable(reason)) => warnings.push(Warning::MetricsUnreadable {
                    url: sampler.shown.clone(),
                    reason,
                }),
            }
        }
        if sources.is_empty() {
            return Ok(warnings);
        }
        let server = sources
            .iter()
            .any(|source| matches!(source, Collected::Server(..)));
        for (asked, track) in self.asked.iter().zip(tracks(&self.asked, &sources)) {
            if let (QueryKind::Expression, false) = (&asked.what, server) {
                let url = self
                    .samplers
                    .first()
                    .map_or("", |sampler| &sampler.shown)
                    .to_owned();
                let reason = format!(
                    "`{}` is neither a metric nor a quotient of two: a page cannot evaluate it, a \
                     Prometheus server can (--prometheus-url http://HOST:9090)",
                    asked.text
                );
                return Err(LoadError::Metric { url, reason });
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
        Ok(warnings)
    }

    /// `auto` stands for the known metrics of caches and queues that are there. Said, where none is.
    fn expand_auto(&mut self) -> Option<Warning> {
        let metrics = &self.plan.prometheus.metrics;
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
        self.plan.prometheus.metrics = all;
        (found.is_empty() && !names.is_empty()).then(|| Warning::AutoFoundNothing {
            metrics: names.len() as u64,
            names: names.into_iter().take(NAMED).collect(),
        })
    }

    /// What went wrong with the sources over a round.
    pub(super) fn scrape_warnings(&self, pages: &[Collected]) -> Vec<Warning> {
        let of = |(sampler, source): (&Sampler, &Collected)| {
            let readings = match source {
                Collected::Page(readings) => readings,
                Collected::Server(_, warnings) => return warnings.clone(),
            };
            let failed = readings
                .iter()
                .filter(|reading| reading.failed.is_some())
                .count() as u64;
            let (url, tried) = (sampler.shown.clone(), readings.len() as u64);
            let mut reasons = readings
                .iter()
                .filter_map(|reading| reading.failed.as_deref());
            let reason = reasons.next().unwrap_or("").to_owned();
            let failed = (failed > 0).then_some(Warning::ScrapesFailed {
                url,
                failed,
                tried,
                reason,
            });
            failed.into_iter().collect()
        };
        self.samplers.iter().zip(pages).flat_map(of).collect()
    }
}
