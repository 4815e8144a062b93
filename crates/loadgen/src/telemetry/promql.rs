//! A Prometheus server, or what speaks its API: asked after a round for exactly the round's window.
//! It has seen only what it scraped: a round waits for a scrape before its first request and for
//! one after its last.

use super::{
    absent,
    alias::candidates,
    api::{Api, placed, tried},
    query::{MetricQuery, QueryKind},
    resolve::{Collected, empty},
    source::{AskError, SamplerSettings, Source},
};
use crate::{Cancel, clock::Clock, control::Control};
use dualround_model::{MetricKind, MetricTrack, Resolved, SeriesTrack, TrackPoint, Warning};
use dualround_wire::{Selector, toggled_total};
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// Longest scrape interval that a round waits for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Points of a range query, at most; servers refuse more than 11,000.
const POINTS: f64 = 10_000.0;

/// How an asked metric is had from the server.
#[derive(Clone, Debug)]
enum QueryPlan {
    /// The samples as they were scraped.
    Raw {
        queries: Vec<(String, Option<String>)>,
        resolved: Resolved,
        kind: MetricKind,
    },
    /// An expression with `$round` or `$since`: one value, at the end of the round.
    Once(String),
    /// An expression: its values over the round.
    Range(String),
    Missing(Vec<String>),
}

impl QueryPlan {
    /// The track of what is asked, still without series.
    fn track(&self, asked: &MetricQuery) -> MetricTrack {
        let mut track = empty(&asked.name);
        (track.resolved, track.kind) = match self {
            Self::Raw { resolved, kind, .. } => (resolved.clone(), *kind),
            Self::Once(text) | Self::Range(text) => {
                (Resolved::Name(text.clone()), MetricKind::Gauge)
            }
            Self::Missing(close) => {
                let close = close.clone();
                (Resolved::Missing { close }, MetricKind::Untyped)
            }
        };
        track
    }
}

/// A Prometheus server, and how each asked metric is had from it.
pub(super) struct PromqlServer {
    api: Api,
    clock: Clock,
    cancel: Cancel,
    shown: String,
    /// Between the scrapes of the server's targets, the longest; `None` where it does not say.
    interval: Option<Duration>,
    every: Duration,
    asked: Vec<(MetricQuery, QueryPlan)>,
}

impl Source for PromqlServer {
    fn period(&self) -> Option<Duration> {
        None
    }

