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

/// Resolves what the user wrote.
///
/// # Errors
/// [`Usage`] with a suggestion.
pub(crate) fn resolve(text: &str) -> Result<Endpoint, Usage> {
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
    let path = if Api::of_path(&path).is_some() {
        path
    } else if path.rsplit('/').next() == Some("v1") {
        format!("{path}{}", Api::default().path())
    } else {
        format!("{path}/v1{}", Api::default().path())
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
            assert_eq!(resolve(given).unwrap().url, url, "{given}");
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
            assert_eq!(resolve(given).unwrap().url, path, "{given}");
        }
    }

    #[test]
    fn b152_credentials_leave_the_url() {
        let endpoint = resolve("http://al:p%40w@h:8000/v1").unwrap();
        assert_eq!(endpoint.userinfo.unwrap().expose(), "al:p@w");
        assert_eq!(endpoint.url, "http://h:8000/v1/chat/completions");
        assert!(
            !resolve("ftp://al:pw1@h")
                .unwrap_err()
                .to_string()
                .contains("pw1")
        );
    }

    #[test]
    fn a_missing_scheme_is_suggested() {
        assert!(
            resolve("localhost:8000")
                .unwrap_err()
                .to_string()
                .contains("http://localhost:8000")
        );
    }
}
