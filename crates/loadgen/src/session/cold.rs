//! Before a cold round: the canary once, then the cold action of each epoch.

use super::Session;
use crate::{
    LoadError, RoundEvent,
    cold::{CacheBreaker, canary, reset},
    control::preflight,
    request::prepare,
    secrets::Secrets,
};
use dualround_model::{
    CanaryReport, ColdAction, ColdMethod, ColdPolicy, ResetCall, ResetProof, RoundKind, RoundSpec,
    Sample, TEMPLATE_TOKENS, Warning,
};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// How long a server may take to have nothing to do before it is reset.
const DRAIN: Duration = Duration::from_secs(60);

impl Session {
    /// Sends the canary: by the engine's own field where it has one that may work, else, or when
    /// that does not separate, by the marker.
    pub(super) async fn canary(&mut self) -> Result<Option<CanaryReport>, LoadError> {
        let salts = matches!(self.plan.cold.policy, ColdPolicy::Auto | ColdPolicy::Salt);
        let field = if salts { self.salt_candidate() } else { None };
        let client = Arc::clone(&self.client);
        let like = self.first_sample();
        let lengths = self.lengths();
        if let Some(field) = field {
            let mut prober = canary::Prober::new(&client, &self.plan, like.as_deref());
            // A refusal of the field is not one of the endpoint: the marker is tried next.
            let found = canary::run(&mut prober, &mut self.markers, Some(&field), lengths).await;
            self.probes += prober.sent();
            self.canary_odd = Secrets::of(&self.plan).scrub_all(prober.into_odd());
            if let Ok(report) = found
                && canary::separates(&report)
            {
                self.salt_field = Some(field);
                return Ok(Some(report));
            }
        }
        let mut prober = canary::Prober::new(&client, &self.plan, like.as_deref());
        let found = canary::run(&mut prober, &mut self.markers, None, lengths).await;
        self.probes += prober.sent();
        self.canary_odd = Secrets::of(&self.plan).scrub_all(prober.into_odd());
        match found {
            Ok(report) => Ok(Some(report)),
            Err((Some(404), message)) if message.to_ascii_lowercase().contains("model") => Err(
                preflight::unknown_model(&self.plan.model, &message, &self.models),
            ),
            Err((status @ (Some(401 | 403 | 404 | 405) | None), message)) => {
                let hint = match status {
                    Some(404 | 405) => "; is this the chat completions path?",
                    Some(_) => "; check --api-key",
                    // Its list of models was had in HTTP/1.1.
                    None if message.contains("http2 error") => {
                        "; does the server speak HTTP/2 here? It is asked in HTTP/1.1 without --http2"
                    }
                    None => "",
                };
                let url = self.client.target.shown.clone();
                Err(LoadError::Endpoint {
                    url,
                    reason: format!("{message}{hint}"),
                })
            }
            // Anything else may be the prompt's or the moment's fault: the rounds will show it.
            Err((status, words)) => {
                let said = match status {
                    Some(status) if status >= 300 => {
                        let kind = format!("http_{status}: ");
                        format!(
                            "HTTP {status}: {}",
                            words.strip_prefix(&kind).unwrap_or(&words)
                        )
                    }
                    _ => words,
                };
                let reason = Secrets::of(&self.plan).scrub(said);
                self.warnings.push(Warning::CanaryFailed { reason });
                Ok(None)
            }
        }
    }

    /// What stands for the measured prompts in requests that are not measured.
    pub(super) fn first_sample(&self) -> Option<Arc<Sample>> {
        self.samples().first().map(Arc::clone)
    }

    fn lengths(&self) -> canary::Lengths {
        let chars = self.samples().iter().map(|sample| sample.text().len());
        canary::Lengths {
            block: self.block_tokens(),
            longest_chars: chars.max().unwrap_or(0),
        }
    }

