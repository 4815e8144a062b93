//! One GET for the tool's own checks, outside any run.

use crate::{
    LoadError,
    control::Control,
    request::auth::{given, of_other_server},
    secrets::Secrets,
    transport::{Network, WholeResponse},
};
use dualround_model::Secret;
use std::time::Duration;

/// The answer to one request, whatever its status.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Fetched {
    /// An answer without these secrets.
    pub(super) fn of(answer: WholeResponse, secrets: &Secrets) -> Self {
        // What is shown of it is a server's words.
        let body = match String::from_utf8(answer.body) {
            Ok(text) => secrets.scrub(text).into_bytes(),
            Err(bytes) => bytes.into_bytes(),
        };
        Self {
            status: answer.status,
            content_type: answer.head.content_type,
            content_encoding: answer.head.content_encoding,
            location: answer.head.location,
            body,
        }
    }
}

/// Gets a URL, blocking, within `limit`, with these headers.
///
/// # Errors
/// [`LoadError`] when the URL cannot be used or nothing answers.
pub fn fetch(
    url: &str,
    network: &Network,
    headers: &[(String, Secret)],
    limit: Duration,
) -> Result<Fetched, LoadError> {
    let mut control = Control::to(url, network, limit)?;
    let shown = control.target.shown.clone();
    let sent = of_other_server(&control.target, &given(headers));
    let runtime = crate::runtime::single()?;
    let secrets = Secrets::of_request(url, headers, network.plan());
    let answer = runtime.block_on(control.get(&sent)).map_err(|error| {
        secrets.scrub_error(LoadError::Endpoint {
            url: shown,
            reason: error.to_string(),
        })
    })?;
    Ok(Fetched::of(answer, &secrets))
}
