//! Looking at a server without changing it.

use super::{Observed, hosted};
use crate::{
    clock::Clock,
    control::{Control, ControlError},
    request::head::Headers,
    transport::{Target, WholeResponse},
};
use dualround_wire::parse_exposition;
use serde_json::Value;
use std::time::Duration;

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Looks at the server at `target`, whose base URL for calls is `base`; `headers` (whole lines, with
/// the key) go with each look, so they are given only where the user configured them for this
/// server. A server that does not answer shows nothing.
pub(crate) async fn observe(
    base: &str,
    target: &Target,
    headers: &Headers,
    clock: Clock,
) -> Observed {
    let mut seen = Observed {
        base: base.to_owned(),
        shown: target.shown.trim_end_matches('/').to_owned(),
        host: target.host.clone(),
        ..Observed::default()
    };
    if hosted::look(&seen).is_some() {
        return seen;
    }
    let prefix = target.base_path();
    let mut control = Control::new(target.clone(), clock, LIMIT);
    let models = match look(&mut control, &format!("{prefix}/v1/models"), headers).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            seen.unreachable = Some(error.to_string());
            None
        }
    };
    seen.server = models
        .as_ref()
        .and_then(|answer| answer.head.server.clone());
    seen.gateway = models
        .as_ref()
        .and_then(|answer| answer.head.gateway.clone())
        .map(|gateway| gateway.name);
    seen.models = json(models);
    seen.version = json(get(&mut control, &format!("{prefix}/version"), headers).await);
    seen.props = json(get(&mut control, &format!("{prefix}/props"), headers).await);
    seen.server_info = json(get(&mut control, &format!("{prefix}/get_server_info"), headers).await);
    if seen.version.is_none() && seen.props.is_none() && seen.server_info.is_none() {
        seen.info = json(get(&mut control, &format!("{prefix}/info"), headers).await);
    }
    let page = get(&mut control, &format!("{prefix}/metrics"), headers).await;
    seen.page = page
        .filter(|answer| answer.status == 200)
        .map(|answer| parse_exposition(&answer.body))
        .filter(|page| !page.samples.is_empty());
    if seen.has_metric("vllm:") {
        // It takes POST only, so a GET shows whether it is there: 405, or 404.
        let path = format!("{prefix}/reset_prefix_cache");
        let answer = get(&mut control, &path, headers).await;
        seen.reset_status = answer.map(|answer| answer.status);
    }
    seen
}

async fn get(control: &mut Control, path: &str, headers: &Headers) -> Option<WholeResponse> {
    look(control, path, headers).await.ok()
}

async fn look(
    control: &mut Control,
    path: &str,
    headers: &Headers,
) -> Result<WholeResponse, ControlError> {
    control.target.path = path.to_owned();
    control.get(headers).await
}

fn json(answer: Option<WholeResponse>) -> Option<Value> {
    let answer = answer.filter(|answer| answer.status == 200)?;
    serde_json::from_slice(&answer.body).ok()
}