    async fn names(&mut self) -> Result<Vec<String>, String> {
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
        let mut api = Api::find(control, &settings.headers).await?;
        Some(Self {
            interval: scrape_interval(&mut api).await,
            api,
            clock: settings.clock,
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
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn plan(&mut self, asked: &MetricQuery) -> Result<QueryPlan, AskError> {
        match &asked.what {
            QueryKind::Expression => {
                let fail = |words| AskError::Refused(format!("`{}`: {words}", asked.text));
                let query = tried(&asked.text);
                self.api
                    .get("query", &[("query", &query)])
                    .await
                    .map_err(fail)?;
                let once = asked.text.contains("$round") || asked.text.contains("$since");
                Ok(if once {
                    QueryPlan::Once(asked.text.clone())
                } else {
                    QueryPlan::Range(asked.text.clone())
                })
            }
            QueryKind::Ratio(top, bottom) => {
                let missing = |part: &Selector| QueryPlan::Missing(vec![part.to_string()]);
                let Some(a) = self.raw(top).await? else {
                    return Ok(missing(top));
                };
                let Some(b) = self.raw(bottom).await? else {
                    return Ok(missing(bottom));
                };
                Ok(ratio((&a, top), (&b, bottom)))
            }
            QueryKind::Of(selector) => {
                if let Some(plan) = self.raw(selector).await? {
                    return Ok(plan);
                }
                for alias in candidates(&selector.name) {
                    let (top, bottom) = alias.parts();
                    let Some(a) = self.raw(&top).await? else {
                        continue;
                    };
                    let Some(bottom) = bottom else {
                        return Ok(a);
                    };
                    if let Some(b) = self.raw(&bottom).await? {
                        return Ok(ratio((&a, &top), (&b, &bottom)));
                    }
                }
                Ok(QueryPlan::Missing(Vec::new()))
            }
        }
    }

    /// A metric under its name, with or without `_total`, or as a histogram.
    async fn raw(&mut self, selector: &Selector) -> Result<Option<QueryPlan>, String> {
        let conditions = selector.conditions();
        let toggled = toggled_total(&selector.name);
        for name in [&selector.name, &toggled] {
            if self.exists(&format!("{name}{{{conditions}}}")).await? {
                let kind = self.kind(name).await;
                return Ok(Some(raw_of(name, conditions, kind)));
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
                    return Ok(Some(raw_of(name, conditions, kind)));
                }
            }
        }
        Ok(None)
    }

    /// Whether there was a sample in the last minutes.
    async fn exists(&mut self, query: &str) -> Result<bool, String> {
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
        let part = |suffix: &&str| name.strip_suffix(*suffix);
        let Some(base) = ["_sum", "_count", "_bucket"].iter().find_map(part) else {
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
                Err(words) => {
                    track.failed_scrapes += 1;
                    reason.get_or_insert(words);
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
        let length = Duration::from_nanos(window.1.saturating_sub(window.0));
        if let Some(interval) = self.interval.filter(|interval| length < 2 * *interval) {
            warnings.push(Warning::ShortWindow {
                url,
                seconds: length.as_secs_f64(),
                interval_seconds: interval.as_secs_f64(),
            });
        }
        Collected::Server(tracks, warnings)
    }

    async fn series(
        &mut self,
        plan: &QueryPlan,
        (started, ended): (u64, u64),
    ) -> Result<Vec<SeriesTrack>, String> {
        let wall = |ns: u64| self.wall(ns);
        let interval = self.interval.unwrap_or(self.every);
        match plan {
            QueryPlan::Missing(_) => Ok(Vec::new()),
            QueryPlan::Once(text) => {
                let now = self.clock.now();
                let since = Duration::from_nanos(now - started);
                let query = placed(text, since, interval);
                let time = format!("{:.3}", wall(now));
                let data = self
                    .api
                    .get("query", &[("query", &query), ("time", &time)])
                    .await?;
                Ok(self.tracks_of(&data, None, 0))
            }
            QueryPlan::Range(text) => {
                let (from, to) = (wall(started), wall(ended));
                let step = interval.as_secs_f64().max((to - from) / POINTS).max(0.001);
                let (from, to, step) = (
                    format!("{from:.3}"),
                    format!("{to:.3}"),
                    format!("{step:.3}"),
                );
                let asked = [
                    ("query", text.as_str()),
                    ("start", &from),
                    ("end", &to),
                    ("step", &step),
                ];
                let data = self.api.get("query_range", &asked).await?;
                Ok(self.tracks_of(&data, None, 0))
            }
            QueryPlan::Raw { queries, .. } => {
                let now = self.clock.now();
                // One scrape before the round belongs to it, as on a page.
                let back = Duration::from_nanos(now - started) + interval + interval / 10;
                let window = format!("[{}ms]", back.as_millis());
                let time = format!("{:.3}", wall(now));
                let mut all = Vec::new();
                for (query, name) in queries {
                    let query = format!("{query}{window}");
                    let data = self
                        .api
                        .get("query", &[("query", &query), ("time", &time)])
                        .await?;
                    all.extend(self.tracks_of(&data, name.as_deref(), started));
                }
                if all.iter().any(|track| absent::began_inside(track, started)) {
                    let query = format!("up{window}");
                    let asked = [("query", query.as_str()), ("time", time.as_str())];
                    // A server without `up` leaves unknown what was there before.
                    if let Ok(data) = self.api.get("query", &asked).await {
                        let targets = self.tracks_of(&data, None, started);
                        absent::fill(&mut all, &targets, started);
                    }
                }
                Ok(all)
            }
        }
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
        let of = |result: &Value| {
            let labels = result.get("metric").and_then(Value::as_object);
            let labels = labels
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            let (own, labels): (Vec<_>, Vec<_>) = labels.partition(|(key, _)| key == "__name__");
            let own = own.into_iter().next().map(|(_, name)| name);
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
        };
        results.into_iter().flatten().map(of).collect()
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
async fn scrape_interval(api: &mut Api) -> Option<Duration> {
    let data = api.get("targets", &[("state", "active")]).await.ok()?;
    let targets = data.get("activeTargets")?.as_array()?;
    let of = |target: &Value| duration(target.get("scrapeInterval")?.as_str()?);
    targets.iter().filter_map(of).max()
}

fn raw_of(name: &str, conditions: &str, kind: MetricKind) -> QueryPlan {
    let parts = match kind {
        MetricKind::Histogram => Some("_(bucket|sum|count)"),
        MetricKind::Summary => Some("(_sum|_count)?"),
        _ => None,
    };
    let query = match parts {
        Some(parts) => {
            let name = name.replace('.', "\\\\.");
            format!("{{__name__=~\"{name}{parts}\",{conditions}}}").replace(",}", "}")
        }
        None => format!("{name}{{{conditions}}}"),
    };
    QueryPlan::Raw {
        queries: vec![(query, None)],
        resolved: Resolved::Name(name.to_owned()),
        kind,
    }
}

/// The quotient of two metrics; its parts are called as they were asked. Of gauges it is that of
/// their values, as on a page.
fn ratio((a, top): (&QueryPlan, &Selector), (b, bottom): (&QueryPlan, &Selector)) -> QueryPlan {
    let (numerator, denominator) = (top.to_string(), bottom.to_string());
    let is_gauge = |plan: &QueryPlan| match plan {
        QueryPlan::Raw { kind, .. } => *kind == MetricKind::Gauge,
        _ => false,
    };
    if is_gauge(a) && is_gauge(b) {
        return QueryPlan::Range(format!("sum({numerator}) / sum({denominator})"));
    }
    let queries = [(a, &numerator), (b, &denominator)]
        .into_iter()
        .flat_map(|(plan, name)| {
            let queries = match plan {
                QueryPlan::Raw { queries, .. } => queries.clone(),
                _ => Vec::new(),
            };
            queries
                .into_iter()
                .map(move |(query, _)| (query, Some(name.clone())))
        });
    QueryPlan::Raw {
        queries: queries.collect(),
        resolved: Resolved::Ratio {
            numerator,
            denominator,
        },
        kind: MetricKind::Ratio,
    }
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

    #[test]
    fn a_quotient_is_of_increases_or_of_values() {
        let of = |kind| {
            let (a, b) = (raw_of("a", "x=\"1\"", kind), raw_of("b", "", kind));
            let plain = |text| Selector::parse(text).unwrap().0;
            ratio((&a, &plain("a{x=\"1\"}")), (&b, &plain("b")))
        };
        let QueryPlan::Raw { queries, kind, .. } = of(MetricKind::Counter) else {
            panic!("raw samples")
        };
        assert_eq!(kind, MetricKind::Ratio);
        assert_eq!(
            queries[0],
            ("a{x=\"1\"}".to_owned(), Some("a{x=\"1\"}".to_owned()))
        );
        assert_eq!(queries[1].0, "b{}");
        let QueryPlan::Range(text) = of(MetricKind::Gauge) else {
            panic!("values")
        };
        assert_eq!(text, "sum(a{x=\"1\"}) / sum(b)");
        let QueryPlan::Raw { queries, .. } = raw_of("t", "x=\"1\"", MetricKind::Histogram) else {
            panic!("raw samples")
        };
        assert_eq!(queries[0].0, "{__name__=~\"t_(bucket|sum|count)\",x=\"1\"}");
        assert_eq!(
            placed(
                "x[$round] - x offset $since",
                Duration::from_secs(2),
                Duration::from_secs(1)
            ),
            "x[3000ms] - x offset 2000ms"
        );
    }
}
