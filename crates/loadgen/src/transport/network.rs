//! The one place that everything which connects takes its trust, its own certificate and its proxies
//! from: measured requests and all others, a run's and those beside it.

use super::{
    proxy::{Proxy, proxy_of},
    resolve::addresses_of,
    target::{Target, path_and_query, redact_url, userinfo},
    tls::Tls,
};
use crate::{LoadError, clock::Clock};
use dualround_model::NetworkPlan;
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use url::Url;

/// What everything that connects has in common.
#[derive(Clone, Debug)]
pub struct Network {
    plan: NetworkPlan,
    /// The clock of what comes over it.
    pub(crate) clock: Clock,
    /// Made for the first server that wants it: a machine without any trusted CA measures http.
    tls: Arc<OnceLock<Tls>>,
}

impl Network {
    /// The network of a plan. Files that cannot be used are refused, whether anything needs them or not.
    ///
    /// # Errors
    /// [`LoadError::TlsFile`] for such a file, [`LoadError::Tls`].
    pub fn new(plan: &NetworkPlan, clock: Clock) -> Result<Self, LoadError> {
        let network = Self {
            plan: plan.clone(),
            clock,
            tls: Arc::default(),
        };
        if plan.ca_cert.is_some() || plan.client_cert.is_some() {
            network.tls()?;
        }
        Ok(network)
    }

    /// The settings that it was made of.
    pub(crate) fn plan(&self) -> &NetworkPlan {
        &self.plan
    }

    /// TLS as the plan wants it.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub(crate) fn tls(&self) -> Result<&Tls, LoadError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let made = Tls::of(&self.plan)?;
        Ok(self.tls.get_or_init(|| made))
    }

    /// Where a URL leads, and the way there: its host, or that of the proxy on the way, is resolved.
    ///
    /// # Errors
    /// [`LoadError::Url`] for anything but http and https with a host, or a proxy that cannot be used;
    /// [`LoadError::Resolve`]; those of [`Network::new`].
    pub(crate) fn target(&self, url: &str) -> Result<Target, LoadError> {
        let shown = redact_url(url);
        let parsed = Url::parse(url).map_err(|error| unusable(&shown, &error.to_string()))?;
        match parsed.scheme() {
            UNIX => self.on_socket(&parsed, shown),
            "http" | "https" => self.on_host(&parsed, shown),
            _ => Err(unusable(&shown, "only http:// and https:// are supported")),
        }
    }

    fn on_host(&self, url: &Url, shown: String) -> Result<Target, LoadError> {
        let host = url.host_str();
        let host = host.ok_or_else(|| unusable(&shown, "it names no host"))?;
        let port = url.port_or_known_default();
        let port = port.ok_or_else(|| unusable(&shown, "it names no port"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let proxy = proxy_of(url, &self.plan.proxy)?;
        let addresses = match &proxy {
            Some(_) => Vec::new(),
            None => addresses_of(bare, port)?,
        };
        let tls = match url.scheme() {
            "https" => Some(self.tls()?.clone()),
            _ => None,
        };
        let takes_plain = proxy.as_ref().is_some_and(Proxy::takes_plain);
        Ok(Target {
            host: bare.to_owned(),
            authority: match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            path: path_and_query(url),
            addresses,
            port,
            unix: None,
            tunnel: tls.is_some() || self.plan.http2 || !takes_plain,
            proxy,
            tls,
            http2: self.plan.http2,
            userinfo: userinfo(url),
            shown,
        })
    }

    fn on_socket(&self, url: &Url, shown: String) -> Result<Target, LoadError> {
        let path = url.host_str().and_then(socket_path);
        let path = path.ok_or_else(|| unusable(&shown, "it names no socket"))?;
        Ok(Target {
            host: "localhost".to_owned(),
            authority: "localhost".to_owned(),
            path: path_and_query(url),
            addresses: Vec::new(),
            port: 0,
            unix: Some(path),
            proxy: None,
            tunnel: false,
            tls: None,
            http2: self.plan.http2,
            userinfo: None,
            shown,
        })
    }
}

/// The scheme of a server on a Unix socket, whose path stands percent-encoded as the host.
const UNIX: &str = "http+unix";

fn socket_path(host: &str) -> Option<PathBuf> {
    let path = percent_encoding::percent_decode_str(host)
        .decode_utf8()
        .ok()?;
    path.starts_with('/').then(|| PathBuf::from(path.as_ref()))
}

fn unusable(shown: &str, reason: &str) -> LoadError {
    LoadError::Url {
        url: shown.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
impl Network {
    /// One without any setting.
    pub(crate) fn plain() -> Self {
        let plan = NetworkPlan::default();
        Self::new(&plan, Clock::start()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::{ProxyPlan, Secret};

    fn of(plan: &NetworkPlan) -> Result<Network, LoadError> {
        Network::new(plan, Clock::start())
    }

    #[test]
    fn files_are_looked_at_before_anything_needs_them() {
        let plan = NetworkPlan {
            ca_cert: Some("/nowhere/ca.pem".into()),
            ..NetworkPlan::default()
        };
        assert!(matches!(of(&plan), Err(LoadError::TlsFile { .. })));
    }

    #[test]
    fn tls_is_made_for_the_first_that_wants_it() {
        let plan = NetworkPlan {
            insecure: true,
            ..NetworkPlan::default()
        };
        let network = of(&plan).unwrap();
        let other = network.clone();
        assert!(network.target("http://127.0.0.1:1/").unwrap().tls.is_none());
        assert!(network.tls.get().is_none());
        let target = network.target("https://127.0.0.1:1/x").unwrap();
        assert!(target.tls.is_some() && target.tunnel);
        assert!(other.tls.get().is_some());
    }

    #[test]
    fn a_proxy_is_on_the_way_to_all_but_its_exceptions() {
        let plan = NetworkPlan {
            insecure: true,
            proxy: ProxyPlan {
                http: Some(Secret::new("http://127.0.0.1:9")),
                https: Some(Secret::new("http://127.0.0.1:9")),
                except: "127.0.0.0/8".to_owned(),
                given: true,
                endpoint: None,
            },
            ..NetworkPlan::default()
        };
        let network = of(&plan).unwrap();
        let far = network.target("http://far.test/x").unwrap();
        assert_eq!(far.request_target(), "http://far.test/x");
        assert!(network.target("https://far.test/x").unwrap().tunnel);
        let near = network.target("http://127.0.0.1:1/x").unwrap();
        assert!(near.proxy.is_none() && near.request_target() == "/x");
    }
}
