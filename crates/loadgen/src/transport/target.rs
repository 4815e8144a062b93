//! Where requests go: a URL taken apart, with its addresses resolved once.

use super::{proxy::Proxy, tls::Tls};
use dualround_model::Api;
use std::{borrow::Cow, net::SocketAddr, path::PathBuf};
use url::Url;

/// Where requests go: an origin, a path on it, and the way there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Name for TLS and for messages.
    pub(crate) host: String,
    /// Value of the `Host` header.
    pub(crate) authority: String,
    /// Path and query of the URL.
    pub(crate) path: String,
    /// All addresses, in the resolver's order; empty where a proxy resolves the name.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Its port.
    pub(crate) port: u16,
    /// The Unix socket that it listens on instead.
    pub(crate) unix: Option<PathBuf>,
    /// The proxy on the way.
    pub(crate) proxy: Option<Proxy>,
    /// A way through the proxy is made first; else it is asked in absolute form.
    pub(crate) tunnel: bool,
    /// TLS, where the URL asks for it.
    pub(crate) tls: Option<Tls>,
    /// HTTP/2 was asked for: what does not answer in HTTP/1.1 is spoken to in it.
    pub(crate) http2: bool,
    /// `user:password` of the URL, for basic authorisation.
    pub(crate) userinfo: Option<String>,
    /// The URL without credentials and query values, for messages.
    pub(crate) shown: String,
}

impl Target {
    /// Whether both lead to the same port of the same machine and the same path there, however they are
    /// spelled.
    pub(crate) fn is_same_server(&self, other: &Self) -> bool {
        let at_one_place = match (&self.unix, &other.unix) {
            (Some(one), Some(other)) => one == other,
            (None, None) => {
                let known = self.addresses.iter();
                let shared = known
                    .filter(|address| other.addresses.contains(address))
                    .count();
                shared > 0 || (self.host == other.host && self.port == other.port)
            }
            _ => false,
        };
        at_one_place && self.base_path() == other.base_path()
    }

    /// `https` or `http`.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.tls {
            Some(_) => "https",
            None => "http",
        }
    }

    /// What stands in the request line: the path, or the whole URL for a proxy that is asked so.
    pub(crate) fn request_target(&self) -> Cow<'_, str> {
        match self.proxy {
            Some(_) if !self.tunnel => format!("http://{}{}", self.authority, self.path).into(),
            _ => Cow::Borrowed(&self.path),
        }
    }

    /// `Proxy-Authorization` for a proxy that is asked so.
    pub(crate) fn proxy_authorization(&self) -> Option<String> {
        let asked = if !self.tunnel {
            self.proxy.as_ref()
        } else {
            None
        };
        asked.and_then(Proxy::authorization)
    }

    /// The path below which the server's other routes stand: that of an API's URL without
    /// query, the API's own path and `/v1`.
    pub(crate) fn base_path(&self) -> &str {
        let path = self.path.split('?').next().unwrap_or("");
        let below = Api::of_path(path).map_or(path, |(_, below)| below);
        below
            .trim_end_matches('/')
            .trim_end_matches("/v1")
            .trim_end_matches('/')
    }

    /// The path and query that a `Location` leads to, where it is of the same scheme, host and port.
    pub(crate) fn redirected(&self, location: &str) -> Option<String> {
        let scheme = self.scheme();
        let base = Url::parse(&format!("{scheme}://{}{}", self.authority, self.path)).ok()?;
        let to = base.join(location).ok()?;
        (to.origin() == base.origin()).then(|| path_and_query(&to))
    }

    /// This origin with another path.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let scheme = self.scheme();
        let shown = match &self.unix {
            Some(socket) => format!("unix:{}:{path}", socket.display()),
            None => format!("{scheme}://{}{path}", self.authority),
        };
        Self {
            path: path.to_owned(),
            shown,
            ..self.clone()
        }
    }
}

/// The path and query of a URL.
pub(super) fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The `user:password` of a URL, decoded.
pub fn userinfo(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user = decoded(url.username());
    let password = decoded(url.password().unwrap_or(""));
    Some(format!("{user}:{password}"))
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

/// A URL without user information and with its query values masked, for messages and files.
pub fn redact_url(url: &str) -> String {
    // `user:password@host` without `http://` is a URL of the scheme `user`.
    let parsed = Url::parse(url).ok().filter(|url| !url.cannot_be_a_base());
    let Some(mut parsed) = parsed else {
        // Whatever stands before an @ may be a password, and what stands behind a ? a key.
        let bare = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
        return match bare.split_once('?') {
            Some((page, _)) => format!("{page}?***"),
            None => bare.to_owned(),
        };
    };
    // Both fail only for URLs that cannot hold credentials.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    if parsed.query().is_some() {
        let keys: Vec<String> = parsed
            .query_pairs()
            .map(|(key, _)| key.into_owned())
            .collect();
        let masked: Vec<String> = keys.iter().map(|key| format!("{key}=***")).collect();
        parsed.set_query(Some(&masked.join("&")));
    }
    parsed.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Network;

    #[test]
    fn f016_what_is_no_url_shows_no_password_either() {
        for (given, shown) in [
            ("u:s3cret@h:1/v1", "h:1/v1"),
            ("u:s3cret@127.0.0.1:9", "127.0.0.1:9"),
            ("h:1/v1?key=s3cret", "h:1/v1?***"),
            ("127.0.0.1:1/v1?key=s3cret", "127.0.0.1:1/v1?***"),
            ("localhost:8000/v1", "localhost:8000/v1"),
            ("mailto:u@h", "h"),
        ] {
            assert_eq!(redact_url(given), shown, "{given}");
        }
    }

    #[test]
    fn b152_credentials_never_show() {
        let target = Network::plain()
            .target("http://al:p%40w@127.0.0.1:80/v1?token=t3")
            .unwrap();
        assert_eq!(target.userinfo.as_deref(), Some("al:p@w"));
        assert_eq!(target.path, "/v1?token=t3");
        assert_eq!(target.shown, "http://127.0.0.1/v1?token=***");
        assert!(!redact_url("nonsense al:pw@host").contains("pw@"));
    }

    #[test]
    fn g07_redirects_on_the_same_host_have_a_path() {
        let target = Network::plain().target("http://127.0.0.1:81/metrics");
        let target = target.unwrap();
        for (location, path) in [
            ("/metrics/", Some("/metrics/")),
            ("metrics/?a=1", Some("/metrics/?a=1")),
            ("http://127.0.0.1:81/metrics/", Some("/metrics/")),
            ("https://127.0.0.1:81/metrics/", None),
            ("http://127.0.0.1:82/metrics/", None),
            ("http://other/metrics/", None),
            ("//other/metrics/", None),
        ] {
            assert_eq!(target.redirected(location).as_deref(), path, "{location}");
        }
    }

    #[test]
    fn ipv6_hosts_resolve() {
        let target = Network::plain().target("http://[::1]:81/x").unwrap();
        assert_eq!(target.authority, "[::1]:81");
        assert!(target.addresses[0].is_ipv6());
    }
}
