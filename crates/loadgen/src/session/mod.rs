//! A run from its first connection to its last round. The caller drives it round by round, so
//! that each round is on disk before the next one starts.

mod cold;
mod engines;
mod metrics;
mod partial;
mod tokens;

use crate::{
    Cancel, Clock, LoadError, RoundEvent,
    cold::CacheBreaker,
    control::preflight::{self, Models, NoList},
    engine::Watch,
    exchange::Client,
    limits,
    request::filler::filler,
    request::head::RequestHead,
    request::marker::Markers,
    request::prepare,
    round::worker::Workers,
    round::{self, RoundSetup},
    secrets::Secrets,
    telemetry::{MetricQuery, Sampler, tracks},
    transport::{Target, for_http2, tls_connector},
};
use dualround_model::{
    CanaryReport, ClientProbe, Plan, PreparedEpoch, PreparedRequest, RoundKind, RoundMeta,
    RoundSpec, RoundStop, Sample, Warning,
};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio_rustls::TlsConnector;

/// Descriptors kept for files, metrics pages and the rest.
const SPARE_FILES: u64 = 64;
/// Between two looks at a server that is not ready.
const READY_EVERY: Duration = Duration::from_millis(300);
/// Longest answer of a warm-up request, tokens.
const WARMUP_TOKENS: u64 = 16;

/// A run in progress.
pub struct Session {
    plan: Plan,
    /// What each level asks; the last entry stands for those that follow.
    levels: Vec<Vec<Arc<Sample>>>,
    clock: Clock,
    cancel: Cancel,
    workers: Workers,
    client: Arc<Client>,
    /// For everything that is not measured, which speaks HTTP/1.1.
    tls: Option<TlsConnector>,
    samplers: Arc<[Sampler]>,
    asked: Vec<MetricQuery>,
    markers: Markers,
    models: Models,
    watches: Vec<Watch>,
    /// The request field that the canary proved to separate caches.
    salt_field: Option<String>,
    epoch: Option<Arc<PreparedEpoch>>,
    /// What made it fresh.
    fresh: Option<CacheBreaker>,
    /// The token ids of its prompts, once they were asked for.
    ids: Option<Vec<Vec<u32>>>,
    content_digest: Option<String>,
    seated: Option<u32>,
    warmed: u32,
    probes: u32,
    /// What the epoch's cold round began, where `--duration` ended it: the others were never cached.
    begun: Option<BTreeSet<usize>>,
    /// What was found beside rounds, for the next one to tell.
    warnings: Vec<Warning>,
    /// What of the canary's answers was not understood.
    canary_odd: Vec<Warning>,
}

impl Session {
    /// Resolves the endpoint, checks the machine's limits, starts workers and samplers. Nothing
    /// is sent yet. `levels` has the samples of each level, or one entry for all of them.
    ///
    /// # Errors
    /// [`LoadError`] when something of that cannot be had.
    pub fn open(
        plan: Plan,
        levels: Vec<Vec<Arc<Sample>>>,
        cancel: Cancel,
    ) -> Result<Self, LoadError> {
        Self::open_with(plan, levels, cancel, Clock::start())
    }

