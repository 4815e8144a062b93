//! Before a cold round: the canary once, then the cold action of each epoch.

use super::{engines::RunEngines, epoch::RunEpoch, notes::RunNotes, setting::RunSetting};
use crate::{
    CanaryRefusal, LoadError,
    cold::{CacheBreaker, canary, reset},
    control::pause,
    control::preflight::{self, Models},
    request::marker::Markers,
    request::prepare,
};
use dualround_model::{
    Api, CacheControl, CachePlan, CanaryReport, ColdAction, ColdMethod, ColdPolicy, ControlEffect,
    ControlReport, FailureKind, PromptCacheKey, ResetCall, ResetOutcome, ResetProof,
    TEMPLATE_TOKENS, Warning,
};
use std::time::Duration;

/// A server may be busy with its reset for so long.
const AFTER_RESET: Duration = Duration::from_millis(500);

/// How a run makes its rounds cold.
pub(super) struct RunCold {
    pub(super) markers: Markers,
    /// The request field that the canary proved to separate caches.
    salt_field: Option<String>,
    /// What of the canary's answers was not understood.
    pub(super) canary_odd: Vec<Warning>,
    /// The token ids that prompts are made of; empty where they are made of text.
    vocabulary: Vec<u32>,
    /// Keys for routing that were given out.
    keys: u64,
}

/// Words, or token ids, that no prompt had before.
#[derive(Clone, Debug)]
pub(super) enum FreshWords {
    /// A line of words.
    Text(String),
    /// Ids, for prompts that are made of them.
    Ids(Vec<u32>),
}

impl RunCold {
    /// Nothing is proven yet; `vocabulary` are the token ids that prompts are made of.
    pub(super) fn new(markers: Markers, vocabulary: Vec<u32>) -> Self {
        Self {
            markers,
            vocabulary,
            keys: 0,
            salt_field: None,
            canary_odd: Vec::new(),
        }
    }

    /// Sends the canary: by the engine's own field where it has one that may work, else, or when
    /// that does not separate, by the marker. `None`: it was not answered, which the notes tell.
    ///
    /// # Errors
    /// [`LoadError::Model`] or [`LoadError::CanaryRefused`] where no round would be answered either.
    pub(super) async fn canary(
        &mut self,
        setting: &RunSetting,
        engines: &RunEngines,
        models: &Models,
        notes: &mut RunNotes,
    ) -> Result<Option<CanaryReport>, LoadError> {
        let salts = matches!(
            setting.plan.cold.policy,
            ColdPolicy::Auto | ColdPolicy::Salt
        );
        let field = if salts {
            engines.salt_field(setting)
        } else {
            None
        };
        if let Some(field) = field {
            // A refusal of the field is not one of the endpoint: the marker is tried next.
            let found = self.probe(Some(&field), setting, engines, notes).await;
            if let Ok(report) = found
                && canary::separates(&report)
            {
                self.salt_field = Some(field);
                return Ok(Some(report));
            }
        }
        let refused = match self.probe(None, setting, engines, notes).await {
            Ok(report) => return Ok(Some(report)),
            Err(refused) => refused,
        };
        let words = refused.words();
        match refused.status {
            // These are the server's words.
            Some(404) if refused.message.to_ascii_lowercase().contains("model") => Err(
                preflight::unknown_model(&setting.plan.model, &words, models),
            ),
            Some(401 | 403 | 404 | 405) | None => Err(LoadError::CanaryRefused {
                url: setting.target().shown.clone(),
                refusal: refusal(&refused, setting.plan.api(), setting.client.http2),
                words,
            }),
            // Anything else may be the prompt's or the moment's fault: the rounds will show it.
            Some(status) => {
                let said = if status >= 300 {
                    format!("HTTP {status}: {}", refused.message)
                } else {
                    words
                };
                let reason = setting.secrets().scrub(said);
                notes.warnings.push(Warning::CanaryFailed { reason });
                Ok(None)
            }
        }
    }

    async fn probe(
        &mut self,
        salt_field: Option<&str>,
        setting: &RunSetting,
        engines: &RunEngines,
        notes: &mut RunNotes,
    ) -> Result<CanaryReport, canary::RefusedProbe> {
        let like = setting.first_sample();
        let key = self.next_key(setting);
        let mut prober = canary::Prober::new(&setting.client, &setting.plan, like.as_deref(), key);
        let lengths = lengths(setting, engines);
        let found = canary::run(&mut prober, &mut self.markers, salt_field, lengths).await;
        notes.probe_requests += prober.sent();
        let length = prober.text_length();
        self.canary_odd = setting.secrets().scrub_all(prober.into_odd());
        let mut report = found?;
        let fields = setting.plan.request.cache.fields();
        if !fields.is_empty() {
            report.control = self.control(&report, fields, length, setting, notes).await;
        }
        Ok(report)
    }

