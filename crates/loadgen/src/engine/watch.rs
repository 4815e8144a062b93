//! An engine's own counters, read right before and right after a round, beside the request path.

use crate::{
    LoadError,
    clock::Clock,
    control::{Control, ControlError, pause},
    request::head::Headers,
    telemetry::{Sampler, SamplerSettings},
    transport::Target,
};
use dualround_model::{EngineDelta, EngineReport, LeftOut, TierDelta};
use dualround_wire::{PromSample, Scrape, parse_exposition};
use std::time::Duration;

/// How long a page may take.
const LIMIT: Duration = Duration::from_secs(5);

/// One engine and its page of metrics, to be read around rounds.
pub(crate) struct Watch {
    pub(crate) report: EngineReport,
    headers: Headers,
    target: Target,
    clock: Clock,
    /// A page of metrics is there.
    pub(crate) has_page: bool,
}

/// A page as it stood, once it stood still.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) page: Scrape,
    /// A counter went back between two readings a moment apart: the page is several processes' in
    /// turn.
    pub(crate) jumps: bool,
}

/// A reading of an engine's page, or the reason why there is none.
pub(crate) type EngineReading = Result<Settled, ControlError>;

/// Between two readings, which must agree.
const STILL: Duration = Duration::from_millis(100);
/// Readings at most: an engine that others use never stands still.
const READINGS: u32 = 10;

impl Watch {
    /// Watches the engine of `report`, at `target`, which was seen to have a page of metrics.
    pub(crate) fn new(
        report: EngineReport,
        target: &Target,
        headers: Headers,
        clock: Clock,
        has_page: bool,
    ) -> Self {
        let path = format!("{}/metrics", target.base_path());
        Self {
            report,
            headers,
            target: target.with_path(&path),
            clock,
            has_page,
        }
    }

    /// The server, what stands before the paths of its calls, and the headers that go there.
    pub(crate) fn place(&self) -> (Target, String, Headers) {
        let path = &self.target.path;
        let prefix = path.strip_suffix("/metrics").unwrap_or(path).to_owned();
        (self.target.clone(), prefix, self.headers.clone())
    }

    /// A sampler of the engine's own page, with the headers that go there anyway.
    ///
    /// # Errors
    /// As [`Sampler::start`].
    pub(crate) fn sampler(&self, common: SamplerSettings) -> Result<(String, Sampler), LoadError> {
        let url = format!("{}/metrics", self.report.base);
        let common = SamplerSettings {
            headers: self.headers.clone(),
            ..common
        };
        Ok((url.clone(), Sampler::start(&url, &common)?))
    }

    /// Whether the page has counters or gauges that are read.
    pub(crate) fn has_counters(&self) -> bool {
        let report = &self.report;
        !report.tiers.is_empty()
            || report.processed.is_some()
            || report.prompt_tokens.is_some()
            || report.running.is_some()
    }

    /// Reads the page until two readings agree and nothing runs, a second at most: engines count some
    /// time after their answer, and take a request off their gauges later still.
    pub(crate) async fn settled(&self) -> EngineReading {
        let mut page = self.read().await?;
        let mut jumps = false;
        for _ in 1..READINGS {
            pause(STILL).await;
            let next = self.read().await?;
            let (before, now) = (self.counts(&page), self.counts(&next));
            jumps |= has_gone_back(&before, &now) || next.is_of_another_process(&page);
            page = next;
            if before == now && self.busy(&page).is_none_or(|busy| busy <= 0.0) {
                break;
            }
        }
        Ok(Settled { page, jumps })
    }

    /// All that is counted here, in a fixed order.
    fn counts(&self, page: &Scrape) -> Vec<Option<f64>> {
        let report = &self.report;
        let tiers = report.tiers.iter().flat_map(|tier| {
            let hits = sum(page, &tier.hits, tier.label.as_ref());
            [hits, sum(page, &tier.queries, None)]
        });
        let names = [
            &report.processed,
            &report.cached,
            &report.prompt_tokens,
            &report.requests,
        ];
        let others = names.map(|name| sum(page, name.as_deref()?, None));
        tiers.chain(others).collect()
    }

    /// Reads the page as it is.
    ///
    /// # Errors
    /// [`ControlError`] where it does not answer, or with no page.
    pub(crate) async fn read(&self) -> Result<Scrape, ControlError> {
        let mut control = Control::new(self.target.clone(), self.clock, LIMIT);
        let answer = control.get_page(&self.headers).await?;
        Ok(parse_exposition(&answer.body))
    }

