//! The engine: queueing at the batch size, prefix cache look-up, prefill and decode time.

use crate::{
    cache::{BlockCache, chain},
    config::SimConfig,
    counters::EngineCounters,
    explicit_cache::ExplicitCache,
    prompt::SimPrompt,
    truth::{TruthLog, TruthRequest},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep_until,
};

/// The state of a running engine: all that changes, behind one lock.
#[derive(Debug)]
pub(crate) struct EngineState {
    /// The engine's own prefix cache.
    pub(crate) local: BlockCache,
    /// The tier behind it.
    pub(crate) external: BlockCache,
    /// What Messages asked to keep.
    pub(crate) explicit: ExplicitCache,
    pub(crate) counters: EngineCounters,
    /// Requests in the batch.
    pub(crate) running: u64,
    /// The same with those that wait for a place in it.
    pub(crate) in_flight: u64,
    pub(crate) truth: TruthLog,
    /// Chat requests that have arrived.
    pub(crate) chats: u64,
    /// Readings of the metrics page.
    pub(crate) pages: u64,
}

/// The engine, shared by all connections.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) config: SimConfig,
    /// The instant from which the log counts.
    pub(crate) anchor: Instant,
    state: Mutex<EngineState>,
    /// Places in the batch.
    batch: Arc<Semaphore>,
    /// Held by the one prefill that runs, where they run one after the other.
    prefill: Semaphore,
}

/// Nanoseconds as seconds.
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// Milliseconds as a duration; negative and absurd values are 0.
pub(crate) fn ms(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

impl Engine {
    pub(crate) fn new(config: SimConfig) -> Self {
        let state = EngineState {
            local: BlockCache::new(config.cache_blocks),
            external: BlockCache::new(config.external_blocks),
            explicit: ExplicitCache::default(),
            counters: EngineCounters::default(),
            running: 0,
            in_flight: 0,
            truth: TruthLog::default(),
            chats: 0,
            pages: 0,
        };
        Self {
            batch: Arc::new(Semaphore::new(config.max_batch.max(1))),
            prefill: Semaphore::new(1),
            anchor: Instant::now(),
            state: Mutex::new(state),
            config,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, EngineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// ns since the engine's start.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.anchor.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// ns from the engine's start to `instant`.
    pub(crate) fn at(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.anchor);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Empties the cache, as the reset route does.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        if !self.config.reset_lies {
            state.local.clear();
            state.explicit.clear();
            if self.config.reset_clears_external {
                state.external.clear();
            }
        }
    }

    /// Puts a chat request into the engine.
    pub(crate) fn enter(self: &Arc<Self>) -> RunningRequest {
        let mut state = self.lock();
        state.in_flight += 1;
        state.truth.peak_in_flight = state.truth.peak_in_flight.max(state.in_flight);
        RunningRequest {
            engine: Arc::clone(self),
            permit: None,
            queued: Duration::ZERO,
            computed: Duration::ZERO,
        }
    }
}

/// Prompt tokens from the cache, by tier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CachedTokens {
    /// From the engine's own.
    pub(crate) local: u64,
    /// From the outer one.
    pub(crate) external: u64,
    /// Tokens that are written into the cache: for five minutes or as long as there is room.
    pub(crate) written: u64,
    /// The same for an hour.
    pub(crate) written_long: u64,
}

/// A request in the engine; leaving it frees its place, however it ends.
pub(crate) struct RunningRequest {
    engine: Arc<Engine>,
    permit: Option<OwnedSemaphorePermit>,
    /// What it waited for its place and its turn.
    pub(crate) queued: Duration,
    /// What its prefill takes.
    pub(crate) computed: Duration,
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let mut state = self.engine.lock();
        state.in_flight -= 1;
        if self.permit.is_some() {
            state.running -= 1;
        }
    }
}

