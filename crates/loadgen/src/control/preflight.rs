//! Before anything is measured: is there a server, which models does it serve.

use crate::{
    LoadError, ModelError, Obstacle, clock::Clock, control::Control, control::ControlError,
    request::auth::credentials, transport::Target,
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

/// The target of the model list: `/v1/models` beside the path of the API, with the same query.
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

/// What the server's own tokenizer says of a text; `None` where it has none. llama.cpp reads
/// `content`, vLLM `prompt`; the path stands beside `/v1`.
pub(crate) async fn tokens_of(plan: &Plan, control: &mut Control, text: &str) -> Option<Value> {
    let mut headers = credentials(plan);
    headers.set("Content-Type", "application/json");
    let body = serde_json::json!({
        "model": plan.model, "content": text, "prompt": text, "add_special_tokens": false,
    });
    let answer = control
        .send("POST", &headers, body.to_string().as_bytes())
        .await
        .ok()?;
    if answer.status != 200 {
        return None;
    }
    serde_json::from_slice(&answer.body).ok()
}

/// Counts the tokens of a text by the server's own tokenizer; `None` where it has none.
pub(crate) async fn count_tokens(plan: &Plan, control: &mut Control, text: &str) -> Option<u64> {
    let value = tokens_of(plan, control, text).await?;
    if let Some(count) = value.get("count").and_then(Value::as_u64) {
        return Some(count);
    }
    let tokens = value.get("tokens")?.as_array()?;
    Some(tokens.len() as u64)
}

/// The path under which an engine counts tokens: beside `/v1`.
pub(crate) fn tokenize_path(target: &Target) -> String {
    format!("{}/tokenize", target.base_path())
}

/// A client for `/tokenize` of the plan's endpoint.
pub(crate) fn tokenizer(target: &Target, clock: Clock) -> Control {
    Control::new(target.with_path(&tokenize_path(target)), clock, LIMIT)
}

/// A client for `/health` of the plan's endpoint.
pub(crate) fn health(target: &Target, clock: Clock) -> Control {
    let path = format!("{}/health", target.base_path());
    Control::new(target.with_path(&path), clock, LIMIT)
}

/// Why a server is not ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    /// It does not answer.
    #[error(transparent)]
    Silent(#[from] ControlError),
    /// It answers with the status of a server that starts, or is out of order.
    #[error("{route} answers HTTP {status}: {words}")]
    Unhealthy {
        /// What was asked for.
        route: &'static str,
        /// HTTP status.
        status: u16,
        /// What it said.
        words: String,
    },
}

/// Whether the server answers and calls itself healthy. A server without `/health` is as good as its
/// answer about models.
///
/// # Errors
/// [`NotReady`] when it does not.
pub(crate) async fn ready(
    plan: &Plan,
    models: &mut Control,
    health: &mut Control,
) -> Result<(), NotReady> {
    let headers = credentials(plan);
    for (route, control) in [("/v1/models", models), ("/health", health)] {
        let answer = control.send("GET", &headers, b"").await?;
        if matches!(answer.status, 500 | 502 | 503 | 504) {
            return Err(NotReady::Unhealthy {
                route,
                status: answer.status,
                words: dualround_wire::error_text(&answer.body),
            });
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
    /// The words ask for a certificate of the client.
    wants_certificate: bool,
}

impl NoList {
    /// HTTP status; 0 where it was not asked.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    fn of(answer: &crate::transport::WholeResponse) -> Self {
        const WORDS: usize = 200;
        let said = dualround_wire::error_text(&answer.body);
        let said: String = said.chars().take(WORDS).collect();
        let tells = answer.status != 200 && said.contains(char::is_alphabetic);
        Self {
            status: answer.status,
            // Proxies that ask for one answer a plain 400 that says so.
            wants_certificate: tells && said.to_ascii_lowercase().contains("certificate"),
            words: if tells {
                format!(": {said}")
            } else {
                String::new()
            },
        }
    }
}

/// Asks for the model list.
///
/// # Errors
/// [`LoadError::Unreachable`] when nothing answers, [`LoadError::KeyRefused`] when the key is refused.
pub(crate) async fn list_models(plan: &Plan, control: &mut Control) -> Result<Models, LoadError> {
    let headers = credentials(plan);
    let answer = control.send("GET", &headers, b"").await;
    let answer = answer.map_err(|error| LoadError::Unreachable {
        url: control_url(plan),
        obstacle: obstacle(&error, plan, &control.target),
        reason: error.to_string(),
    })?;
    match answer.status {
        // A key may be good for chats and not for the list; the canary shows it.
        401 | 403 if !plan.model.is_empty() => Ok(Models::NoList(NoList::of(&answer))),
        401 | 403 => Err(LoadError::KeyRefused {
            url: control_url(plan),
            status: answer.status,
            words: dualround_wire::error_text(&answer.body),
        }),
        200 => {
            let list: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let listed = list.get("data").or_else(|| list.get("models"));
            match listed.and_then(Value::as_array) {
                Some(models) => Ok(models_of(&ids_of(models))),
                None => Ok(Models::NoList(NoList::of(&answer))),
            }
        }
        _ => Ok(Models::NoList(NoList::of(&answer))),
    }
}

/// What most likely kept the endpoint from answering.
fn obstacle(error: &ControlError, plan: &Plan, target: &Target) -> Obstacle {
    match error {
        ControlError::Connect(error) if error.in_handshake => Obstacle::Handshake,
        ControlError::Exchange(error)
            if error.is_other_version() && !plan.request.network.http2 =>
        {
            Obstacle::HttpVersion
        }
        ControlError::Connect(_) if target.proxy.is_some() => Obstacle::Proxy,
        _ => Obstacle::Address,
    }
}

/// The ids of a list, each once. Some lists are of plain names.
fn ids_of(models: &[Value]) -> Vec<String> {
    let ids = models
        .iter()
        .filter_map(|model| model.get("id").unwrap_or(model).as_str());
    distinct(ids.filter(|id| !id.trim().is_empty()))
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
/// [`ModelError`] where the choice is open, or there is none.
pub(crate) fn choose_model(given: &str, models: &Models) -> Result<String, ModelError> {
    match models {
        // Servers answer to aliases that they do not list; the probe will show whether this one does.
        _ if !given.is_empty() => Ok(given.to_owned()),
        Models::NoList(answer) => Err(ModelError::NoList {
            status: answer.status,
            words: answer.words.clone(),
            wants_certificate: answer.wants_certificate,
        }),
        Models::Patterns(patterns) => Err(ModelError::Patterns {
            names: first_of(patterns),
        }),
        Models::Listed(ids) => match ids.as_slice() {
            [] => Err(ModelError::Nothing),
            [only] => Ok(only.clone()),
            several => Err(ModelError::Several {
                count: several.len(),
                names: first_of(several),
            }),
        },
    }
}

/// The error of a model that the server refuses, with its list, where there is one.
pub(crate) fn unknown_model(given: &str, message: &str, models: &Models) -> LoadError {
    let names = match models {
        Models::Listed(ids) if !ids.is_empty() => Some(first_of(ids)),
        _ => None,
    };
    LoadError::Model(ModelError::Refused {
        model: given.to_owned(),
        words: message.to_owned(),
        names,
    })
}

/// A client for the model list of the plan's endpoint.
pub(crate) fn control(target: &Target, clock: Clock) -> Control {
    Control::new(models_target(target), clock, LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{ConnectError, ExchangeError, Network, WholeResponse};
    use dualround_model::{FailureKind, ProxyPlan, Secret};
    use dualround_wire::HttpError;
    use serde_json::json;

    #[test]
    fn the_model_is_the_one_given_or_the_only_one() {
        let listed = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            models_of(&ids)
        };
        assert_eq!(choose_model("", &listed(&["a"])).unwrap(), "a");
        // A gateway's patterns beside a name are none to choose from.
        assert_eq!(choose_model("", &listed(&["*", "a"])).unwrap(), "a");
        for models in [listed(&[]), listed(&["*"]), listed(&["a", "b"])] {
            assert_eq!(choose_model("alias", &models).unwrap(), "alias");
        }
        let open = |models: &Models| choose_model("", models).unwrap_err();
        assert!(matches!(open(&listed(&[])), ModelError::Nothing));
        assert!(matches!(
            open(&listed(&["openai/*"])),
            ModelError::Patterns { .. }
        ));
        assert!(matches!(
            open(&listed(&["a", "b"])),
            ModelError::Several { count: 2, .. }
        ));
    }

    #[test]
    fn ids_stand_once_and_may_be_plain_names() {
        let list = [
            json!({"id": "a"}),
            json!("b"),
            json!({"id": "a"}),
            json!({"id": " "}),
        ];
        assert_eq!(ids_of(&list), ["a", "b"]);
    }

    #[test]
    fn a_server_that_wants_a_certificate_is_known_by_its_words() {
        let wants = |status, body: &str| {
            let answer = WholeResponse {
                status,
                body: body.as_bytes().to_vec(),
                ..WholeResponse::default()
            };
            NoList::of(&answer).wants_certificate
        };
        assert!(wants(400, "No required SSL certificate was sent"));
        assert!(!wants(404, "not found"));
        assert!(!wants(200, "certificate"));
    }

    #[test]
    fn what_stands_in_the_way_is_told_by_the_error() {
        let connect = |in_handshake| {
            ControlError::Connect(ConnectError {
                kind: FailureKind::Tls,
                message: "refused".to_owned(),
                in_handshake,
            })
        };
        let framing = |error| ControlError::Exchange(ExchangeError::Framing(error));
        let mut plan = Plan::new("http://127.0.0.1:1/v1/chat/completions", "d");
        let direct = Network::plain().target(&plan.endpoint).unwrap();
        for (error, expected) in [
            (connect(true), Obstacle::Handshake),
            (connect(false), Obstacle::Address),
            (framing(HttpError::Version), Obstacle::HttpVersion),
            (
                framing(HttpError::Head("invalid header name".to_owned())),
                Obstacle::Address,
            ),
        ] {
            assert_eq!(obstacle(&error, &plan, &direct), expected, "{error}");
        }
        plan.request.network.proxy = ProxyPlan {
            http: Some(Secret::new("http://127.0.0.1:9")),
            given: true,
            ..ProxyPlan::default()
        };
        let network = Network::new(&plan.request.network, Clock::start()).unwrap();
        let proxied = network.target(&plan.endpoint).unwrap();
        let refused = obstacle(&connect(false), &plan, &proxied);
        assert_eq!(refused, Obstacle::Proxy);
        plan.request.network.http2 = true;
        let spoken = obstacle(&framing(HttpError::Version), &plan, &direct);
        assert_eq!(spoken, Obstacle::Address);
    }
}
