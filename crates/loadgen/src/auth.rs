//! Header lines that carry secrets.

use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::{RequestPlan, Secret};
use std::fmt::Write;

/// Basic authorisation by `user:password`, as a whole header line; nothing without it.
pub(crate) fn basic(userinfo: Option<&str>) -> String {
    userinfo.map_or_else(String::new, |userinfo| {
        format!("Authorization: Basic {}\r\n", STANDARD.encode(userinfo))
    })
}

/// The key, or basic authorisation, and the user's own headers.
pub(crate) fn credentials(request: &RequestPlan, userinfo: Option<&Secret>) -> String {
    let mut lines = match &request.api_key {
        Some(key) => format!("Authorization: Bearer {}\r\n", key.expose()),
        None => basic(userinfo.map(Secret::expose)),
    };
    lines.push_str(&self::lines(&request.headers));
    lines
}

/// Headers as whole lines.
pub(crate) fn lines(headers: &[(String, Secret)]) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        // Writing to a String cannot fail.
        let _ = write!(lines, "{name}: {}\r\n", value.expose());
    }
    lines
}