impl RunningRequest {
    /// Waits for a place in the batch, looks the prompt up and spends its prefill.
    /// Returns the cached tokens and the instant at which the first token is due.
    pub(crate) async fn prefill(
        &mut self,
        prompt: &SimPrompt,
        salt: &str,
        is_explicit: bool,
    ) -> (CachedTokens, Instant) {
        let engine = Arc::clone(&self.engine);
        let config = &engine.config;
        let arrived = Instant::now();
        // The semaphore is never closed.
        self.permit = Arc::clone(&engine.batch).acquire_owned().await.ok();
        {
            let mut state = engine.lock();
            state.running += 1;
            state.truth.peak_running = state.truth.peak_running.max(state.running);
        }
        let turn = if config.prefill_serial {
            engine.prefill.acquire().await.ok()
        } else {
            None
        };
        let ids = &prompt.ids;
        let salt = if config.honour_cache_salt { salt } else { "" };
        let chain = chain(ids, config.block_size, salt);
        let found = if is_explicit {
            engine.look_up_explicit(prompt)
        } else {
            engine.look_up(&chain, ids.len())
        };
        let cached = found.local + found.external;
        let warm = cached * 2 >= ids.len() as u64;
        let fixed = if warm {
            config.fixed_warm_ttft_ms
        } else {
            None
        }
        .or(config.fixed_ttft_ms);
        let fresh = (ids.len() as u64).saturating_sub(cached);
        let modelled = config.prefill_base_ms
            + config.prefill_ms_per_token * fresh as f64
            + config.external_ms_per_token * found.external as f64;
        let scheduled = Instant::now();
        let due = scheduled + ms(fixed.unwrap_or(modelled));
        self.queued = scheduled - arrived;
        self.computed = due - scheduled;
        sleep_until(due.into()).await;
        drop(turn);
        let mut state = engine.lock();
        if is_explicit {
            state.explicit.write(prompt, config.keep_rules(), due);
            return (found, due);
        }
        state.local.insert(&chain);
        if config.external_blocks > 0 {
            state.external.insert(&chain);
        }
        (found, due)
    }

    /// The time per token at the present batch size.
    pub(crate) fn itl(&self) -> Duration {
        let others = self.engine.lock().running.saturating_sub(1);
        ms(self.engine.config.itl_ms + self.engine.config.itl_ms_per_running * others as f64)
    }
}

impl Engine {
    /// Looks a prompt up: its cached tokens in the first and in the second tier. The last token is always computed.
    fn look_up(&self, chain: &[u64], prompt: usize) -> CachedTokens {
        let size = self.config.block_size.max(1);
        let usable = &chain[..chain.len().min(prompt.saturating_sub(1) / size)];
        let mut state = self.lock();
        let local = state.local.lookup(usable);
        let external = if self.config.external_blocks > 0 {
            state.external.lookup(usable).saturating_sub(local)
        } else {
            0
        };
        let (local, external) = ((local * size) as u64, (external * size) as u64);
        let prompt = prompt as u64;
        let counters = &mut state.counters;
        counters.queries += prompt;
        counters.hits += local;
        counters.external_queries += prompt - local;
        counters.external_hits += external;
        counters.prompt_tokens += prompt;
        let full = if self.config.cache_blocks > 0 {
            (chain.len() * size) as u64
        } else {
            0
        };
        CachedTokens {
            local,
            external,
            written: full.saturating_sub(local + external),
            written_long: 0,
        }
    }

    /// The same in the cache of what Messages asked to keep.
    fn look_up_explicit(&self, prompt: &SimPrompt) -> CachedTokens {
        let mut state = self.lock();
        let (rules, now) = (self.config.keep_rules(), Instant::now());
        let found = state.explicit.look_up(prompt, rules, now);
        let tokens = prompt.ids.len() as u64;
        let counters = &mut state.counters;
        counters.queries += tokens;
        counters.hits += found.read;
        counters.prompt_tokens += tokens;
        CachedTokens {
            local: found.read,
            external: 0,
            written: found.written_short,
            written_long: found.written_long,
        }
    }

    /// Notes a finished request in counters and log.
    pub(crate) fn finish(&self, request: TruthRequest) {
        let mut state = self.lock();
        let counters = &mut state.counters;
        counters.generation_tokens += request.tokens;
        if let (Some(first), Some(done)) = (request.t_first_ns, request.t_done_ns) {
            counters.finished += 1;
            counters.ttft.observe(seconds(first - request.t_recv_ns));
            counters.latency_sum += seconds(done - request.t_recv_ns);
            if request.tokens > 1
                && let Some(last) = request.t_last_ns
            {
                counters
                    .itl
                    .observe(seconds(last - first) / (request.tokens - 1) as f64);
            }
        }
        let at = state
            .truth
            .requests
            .partition_point(|known| known.id < request.id);
        state.truth.requests.insert(at, request);
    }
}
