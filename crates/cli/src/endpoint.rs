//! Endpoint spellings: a base URL, `…/v1` or the full path, under any prefix, with any query.

use crate::exit::Usage;
use dualround_loadgen::{redact_url, userinfo};
use dualround_model::{Api, Secret};
use url::Url;

/// A resolved endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The URL of the API without user information.
    pub(crate) url: String,
    /// `user:password`, decoded.
    pub(crate) userinfo: Option<Secret>,
}

impl Endpoint {
    /// The API that requests go to.
    pub(crate) fn api(&self) -> Api {
        Api::of_path(&self.url)
            .map(|(api, _)| api)
            .unwrap_or_default()
    }
}

/// Resolves what the user wrote; `api` is that of `--api`.
///
/// # Errors
/// [`Usage`] with a suggestion.
pub(crate) fn resolve(text: &str, api: Option<Api>) -> Result<Endpoint, Usage> {
    let text = text.trim();
    let unix = socket_url(text);
    let whole = unix.as_deref().unwrap_or(text);
    if !whole.contains("://") {
        let shown = redact_url(whole);
        let reason = format!("no scheme; did you mean http://{shown} ?");
        return Err(refused(text, &reason));
    }
    let mut url = Url::parse(whole).map_err(|error| refused(text, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https" | "http+unix") {
        let reason = "only http://, https:// and unix:/PATH are supported";
        return Err(refused(text, reason));
    }
    if url.host_str().is_none() {
        return Err(refused(text, "it names no host"));
    }
    let userinfo = userinfo(&url).map(Secret::new);
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    let path = match (Api::of_path(&path), api) {
        (Some((found, _)), Some(given)) if found != given => {
            let reason = format!(
                "its path is that of {}, and --api says {}; give one of them",
                found.name(),
                given.word()
            );
            return Err(refused(text, &reason));
        }
        (Some(_), _) => path,
        (None, given) => {
            let given = given.unwrap_or_default().path();
            let below = if path.rsplit('/').next() == Some("v1") {
                ""
            } else {
                "/v1"
            };
            format!("{path}{below}{given}")
        }
    };
    url.set_path(&path);
    Ok(Endpoint {
        url: url.to_string(),
        userinfo,
    })
}

fn refused(given: &str, reason: &str) -> Usage {
    Usage(format!("--endpoint {}: {reason}", redact_url(given)))
}

/// `unix:/run/engine.sock`, with a path on the server after another colon, as the URL that it is
/// within: the socket's path percent-encoded as the host of `http+unix`.
pub(crate) fn socket_url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("unix:")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (socket, path) = match rest.split_once(":/") {
        Some((socket, path)) => (socket, format!("/{path}")),
        None => (rest, String::new()),
    };
    let encoded: String = url::form_urlencoded::byte_serialize(socket.as_bytes()).collect();
    // A space is `+` in forms alone.
    Some(format!("http+unix://{}{path}", encoded.replace('+', "%20")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unix_socket_is_an_endpoint() {
        for (given, url) in [
            (
                "unix:/run/a b.sock",
                "http+unix://%2Frun%2Fa%20b.sock/v1/chat/completions",
            ),
            (
                "unix:///run/v.sock:/v1",
                "http+unix://%2Frun%2Fv.sock/v1/chat/completions",
            ),
            (
                "http+unix://%2Fx.sock/p/v1",
                "http+unix://%2Fx.sock/p/v1/chat/completions",
            ),
        ] {
            assert_eq!(resolve(given, None).unwrap().url, url, "{given}");
        }
    }

    #[test]
    fn b065_every_spelling_posts_to_one_path() {
        for (given, path) in [
            ("http://h:8000", "http://h:8000/v1/chat/completions"),
            ("http://h:8000/", "http://h:8000/v1/chat/completions"),
            ("http://h:8000/v1", "http://h:8000/v1/chat/completions"),
            ("http://h:8000/v1/", "http://h:8000/v1/chat/completions"),
            (
                "http://h:8000/v1/chat/completions",
                "http://h:8000/v1/chat/completions",
            ),
            (
                "http://h:8000/v1/completions?a=b",
                "http://h:8000/v1/completions?a=b",
            ),
            (
                "http://h:8000/v1/chat/completions/",
                "http://h:8000/v1/chat/completions",
            ),
            (
                "http://h:8000/team/a/v1",
                "http://h:8000/team/a/v1/chat/completions",
            ),
            (
                "http://h:8000/v1/chat/completions?api-version=1",
                "http://h:8000/v1/chat/completions?api-version=1",
            ),
        ] {
            assert_eq!(resolve(given, None).unwrap().url, path, "{given}");
        }
    }

    #[test]
    fn the_api_of_a_flag_is_that_of_the_path_or_makes_it() {
        for (given, api, url) in [
            ("http://h:1", Api::Messages, "http://h:1/v1/messages"),
            (
                "http://h:1/anthropic/v1/",
                Api::Messages,
                "http://h:1/anthropic/v1/messages",
            ),
            (
                "http://h:1/v1/responses?a=b",
                Api::Responses,
                "http://h:1/v1/responses?a=b",
            ),
        ] {
            assert_eq!(resolve(given, Some(api)).unwrap().url, url, "{given}");
        }
        assert_eq!(
            resolve("http://h/v1/messages", None).unwrap().url,
            "http://h/v1/messages"
        );
        let error = resolve("http://h/v1/chat/completions", Some(Api::Messages));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("chat completions") && error.contains("--api says messages"),
            "{error}"
        );
    }

    #[test]
    fn b152_credentials_leave_the_url() {
        let endpoint = resolve("http://al:p%40w@h:8000/v1", None).unwrap();
        assert_eq!(endpoint.userinfo.unwrap().expose(), "al:p@w");
        assert_eq!(endpoint.url, "http://h:8000/v1/chat/completions");
        assert!(
            !resolve("ftp://al:pw1@h", None)
                .unwrap_err()
                .to_string()
                .contains("pw1")
        );
    }

    #[test]
    fn a_missing_scheme_is_suggested() {
        assert!(
            resolve("localhost:8000", None)
                .unwrap_err()
                .to_string()
                .contains("http://localhost:8000")
        );
    }
}