    /// The same on a clock that already runs.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_with(
        plan: Plan,
        levels: Vec<Vec<Arc<Sample>>>,
        cancel: Cancel,
        clock: Clock,
    ) -> Result<Self, LoadError> {
        let most = plan.levels.iter().copied().max().unwrap_or(1);
        let need = u64::from(most) + SPARE_FILES;
        limits::make_room_for_files(most, need)?;
        let target = Target::resolve(&plan.endpoint, &plan.request)?;
        let secure = target.https
            || plan
                .prometheus
                .urls
                .iter()
                .any(|url| url.starts_with("https"))
            || plan
                .cold
                .reset_calls
                .iter()
                .any(|call| call.url.starts_with("https"))
            || plan.admin_urls.iter().any(|url| url.starts_with("https"));
        // Files that cannot be used are refused, whether anything here needs them or not.
        let has_files = plan.request.ca_cert.is_some() || plan.request.client_cert.is_some();
        let tls = if secure || has_files {
            Some(tls_connector(&plan.request)?)
        } else {
            None
        };
        let measured_tls = match &tls {
            Some(tls) if plan.request.http2 => Some(for_http2(tls)),
            other => other.clone(),
        };
        let samplers = metrics::start(&plan, &cancel, tls.as_ref(), clock)?;
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Self {
            workers: Workers::start(plan.workers.min(most))?,
            markers: Markers::new(plan.seed, crate::clock::nanos(wall)),
            client: Arc::new(Client {
                head: prepare::head(&plan, &target),
                target,
                tls: measured_tls,
                clock,
                timeouts: plan.timeouts,
                http2: plan.request.http2,
            }),
            tls,
            samplers: samplers.into(),
            asked: Vec::new(),
            plan,
            levels,
            clock,
            cancel,
            models: Models::NoList(NoList::default()),
            watches: Vec::new(),
            salt_field: None,
            epoch: None,
            fresh: None,
            ids: None,
            content_digest: None,
            seated: None,
            warmed: 0,
            probes: 0,
            begun: None,
            warnings: Vec::new(),
            canary_odd: Vec::new(),
        })
    }

    /// What of the canary's answers is not understood, as a round would tell it of its own.
    pub fn canary_oddities(&self) -> &[Warning] {
        &self.canary_odd
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The plan, with the model as resolved by [`Session::preflight`].
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Finds the server and its model, and (unless probes are off) sends the canary.
    ///
    /// # Errors
    /// [`LoadError::Endpoint`] or [`LoadError::Model`], with what to do about it.
    pub fn preflight(&mut self) -> Result<Option<CanaryReport>, LoadError> {
        let runtime = crate::runtime::single()?;
        let tls = self.tls.clone();
        let mut control = preflight::control(&self.client.target, tls, self.clock);
        let cancel = self.cancel.clone();
        runtime
            .block_on(async {
                tokio::select! {
                    result = self.probe(&mut control) => result,
                    () = cancel.cancelled() => Ok(None),
                }
            })
            .map_err(|error| Secrets::of(&self.plan).scrub_error(error))
    }

    /// Waits until the server answers and, where it has a `/health`, calls itself healthy; engines
    /// listen or answer 503 long before a model is loaded. Returns how long that took; `None` where the
    /// run was cancelled meanwhile.
    ///
    /// # Errors
    /// [`LoadError::Endpoint`] with the last answer when it is not ready in time.
    pub fn wait_ready(&mut self, limit: Duration) -> Result<Option<Duration>, LoadError> {
        let runtime = crate::runtime::single()?;
        let (target, tls) = (&self.client.target, self.tls.clone());
        let mut models = preflight::control(target, tls.clone(), self.clock);
        let mut health = preflight::health(target, tls, self.clock);
        let began = std::time::Instant::now();
        let waiting = async {
            loop {
                let state = preflight::ready(&self.plan, &mut models, &mut health).await;
                let Err(reason) = state else {
                    return Ok(Some(began.elapsed()));
                };
                if began.elapsed() >= limit {
                    let url = crate::redact_url(&self.plan.endpoint);
                    let seconds = limit.as_secs_f64();
                    let reason = format!("not ready after {seconds} s (--wait-ready): {reason}");
                    let error = LoadError::Endpoint { url, reason };
                    return Err(Secrets::of(&self.plan).scrub_error(error));
                }
                tokio::time::sleep(READY_EVERY).await;
            }
        };
        runtime.block_on(async {
            tokio::select! {
                waited = waiting => waited,
                () = self.cancel.cancelled() => Ok(None),
            }
        })
    }

    /// Finds the server, its model and the engines, and sends nothing else.
    ///
    /// # Errors
    /// As [`Session::preflight`].
    pub fn look(&mut self) -> Result<(), LoadError> {
        let runtime = crate::runtime::single()?;
        let tls = self.tls.clone();
        let mut control = preflight::control(&self.client.target, tls, self.clock);
        let looked = runtime.block_on(async {
            let models = preflight::list_models(&self.plan, &mut control).await?;
            self.plan.model = preflight::choose_model(&self.plan.model, &models)?;
            self.find_engines().await
        });
        looked.map_err(|error| Secrets::of(&self.plan).scrub_error(error))
    }

    /// Why the canary of [`Session::preflight`] was not answered, where it was not.
    pub fn canary_failure(&self) -> Option<&str> {
        self.warnings.iter().find_map(|warning| match warning {
            Warning::CanaryFailed { reason } => Some(reason.as_str()),
            _ => None,
        })
    }

    async fn probe(
        &mut self,
        control: &mut crate::control::Control,
    ) -> Result<Option<CanaryReport>, LoadError> {
        // With a model given and probes off, not even the list is asked for.
        let models = if self.plan.probe || self.plan.model.is_empty() {
            preflight::list_models(&self.plan, control).await?
        } else {
            Models::NoList(NoList::default())
        };
        self.plan.model = preflight::choose_model(&self.plan.model, &models)?;
        if !self.plan.probe {
            return Ok(None);
        }
        self.models = models;
        self.find_engines().await?;
        self.canary().await
    }

    /// Runs one round of a level, and returns its facts. Rounds are run in the order of the schedule.
    /// Records go to `watch` as requests end, in that order, and are kept nowhere here.
    ///
    /// # Errors
    /// [`LoadError`] when the round cannot start as the plan says: a reset that fails, bytes that
    /// differ from the first round's. Failing requests are records.
    pub fn run_round(
        &mut self,
        level: u32,
        concurrency: u32,
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<RoundMeta, LoadError> {
        let ended = self.round(level, concurrency, spec, watch);
        ended.map_err(|error| Secrets::of(&self.plan).scrub_error(error))
    }

    fn round(
        &mut self,
        level: u32,
        concurrency: u32,
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<RoundMeta, LoadError> {
        if self.asked.is_empty() && !self.plan.prometheus.metrics.is_empty() {
            self.look_up_metrics()?;
        }
        let mut probe_requests = std::mem::take(&mut self.probes);
        let mut warmup_requests = 0;
        if self.seated != Some(level) {
            self.workers.seat(concurrency);
            self.seated = Some(level);
            if self.levels.len() > 1 {
                // Equal in all rounds of a level, not beyond.
                self.content_digest = None;
            }
            warmup_requests = self.warm_up(concurrency, watch);
        }
        let cold = self.prepare_epoch(spec, watch)?;
        let partial = spec.kept_percent.map(|percent| self.partial_epoch(percent));
        let (partial, cut) = partial.transpose()?.unzip();
        let Some(epoch) = partial.or_else(|| self.epoch.clone()) else {
            // A schedule begins cold, so there is an epoch; this is for the type only.
            return Err(LoadError::Body {
                row: 0,
                reason: "no epoch".to_owned(),
            });
        };
        self.check_digests(spec, &epoch)?;
        if level > 0 || spec.number > 1 {
            self.pause(Duration::from_millis(self.plan.round_gap_ms));
        }
        let before = self.read_engines()?;
        let prime = self.plan.probe.then(|| self.prime_request());
        probe_requests += self.workers.open(&self.client, prime.as_ref()).primed;
        let shuffled = self.plan.shuffle_round2 && spec.kind == RoundKind::Warm;
        let seed = shuffled.then(|| self.plan.seed ^ (u64::from(spec.number) << 32));
        let mut order = round::order(epoch.requests.len(), seed);
        let planned = u32::try_from(order.len()).unwrap_or(u32::MAX);
        match &self.begun {
            Some(begun) if spec.kind != RoundKind::Cold => order.retain(|at| begun.contains(at)),
            _ => self.begun = None,
        }
        for sampler in self.samplers.iter() {
            sampler.begin();
        }
        if !self.samplers.is_empty() {
            // A sampler may have waited for longer than the server keeps an idle connection.
            self.workers.open(&self.client, None);
        }
        let between = (self.plan.prometheus.per_request && concurrency == 1)
            .then(|| Arc::clone(&self.samplers));
        let begun = RoundMeta {
            level,
            concurrency,
            spec,
            planned,
            not_started: planned,
            started_ns: self.clock.now(),
            ended_ns: self.clock.now(),
            paused_ns: 0,
            started_at: rfc3339(SystemTime::now()),
            probe_requests,
            warmup_requests,
            cold,
            cut,
            content_digest: epoch.content_digest.clone(),
            wire_digest: epoch.wire_digest.clone(),
            peak_in_flight: 0,
            client: ClientProbe::default(),
            metrics: Vec::new(),
            engines: Vec::new(),
            interrupted: true,
            unfinished: false,
            stopped: None,
            warnings: std::mem::take(&mut self.warnings),
        };
        watch(RoundEvent::Started { begun: &begun });
        let setup = RoundSetup {
            plan: &self.plan,
            client: &self.client,
            epoch: &epoch,
            order,
            level,
            round: spec.number,
            cancel: &self.cancel,
            secrets: Secrets::with_rows(&self.plan, self.samples()),
            between,
        };
        let timed = spec.kind == RoundKind::Cold && self.plan.limits.duration_ms.is_some();
        let mut begun_now = BTreeSet::new();
        let output = round::run(&self.workers, setup, &mut |event| {
            if let RoundEvent::Finished(record) = &event
                && timed
            {
                begun_now.insert(record.index as usize);
            }
            watch(event);
        });
        if timed && output.stopped == Some(RoundStop::Duration) {
            self.begun = Some(begun_now);
        }
        // What the cold round did not begin for want of time is not asked here either.
        let held = spec.kind != RoundKind::Cold && self.begun.is_some();
        let stopped = output.stopped.or(held.then_some(RoundStop::Duration));
        let engines = self.engine_deltas(&before)?;
        let window = (output.started_ns, output.ended_ns);
        let pages: Vec<_> = self.samplers.iter().map(|one| one.end(window)).collect();
        let secrets = Secrets::of(&self.plan);
        Ok(RoundMeta {
            not_started: planned.saturating_sub(output.ended),
            started_ns: output.started_ns,
            ended_ns: output.ended_ns,
            paused_ns: output.paused_ns,
            peak_in_flight: output.peak_in_flight,
            engines: secrets.scrub_all(engines),
            interrupted: self.cancel.is_cancelled() || stopped.is_some(),
            unfinished: false,
            stopped,
            client: output.client.clone(),
            metrics: secrets.scrub_all(tracks(&self.asked, &pages)),
            warnings: secrets
                .scrub_all([&begun.warnings[..], &self.scrape_warnings(&pages)[..]].concat()),
            ..begun
        })
    }

    /// What the level under way asks.
    fn samples(&self) -> &[Arc<Sample>] {
        let level = usize::try_from(self.seated.unwrap_or(0)).unwrap_or(usize::MAX);
        let samples = self.levels.get(level).or(self.levels.last());
        samples.map_or(&[], Vec::as_slice)
    }

    /// Sleeps in steps, so that a cancelled run does not wait.
    fn pause(&self, duration: Duration) {
        let until = self.clock.now() + crate::clock::nanos(duration);
        while self.clock.now() < until && !self.cancel.is_cancelled() {
            let left = Duration::from_nanos(until - self.clock.now());
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    fn prime_request(&self) -> Arc<RequestHead> {
        let target = preflight::models_target(&self.client.target);
        let headers = crate::request::auth::credentials(
            &self.plan.request,
            self.plan.endpoint_userinfo.as_ref(),
        );
        Arc::new(headers.head("GET", &target))
    }

    fn check_digests(&mut self, spec: RoundSpec, epoch: &PreparedEpoch) -> Result<(), LoadError> {
        let differs = |what, found: &str, expected: &str| LoadError::Digest {
            round: spec.number,
            what,
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let content = self
            .content_digest
            .get_or_insert_with(|| epoch.content_digest.clone());
        if spec.kind != RoundKind::Partial && *content != epoch.content_digest {
            return Err(differs("content", &epoch.content_digest, content));
        }
        let wire = prepare::wire_digest(epoch);
        if wire != epoch.wire_digest {
            return Err(differs("wire", &wire, &epoch.wire_digest));
        }
        Ok(())
    }

    /// Sends other text of similar length, so that the first round does not pay for a server that
    /// wakes up. Failures are told. Returns how many requests were sent.
    fn warm_up(&mut self, concurrency: u32, watch: &mut dyn FnMut(RoundEvent<'_>)) -> u32 {
        let count = self.plan.warmup.unwrap_or(concurrency);
        if count == 0 || self.cancel.is_cancelled() {
            return 0;
        }
        watch(RoundEvent::WarmingUp { requests: count });
        let mut lengths: Vec<usize> = self
            .samples()
            .iter()
            .map(|sample| sample.text().len())
            .collect();
        lengths.sort_unstable();
        let chars = lengths.get(lengths.len() / 2).copied().unwrap_or(0).max(16);
        let tokens = self.plan.request.max_output_tokens.unwrap_or(WARMUP_TOKENS);
        let like = self.first_sample();
        let requests = (0..count).map(|index| {
            self.warmed += 1;
            let marker = self.markers.next();
            let text = filler(self.plan.seed ^ u64::from(self.warmed), chars);
            let request = prepare::request_of_text(
                &self.plan,
                &self.client.target,
                like.as_deref(),
                &text,
                tokens.min(WARMUP_TOKENS),
                Some(&CacheBreaker::Marker(marker)),
            );
            PreparedRequest {
                index,
                id: None,
                bytes: request.bytes,
                body_at: request.body_at,
                prompt: None,
                prompt_digest: "".into(),
                prompt_chars: 0,
                input_tokens: None,
                shared_chars: 0,
                truncated: false,
                row_options: None,
            }
        });
        let epoch = Arc::new(PreparedEpoch {
            requests: requests.collect(),
            content_digest: String::new(),
            wire_digest: String::new(),
        });
        let setup = RoundSetup {
            plan: &self.plan,
            client: &self.client,
            order: round::order(epoch.requests.len(), None),
            epoch: &epoch,
            level: 0,
            round: 0,
            cancel: &self.cancel,
            between: None,
            secrets: Secrets::with_rows(&self.plan, self.samples()),
        };
        let mut failed = (0, None);
        round::run(&self.workers, setup, &mut |event| {
            if let RoundEvent::Finished(record) = event
                && let Some(failure) = record.outcome.failure()
            {
                failed.0 += 1;
                let example = || format!("{}: {}", failure.kind, failure.message);
                failed.1.get_or_insert_with(example);
            }
        });
        if let (failed, Some(example)) = failed {
            self.warnings.push(Warning::WarmUpFailed {
                failed,
                of: u64::from(count),
                example,
            });
        }
        count
    }
}

/// A wall time as RFC 3339 in UTC with milliseconds.
pub fn rfc3339(time: SystemTime) -> String {
    // The range of a timestamp ends in the year 9999.
    let stamp = jiff::Timestamp::try_from(time).unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The same read back; `None` for any other text.
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let stamp: jiff::Timestamp = text.parse().ok()?;
    Some(stamp.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_times_are_rfc_3339() {
        let at = |s: u64| rfc3339(UNIX_EPOCH + Duration::from_secs(s));
        let second = UNIX_EPOCH + Duration::from_secs(1_795_502_006);
        assert_eq!(parse_rfc3339(&rfc3339(second)), Some(second));
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_795_502_006), "2026-11-24T06:33:26.000Z");
    }
}
