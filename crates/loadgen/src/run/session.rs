//! The order of a run. The caller drives it round by round, so that each round is on disk before the
//! next one starts.

use super::{
    arrivals::LevelArrivals,
    cold::{self, RunCold},
    discovery,
    engines::RunEngines,
    epoch::{RoundBodies, RunEpoch},
    metrics::RunMetrics,
    mixed::{MixedLoad, mixed_bodies},
    no_reuse::no_reuse_bodies,
    notes::RunNotes,
    partial::partial_bodies,
    setting::RunSetting,
    warm_up::WarmUp,
};
use crate::{
    Cancel, Clock, LoadError, RoundEvent,
    clock::{nanos, wall_now},
    cold::canary,
    control::{ControlPlane, preflight},
    engine::EngineReading,
    exchange::Client,
    limits,
    request::head::RequestHead,
    request::marker::Markers,
    rfc3339,
    round::crew::Crew,
    round::order::{self, RoundOrder},
    round::pacing::Pacing,
    round::tally::RoundOutput,
    sessions::AnswerBook,
    transport::Network,
};
use dualround_model::{
    CanaryReport, ClientProbe, ColdAction, EngineReport, OpenLoopRound, Plan, PrefixCut,
    PreparedEpoch, RoundKind, RoundMeta, RoundSpec, Sample, SessionUnits, TurnPlace, Warning,
};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// A run in progress.
pub struct Session {
    pub(super) setting: RunSetting,
    pub(super) crew: Crew,
    pub(super) warm_up: WarmUp,
    /// When the requests of the level under way arrive; `None` in a closed loop.
    pub(super) arrivals: Option<LevelArrivals>,
    /// The latency that 99 % of its warm-up requests did not exceed, s.
    pub(super) latency_s: Option<f64>,
    pub(super) metrics: RunMetrics,
    pub(super) engines: RunEngines,
    pub(super) cold: RunCold,
    pub(super) epoch: RunEpoch,
    pub(super) notes: RunNotes,
    /// Answers that later turns of sessions build on.
    pub(super) book: Arc<AnswerBook>,
    /// Which sessions are one observation.
    pub(super) units: Arc<SessionUnits>,
    /// What the first round of the level under way had answered, where it asks sessions.
    pub(super) answered: Option<BTreeSet<u32>>,
    /// The same of levels that an earlier part of the run has begun.
    pub(super) answered_before: HashMap<u32, BTreeSet<u32>>,
    /// Cycles at most of the level under way, once that is known.
    most_cycles: Option<u32>,
}

