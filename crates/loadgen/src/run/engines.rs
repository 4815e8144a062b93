//! The engines behind the endpoint: found once, their counters read around each round.

use super::{notes::RunNotes, setting::RunSetting};
use crate::{
    LoadError,
    control::{ControlPlane, pause},
    engine::{self, EngineReading, Watch},
    request::auth::{basic, credentials},
    request::head::Headers,
    transport::Target,
};
use dualround_model::{EngineDelta, EngineKind, EngineReport, LeftOut, ResetCall, Warning};
use std::time::Duration;

/// How long a server may take to have nothing to do before it is reset.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at whether it has.
const IDLE_STEP: Duration = Duration::from_millis(100);

/// The engines of a run; none before they were looked for.
#[derive(Default)]
pub(super) struct RunEngines {
    pub(super) watches: Vec<Watch>,
}

/// A server that may be an engine.
struct EnginePlace {
    base: String,
    target: Target,
    headers: Headers,
}

impl RunEngines {
    /// What the engines are, as far as they showed.
    pub(super) fn reports(&self) -> Vec<EngineReport> {
        let watches = self.watches.iter();
        watches.map(|watch| watch.report.clone()).collect()
    }

    /// Looks at the endpoint's own server and at each `--admin-url`.
    pub(super) async fn find(
        &mut self,
        setting: &RunSetting,
        notes: &mut RunNotes,
    ) -> Result<(), LoadError> {
        let secrets = setting.secrets();
        let control = &setting.control;
        for (at, place) in places(setting)?.into_iter().enumerate() {
            let EnginePlace {
                base,
                target,
                headers,
            } = place;
            let seen = engine::observe(&base, &target, &headers, control.clock()).await;
            if let (1.., Some(reason)) = (at, &seen.unreachable) {
                notes.warnings.push(Warning::EngineUnreachable {
                    url: seen.shown.clone(),
                    reason: secrets.scrub(reason.clone()),
                });
                continue;
            }
            let forced = if at == 0 { setting.plan.engine } else { None };
            let mut report = engine::detect(&seen, forced);
            report.gateway = secrets.scrub_all(report.gateway.take());
            report.version = secrets.scrub_all(report.version.take());
            report.evidence = secrets.scrub_all(std::mem::take(&mut report.evidence));
            report.hints = secrets.scrub_all(std::mem::take(&mut report.hints));
            let has_page = seen.page.is_some();
            let watch = Watch::new(report, &target, headers, control.clock(), has_page);
            self.watches.push(watch);
        }
        Ok(())
    }

    /// The field that an engine has to separate caches, unless some tier may ignore it.
    pub(super) fn salt_field(&self, setting: &RunSetting) -> Option<String> {
        if self.watches.iter().any(|watch| watch.report.external_tier) {
            return None;
        }
        self.watches
            .iter()
            .find_map(|watch| watch.report.salt_field.clone())
            .filter(|field| !is_asked_for(setting, field))
    }

    /// Tokens of the unit in which prompts are cached, where an engine told it.
    pub(super) fn block_tokens(&self) -> Option<u64> {
        self.watches
            .iter()
            .find_map(|watch| watch.report.block_tokens)
    }

    /// The resets of all engines and cache servers.
    pub(super) fn known_resets(&self) -> Vec<ResetCall> {
        let resets = self.watches.iter().flat_map(|watch| &watch.report.resets);
        resets.cloned().collect()
    }

    /// The resets of the engines alone, which leave outer tiers as they are.
    pub(super) fn engine_resets(&self) -> Vec<ResetCall> {
        let engines = self
            .watches
            .iter()
            .filter(|watch| watch.report.kind.answers_prompts());
        engines
            .flat_map(|watch| watch.report.resets.iter().cloned())
            .collect()
    }

