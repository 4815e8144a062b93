//! What is found before the first round: the server, its model, its engines.

use super::setting::RunSetting;
use crate::{
    LoadError,
    clock::instant_now,
    control::pause,
    control::preflight::{self, Models, NoList},
};
use std::time::Duration;

/// Between two looks at a server that is not ready.
const READY_EVERY: Duration = Duration::from_millis(300);

/// Asks what models there are. With a model given and probes off, not even the list is asked for.
///
/// # Errors
/// [`LoadError::Unreachable`] when nothing answers, [`LoadError::KeyRefused`] when the key is refused.
pub(super) async fn models(setting: &RunSetting) -> Result<Models, LoadError> {
    if setting.plan.probe || setting.plan.model.is_empty() {
        listed_models(setting).await
    } else {
        Ok(Models::NoList(NoList::default()))
    }
}

/// Asks what models there are, whatever the plan says.
///
/// # Errors
/// [`LoadError::Unreachable`] when nothing answers, [`LoadError::KeyRefused`] when the key is refused.
pub(super) async fn listed_models(setting: &RunSetting) -> Result<Models, LoadError> {
    let mut control = preflight::control(setting.target(), setting.control.clock());
    preflight::list_models(&setting.plan, &mut control).await
}

/// Waits until the server answers and, where it has a `/health`, calls itself healthy; engines
/// listen or answer 503 long before a model is loaded. Returns how long that took.
///
/// # Errors
/// [`LoadError::NotReady`] with the last answer when it is not ready in time.
pub(super) async fn wait_ready(
    setting: &RunSetting,
    limit: Duration,
) -> Result<Duration, LoadError> {
    let (target, clock) = (setting.target(), setting.control.clock());
    let mut models = preflight::control(target, clock);
    let mut health = preflight::health(target, clock);
    let began = instant_now();
    loop {
        let state = preflight::ready(&setting.plan, &mut models, &mut health).await;
        let Err(reason) = state else {
            return Ok(began.elapsed());
        };
        if began.elapsed() >= limit {
            return Err(LoadError::NotReady {
                url: crate::redact_url(&setting.plan.endpoint),
                seconds: limit.as_secs_f64(),
                reason: reason.to_string(),
            });
        }
        pause(READY_EVERY).await;
    }
}
