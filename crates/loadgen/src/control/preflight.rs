//! Before anything is measured: is there a server, which models does it serve.

use crate::{
    LoadError, clock::Clock, control::Control, request::auth::credentials, transport::Target,
};
use dualround_model::{Api, Plan};
use serde_json::Value;
use std::time::Duration;

/// How long the endpoint may take to list its models.
pub(crate) const LIMIT: Duration = Duration::from_secs(15);

/// Models that a message names.
const NAMED: usize = 20;

/// What the model list said.
pub(crate) enum Models {
    /// The ids served.
    Listed(Vec<String>),
    /// A gateway's patterns alone (`*`, `openai/*`), which name no model.
    Patterns(Vec<String>),
    /// There is no list here (an answer, but not one).
    NoList(NoList),
}

/// `/v1/models` beside the chat path, under the same prefix and query.
pub(crate) fn models_target(target: &Target) -> Target {
    let (path, query) = target.path.split_once('?').unwrap_or((&target.path, ""));
    let base = Api::of_path(path).map_or(path.trim_end_matches('/'), |(_, base)| base);
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    target.with_path(&format!("{base}/models{query}"))
}

/// Tokens of a text by the server's own tokenizer; `None` where it has none. llama.cpp reads
/// `content`, vLLM `prompt`; the path stands beside `/v1`.
pub(crate) async fn count_tokens(plan: &Plan, control: &mut Control, text: &str) -> Option<u64> {
    let mut headers = credentials(&plan.request, plan.endpoint_userinfo.as_ref());
    headers.set("Content-Type", "application/json");
    let body = serde_json::json!({
        "model": plan.model, "content": text, "prompt": text, "add_special_tokens": false,
    });
    let answer = control
        .send("POST", &headers, &body.to_string())
        .await
        .ok()?;
    if answer.status != 200 {
        return None;
    }
    let value: Value = serde_json::from_slice(&answer.body).ok()?;
    let listed = || {
        value
            .get("tokens")
            .and_then(Value::as_array)
            .map(|list| list.len() as u64)
    };
    value.get("count").and_then(Value::as_u64).or_else(listed)
}

/// Where an engine counts: beside `/v1`.
pub(crate) fn tokenize_path(target: &Target) -> String {
    format!("{}/tokenize", target.base_path())
}

/// A client for `/tokenize` of the plan's endpoint.
pub(crate) fn tokenizer(
    target: &Target,
    tls: Option<tokio_rustls::TlsConnector>,
    clock: Clock,
) -> Control {
    Control::new(target.with_path(&tokenize_path(target)), tls, clock, LIMIT)
}

/// A client for `/health` of the plan's endpoint.
pub(crate) fn health(
    target: &Target,
    tls: Option<tokio_rustls::TlsConnector>,
    clock: Clock,
) -> Control {
    let path = format!("{}/health", target.base_path());
    Control::new(target.with_path(&path), tls, clock, LIMIT)
}

/// Whether the server answers and calls itself healthy; else what it said. A server without
/// `/health` is as good as its answer about models.
pub(crate) async fn ready(
    plan: &Plan,
    models: &mut Control,
    health: &mut Control,
) -> Result<(), String> {
    let headers = credentials(&plan.request, plan.endpoint_userinfo.as_ref());
    let starting = |status: u16| matches!(status, 500 | 502 | 503 | 504);
    for (name, control) in [("/v1/models", models), ("/health", health)] {
        let answer = control.send("GET", &headers, "").await?;
        if starting(answer.status) {
            let text = dualround_wire::error_text(&answer.body);
            return Err(format!("{name} answers HTTP {}: {text}", answer.status));
        }
    }
    Ok(())
}

/// What a server answered in the place of a list of models.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoList {
    /// HTTP status; 0 where it was not asked.
    status: u16,
    /// Its words, with what they stand behind; a list of another shape has none.
    words: String,
}

impl NoList {
    fn of(answer: &crate::transport::WholeResponse) -> Self {
        const WORDS: usize = 200;
        let said = dualround_wire::error_text(&answer.body);
        let said: String = said.chars().take(WORDS).collect();
        let tells = answer.status != 200 && said.contains(char::is_alphabetic);
        let asks = said.to_ascii_lowercase().contains("certificate");
        let hint = if asks {
            " (--client-cert gives one)"
        } else {
            ""
        };
        Self {
            status: answer.status,
            words: if tells {
                format!(": {said}{hint}")
            } else {
                String::new()
            },
        }
    }
}