    /// The pages as they stand, one for each engine.
    pub(super) fn read(&self, control: &ControlPlane) -> Vec<Option<EngineReading>> {
        if !self.watches.iter().any(Watch::has_counters) {
            return self.watches.iter().map(|_| None).collect();
        }
        control.run(async {
            let mut readings = Vec::new();
            for watch in &self.watches {
                readings.push(if watch.has_counters() {
                    Some(watch.settled().await)
                } else {
                    None
                });
            }
            readings
        })
    }

    /// What the counters did between two readings.
    pub(super) fn deltas(
        &self,
        before: &[Option<EngineReading>],
        after: &[Option<EngineReading>],
    ) -> Vec<EngineDelta> {
        let mut deltas = Vec::new();
        for (at, watch) in self.watches.iter().enumerate() {
            let (Some(Some(before)), Some(Some(after))) = (before.get(at), after.get(at)) else {
                continue;
            };
            let delta = watch.delta(before, after);
            deltas.push(if at == 0 && self.passes_on(watch) {
                EngineDelta {
                    base: delta.base,
                    left_out: Some(LeftOut::PassesOn),
                    ..EngineDelta::default()
                }
            } else {
                delta
            });
        }
        deltas
    }

    /// The endpoint's own server looks like an engine that an `--admin-url` names: a gateway that
    /// passes pages through, whose counters would be one replica's, counted twice.
    fn passes_on(&self, own: &Watch) -> bool {
        let others = self.watches.iter().skip(1);
        let kind = own.report.kind;
        kind != EngineKind::Unknown && others.map(|watch| watch.report.kind).any(|one| one == kind)
    }

    /// The engine at the endpoint itself.
    pub(super) fn kind(&self) -> EngineKind {
        self.watches
            .first()
            .map_or(EngineKind::Unknown, |watch| watch.report.kind)
    }

    /// Waits until the gauges of every engine are at 0; engines refuse a reset while they work.
    ///
    /// # Errors
    /// [`LoadError::Reset`] of `url` where that takes too long.
    pub(super) async fn wait_idle(
        &self,
        control: &ControlPlane,
        url: &str,
    ) -> Result<(), LoadError> {
        let until = control.clock().now() + crate::clock::nanos(IDLE_LIMIT);
        loop {
            let mut busy = 0.0;
            for engine in &self.watches {
                if let Ok(page) = engine.read().await {
                    busy += engine.busy(&page).unwrap_or(0.0);
                }
            }
            if busy <= 0.0 || control.cancel.is_cancelled() {
                return Ok(());
            }
            if control.clock().now() > until {
                let seconds = IDLE_LIMIT.as_secs();
                return Err(LoadError::Reset {
                    url: url.to_owned(),
                    reason: format!(
                        "{busy} requests were still running or waiting after {seconds} s: other traffic on this server"
                    ),
                });
            }
            pause(IDLE_STEP).await;
        }
    }
}

/// The endpoint's own server first, then those of the plan that are another one.
fn places(setting: &RunSetting) -> Result<Vec<EnginePlace>, LoadError> {
    let plan = &setting.plan;
    let own = setting.target().with_path(setting.target().base_path());
    // The key goes to the endpoint's own server only.
    let mut places = vec![EnginePlace {
        base: own.shown.clone(),
        target: own,
        headers: credentials(plan),
    }];
    for url in &plan.admin_urls {
        let url = url.trim_end_matches('/');
        let target = setting.control.network.target(url)?;
        if places
            .iter()
            .any(|place| place.target.is_same_server(&target))
        {
            continue;
        }
        places.push(EnginePlace {
            base: url.to_owned(),
            headers: basic(target.userinfo.as_deref()),
            target,
        });
    }
    Ok(places)
}

/// The user's own requests have this field, which then is not the run's to set.
fn is_asked_for(setting: &RunSetting, field: &str) -> bool {
    let mut samples = setting.levels.iter().flatten();
    setting.plan.request.extra_body.contains_key(field)
        || samples.any(|sample| sample.options.contains_key(field))
}
