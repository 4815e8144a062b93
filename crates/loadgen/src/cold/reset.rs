//! Cache resets: called, tried again where that may help, and believed only as far as their answer.

use crate::{
    LoadError,
    clock::Clock,
    control::Control,
    request::auth::basic,
    transport::{Target, WholeResponse},
};
use dualround_model::{RequestPlan, ResetCall, ResetOutcome};
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

/// Bound on one call; an engine may wait for idle blocks before it answers.
const LIMIT: Duration = Duration::from_secs(30);
/// Calls made before a failing reset is given up.
const ATTEMPTS: u32 = 5;

/// Makes every reset call in order. Nothing of ours is in flight when this runs.
///
/// # Errors
/// [`LoadError::Reset`] for the first one that does not succeed: the round would not be cold.
pub(crate) async fn reset_all(
    calls: &[ResetCall],
    request: &RequestPlan,
    tls: Option<&TlsConnector>,
    clock: Clock,
) -> Result<Vec<ResetOutcome>, LoadError> {
    let mut outcomes = Vec::new();
    for call in calls {
        let outcome = reset(call, request, tls, clock).await?;
        if !outcome.ok {
            return Err(LoadError::Reset {
                url: outcome.url,
                reason: outcome.message,
            });
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn reset(
    call: &ResetCall,
    request: &RequestPlan,
    tls: Option<&TlsConnector>,
    clock: Clock,
) -> Result<ResetOutcome, LoadError> {
    let target = Target::resolve(&call.url, request)?;
    let (url, path) = (target.shown.clone(), target.path.clone());
    let auth = basic(target.userinfo.as_deref());
    let mut control = Control::new(target, tls.cloned(), clock, LIMIT);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let answer = control.send(&call.method, &auth, "").await;
        let again = match &answer {
            Ok(answer) => answer.status >= 500 || answer.status == 429,
            Err(_) => true,
        };
        if again && attempts < ATTEMPTS {
            sleep(Duration::from_millis(100 << attempts)).await;
            continue;
        }
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let (ok, message) = match answer {
            Ok(answer) => judge(&path, &answer),
            Err(reason) => (false, reason),
        };
        return Ok(ResetOutcome {
            url,
            status,
            attempts,
            ok,
            message,
        });
    }
}

/// 2xx, unless the body says otherwise.
fn judge(path: &str, answer: &WholeResponse) -> (bool, String) {
    let text = dualround_wire::error_text(&answer.body);
    if !(200..300).contains(&answer.status) {
        let hint = match answer.status {
            404 if path.contains("reset_prefix_cache") => {
                " (vLLM has this route only with VLLM_SERVER_DEV_MODE=1)"
            }
            404 => " (this server has no such route; --reset-cache-url names another)",
            _ => "",
        };
        return (false, format!("HTTP {}{hint}: {text}", answer.status));
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let refused = ["success", "ok", "result"]
        .iter()
        .any(|key| body.get(*key) == Some(&Value::Bool(false)))
        || body.as_bool() == Some(false);
    if refused {
        (false, format!("the server answered {text}"))
    } else {
        (true, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b128_an_answer_that_says_no_is_a_failure() {
        let answer = |status, body: &str| {
            let body = body.as_bytes().to_vec();
            let answer = WholeResponse {
                status,
                body,
                ..WholeResponse::default()
            };
            judge("/flush_cache", &answer).0
        };
        assert!(answer(200, "") && answer(200, "{}") && answer(200, "{\"success\":true}"));
        let missing = WholeResponse {
            status: 404,
            ..WholeResponse::default()
        };
        // G06: each engine's own route has its own reason to be missing.
        let said = |path: &str| judge(path, &missing).1;
        assert!(said("/reset_prefix_cache").contains("VLLM_SERVER_DEV_MODE"));
        assert!(said("/clear_kv_blocks").contains("no such route"));
        assert!(!answer(200, "{\"success\":false}") && !answer(404, "") && !answer(200, "false"));
    }
}