/// What was done before a round.
struct RoundPreparation {
    /// When that began, behind the warm-up of its level.
    prepared_ns: u64,
    cold: Option<ColdAction>,
    probe_requests: u32,
    warmup_requests: u32,
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
        let in_flight = plan.levels.iter().filter_map(|load| load.concurrency());
        let most = in_flight.max().unwrap_or(1);
        limits::make_room(most, false)?;
        let open = plan.levels.iter().any(|load| load.is_open());
        let all: Vec<Arc<Sample>> = levels.iter().flatten().cloned().collect();
        let network = network(&plan, clock)?;
        let client = Client::of(&plan, &network)?;
        let control = ControlPlane::new(network, cancel)?;
        let wall = wall_now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            metrics: RunMetrics::start(&plan, &control)?,
            crew: Crew::start(if open {
                plan.workers
            } else {
                plan.workers.min(most)
            })?,
            warm_up: WarmUp::default(),
            arrivals: None,
            latency_s: None,
            engines: RunEngines::default(),
            cold: RunCold::new(Markers::new(plan.seed, nanos(wall)), token_ids(&levels)),
            epoch: RunEpoch::default(),
            notes: RunNotes::default(),
            most_cycles: None,
            book: Arc::new(AnswerBook::of(&all)),
            units: Arc::new(SessionUnits::of(&all)),
            answered: None,
            answered_before: HashMap::new(),
            setting: RunSetting {
                client: Arc::new(client),
                plan,
                levels,
                level: None,
                control,
            },
        })
    }

    /// What of the canary's answers is not understood, as a round would tell it of its own.
    pub fn canary_oddities(&self) -> &[Warning] {
        &self.cold.canary_odd
    }

    /// Why the canary of [`Session::preflight`] was not answered, where it was not.
    pub fn canary_failure(&self) -> Option<&str> {
        self.notes.canary_failure()
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.setting.control.clock()
    }

    /// The plan, with the model as resolved by [`Session::preflight`].
    pub fn plan(&self) -> &Plan {
        &self.setting.plan
    }

    /// Pins an answer that an earlier part of the run got, for the turns that build on it.
    pub fn pin(&mut self, turn: &TurnPlace, answer: Vec<Value>) {
        self.book.pin(turn.session, turn.turn, answer.into());
    }

    /// Says which requests of a level an earlier part of the run had answered in its first round: of
    /// sessions no other turns are asked.
    pub fn take_answered(&mut self, level: u32, answered: BTreeSet<u32>) {
        self.answered_before.insert(level, answered);
    }

    /// Sets how many cycles the level under way runs at most, for the rounds to say.
    pub fn set_most_cycles(&mut self, most: Option<u32>) {
        self.most_cycles = most;
    }

    /// What the engines are, as far as they showed; empty before [`Session::preflight`].
    pub fn engines(&self) -> Vec<EngineReport> {
        self.engines.reports()
    }

    /// Finds the server and its model, and (unless probes are off) sends the canary.
    ///
    /// # Errors
    /// [`LoadError::Unreachable`], [`LoadError::KeyRefused`], [`LoadError::Model`] or
    /// [`LoadError::CanaryRefused`]: no round would be answered.
    pub fn preflight(&mut self) -> Result<Option<CanaryReport>, LoadError> {
        let found = self.find_all();
        let found = found.and_then(|report| {
            self.check_fresh_text(report.as_ref())?;
            Ok(report)
        });
        found.map_err(|error| self.setting.scrubbed(error))
    }

    /// Holds the canary against rounds that rest on fresh text making a prompt cold.
    ///
    /// # Errors
    /// [`LoadError::FreshTextHits`] where it showed that fresh text does not.
    fn check_fresh_text(&mut self, canary: Option<&CanaryReport>) -> Result<(), LoadError> {
        let rounds = self.setting.plan.rounds();
        if !rounds.iter().any(|round| round.kind.needs_fresh_text()) {
            return Ok(());
        }
        if let Some((hit, of)) = canary.and_then(canary::found_behind_other) {
            let url = self.setting.target().shown.clone();
            return Err(LoadError::FreshTextHits { url, hit, of });
        }
        if !canary.is_some_and(canary::separates) && !self.setting.control.cancel.is_cancelled() {
            self.notes.warnings.push(Warning::FreshUnproven);
        }
        Ok(())
    }

    /// Waits until the server is ready. Returns how long that took; `None` where the run was
    /// cancelled meanwhile.
    ///
    /// # Errors
    /// [`LoadError::NotReady`] with the last answer when it is not ready in time.
    pub fn wait_ready(&mut self, limit: Duration) -> Result<Option<Duration>, LoadError> {
        let setting = &self.setting;
        let waiting = discovery::wait_ready(setting, limit);
        let waited = setting.control.run_unless_cancelled(waiting).transpose();
        waited.map_err(|error| setting.scrubbed(error))
    }

    /// Finds the server, its model and the engines, and sends nothing else.
    ///
    /// # Errors
    /// As [`Session::preflight`].
    pub fn look(&mut self) -> Result<(), LoadError> {
        let looked = self.find_server();
        looked.map_err(|error| self.setting.scrubbed(error))
    }

    /// Looks the asked metrics up once, before the run: what is missing or an alias is said early.
    ///
    /// # Errors
    /// [`LoadError::Metric`] for an expression that cannot be evaluated.
    pub fn look_up_metrics(&mut self) -> Result<Vec<Warning>, LoadError> {
        let looked = self.metrics.look_up(&mut self.setting, &self.engines);
        let secrets = self.setting.secrets();
        let looked = looked.map(|warnings| secrets.scrub_all(warnings));
        looked.map_err(|error| secrets.scrub_error(error))
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
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<RoundMeta, LoadError> {
        let ended = self.round(level, spec, watch);
        ended.map_err(|error| self.setting.scrubbed(error))
    }

    fn find_server(&mut self) -> Result<(), LoadError> {
        let setting = &mut self.setting;
        let listing =
            discovery::listed_models(&mut setting.plan, &setting.client, &setting.control);
        let models = setting.control.run(listing)?;
        setting.plan.model = preflight::choose_model(&setting.plan.model, &models)?;
        let finding = self.engines.find(setting, &mut self.notes);
        setting.control.run(finding)
    }

    fn find_all(&mut self) -> Result<Option<CanaryReport>, LoadError> {
        let setting = &mut self.setting;
        let listing = discovery::models(&mut setting.plan, &setting.client, &setting.control);
        let models = setting.control.run_unless_cancelled(listing);
        let Some(models) = models.transpose()? else {
            return Ok(None);
        };
        setting.plan.model = preflight::choose_model(&setting.plan.model, &models)?;
        if !setting.plan.probe {
            return Ok(None);
        }
        let setting = &self.setting;
        let (engines, cold, notes) = (&mut self.engines, &mut self.cold, &mut self.notes);
        let probing = async {
            engines.find(setting, notes).await?;
            cold.canary(setting, engines, &models, notes).await
        };
        let probed = setting.control.run_unless_cancelled(probing);
        probed.unwrap_or(Ok(None))
    }

    fn round(
        &mut self,
        level: u32,
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<RoundMeta, LoadError> {
        if self.metrics.is_to_be_looked_up(&self.setting.plan) {
            self.metrics.look_up(&mut self.setting, &self.engines)?;
        }
        let mut done = RoundPreparation {
            probe_requests: std::mem::take(&mut self.notes.probe_requests),
            warmup_requests: self.seat(level, spec, watch)?,
            prepared_ns: self.clock().now(),
            cold: self.make_cold(spec, watch)?,
        };
        let mut order = self.order(level, spec);
        let planned = self.planned(&order);
        if order.pacing == Pacing::Closed {
            self.epoch.keep_begun(spec.kind, &mut order.requests);
        }
        let RoundBodies {
            bodies,
            cut,
            cold,
            turns,
        } = self.bodies(spec, &mut order)?;
        done.cold = done.cold.or(cold);
        if turns.is_none() {
            self.epoch.check_digests(spec, &bodies)?;
        }
        if level > 0 || spec.number > 1 {
            let gap = Duration::from_millis(self.setting.plan.round_gap_ms);
            self.setting.control.pause(gap);
        }
        let before = self.engines.read(&self.setting.control);
        done.probe_requests += self.open_connections();
        self.begin_metrics();
        let begun = self.begun(level, spec, planned, &bodies, done, cut);
        watch(RoundEvent::Started { begun: &begun });
        let output = match turns {
            None => self.serve(order, spec.kind, &bodies, watch),
            Some(turns) => {
                let output = self.serve_turns(order, spec, &bodies, &turns, watch)?;
                let ended = self.ended(begun, output, &before);
                // What a round of sessions sent is known when it has ended.
                let (content_digest, wire_digest) = turns.digests();
                return Ok(RoundMeta {
                    content_digest,
                    wire_digest,
                    ..ended
                });
            }
        };
        Ok(self.ended(begun, output, &before))
    }

    /// Acts as the round's kind wants it, and starts its epoch where it begins one.
    fn make_cold(
        &mut self,
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<Option<ColdAction>, LoadError> {
        let (setting, engines) = (&self.setting, &self.engines);
        match spec.kind {
            RoundKind::Warm | RoundKind::Partial | RoundKind::Mixed | RoundKind::NoReuse => {
                Ok(None)
            }
            RoundKind::Cold => {
                watch(RoundEvent::MakingCold);
                let (epoch, notes) = (&mut self.epoch, &mut self.notes);
                let action = self.cold.start_epoch(setting, engines, epoch, notes);
                action.map(Some)
            }
            RoundKind::External => {
                watch(RoundEvent::MakingCold);
                cold::reset_engine_alone(setting, engines).map(Some)
            }
        }
    }

    /// The bodies of a round. A mixed one is cut into blocks for them.
    fn bodies(
        &mut self,
        spec: RoundSpec,
        order: &mut RoundOrder,
    ) -> Result<RoundBodies, LoadError> {
        if self.setting.asks_sessions() {
            return self.turn_bodies(spec, order);
        }
        if spec.kind == RoundKind::NoReuse {
            return no_reuse_bodies(spec, &self.setting, &mut self.cold);
        }
        let Some(bodies) = self.epoch.bodies.clone() else {
            // A schedule begins cold, so there is an epoch; this is for the type only.
            return Err(LoadError::Body {
                row: 0,
                reason: "no epoch".to_owned(),
            });
        };
        if spec.kind == RoundKind::Mixed {
            let load = MixedLoad {
                concurrency: self.load(order.level, spec).concurrency(),
                longest_ns: self.epoch.longest_ns,
            };
            let (setting, cold) = (&self.setting, &mut self.cold);
            let key = self.epoch.key.as_deref();
            return mixed_bodies(spec, order, load, setting, cold, key, &bodies);
        }
        let cut = match spec.kept_percent {
            Some(percent) if percent < 100 => {
                let words = self.cold.fresh_words();
                let (setting, engines) = (&self.setting, &self.engines);
                return partial_bodies(percent, &words, setting, engines, &mut self.epoch);
            }
            asked => asked.map(|asked_percent| PrefixCut {
                asked_percent,
                kept_share: 1.0,
                block_tokens: None,
            }),
        };
        Ok(RoundBodies {
            cut,
            ..RoundBodies::of_epoch(bodies)
        })
    }

    /// Returns the priming requests.
    fn open_connections(&self) -> u32 {
        let prime = self.setting.plan.probe.then(|| self.prime_request());
        self.crew.open(&self.setting.client, prime.as_ref()).primed
    }

    fn prime_request(&self) -> Arc<RequestHead> {
        let plan = &self.setting.plan;
        let target = preflight::models_target(self.setting.target());
        let headers = crate::request::auth::credentials(plan);
        Arc::new(headers.head("GET", &target))
    }

    fn order(&self, level: u32, spec: RoundSpec) -> RoundOrder {
        let plan = &self.setting.plan;
        if let Some(order) = self.session_order(level, spec) {
            return order;
        }
        let requests = match &self.arrivals {
            Some(arrivals) => arrivals.due_ns.len(),
            None => self.setting.samples().len(),
        };
        let sequence = if plan.shuffle_round2 && spec.kind == RoundKind::Warm {
            order::shuffled(requests, order::shuffle_seed(plan.seed, spec))
        } else {
            order::in_order(requests)
        };
        RoundOrder {
            level,
            round: spec.number,
            pacing: match self.arrivals_of(level, spec) {
                Some(arrivals) => arrivals.pacing(plan.max_concurrency),
                None => Pacing::Closed,
            },
            // Of an open loop, what is due later is not in the order.
            duration_ms: match &self.arrivals {
                Some(_) => None,
                None => plan.limits.duration_ms,
            },
            ..RoundOrder::closed(sequence, &plan.limits)
        }
    }

    fn begin_metrics(&self) {
        self.metrics.begin();
        if !self.metrics.samplers.is_empty() {
            // A sampler may have waited for longer than the server keeps an idle connection.
            self.crew.open(&self.setting.client, None);
        }
    }

    /// What is known of a round that is about to send its first request.
    fn begun(
        &mut self,
        level: u32,
        spec: RoundSpec,
        planned: u32,
        bodies: &PreparedEpoch,
        done: RoundPreparation,
        cut: Option<PrefixCut>,
    ) -> RoundMeta {
        let now = self.setting.control.clock().now();
        let arrivals = self.arrivals_of(level, spec);
        RoundMeta {
            level,
            load: self.load(level, spec),
            spec,
            planned,
            not_started: planned,
            prepared_ns: Some(done.prepared_ns),
            most_cycles: self.most_cycles,
            started_ns: now,
            ended_ns: now,
            paused_ns: 0,
            started_at: rfc3339(wall_now()),
            probe_requests: done.probe_requests,
            warmup_requests: done.warmup_requests,
            cold: done.cold,
            cut,
            content_digest: bodies.content_digest.clone(),
            wire_digest: bodies.wire_digest.clone(),
            peak_in_flight: 0,
            too_long: self.too_long_turns(),
            open: arrivals.map(|arrivals| OpenLoopRound {
                connections: self.crew.users(),
                max_in_flight: self.setting.plan.max_concurrency,
                last_due_ns: arrivals.due_ns.last().copied().unwrap_or(0),
                drained_ns: 0,
            }),
            client: ClientProbe::default(),
            metrics: Vec::new(),
            engines: Vec::new(),
            interrupted: true,
            unfinished: false,
            stopped: None,
            warnings: std::mem::take(&mut self.notes.warnings),
        }
    }

    /// The round as it ended: what came of it, and what engines and metrics say of it.
    fn ended(
        &self,
        begun: RoundMeta,
        output: RoundOutput,
        before: &[Option<EngineReading>],
    ) -> RoundMeta {
        let stopped = output
            .stopped
            .or_else(|| self.epoch.stop_of(begun.spec.kind));
        let control = &self.setting.control;
        let after = self.engines.read(control);
        let pages = self.metrics.end((output.started_ns, output.ended_ns));
        let secrets = self.setting.secrets();
        let mut warnings = begun.warnings.clone();
        warnings.extend(self.few_blocks(&begun));
        warnings.extend(self.metrics.warnings(&pages));
        RoundMeta {
            not_started: begun.planned.saturating_sub(output.ended),
            started_ns: output.started_ns,
            ended_ns: output.ended_ns,
            paused_ns: output.paused_ns,
            peak_in_flight: output.peak_in_flight,
            open: begun.open.map(|open| OpenLoopRound {
                drained_ns: output.drained_ns,
                ..open
            }),
            engines: secrets.scrub_all(self.engines.deltas(before, &after)),
            interrupted: control.cancel.is_cancelled() || stopped.is_some(),
            stopped,
            client: output.client,
            metrics: secrets.scrub_all(self.metrics.tracks(&pages)),
            warnings: secrets.scrub_all(warnings),
            ..begun
        }
    }
}

/// The different token ids that prompts are made of, where they are made of ids.
fn token_ids(levels: &[Vec<Arc<Sample>>]) -> Vec<u32> {
    let samples = levels.iter().flatten();
    let lists = samples.filter_map(|sample| sample.token_ids()?.as_array());
    let ids = lists
        .flatten()
        .filter_map(|id| u32::try_from(id.as_u64()?).ok());
    let distinct: BTreeSet<u32> = ids.collect();
    distinct.into_iter().collect()
}

/// The network of a run. That TLS can be had is seen now, not at the first reset.
fn network(plan: &Plan, clock: Clock) -> Result<Network, LoadError> {
    let network = Network::new(&plan.request.network, clock)?;
    if beside(plan).any(|url| url.starts_with("https")) {
        network.tls()?;
    }
    Ok(network)
}

/// The URLs that a run may ask beside its endpoint.
fn beside(plan: &Plan) -> impl Iterator<Item = &String> {
    let resets = plan.cold.reset_calls.iter().map(|call| &call.url);
    let pages = plan.prometheus.urls.iter();
    pages.chain(resets).chain(&plan.admin_urls)
}
