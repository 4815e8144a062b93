//! Cache resets: called, tried again where that may help, and believed only as far as their answer.

use crate::{
    LoadError,
    control::{Control, ControlError, pause},
    request::auth::basic,
    transport::{Network, WholeResponse},
};
use dualround_model::{ResetCall, ResetOutcome};
use serde_json::Value;
use std::time::Duration;

/// Bound on one call; an engine may wait for idle blocks before it answers.
const LIMIT: Duration = Duration::from_secs(30);
/// Calls made before a failing reset is given up.
const ATTEMPTS: u32 = 5;

/// Makes every reset call in order. Nothing of ours is in flight when this runs.
///
/// # Errors
/// [`LoadError::Reset`] or [`LoadError::NoResetRoute`] for the first one that does not succeed: the
/// round would not be cold.
pub(crate) async fn reset_all(
    calls: &[ResetCall],
    network: &Network,
) -> Result<Vec<ResetOutcome>, LoadError> {
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(reset(call, network).await?);
    }
    Ok(outcomes)
}

async fn reset(call: &ResetCall, network: &Network) -> Result<ResetOutcome, LoadError> {
    let target = network.target(&call.url)?;
    let (url, path) = (target.shown.clone(), target.path.clone());
    let auth = basic(target.userinfo.as_deref());
    let mut control = Control::new(target, network.clock, LIMIT);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let answer = control.send(&call.method, &auth, b"").await;
        let again = match &answer {
            Ok(answer) => answer.status >= 500 || answer.status == 429,
            Err(_) => true,
        };
        if again && attempts < ATTEMPTS {
            pause(Duration::from_millis(100 << attempts)).await;
            continue;
        }
        let accepted = match answer {
            Ok(answer) => judge(&path, &answer).map(|message| (answer.status, message)),
            Err(error) => Err(ResetRefusal::Unanswered(error)),
        };
        let (status, message) = accepted.map_err(|refusal| refusal.at(&url))?;
        return Ok(ResetOutcome {
            url,
            status: Some(status),
            attempts,
            ok: true,
            message,
        });
    }
}

/// Why a reset did not succeed.
#[derive(Debug, thiserror::Error)]
enum ResetRefusal {
    #[error(transparent)]
    Unanswered(#[from] ControlError),
    #[error("HTTP 404 (vLLM has this route only with VLLM_SERVER_DEV_MODE=1): {words}")]
    NotInDevMode { words: String },
    #[error("HTTP 404 (this server has no such route): {words}")]
    NoRoute { words: String },
    #[error("HTTP {status}: {words}")]
    Status { status: u16, words: String },
    /// The status is one of success, and the body says no.
    #[error("the server answered {words}")]
    Denied { words: String },
}

impl ResetRefusal {
    /// The error that ends the run, of a call to this URL.
    fn at(self, url: &str) -> LoadError {
        let url = url.to_owned();
        match self {
            Self::NoRoute { words } => LoadError::NoResetRoute { url, words },
            other => LoadError::Reset {
                url,
                reason: other.to_string(),
            },
        }
    }
}

/// What the server said to a reset that it made: 2xx, unless the body says otherwise.
fn judge(path: &str, answer: &WholeResponse) -> Result<String, ResetRefusal> {
    let words = dualround_wire::error_text(&answer.body);
    match answer.status {
        200..300 => {}
        404 if path.contains("reset_prefix_cache") => {
            return Err(ResetRefusal::NotInDevMode { words });
        }
        404 => return Err(ResetRefusal::NoRoute { words }),
        status => return Err(ResetRefusal::Status { status, words }),
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let refused = ["success", "ok", "result"]
        .iter()
        .any(|key| body.get(*key) == Some(&Value::Bool(false)))
        || body.as_bool() == Some(false);
    if refused {
        Err(ResetRefusal::Denied { words })
    } else {
        Ok(words)
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
            judge("/flush_cache", &answer).is_ok()
        };
        assert!(answer(200, "") && answer(200, "{}") && answer(200, "{\"success\":true}"));
        let missing = WholeResponse {
            status: 404,
            ..WholeResponse::default()
        };
        // G06: each engine's own route has its own reason to be missing.
        let said = |path: &str| judge(path, &missing).unwrap_err().to_string();
        assert!(said("/reset_prefix_cache").contains("VLLM_SERVER_DEV_MODE"));
        assert!(said("/clear_kv_blocks").contains("no such route"));
        assert!(!answer(200, "{\"success\":false}") && !answer(404, "") && !answer(200, "false"));
    }
}
