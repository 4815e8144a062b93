//! A Prometheus server, or what speaks its API: asked after a round for exactly the round's window.
//! It has seen only what it scraped: a round waits for a scrape before its first request and for
//! one after its last.

use super::{
    absent,
    alias::{Alias, candidates},
    api::{PromqlApi, placed, promql_duration, tried},
    query::{MetricQuery, QueryKind},
    query_plan::{QueryPlan, RatioPart, RawQuery},
    source::{AskError, MetricsSource, SamplerSettings, SourceError},
    tracks::Collected,
};
use crate::{
    Cancel,
    clock::Clock,
    control::{Control, pause},
};
use dualround_model::{MetricKind, SeriesTrack, TrackPoint, Warning};
use dualround_wire::{Selector, toggled_total};
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// Longest scrape interval that a round waits for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Points of a range query, at most; servers refuse more than 11,000.
const POINTS: f64 = 10_000.0;

/// A Prometheus server, and how each asked metric is had from it.
pub(super) struct PromqlServer {
    api: PromqlApi,
    clock: Clock,
    cancel: Cancel,
    shown: String,
    /// Between the scrapes of the server's targets, the longest; `None` where it does not say.
    interval: Option<Duration>,
    every: Duration,
    asked: Vec<(MetricQuery, QueryPlan)>,
}

impl MetricsSource for PromqlServer {
    fn period(&self) -> Option<Duration> {
        None
    }

    async fn names(&mut self) -> Result<Vec<String>, SourceError> {
        self.api.names().await
    }

    async fn look_up(&mut self, asked: Vec<MetricQuery>) -> Result<Collected, AskError> {
        let mut plans = Vec::new();
        let mut tracks = Vec::new();
        for asked in asked {
            let plan = self.plan(&asked).await?;
            tracks.push(plan.track(&asked));
            plans.push((asked, plan));
        }
        self.asked = plans;
        Ok(Collected::Server(tracks, Vec::new()))
    }

    async fn begin(&mut self) {
        self.wait_for_scrape().await;
    }

    /// Readings between requests are not to be had from a server that scrapes by itself.
    async fn read(&mut self) {}

    async fn end(&mut self, window: (u64, u64)) -> Collected {
        self.wait_for_scrape().await;
        self.collect(window).await
    }
}

impl PromqlServer {
    /// Asks whether one answers at this address.
    pub(super) async fn find(control: Control, settings: &SamplerSettings) -> Option<Self> {
        let shown = control.target.shown.clone();
        let mut api = PromqlApi::find(control, &settings.headers).await?;
        Some(Self {
            interval: scrape_interval(&mut api).await,
            api,
            clock: settings.network.clock,
            cancel: settings.cancel.clone(),
            shown,
            every: settings.every,
            asked: Vec::new(),
        })
    }

    /// So long that every target was scraped once more.
    async fn wait_for_scrape(&self) {
        let Some(interval) = self.interval.filter(|interval| *interval <= PATIENCE) else {
            return;
        };
        let until = self.clock.now()
            + crate::clock::nanos(interval + interval / 10 + Duration::from_millis(100));
        while self.clock.now() < until && !self.cancel.is_cancelled() {
            pause(Duration::from_millis(50)).await;
        }
    }

    async fn plan(&mut self, asked: &MetricQuery) -> Result<QueryPlan, AskError> {
        let plan = match &asked.what {
            QueryKind::Expression => return self.expression(&asked.text).await,
            QueryKind::Ratio(top, bottom) => self.ratio(top, bottom).await?,
            QueryKind::Of(selector) => self.metric(selector).await?,
        };
        Ok(plan)
    }

    /// An expression that the server was seen to understand.
    async fn expression(&mut self, text: &str) -> Result<QueryPlan, AskError> {
        let query = tried(text);
        if let Err(error) = self.api.get("query", &[("query", &query)]).await {
            return Err(AskError::Refused(format!("`{text}`: {error}")));
        }
        let once = text.contains("$round") || text.contains("$since");
        Ok(if once {
            QueryPlan::Once(text.to_owned())
        } else {
            QueryPlan::Range(text.to_owned())
        })
    }

