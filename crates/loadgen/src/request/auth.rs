//! The header fields that carry secrets.

use crate::{
    request::{
        api::{authorised, own_headers},
        head::Headers,
    },
    transport::Target,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::{Plan, Secret};

/// Basic authorisation by `user:password`; nothing without it.
pub(crate) fn basic(userinfo: Option<&str>) -> Headers {
    userinfo.map_or_else(Headers::default, |userinfo| {
        let encoded = STANDARD.encode(userinfo);
        Headers::of("Authorization", &format!("Basic {encoded}"))
    })
}

/// The headers of the API and those that authorise: the key, else basic authorisation, and the user's
/// own.
pub(crate) fn credentials(plan: &Plan) -> Headers {
    let userinfo = plan.endpoint_userinfo.as_ref();
    let mut headers = own_headers(plan.api());
    headers.set_all(&match &plan.request.api_key {
        Some(key) => authorised(plan.api(), key, plan.request.key_as_bearer),
        None => basic(userinfo.map(Secret::expose)),
    });
    headers.set_all(&given(&plan.request.headers));
    headers
}

/// The headers for a server beside the endpoint: basic authorisation of its own URL, and those that the
/// user gave for it. The endpoint's key is not among them.
pub(crate) fn of_other_server(target: &Target, own: &Headers) -> Headers {
    let mut headers = basic(target.userinfo.as_deref());
    headers.set_all(own);
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
