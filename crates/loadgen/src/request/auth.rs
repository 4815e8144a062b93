//! The header fields that carry secrets.

use crate::request::head::Headers;
use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::{RequestPlan, Secret};

/// Basic authorisation by `user:password`; nothing without it.
pub(crate) fn basic(userinfo: Option<&str>) -> Headers {
    userinfo.map_or_else(Headers::default, |userinfo| {
        let encoded = STANDARD.encode(userinfo);
        Headers::of("Authorization", &format!("Basic {encoded}"))
    })
}

/// The headers that authorise: the key, else basic authorisation, and the user's own.
pub(crate) fn credentials(request: &RequestPlan, userinfo: Option<&Secret>) -> Headers {
    let mut headers = match &request.api_key {
        Some(key) => Headers::of("Authorization", &format!("Bearer {}", key.expose())),
        None => basic(userinfo.map(Secret::expose)),
    };
    headers.set_all(&given(&request.headers));
    headers
}

/// Headers as the user gave them.
pub(crate) fn given(fields: &[(String, Secret)]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in fields {
        headers.set(name, value.expose());
    }
    headers
}
