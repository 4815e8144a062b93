//! The run as metrics of its own, for dashboards: a page to scrape (`--metrics-listen`), or pushed
//! to a Prometheus (`--remote-write`).

mod listen;
mod remote;

use crate::{ticking::Ticking, unspoken_proxy::refuse_unspoken};
use dualround_model::{Load, Outcome, Plan, RequestMetrics, RequestRecord, RoundSpec};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::sync::Arc;

/// Where the run shows itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct LivePlan {
    /// Address of the page.
    pub(crate) listen: Option<String>,
    /// URL of a remote write receiver.
    pub(crate) remote_write: Option<String>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RoundLabels {
    /// Empty in an open loop.
    concurrency: Option<u32>,
    /// The load of the level: `4`, `8/s`, `replay`.
    load: String,
    round: u32,
    kind: &'static str,
}

impl RoundLabels {
    fn of(load: Load, spec: RoundSpec) -> Self {
        Self {
            concurrency: load.concurrency(),
            load: load.to_string(),
            round: spec.number,
            kind: spec.kind.name(),
        }
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    concurrency: Option<u32>,
    load: String,
    round: u32,
    kind: &'static str,
    status: &'static str,
    failure: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RunLabels {
    version: String,
    run: String,
    model: String,
}

/// Milliseconds to minutes, three or four bounds a decade.
const SECONDS: [f64; 22] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1.0, 1.5,
    2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0,
];

/// Seconds of requests, by round.
type RoundTimes = Family<RoundLabels, Histogram, fn() -> Histogram>;

fn times() -> RoundTimes {
    Family::new_with_constructor(|| Histogram::new(SECONDS))
}

/// Counters of tokens, by round: of prompts, of what of them came from a cache, of answers.
fn token_counters(registry: &mut Registry) -> [Family<RoundLabels, Counter>; 3] {
    [
        ("prompt_tokens", "Prompt tokens by the server's usage"),
        (
            "cached_tokens",
            "Prompt tokens from a cache by the server's usage",
        ),
        ("output_tokens", "Output tokens of successful requests"),
    ]
    .map(|(name, help)| {
        let family = Family::default();
        registry.register(name, help, Family::clone(&family));
        family
    })
}

/// The metrics of a run.
pub(crate) struct Live {
    about: Family<RunLabels, Gauge>,
    run: String,
    in_flight: Family<RoundLabels, Gauge>,
    ended: Family<OutcomeLabels, Counter>,
    ttft: RoundTimes,
    itl: RoundTimes,
    latency: RoundTimes,
    ttft_from_due: RoundTimes,
    client_lag: RoundTimes,
    prompt: Family<RoundLabels, Counter>,
    cached: Family<RoundLabels, Counter>,
    output: Family<RoundLabels, Counter>,
    _page: Option<listen::ScrapeListener>,
    _pusher: Option<Ticking>,
}

impl Live {
    /// Begins to show a run; `None` where nobody wants to see it.
    ///
    /// # Errors
    /// [`crate::exit::Usage`] when the address or URL cannot be used.
    pub(crate) fn start(live: &LivePlan, run: &str, plan: &Plan) -> anyhow::Result<Option<Self>> {
        if live.listen.is_none() && live.remote_write.is_none() {
            return Ok(None);
        }
        if let Some(url) = &live.remote_write {
            refuse_unspoken(&plan.request.network.proxy, url)?;
        }
        let mut registry = Registry::with_prefix("dualround");
        let about = Family::<RunLabels, Gauge>::default();
        registry.register("run_info", "The run that is shown", about.clone());
        let in_flight = Family::default();
        registry.register(
            "requests_in_flight",
            "Requests in flight",
            in_flight.clone(),
        );
        let ended = Family::default();
        registry.register("requests", "Requests that ended, by outcome", ended.clone());
        let (ttft, itl, latency) = (times(), times(), times());
        let (ttft_from_due, client_lag) = (times(), times());
        for (name, help, family) in [
            ("ttft", "Time to the first token", &ttft),
            ("itl", "Mean time between tokens of a request", &itl),
            ("latency", "Time to the end of the response", &latency),
            (
                "ttft_from_due",
                "Time from the instant at which a request was due to its first token",
                &ttft_from_due,
            ),
            (
                "client_lag",
                "How late this client sent what was due",
                &client_lag,
            ),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
        }
        let [prompt, cached, output] = token_counters(&mut registry);
        let registry = Arc::new(registry);
        let page = live
            .listen
            .as_deref()
            .map(|address| listen::ScrapeListener::start(address, &registry));
        let pusher = live
            .remote_write
            .as_deref()
            .map(|url| remote::push_to(url, run, plan, &registry));
        Ok(Some(Self {
            about,
            run: run.to_owned(),
            in_flight,
            ended,
            ttft,
            itl,
            latency,
            ttft_from_due,
            client_lag,
            prompt,
            cached,
            output,
            _page: page.transpose()?,
            _pusher: pusher.transpose()?,
        }))
    }

    /// Shows the run with its model, now that it is known.
    pub(crate) fn model(&self, model: &str) {
        let about = RunLabels {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run.clone(),
            model: model.to_owned(),
        };
        self.about.get_or_create(&about).set(1);
    }

    /// Shows a round.
    pub(crate) fn round(&self, load: Load, spec: RoundSpec) -> LiveRound<'_> {
        LiveRound {
            live: self,
            round: RoundLabels::of(load, spec),
        }
    }
}

/// A round as it is shown.
pub(crate) struct LiveRound<'a> {
    live: &'a Live,
    round: RoundLabels,
}

impl LiveRound<'_> {
    /// So many requests are in flight.
    pub(crate) fn tick(&self, in_flight: u32) {
        let gauge = self.live.in_flight.get_or_create(&self.round);
        gauge.set(i64::from(in_flight));
    }

    /// Takes a request that has ended, as it was measured.
    pub(crate) fn finished(&self, record: &RequestRecord, metrics: &RequestMetrics) {
        let (live, round) = (self.live, &self.round);
        let (status, failure) = match &record.outcome {
            Outcome::Success => ("success", String::new()),
            Outcome::Failed(failure) => ("failed", failure.kind.to_string()),
            Outcome::Cancelled => ("cancelled", String::new()),
        };
        let ended = OutcomeLabels {
            concurrency: round.concurrency,
            load: round.load.clone(),
            round: round.round,
            kind: round.kind,
            status,
            failure,
        };
        live.ended.get_or_create(&ended).inc();
        if !record.outcome.is_success() {
            return;
        }
        for (family, ms) in [
            (&live.ttft, metrics.ttft_ms),
            (&live.itl, metrics.itl_ms),
            (&live.latency, metrics.latency_ms),
            (&live.ttft_from_due, metrics.from_due.ttft_ms),
            (&live.client_lag, metrics.from_due.client_lag_ms),
        ] {
            if let Some(ms) = ms {
                family.get_or_create(round).observe(ms / 1e3);
            }
        }
        for (family, tokens) in [
            (&live.prompt, metrics.input_tokens),
            (&live.cached, metrics.cached_tokens),
            (&live.output, metrics.output_tokens),
        ] {
            if let Some(tokens) = tokens {
                family.get_or_create(round).inc_by(tokens);
            }
        }
    }
}

/// The page as it is now.
fn page(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = encode(&mut text, registry);
    text
}