    async fn ratio(&mut self, top: &Selector, bottom: &Selector) -> Result<QueryPlan, SourceError> {
        let Some(above) = self.raw(top).await? else {
            return Ok(QueryPlan::Missing(vec![top.to_string()]));
        };
        let Some(below) = self.raw(bottom).await? else {
            return Ok(QueryPlan::Missing(vec![bottom.to_string()]));
        };
        Ok(ratio_of(top, &above, bottom, &below))
    }

    /// A metric by its name, else by the first of its aliases that is there.
    async fn metric(&mut self, selector: &Selector) -> Result<QueryPlan, SourceError> {
        if let Some(plan) = self.raw(selector).await? {
            return Ok(plan);
        }
        for alias in candidates(&selector.name) {
            if let Some(plan) = self.aliased(alias).await? {
                return Ok(plan);
            }
        }
        Ok(QueryPlan::Missing(Vec::new()))
    }

    async fn aliased(&mut self, alias: &Alias) -> Result<Option<QueryPlan>, SourceError> {
        let (top, bottom) = alias.parts();
        let Some(above) = self.raw(&top).await? else {
            return Ok(None);
        };
        let Some(bottom) = bottom else {
            return Ok(Some(above));
        };
        let below = self.raw(&bottom).await?;
        Ok(below.map(|below| ratio_of(&top, &above, &bottom, &below)))
    }

    /// A metric under its name, with or without `_total`, or as a histogram.
    async fn raw(&mut self, selector: &Selector) -> Result<Option<QueryPlan>, SourceError> {
        let conditions = selector.conditions();
        let toggled = toggled_total(&selector.name);
        for name in [&selector.name, &toggled] {
            if self.exists(&format!("{name}{{{conditions}}}")).await? {
                let kind = self.kind(name).await;
                return Ok(Some(QueryPlan::raw(name, conditions, kind)));
            }
            // Python's summaries have no quantiles: nothing is there under their own name.
            for (part, kind) in [
                ("_bucket", MetricKind::Histogram),
                ("_count", MetricKind::Summary),
            ] {
                if self
                    .exists(&format!("{name}{part}{{{conditions}}}"))
                    .await?
                {
                    return Ok(Some(QueryPlan::raw(name, conditions, kind)));
                }
            }
        }
        Ok(None)
    }

    /// Whether there was a sample in the last minutes.
    async fn exists(&mut self, query: &str) -> Result<bool, SourceError> {
        let data = self.api.get("query", &[("query", query)]).await?;
        Ok(data
            .get("result")
            .and_then(Value::as_array)
            .is_some_and(|found| !found.is_empty()))
    }

    async fn kind(&mut self, name: &str) -> MetricKind {
        match self.said(name).await.as_deref() {
            Some("counter") => MetricKind::Counter,
            Some("gauge") => MetricKind::Gauge,
            Some("summary") => MetricKind::Summary,
            _ if self.is_part(name).await => MetricKind::Counter,
            _ if name.ends_with("_total") => MetricKind::Counter,
            _ => MetricKind::Untyped,
        }
    }

    /// Whether this is the sum, the count or the buckets of a family: those only grow.
    async fn is_part(&mut self, name: &str) -> bool {
        let mut endings = ["_sum", "_count", "_bucket"].into_iter();
        let Some(base) = endings.find_map(|ending| name.strip_suffix(ending)) else {
            return false;
        };
        let said = self.said(base).await;
        matches!(said.as_deref(), Some("summary" | "histogram"))
    }

    /// What the metadata of a family say that it is.
    async fn said(&mut self, name: &str) -> Option<String> {
        let data = self.api.get("metadata", &[("metric", name)]).await.ok()?;
        let kind = data.get(name)?.get(0)?.get("type")?.as_str();
        kind.map(str::to_owned)
    }

