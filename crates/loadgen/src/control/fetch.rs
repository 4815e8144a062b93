//! One GET for the tool's own checks, outside any run.

use crate::{LoadError, control::Control, request::auth::credentials, secrets::Secrets};
use dualround_model::{RequestPlan, Secret};
use std::time::Duration;

/// An answer.
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
    let (shown, userinfo) = (
        control.target.shown.clone(),
        control.target.userinfo.clone(),
    );
    let headers = credentials(request, userinfo.map(Secret::new).as_ref());
    let runtime = crate::runtime::single()?;
    let secrets = Secrets::of_request(url, request);
    let fail = |reason| secrets.scrub_error(LoadError::Endpoint { url: shown, reason });
    let answer = runtime.block_on(control.get(&headers)).map_err(fail)?;
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
