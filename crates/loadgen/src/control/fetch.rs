//! One GET for the tool's own checks, outside any run.

use crate::{LoadError, control::Control, request::auth::credentials, secrets::Secrets};
use dualround_model::{RequestPlan, Secret};
use std::time::Duration;

/// The answer to one GET, whatever its status.
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

/// Gets a URL, blocking, within `limit`, with the key and headers of `request`.
///
/// # Errors
/// [`LoadError`] when the URL cannot be used or nothing answers.
pub fn fetch(url: &str, request: &RequestPlan, limit: Duration) -> Result<Fetched, LoadError> {
    let mut control = Control::to(url, request, limit)?;
    let shown = control.target.shown.clone();
    let userinfo = control.target.userinfo.clone().map(Secret::new);
    let headers = credentials(request, userinfo.as_ref());
    let runtime = crate::runtime::single()?;
    let secrets = Secrets::of_request(url, request);
    let answer = runtime.block_on(control.get(&headers)).map_err(|error| {
        secrets.scrub_error(LoadError::Endpoint {
            url: shown,
            reason: error.to_string(),
        })
    })?;
    // What is shown of it is a server's words.
    let body = match String::from_utf8(answer.body) {
        Ok(text) => secrets.scrub(text).into_bytes(),
        Err(bytes) => bytes.into_bytes(),
    };
    Ok(Fetched {
        status: answer.status,
        content_type: answer.head.content_type,
        content_encoding: answer.head.content_encoding,
        location: answer.head.location,
        body,
    })
}