    /// Acts as the policy says and serialises the epoch's bodies.
    pub(super) fn prepare_epoch(
        &mut self,
        spec: RoundSpec,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<Option<ColdAction>, LoadError> {
        match spec.kind {
            RoundKind::Cold => {}
            RoundKind::Warm | RoundKind::Partial => return Ok(None),
            RoundKind::External => return self.reset_engine_alone(watch).map(Some),
        }
        watch(RoundEvent::MakingCold);
        // Two sets of bodies at once are what a large dataset has no room for.
        (self.epoch, self.ids) = (None, None);
        let fresh = match self.plan.cold.policy {
            ColdPolicy::Auto | ColdPolicy::Salt => {
                Some(canary::fresh(&mut self.markers, self.salt_field.as_deref()))
            }
            ColdPolicy::Reset | ColdPolicy::None => None,
        };
        let epoch = prepare::epoch(
            &self.plan,
            &self.client.target,
            self.samples(),
            fresh.as_ref(),
        )?;
        self.epoch = Some(Arc::new(epoch));
        self.fresh.clone_from(&fresh);
        let runtime = crate::runtime::single()?;
        let mut action = ColdAction::default();
        match fresh {
            Some(CacheBreaker::Marker(marker)) => {
                action.method = ColdMethod::Marker;
                let times = if self.is_doubled() { 2 } else { 1 };
                let tokens = runtime.block_on(self.marker_tokens(&marker));
                action.marker_tokens = tokens.map(|tokens| times * tokens);
                action.marker = Some(marker);
            }
            Some(CacheBreaker::Salt { field, value }) => {
                action.method = ColdMethod::Salt;
                action.salt = Some((field, value));
            }
            None if self.plan.cold.policy == ColdPolicy::Reset => {
                action.method = ColdMethod::Reset;
                runtime.block_on(self.reset(&mut action))?;
            }
            None => {}
        }
        Ok(Some(action))
    }

    /// Before a round of outer tiers alone: the engine's own cache is emptied, theirs is kept.
    fn reset_engine_alone(
        &mut self,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<ColdAction, LoadError> {
        watch(RoundEvent::MakingCold);
        let calls = self.engine_resets();
        let none = "an E round needs an engine whose reset is known: see dualround check endpoint";
        let url = self.first_url(&calls, none)?;
        let runtime = crate::runtime::single()?;
        let resets = runtime.block_on(async {
            self.drain(&url).await?;
            reset::reset_all(&calls, &self.plan.request, self.tls.as_ref(), self.clock).await
        })?;
        Ok(ColdAction {
            method: ColdMethod::Reset,
            resets,
            ..ColdAction::default()
        })
    }

    /// The marker stands in a tool of the measured requests too.
    fn is_doubled(&self) -> bool {
        let sample = self.first_sample();
        sample.is_some_and(|sample| prepare::has_tools(&self.plan, &sample))
    }

    async fn marker_tokens(&self, marker: &str) -> Option<u64> {
        if !self.plan.probe {
            return None;
        }
        let (target, tls) = (&self.client.target, self.tls.clone());
        let mut control = preflight::tokenizer(target, tls, self.clock);
        preflight::count_tokens(&self.plan, &mut control, marker).await
    }

    /// Waits until nothing runs, resets every tier, and holds a text that hit before against it.
    async fn reset(&mut self, action: &mut ColdAction) -> Result<(), LoadError> {
        let calls = if self.plan.cold.reset_calls.is_empty() {
            self.known_resets()
        } else {
            self.plan.cold.reset_calls.clone()
        };
        let none =
            "no reset call is known for this server: give --reset-cache-url, or use --cold auto";
        let url = self.first_url(&calls, none)?;
        let client = Arc::clone(&self.client);
        let plan = self.plan.clone();
        let like = self.first_sample();
        let mut prober = canary::Prober::new(&client, &plan, like.as_deref());
        let fresh = canary::fresh(&mut self.markers, None);
        let mut before = None;
        if plan.probe {
            let _ = prober.send(&fresh).await;
            match prober.send(&fresh).await {
                Ok(probed) => before = probed.usage.cached_tokens,
                Err((_, reason)) => action.proof_failed = Some(reason),
            }
        }
        self.drain(&url).await?;
        action.resets =
            reset::reset_all(&calls, &self.plan.request, self.tls.as_ref(), self.clock).await?;
        let Some(before) = before.filter(|hit| *hit > TEMPLATE_TOKENS) else {
            self.probes += prober.sent();
            return Ok(());
        };
        let mut proving = prober.send(&fresh).await;
        if proving.is_err() {
            // A server may be busy with its reset for a moment.
            sleep(Duration::from_millis(500)).await;
            proving = prober.send(&fresh).await;
        }
        self.probes += prober.sent();
        let after = match proving {
            Ok(probed) if probed.usage.prompt_tokens.is_none() => {
                action.proof_failed = Some("its answer counts no tokens".to_owned());
                return Ok(());
            }
            Ok(probed) => probed.usage.cached_tokens,
            Err((_, reason)) => {
                action.proof_failed = Some(reason);
                return Ok(());
            }
        };
        if let Some(still) = after.filter(|hit| *hit > TEMPLATE_TOKENS) {
            let reason = format!(
                "it was accepted, yet a text that had hit {before} tokens still hits {still}: another \
                 tier (LMCache, a host cache) keeps it, or the engine only said yes"
            );
            return Err(LoadError::Reset { url, reason });
        }
        action.proof = Some(ResetProof { before, after });
        Ok(())
    }

    /// The URL that stands for reset calls in messages; without calls, the reason why there are none.
    fn first_url(&self, calls: &[ResetCall], none: &str) -> Result<String, LoadError> {
        let Some(call) = calls.first() else {
            return Err(LoadError::Reset {
                url: self.client.target.shown.clone(),
                reason: none.to_owned(),
            });
        };
        Ok(crate::transport::redact_url(&call.url))
    }

    /// Waits until the gauges of every engine are at 0; engines refuse a reset while they work.
    async fn drain(&self, url: &str) -> Result<(), LoadError> {
        let until = self.clock.now() + crate::clock::nanos(DRAIN);
        loop {
            let mut busy = 0.0;
            for engine in &self.watches {
                if let Ok(page) = engine.read().await {
                    busy += engine.busy(&page).unwrap_or(0.0);
                }
            }
            if busy <= 0.0 || self.cancel.is_cancelled() {
                return Ok(());
            }
            if self.clock.now() > until {
                let reason = format!(
                    "{busy} requests were still running or waiting after {} s: other traffic on this server",
                    DRAIN.as_secs()
                );
                let url = url.to_owned();
                return Err(LoadError::Reset { url, reason });
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}
