//! The engines behind the endpoint: found once, their counters read around each round.

use super::Session;
use crate::{
    LoadError,
    engine::{self, EngineReading, Watch},
    request::auth::{basic, credentials},
    secrets::Secrets,
    transport::Target,
};
use dualround_model::{EngineDelta, EngineKind, EngineReport, LeftOut, ResetCall, Warning};

impl Session {
    /// What the engines are, as far as they showed; empty before [`Session::preflight`].
    pub fn engines(&self) -> Vec<EngineReport> {
        self.watches
            .iter()
            .map(|watch| watch.report.clone())
            .collect()
    }

    /// Looks at the endpoint's own server and at each `--admin-url`.
    pub(super) async fn find_engines(&mut self) -> Result<(), LoadError> {
        let headers = credentials(&self.plan.request, self.plan.endpoint_userinfo.as_ref());
        let secrets = Secrets::of(&self.plan);
        // The key goes to the endpoint's own server only.
        let own = &self.client.target;
        let own = own.with_path(own.base_path());
        let mut places = vec![(own.shown.clone(), own, headers)];
        for url in &self.plan.admin_urls {
            let url = url.trim_end_matches('/');
            let target = Target::resolve(url, &self.plan.request)?;
            if places
                .iter()
                .all(|(_, known, _)| !known.is_same_server(&target))
            {
                let headers = basic(target.userinfo.as_deref());
                places.push((url.to_owned(), target, headers));
            }
        }
        for (at, (base, target, headers)) in places.into_iter().enumerate() {
            let tls = self.tls.as_ref();
            let seen = engine::observe(&base, &target, &headers, tls, self.clock).await;
            if let (1.., Some(reason)) = (at, &seen.unreachable) {
                let reason = secrets.scrub(reason.clone());
                let url = seen.shown.clone();
                self.warnings
                    .push(Warning::EngineUnreachable { url, reason });
                continue;
            }
            let forced = if at == 0 { self.plan.engine } else { None };
            let mut report = engine::detect(&seen, forced);
            report.gateway = secrets.scrub_all(report.gateway.take());
            report.version = secrets.scrub_all(report.version.take());
            report.evidence = secrets.scrub_all(std::mem::take(&mut report.evidence));
            report.hints = secrets.scrub_all(std::mem::take(&mut report.hints));
            let tls = self.tls.clone();
            let (clock, has_page) = (self.clock, seen.page.is_some());
            let watch = Watch::new(report, &target, headers, tls, clock, has_page);
            self.watches.push(watch);
        }
        Ok(())
    }

    /// The field that an engine has to separate caches, unless some tier may ignore it.
    pub(super) fn salt_candidate(&self) -> Option<String> {
        if self.watches.iter().any(|watch| watch.report.external_tier) {
            return None;
        }
        self.watches
            .iter()
            .find_map(|watch| watch.report.salt_field.clone())
            .filter(|field| !self.is_asked_for(field))
    }

    /// The user's own requests have this field, which then is not the run's to set.
    fn is_asked_for(&self, field: &str) -> bool {
        let mut samples = self.levels.iter().flatten();
        self.plan.request.extra_body.contains_key(field)
            || samples.any(|sample| sample.options.contains_key(field))
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
            .filter(|watch| watch.report.kind != EngineKind::Lmcache);
        engines
            .flat_map(|watch| watch.report.resets.iter().cloned())
            .collect()
    }

    /// The pages as they stand, one for each engine.
    pub(super) fn read_engines(&self) -> Result<Vec<Option<EngineReading>>, LoadError> {
        if !self.watches.iter().any(Watch::has_counters) {
            return Ok(self.watches.iter().map(|_| None).collect());
        }
        let runtime = crate::runtime::single()?;
        Ok(runtime.block_on(async {
            let mut readings = Vec::new();
            for watch in &self.watches {
                readings.push(if watch.has_counters() {
                    Some(watch.settled().await)
                } else {
                    None
                });
            }
            readings
        }))
    }

    /// What the counters did since `before`.
    pub(super) fn engine_deltas(
        &self,
        before: &[Option<EngineReading>],
    ) -> Result<Vec<EngineDelta>, LoadError> {
        let after = self.read_engines()?;
        let pairs = before.iter().zip(&after);
        Ok(self
            .watches
            .iter()
            .zip(pairs)
            .enumerate()
            .filter_map(|(at, (watch, (before, after)))| {
                let delta = watch.delta(before.as_ref()?, after.as_ref()?);
                if at > 0 || !self.passes_on(watch) {
                    return Some(delta);
                }
                Some(EngineDelta {
                    base: delta.base,
                    left_out: Some(LeftOut::PassesOn),
                    ..EngineDelta::default()
                })
            })
            .collect())
    }

    /// The endpoint's own server looks like an engine that an `--admin-url` names: a gateway that
    /// passes pages through, whose counters would be one replica's, counted twice.
    fn passes_on(&self, own: &Watch) -> bool {
        let others = self.watches.iter().skip(1);
        let kind = own.report.kind;
        kind != EngineKind::Unknown && others.map(|watch| watch.report.kind).any(|one| one == kind)
    }

    /// The engine at the endpoint itself.
    pub(super) fn engine_kind(&self) -> EngineKind {
        self.watches
            .first()
            .map_or(EngineKind::Unknown, |watch| watch.report.kind)
    }
}