    /// What the fields that control the cache do, by requests that do not have them; `None` where these
    /// were not answered.
    async fn control(
        &mut self,
        report: &CanaryReport,
        fields: Vec<&'static str>,
        length: usize,
        setting: &RunSetting,
        notes: &mut RunNotes,
    ) -> Option<ControlReport> {
        let mut plan = setting.plan.clone();
        plan.request.cache = CachePlan {
            control: plan.request.cache.control.map(|_| CacheControl::Off),
            ..CachePlan::default()
        };
        let like = setting.first_sample();
        let mut without = canary::Prober::new(&setting.client, &plan, like.as_deref(), None);
        without.lengthen(length);
        let least = setting.plan.least_cached_tokens();
        let markers = &mut self.markers;
        let told = canary::without_control(&mut without, markers, report, least, fields).await;
        notes.probe_requests += without.sent();
        let report = told.ok()?;
        let effect = report.effect();
        if effect != ControlEffect::Works {
            let report = report.clone();
            notes.warnings.push(Warning::CacheFields { report, effect });
        }
        Some(report)
    }

    /// A key for routing that no epoch of this run had before, where each is to have its own.
    pub(super) fn next_key(&mut self, setting: &RunSetting) -> Option<String> {
        if setting.plan.request.cache.key != Some(PromptCacheKey::PerEpoch) {
            return None;
        }
        self.keys += 1;
        let words = self.markers.next();
        let words: Vec<&str> = words.split_whitespace().take(4).collect();
        Some(format!("dualround-{}-{}", self.keys, words.join("-")))
    }

    /// Acts as the policy says, and starts an epoch whose bodies are fresh.
    ///
    /// # Errors
    /// [`LoadError::Reset`] where a reset fails or is no reset; [`LoadError::Body`].
    pub(super) fn start_epoch(
        &mut self,
        setting: &RunSetting,
        engines: &RunEngines,
        epoch: &mut RunEpoch,
        notes: &mut RunNotes,
    ) -> Result<ColdAction, LoadError> {
        let policy = setting.plan.cold.policy;
        let breaker = match policy {
            ColdPolicy::Auto | ColdPolicy::Salt => Some(self.fresh()),
            ColdPolicy::Reset | ColdPolicy::None => None,
        };
        let key = self.next_key(setting);
        epoch.start(setting, breaker.clone(), key)?;
        let mut action = breaker.map(CacheBreaker::action).unwrap_or_default();
        // Those of a marker of ids are known.
        if let (Some(marker), None) = (&action.marker, action.marker_tokens) {
            action.marker_tokens = marker_tokens(setting, marker);
        }
        if policy == ColdPolicy::Reset {
            action.method = ColdMethod::Reset;
            let reset = self.reset(setting, engines, notes, &mut action);
            setting.control.run(reset)?;
        }
        Ok(action)
    }

    /// The next value that no prompt had before, by what the canary proved to separate caches, else a
    /// marker.
    pub(super) fn fresh(&mut self) -> CacheBreaker {
        if self.salt_field.is_none() && !self.vocabulary.is_empty() {
            return CacheBreaker::Ids(self.markers.next_ids(&self.vocabulary));
        }
        canary::fresh(&mut self.markers, self.salt_field.as_deref())
    }

    /// The next words, or token ids, that no prompt had before.
    pub(super) fn fresh_words(&mut self) -> FreshWords {
        if self.vocabulary.is_empty() {
            FreshWords::Text(self.markers.next())
        } else {
            FreshWords::Ids(self.markers.next_ids(&self.vocabulary))
        }
    }

    /// Waits until nothing runs, resets every tier, and holds a text that hit before against it.
    async fn reset(
        &mut self,
        setting: &RunSetting,
        engines: &RunEngines,
        notes: &mut RunNotes,
        action: &mut ColdAction,
    ) -> Result<(), LoadError> {
        let plan = &setting.plan;
        let calls = if plan.cold.reset_calls.is_empty() {
            engines.known_resets()
        } else {
            plan.cold.reset_calls.clone()
        };
        let url = first_url(setting, &calls, false)?;
        let like = setting.first_sample();
        let key = self.next_key(setting);
        let mut prober = canary::Prober::new(&setting.client, plan, like.as_deref(), key);
        let fresh = canary::fresh(&mut self.markers, None);
        let before = if plan.probe {
            hit_before_reset(&mut prober, &fresh, action).await
        } else {
            None
        };
        action.resets = reset_when_idle(setting, engines, &calls, &url).await?;
        let proof = match before {
            Some(before) => prove_reset(&mut prober, &fresh, before, action).await,
            None => Ok(()),
        };
        notes.probe_requests += prober.sent();
        proof.map_err(|reason| LoadError::Reset { url, reason })
    }
}