    /// What the server kept of a round.
    async fn collect(&mut self, window: (u64, u64)) -> Collected {
        let mut tracks = Vec::new();
        let mut reason: Option<String> = None;
        for (asked, plan) in self.asked.clone() {
            let mut track = plan.track(&asked);
            let found = self.series(&plan, window).await;
            match found {
                Ok(series) => track.series = series,
                Err(error) => {
                    track.failed_scrapes += 1;
                    reason.get_or_insert_with(|| error.to_string());
                }
            }
            tracks.push(track);
        }
        let failed = tracks.iter().map(|track| track.failed_scrapes).sum();
        let tried = tracks.len() as u64;
        let url = self.shown.clone();
        let mut warnings = Vec::new();
        if failed > 0 {
            warnings.push(Warning::ScrapesFailed {
                url: url.clone(),
                failed,
                tried,
                reason: reason.unwrap_or_default(),
            });
        }
        let (started, ended) = window;
        let length = Duration::from_nanos(ended.saturating_sub(started));
        if let Some(interval) = self.interval.filter(|interval| length < 2 * *interval) {
            warnings.push(Warning::ShortWindow {
                url,
                seconds: length.as_secs_f64(),
                interval_seconds: interval.as_secs_f64(),
            });
        }
        Collected::Server(tracks, warnings)
    }

    /// The series of one asked metric over a round.
    async fn series(
        &mut self,
        plan: &QueryPlan,
        (started, ended): (u64, u64),
    ) -> Result<Vec<SeriesTrack>, SourceError> {
        match plan {
            QueryPlan::Missing(_) => Ok(Vec::new()),
            QueryPlan::Once(text) => self.value_now(text, started).await,
            QueryPlan::Range(text) => self.values_over(text, started, ended).await,
            QueryPlan::Raw { queries, .. } => self.raw_samples(queries, started).await,
        }
    }

    /// Between two scrapes, as far as the server says.
    fn scraped_every(&self) -> Duration {
        self.interval.unwrap_or(self.every)
    }

    /// What an expression with placeholders is at the end of the round that began at `started`.
    async fn value_now(
        &mut self,
        text: &str,
        started: u64,
    ) -> Result<Vec<SeriesTrack>, SourceError> {
        let now = self.clock.now();
        let since = Duration::from_nanos(now - started);
        let query = placed(text, since, self.scraped_every());
        let time = format!("{:.3}", self.wall(now));
        let asked = [("query", query.as_str()), ("time", &time)];
        let data = self.api.get("query", &asked).await?;
        Ok(self.tracks_of(&data, None, 0))
    }

    /// The values of an expression over a round.
    async fn values_over(
        &mut self,
        text: &str,
        started: u64,
        ended: u64,
    ) -> Result<Vec<SeriesTrack>, SourceError> {
        let (from, to) = (self.wall(started), self.wall(ended));
        let interval = self.scraped_every().as_secs_f64();
        let step = interval.max((to - from) / POINTS).max(0.001);
        let from = format!("{from:.3}");
        let to = format!("{to:.3}");
        let step = format!("{step:.3}");
        let asked = [
            ("query", text),
            ("start", &from),
            ("end", &to),
            ("step", &step),
        ];
        let data = self.api.get("query_range", &asked).await?;
        Ok(self.tracks_of(&data, None, 0))
    }

    /// The samples as they were scraped since the last scrape before the round.
    async fn raw_samples(
        &mut self,
        queries: &[RawQuery],
        started: u64,
    ) -> Result<Vec<SeriesTrack>, SourceError> {
        let now = self.clock.now();
        let interval = self.scraped_every();
        // One scrape before the round belongs to it, as on a page.
        let back = Duration::from_nanos(now - started) + interval + interval / 10;
        let window = format!("[{}]", promql_duration(back));
        let time = format!("{:.3}", self.wall(now));
        let mut all = Vec::new();
        for RawQuery { selector, name } in queries {
            let query = format!("{selector}{window}");
            let asked = [("query", query.as_str()), ("time", &time)];
            let data = self.api.get("query", &asked).await?;
            all.extend(self.tracks_of(&data, name.as_deref(), started));
        }
        if all.iter().any(|track| absent::began_inside(track, started)) {
            let query = format!("up{window}");
            let asked = [("query", query.as_str()), ("time", &time)];
            // A server without `up` leaves unknown what was there before.
            if let Ok(data) = self.api.get("query", &asked).await {
                let targets = self.tracks_of(&data, None, started);
                absent::fill(&mut all, &targets, started);
            }
        }
        Ok(all)
    }

