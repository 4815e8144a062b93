//! What is found before the first round: the server, its model, its engines.

use super::setting::RunSetting;
use crate::{
    LoadError,
    clock::instant_now,
    control::preflight::{self, Models, NoList},
    control::{ControlPlane, pause},
    exchange::Client,
    request::api::has_own_key,
};
use dualround_model::Plan;
use std::time::Duration;

/// Between two looks at a server that is not ready.
const READY_EVERY: Duration = Duration::from_millis(300);

/// Asks what models there are. With a model given and probes off, not even the list is asked for. A
/// key that the server does not take by the API's own header is tried once as all others take it, and
/// the plan keeps what it took.
///
/// # Errors
/// [`LoadError::Unreachable`] when nothing answers, [`LoadError::KeyRefused`] when the key is refused.
pub(super) async fn models(
    plan: &mut Plan,
    client: &Client,
    control: &ControlPlane,
) -> Result<Models, LoadError> {
    if plan.probe || plan.model.is_empty() {
        listed_models(plan, client, control).await
    } else {
        Ok(Models::NoList(NoList::default()))
    }
}

/// Asks what models there are, whatever the plan says.
///
/// # Errors
/// [`LoadError::Unreachable`] when nothing answers, [`LoadError::KeyRefused`] when the key is refused.
pub(super) async fn listed_models(
    plan: &mut Plan,
    client: &Client,
    control: &ControlPlane,
) -> Result<Models, LoadError> {
    let mut asking = preflight::control(&client.target, control.clock());
    let listed = preflight::list_models(plan, &mut asking).await;
    let is_refused = match &listed {
        Err(LoadError::KeyRefused { status: 401, .. }) => true,
        Ok(Models::NoList(answer)) => answer.status() == 401,
        _ => false,
    };
    let has_other = has_own_key(plan.api()) && plan.request.api_key.is_some();
    if !is_refused || !has_other || plan.request.key_as_bearer {
        return listed;
    }
    plan.request.key_as_bearer = true;
    let again = preflight::list_models(plan, &mut asking).await;
    let is_taken = match &again {
        Ok(Models::NoList(answer)) => answer.status() != 401,
        other => other.is_ok(),
    };
    if is_taken {
        return again;
    }
    plan.request.key_as_bearer = false;
    listed
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