/// Asks for the model list.
///
/// # Errors
/// [`LoadError::Endpoint`] when nothing answers, or the key is refused.
pub(crate) async fn list_models(plan: &Plan, control: &mut Control) -> Result<Models, LoadError> {
    let headers = credentials(&plan.request, plan.endpoint_userinfo.as_ref());
    let fail = |reason: String| LoadError::Endpoint {
        url: control_url(plan),
        reason,
    };
    let answer = control.send("GET", &headers, "").await.map_err(|reason| {
        let hint = if reason.contains("TLS handshake") {
            ""
        } else if reason.contains("invalid HTTP version") && !plan.request.http2 {
            "; a server that speaks HTTP/2 alone is asked with --http2"
        } else if reason.contains("proxy ") {
            "; is the proxy right (--proxy, HTTP_PROXY, ALL_PROXY)? --no-proxy goes without it"
        } else {
            "; is the server running, and the address right?"
        };
        fail(format!("{reason}{hint}"))
    })?;
    match answer.status {
        // A key may be good for chats and not for the list; the canary shows it.
        401 | 403 if !plan.model.is_empty() => Ok(Models::NoList(NoList::of(&answer))),
        401 | 403 => {
            let text = dualround_wire::error_text(&answer.body);
            Err(fail(format!(
                "HTTP {}: {text}; check --api-key, or give --model NAME where the key is not good for the list of models",
                answer.status
            )))
        }
        200 => {
            let list: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let data = list
                .get("data")
                .or_else(|| list.get("models"))
                .and_then(Value::as_array);
            let listed = data.map(|data| {
                // Some lists are of plain names.
                let id =
                    |model: &'_ Value| model.get("id").unwrap_or(model).as_str().map(str::to_owned);
                let ids: Vec<String> = data.iter().filter_map(id).collect();
                let ids = ids.iter().map(String::as_str);
                models_of(&distinct(ids.filter(|id| !id.trim().is_empty())))
            });
            Ok(listed.unwrap_or_else(|| Models::NoList(NoList::of(&answer))))
        }
        _ => Ok(Models::NoList(NoList::of(&answer))),
    }
}

/// The ids of a list, without a gateway's patterns where there is any other.
fn models_of(listed: &[String]) -> Models {
    let (patterns, ids): (Vec<_>, Vec<_>) = listed.iter().cloned().partition(|id| id.contains('*'));
    if ids.is_empty() && !patterns.is_empty() {
        return Models::Patterns(patterns);
    }
    Models::Listed(ids)
}

/// The first names of a list, and how many there are beside them.
fn first_of(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown}, … and {more} more"),
    }
}

/// Each once, in their order: some gateways list a model once a replica.
fn distinct<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for id in ids {
        if !known.iter().any(|one| one == id) {
            known.push(id.to_owned());
        }
    }
    known
}

fn control_url(plan: &Plan) -> String {
    crate::transport::redact_url(&plan.endpoint)
}

/// The model to ask for: the one given, if it is served; else the only one there is.
///
/// # Errors
/// [`LoadError::Model`] with the list.
pub(crate) fn choose_model(given: &str, models: &Models) -> Result<String, LoadError> {
    let fail = |reason: String| Err(LoadError::Model { reason });
    match models {
        Models::NoList(_) | Models::Patterns(_) if !given.is_empty() => Ok(given.to_owned()),
        Models::NoList(NoList { status, words }) => fail(format!(
            "the server has no model list (HTTP {status} at /v1/models{words}): give --model NAME"
        )),
        Models::Patterns(patterns) => fail(format!(
            "the server lists patterns of models, not models ({}): give --model NAME",
            first_of(patterns)
        )),
        Models::Listed(ids) if ids.is_empty() && given.is_empty() => {
            fail("the server lists no model: give --model NAME".to_owned())
        }
        Models::Listed(ids) if given.is_empty() && ids.len() > 1 => fail(format!(
            "the server serves {} models: {}; choose with --model",
            ids.len(),
            first_of(ids)
        )),
        Models::Listed(ids) if given.is_empty() => Ok(ids[0].clone()),
        // Servers answer to aliases that they do not list; the probe will show whether this one does.
        Models::Listed(_) => Ok(given.to_owned()),
    }
}

/// What to say when the server refuses a model: the list, if there is one.
pub(crate) fn unknown_model(given: &str, message: &str, models: &Models) -> LoadError {
    let list = match models {
        Models::Listed(ids) if !ids.is_empty() => format!("; it serves: {}", first_of(ids)),
        _ => String::new(),
    };
    LoadError::Model {
        reason: format!("the server refuses model `{given}`: {message}{list}"),
    }
}

/// A client for the model list of the plan's endpoint.
pub(crate) fn control(
    target: &Target,
    tls: Option<tokio_rustls::TlsConnector>,
    clock: Clock,
) -> Control {
    Control::new(models_target(target), tls, clock, LIMIT)
}