    /// Seconds since 1970 of an instant of the run's clock.
    fn wall(&self, ns: u64) -> f64 {
        let anchor = self
            .clock
            .anchor_wall()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        (anchor + Duration::from_nanos(ns)).as_secs_f64()
    }

    /// Series of an answer; of the samples before the round only the last is kept.
    fn tracks_of(&self, data: &Value, name: Option<&str>, started: u64) -> Vec<SeriesTrack> {
        let results = data.get("result").and_then(Value::as_array);
        let results = results.into_iter().flatten();
        results
            .map(|result| self.track_of(result, name, started))
            .collect()
    }

    fn track_of(&self, result: &Value, name: Option<&str>, started: u64) -> SeriesTrack {
        let labels = result.get("metric").and_then(Value::as_object);
        let labels = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        let (own, labels): (Vec<_>, Vec<_>) = labels.partition(|(key, _)| key == "__name__");
        let own = own.into_iter().next().map(|(_, name)| name);
        // A range has `values`, an instant one `value`.
        let values = result.get("values").and_then(Value::as_array);
        let one = result.get("value");
        let mut points: Vec<TrackPoint> = values
            .into_iter()
            .flatten()
            .chain(one)
            .filter_map(|pair| self.point(pair))
            .collect();
        let before = points.iter().rposition(|point| point.at_ns < started);
        points.drain(..before.unwrap_or(0));
        SeriesTrack {
            name: name.map(str::to_owned).or(own).unwrap_or_default(),
            labels,
            points,
        }
    }

    fn point(&self, pair: &Value) -> Option<TrackPoint> {
        let seconds = pair.get(0)?.as_f64()?;
        let value: f64 = pair.get(1)?.as_str()?.parse().ok()?;
        let since = seconds - self.wall(0);
        Some(TrackPoint {
            at_ns: crate::clock::nanos(Duration::try_from_secs_f64(since.max(0.0)).ok()?),
            took_ns: 0,
            value: Some(value).filter(|value| value.is_finite()),
            nan: !value.is_finite(),
        })
    }
}

/// Between the scrapes of the server's targets, the longest; `None` where it does not say.
async fn scrape_interval(api: &mut PromqlApi) -> Option<Duration> {
    let data = api.get("targets", &[("state", "active")]).await.ok()?;
    let targets = data.get("activeTargets")?.as_array()?;
    let intervals = targets.iter().filter_map(|target| {
        let text = target.get("scrapeInterval")?.as_str()?;
        duration(text)
    });
    intervals.max()
}

fn ratio_of(top: &Selector, above: &QueryPlan, bottom: &Selector, below: &QueryPlan) -> QueryPlan {
    let above = RatioPart {
        selector: top,
        plan: above,
    };
    let below = RatioPart {
        selector: bottom,
        plan: below,
    };
    QueryPlan::ratio(above, below)
}

/// `1s`, `1m30s`, `500ms`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let units = [
            ("ms", 0.001),
            ("s", 1.0),
            ("m", 60.0),
            ("h", 3600.0),
            ("d", 86_400.0),
        ];
        let (unit, seconds) = units.iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        sum += number * seconds;
    }
    Duration::try_from_secs_f64(sum)
        .ok()
        .filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read() {
        for (text, ms) in [
            ("1s", 1000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("2h", 7_200_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "5", "0s", "1x"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