    /// The number of requests running and waiting; `None` when the page does not say.
    pub(crate) fn busy(&self, page: &Scrape) -> Option<f64> {
        let running = gauge(page, self.report.running.as_deref());
        let waiting = gauge(page, self.report.waiting.as_deref());
        (running.is_some() || waiting.is_some())
            .then(|| running.unwrap_or(0.0) + waiting.unwrap_or(0.0))
    }

    /// What the counters did between two readings, and why where that is not known.
    pub(crate) fn delta(&self, before: &EngineReading, after: &EngineReading) -> EngineDelta {
        let report = &self.report;
        let mut delta = EngineDelta {
            base: report.base.clone(),
            ..EngineDelta::default()
        };
        let (before, after) = match (before, after) {
            (Ok(before), Ok(after)) if before.jumps || after.jumps => {
                delta.left_out = Some(LeftOut::SeveralProcesses);
                return delta;
            }
            (Ok(before), Ok(after)) if after.page.is_of_another_process(&before.page) => {
                delta.left_out = Some(LeftOut::OtherProcess);
                return delta;
            }
            (Ok(before), Ok(after)) => (&before.page, &after.page),
            (Err(error), _) | (_, Err(error)) => {
                delta.failed = Some(error.to_string());
                return delta;
            }
        };
        for tier in &report.tiers {
            delta.tiers.push(TierDelta {
                tier: tier.tier.clone(),
                hits: grown(before, after, Some(&tier.hits), tier.label.as_ref()),
                queries: grown(before, after, Some(&tier.queries), None),
            });
        }
        delta.processed = grown(before, after, report.processed.as_deref(), None);
        delta.cached = grown(before, after, report.cached.as_deref(), None);
        delta.prompt_tokens = grown(before, after, report.prompt_tokens.as_deref(), None);
        delta.requests = grown(before, after, report.requests.as_deref(), None);
        delta.running_before = gauge(before, report.running.as_deref());
        delta.waiting_before = gauge(before, report.waiting.as_deref());
        delta
    }
}

/// One of these counters is lower than before.
fn has_gone_back(before: &[Option<f64>], now: &[Option<f64>]) -> bool {
    let mut pairs = before.iter().zip(now);
    pairs.any(|pair| matches!(pair, (Some(before), Some(now)) if now < before))
}

/// A gauge's value; `None` where the engine has none, or the page does not say.
fn gauge(page: &Scrape, name: Option<&str>) -> Option<f64> {
    sum(page, name?, None)
}

/// The series of a metric, or those with a label; `None` where there are none.
fn series<'a>(
    page: &'a Scrape,
    name: &str,
    label: Option<&(String, String)>,
) -> Option<Vec<&'a PromSample>> {
    let found = page.find(name)?;
    let series: Vec<&PromSample> = found
        .samples
        .into_iter()
        .filter(|sample| label.is_none_or(|label| sample.labels.contains(label)))
        .filter(|sample| sample.value.is_finite())
        .collect();
    (!series.is_empty()).then_some(series)
}

/// Sum over the series of a metric, or over those with a label.
fn sum(page: &Scrape, name: &str, label: Option<&(String, String)>) -> Option<f64> {
    let series = series(page, name, label)?;
    Some(series.iter().map(|sample| sample.value).sum())
}

/// What a counter grew by, series by series: one that went backwards or has gone was reset, and a
/// growing one beside it would hide that in a sum. A new one counts from zero.
fn grown(
    before: &Scrape,
    after: &Scrape,
    name: Option<&str>,
    label: Option<&(String, String)>,
) -> Option<f64> {
    let now = series(after, name?, label)?;
    let then = series(before, name?, label).unwrap_or_default();
    if then.iter().any(|one| same_series(&now, one).is_none()) {
        return None;
    }
    let increases = now.iter().map(|one| {
        let increase = one.value - same_series(&then, one).unwrap_or(0.0);
        (increase >= 0.0).then_some(increase)
    });
    increases.sum()
}

/// The value in `list` of the series that `one` is of.
fn same_series(list: &[&PromSample], one: &PromSample) -> Option<f64> {
    let found = list.iter().find(|other| other.labels == one.labels);
    found.map(|found| found.value)
}
