//! Whom a level is served by: users for what is in flight in a closed loop, connections for what may be
//! in an open one.

use super::{arrivals::LevelArrivals, mixed::open_block_need, session::Session, turn_samples};
use crate::{LoadError, RoundEvent, limits, round::order};
use dualround_model::{Load, RoundKind, RoundMeta, RoundSpec, Warning};

impl Session {
    /// The load of a round.
    pub(super) fn load(&self, level: u32, spec: RoundSpec) -> Load {
        self.setting.plan.load_of(level, spec.kind)
    }

    /// When the requests of a round arrive; `None` in a closed loop.
    pub(super) fn arrivals_of(&self, level: u32, spec: RoundSpec) -> Option<&LevelArrivals> {
        if !self.load(level, spec).is_open() {
            return None;
        }
        self.arrivals.as_ref()
    }

    /// Seats the crew for a level, and warms the server up for it, where that was not done yet.
    /// Returns the warm-up requests.
    ///
    /// # Errors
    /// [`LoadError::FileLimit`] or [`LoadError::PortLimit`] for a rate that needs more connections
    /// than there can be.
    pub(super) fn seat(
        &mut self,
        level: u32,
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<u32, LoadError> {
        if self.setting.level == Some(level) {
            return self.seat_round(level, spec).map(|()| 0);
        }
        self.setting.level = Some(level);
        let (plan, samples) = (&self.setting.plan, self.setting.samples());
        let load = plan.own_load(level);
        let seed = order::arrival_seed(plan.seed, level);
        let starts = turn_samples::starts(samples);
        self.arrivals = LevelArrivals::of(load, &starts, seed, plan.limits.duration_ms)?;
        self.answered = self.answered_before.remove(&level);
        let wave = match &self.arrivals {
            Some(arrivals) => arrivals.of_a_second(),
            None => load.concurrency().unwrap_or(1),
        };
        // An open loop opens what it needs, and its warm-up tells how much that is.
        self.crew.seat(load.concurrency().unwrap_or(1));
        if self.setting.levels.len() > 1 {
            // Equal in all rounds of a level, not beyond.
            self.epoch.forget_content();
        }
        let sent = self.warm_up(plan.warmup.unwrap_or(wave), watch);
        self.latency_s = if sent > 0 {
            self.warm_up.seen.p99_s()
        } else {
            None
        };
        self.make_room(self.latency_s)?;
        self.seat_round(level, spec)?;
        Ok(sent)
    }

    /// Seats the crew for a round that has another load than the one before it: cold rounds may only
    /// fill the cache.
    fn seat_round(&mut self, level: u32, spec: RoundSpec) -> Result<(), LoadError> {
        if self.setting.plan.priming.is_none() {
            return Ok(());
        }
        self.crew
            .seat(self.load(level, spec).concurrency().unwrap_or(1));
        if spec.kind == RoundKind::Cold {
            return Ok(());
        }
        self.make_room(self.latency_s)
    }

    /// Returns the requests that were sent.
    fn warm_up(&mut self, requests: u32, watch: &mut dyn FnMut(RoundEvent<'_>)) -> u32 {
        if requests == 0 || self.setting.control.cancel.is_cancelled() {
            return 0;
        }
        watch(RoundEvent::WarmingUp { requests });
        let (arrivals, setting) = (self.arrivals.as_ref(), &self.setting);
        let cold = &mut self.cold;
        let failed = self
            .warm_up
            .send(requests, arrivals, setting, &self.crew, cold);
        self.notes.warnings.extend(failed);
        requests
    }

    /// Seats as many users as an open loop needs for requests of this latency, where those are more
    /// than there are.
    fn make_room(&mut self, latency_s: Option<f64>) -> Result<(), LoadError> {
        let Some(arrivals) = &self.arrivals else {
            return Ok(());
        };
        let plan = &self.setting.plan;
        let users = arrivals.connections(latency_s, plan.max_concurrency, plan.workers);
        limits::make_room(users, self.setting.target().unix.is_none())?;
        self.crew.seat_up_to(users);
        Ok(())
    }

    /// Mixed rounds of an open loop whose blocks, as its cold round has just told, are too few.
    pub(super) fn few_blocks(&self, round: &RoundMeta) -> Option<Warning> {
        let arrivals = self.arrivals.as_ref()?;
        let all = self.setting.plan.rounds().into_iter();
        let mixed = all.filter(|spec| spec.kind == RoundKind::Mixed).count() as u64;
        if mixed == 0 || round.spec.kind != RoundKind::Cold {
            return None;
        }
        let (samples, longest_ns) = (self.setting.samples(), self.epoch.longest_ns);
        let need = open_block_need(samples, &arrivals.due_ns, longest_ns, mixed);
        let load = round.load;
        need.is_short().then_some(Warning::FewBlocks { load, need })
    }
}