/// Before a round of outer tiers alone: the engine's own cache is emptied, theirs is kept.
///
/// # Errors
/// [`LoadError::NoResetKnown`] where none of the engine is; [`LoadError::Reset`] where it fails.
pub(super) fn reset_engine_alone(
    setting: &RunSetting,
    engines: &RunEngines,
) -> Result<ColdAction, LoadError> {
    let calls = engines.engine_resets();
    let url = first_url(setting, &calls, true)?;
    let reset = reset_when_idle(setting, engines, &calls, &url);
    Ok(ColdAction {
        method: ColdMethod::Reset,
        resets: setting.control.run(reset)?,
        ..ColdAction::default()
    })
}

async fn reset_when_idle(
    setting: &RunSetting,
    engines: &RunEngines,
    calls: &[ResetCall],
    url: &str,
) -> Result<Vec<ResetOutcome>, LoadError> {
    let control = &setting.control;
    engines.wait_idle(control, url).await?;
    reset::reset_all(calls, &control.network).await
}

/// Makes a text hit that the reset must make miss. Returns the tokens it hit, where they are more
/// than any prompt may hit.
async fn hit_before_reset(
    prober: &mut canary::Prober<'_>,
    fresh: &CacheBreaker,
    action: &mut ColdAction,
) -> Option<u64> {
    let _ = prober.send(fresh).await;
    match prober.send(fresh).await {
        Ok(probed) => {
            let hit = probed.usage.cached_tokens;
            hit.filter(|tokens| *tokens > TEMPLATE_TOKENS)
        }
        Err(refused) => {
            action.proof_failed = Some(refused.words());
            None
        }
    }
}

/// Sends the text that hit `before` tokens again. A proof that fails proves nothing, which the
/// action says.
///
/// # Errors
/// The reason why the reset was none: the text still hits.
async fn prove_reset(
    prober: &mut canary::Prober<'_>,
    fresh: &CacheBreaker,
    before: u64,
    action: &mut ColdAction,
) -> Result<(), String> {
    let mut proving = prober.send(fresh).await;
    if proving.is_err() {
        pause(AFTER_RESET).await;
        proving = prober.send(fresh).await;
    }
    let after = match proving {
        Ok(probed) if probed.usage.prompt_tokens.is_none() => {
            action.proof_failed = Some("its answer counts no tokens".to_owned());
            return Ok(());
        }
        Ok(probed) => probed.usage.cached_tokens,
        Err(refused) => {
            action.proof_failed = Some(refused.words());
            return Ok(());
        }
    };
    if let Some(still) = after.filter(|hit| *hit > TEMPLATE_TOKENS) {
        return Err(format!(
            "it was accepted, yet a text that had hit {before} tokens still hits {still}: another \
             tier (LMCache, a host cache) keeps it, or the engine only said yes"
        ));
    }
    action.proof = Some(ResetProof { before, after });
    Ok(())
}

/// Tokens of the marker in a prompt, by the engine's own tokenizer; `None` where it has none.
fn marker_tokens(setting: &RunSetting, marker: &str) -> Option<u64> {
    let plan = &setting.plan;
    if !plan.probe {
        return None;
    }
    let control = &setting.control;
    let mut tokenizer = preflight::tokenizer(setting.target(), control.clock());
    let counted = preflight::count_tokens(plan, &mut tokenizer, marker);
    let tokens = control.run(counted)?;
    let sample = setting.first_sample();
    // It stands in a tool of the measured requests too.
    let is_doubled = sample.is_some_and(|sample| prepare::has_tools(plan, &sample));
    Some(if is_doubled { 2 * tokens } else { tokens })
}

fn lengths(setting: &RunSetting, engines: &RunEngines) -> canary::TextLengths {
    let samples = setting.samples().iter();
    let longest = samples.map(|sample| sample.text().len()).max();
    canary::TextLengths {
        // What a model does not cache at all is no longer than the blocks of one that caches.
        block: engines
            .block_tokens()
            .max(setting.plan.least_cached_tokens()),
        longest_chars: longest.unwrap_or(0),
    }
}

/// The URL that stands for reset calls in messages.
///
/// # Errors
/// [`LoadError::NoResetKnown`] without calls.
fn first_url(
    setting: &RunSetting,
    calls: &[ResetCall],
    engine_alone: bool,
) -> Result<String, LoadError> {
    let Some(call) = calls.first() else {
        return Err(LoadError::NoResetKnown {
            url: setting.target().shown.clone(),
            engine_alone,
        });
    };
    Ok(crate::transport::redact_url(&call.url))
}

/// What most likely is wrong where the canary was refused.
fn refusal(refused: &canary::RefusedProbe, api: Api, is_http2: bool) -> CanaryRefusal {
    match refused.status {
        Some(404 | 405) => CanaryRefusal::Path(api),
        Some(_) => CanaryRefusal::Key,
        // Its list of models was had in HTTP/1.1.
        None if is_http2 && refused.kind == FailureKind::ConnectionReset => CanaryRefusal::Http2,
        None => CanaryRefusal::Unknown,
    }
}
