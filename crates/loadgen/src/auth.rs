//! Secrets: the header lines that carry them, and keeping them out of what servers say.

use crate::LoadError;
use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::{Plan, RequestPlan, Secret};
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

/// The secrets of a run, for taking them out of texts that servers made: some echo a key in their
/// error message.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

/// Shorter ones would be found in innocent words.
const SHORTEST: usize = 6;

impl Secrets {
    /// All that are sent to the plan's servers.
    pub(crate) fn of(plan: &Plan) -> Self {
        let request = &plan.request;
        let headers = request.headers.iter().chain(&plan.prometheus.headers);
        let secrets = (request.api_key.iter())
            .chain(&plan.endpoint_userinfo)
            .chain(headers.map(|(_, value)| value));
        let mut all: Vec<String> = Vec::new();
        for secret in secrets.map(Secret::expose) {
            // `Bearer KEY` and `user:password` are echoed in parts.
            let parts = secret.split([' ', ':']).map(str::to_owned);
            all.extend(parts.chain([secret.to_owned()]));
        }
        let encoded = plan.endpoint_userinfo.iter();
        all.extend(encoded.map(|userinfo| STANDARD.encode(userinfo.expose())));
        all.retain(|secret| secret.len() >= SHORTEST);
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(all)
    }

    /// The text with `***` for every secret in it.
    pub(crate) fn scrub(&self, text: String) -> String {
        let held = self
            .0
            .iter()
            .filter(|secret| text.contains(secret.as_str()));
        let held: Vec<&String> = held.collect();
        held.into_iter()
            .fold(text, |text, secret| text.replace(secret.as_str(), "***"))
    }

    /// The same for what an error quotes.
    pub(crate) fn scrub_error(&self, error: LoadError) -> LoadError {
        match error {
            LoadError::Endpoint { url, reason } => LoadError::Endpoint {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Model { reason } => LoadError::Model {
                reason: self.scrub(reason),
            },
            LoadError::Reset { url, reason } => LoadError::Reset {
                url,
                reason: self.scrub(reason),
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b151_secrets_in_a_servers_words_are_masked() {
        let mut plan = Plan::new("http://h", "d");
        plan.request.api_key = Some(Secret::new("sk-test-123"));
        plan.request.headers = vec![("X-Token".to_owned(), Secret::new("Token abcdef99"))];
        plan.endpoint_userinfo = Some(Secret::new("al:pa55w0rd"));
        let secrets = Secrets::of(&plan);
        let said = "bad key sk-test-123 (Token abcdef99, abcdef99), pa55w0rd, YWw6cGE1NXcwcmQ=; al"
            .to_owned();
        assert_eq!(secrets.scrub(said), "bad key *** (***, ***), ***, ***; al");
    }
}
