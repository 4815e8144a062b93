//! Proxies between this program and a server: HTTP (absolute form for plain requests, CONNECT for
//! TLS and HTTP/2) and SOCKS 5. Opening the way through one is part of connecting, never of TTFT;
//! stamps are those of the socket to the proxy.

use crate::LoadError;
use base64::{Engine, prelude::BASE64_STANDARD};
use dualround_model::{ProxyPlan, Secret};
use hyper_util::client::proxy::matcher::Matcher;
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_socks::tcp::Socks5Stream;
use url::{Host, Url};

/// Most bytes of a proxy's answer to CONNECT.
const HEAD: usize = 16 << 10;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProxyProtocol {
    Http,
    Socks5,
}

/// A proxy on the way to a target.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    protocol: ProxyProtocol,
    /// All its addresses, in the resolver's order.
    pub(crate) addresses: Vec<SocketAddr>,
    login: Option<ProxyLogin>,
    /// Its URL without credentials.
    pub(crate) shown: String,
}

/// The proxy that a URL is reached by; `None`: directly, as every loopback address is unless a
/// proxy was given by flag.
///
/// # Errors
/// [`LoadError::Url`] for a proxy that cannot be used, [`LoadError::Resolve`].
pub(crate) fn proxy_of(url: &Url, plan: &ProxyPlan) -> Result<Option<Proxy>, LoadError> {
    let Some(chosen) = chosen(url, plan) else {
        return Ok(None);
    };
    let shown = chosen.shown();
    let protocol = match chosen.scheme.as_str() {
        "http" => ProxyProtocol::Http,
        "socks5" | "socks5h" => ProxyProtocol::Socks5,
        _ => {
            return Err(LoadError::Url {
                url: shown,
                reason: "proxies are http:// or socks5://".to_owned(),
            });
        }
    };
    let addresses = super::resolve::addresses(&chosen.authority)?;
    Ok(Some(Proxy {
        protocol,
        addresses,
        login: chosen.login,
        shown,
    }))
}

/// The proxy's URL without credentials, for the plan; nothing is resolved.
pub fn proxy_shown(url: &str, plan: &ProxyPlan) -> Option<String> {
    let chosen = chosen(&Url::parse(url).ok()?, plan)?;
    Some(chosen.shown())
}

/// The user of a proxy.
#[derive(Clone, Debug)]
struct ProxyLogin {
    user: String,
    password: String,
}

/// The proxy that was chosen for a URL, still unresolved.
struct ChosenProxy {
    scheme: String,
    /// `host:port`.
    authority: String,
    login: Option<ProxyLogin>,
}

impl ChosenProxy {
    /// Its URL without credentials.
    fn shown(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

/// The proxy for a URL; `None`: directly.
fn chosen(url: &Url, plan: &ProxyPlan) -> Option<ChosenProxy> {
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    if loopback && !plan.given {
        return None;
    }
    let matcher = Matcher::builder()
        .http(exposed(plan.http.as_ref()))
        .https(exposed(plan.https.as_ref()))
        .no(plan.except.clone())
        .build();
    let origin = format!("{}://{}/", url.scheme(), url.host_str()?);
    let found = matcher.intercept(&origin.parse().ok()?)?;
    let uri = found.uri();
    let scheme = uri.scheme_str()?.to_owned();
    let port = uri.port_u16().unwrap_or(match scheme.as_str() {
        "http" => 80,
        _ => 1080,
    });
    let given = match url.scheme() {
        "https" => plan.https.as_ref(),
        _ => plan.http.as_ref(),
    };
    Some(ChosenProxy {
        scheme,
        authority: format!("{}:{port}", uri.host()?),
        login: given.and_then(login),
    })
}

fn exposed(proxy: Option<&Secret>) -> String {
    proxy.map_or_else(String::new, |proxy| proxy.expose().to_owned())
}

fn login(proxy: &Secret) -> Option<ProxyLogin> {
    let text = proxy.expose();
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    let info = super::userinfo(&url.ok()?)?;
    let (user, password) = info.split_once(':')?;
    Some(ProxyLogin {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

/// Why a proxy makes no way through.
#[derive(Debug, thiserror::Error)]
enum TunnelError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Socks(#[from] tokio_socks::Error),
    #[error("its answer to CONNECT is too long")]
    TooLong,
    #[error("it closed the connection at CONNECT")]
    Closed,
    #[error("it refuses CONNECT to {host}:{port}: {answer}")]
    Refused {
        host: String,
        port: u16,
        /// The first line of its answer.
        answer: String,
    },
}

impl Proxy {
    /// Whether it takes plain requests in absolute form, so that no tunnel is needed.
    pub(crate) fn takes_plain(&self) -> bool {
        self.protocol == ProxyProtocol::Http
    }

    /// The value of `Proxy-Authorization`, where there are credentials.
    pub(crate) fn authorization(&self) -> Option<String> {
        let ProxyLogin { user, password } = self.login.as_ref()?;
        let token = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Some(format!("Basic {token}"))
    }

    /// Makes a way through to `host:port` on a connection to the proxy.
    ///
    /// # Errors
    /// What the proxy said, or the lack of it.
    pub(crate) async fn tunnel(
        &self,
        stream: TcpStream,
        host: &str,
        port: u16,
    ) -> io::Result<TcpStream> {
        let opened = match self.protocol {
            ProxyProtocol::Http => self.connect(stream, host, port).await,
            ProxyProtocol::Socks5 => self.socks(stream, host, port).await,
        };
        opened.map_err(|error| io::Error::other(format!("proxy {}: {error}", self.shown)))
    }

    async fn socks(
        &self,
        stream: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<TcpStream, TunnelError> {
        let to = (host, port);
        let opened = match &self.login {
            Some(ProxyLogin { user, password }) => {
                Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await?
            }
            None => Socks5Stream::connect_with_socket(stream, to).await?,
        };
        Ok(opened.into_inner())
    }

    /// CONNECT (RFC 9110, 9.3.6). The proxy sends nothing of its own behind its head.
    async fn connect(
        &self,
        mut stream: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<TcpStream, TunnelError> {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let authorization = self.authorization().map_or_else(String::new, |value| {
            format!("Proxy-Authorization: {value}\r\n")
        });
        let request =
            format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= HEAD {
                return Err(TunnelError::TooLong);
            }
            let mut byte = [0];
            if stream.read(&mut byte).await? == 0 {
                return Err(TunnelError::Closed);
            }
            head.extend(byte);
        }
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = crate::text::clean(&String::from_utf8_lossy(line));
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse::<u16>().ok());
        match status {
            Some(200..=299) => Ok(stream),
            _ => Err(TunnelError::Refused {
                host,
                port,
                answer: line,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, except: &str, given: bool) -> Option<String> {
        let plan = ProxyPlan {
            http: Some(Secret::new("http://al:pa55@127.0.0.1:9")),
            https: Some(Secret::new("socks5h://127.0.0.1:10")),
            except: except.to_owned(),
            given,
            endpoint: None,
        };
        proxy_shown(url, &plan)
    }

    #[test]
    fn b063_loopback_and_exceptions_go_direct() {
        let proxy = Some("http://127.0.0.1:9".to_owned());
        assert_eq!(of("http://gpu.example/v1", "", false), proxy);
        assert_eq!(
            of("https://gpu.example/v1", "", false).as_deref(),
            Some("socks5h://127.0.0.1:10")
        );
        for direct in [
            "http://127.0.0.1:8000/",
            "http://localhost:1/",
            "http://[::1]:1/",
        ] {
            assert_eq!(of(direct, "", false), None, "{direct}");
            assert_eq!(of(direct, "", true), proxy, "{direct}");
        }
        for url in ["http://a.test/", "http://10.1.2.3/"] {
            assert_eq!(of(url, ".test,10.0.0.0/8", false), None, "{url}");
        }
        assert_eq!(of("http://11.1.2.3/", ".test,10.0.0.0/8", false), proxy);
        assert_eq!(of("http://gpu.example/", "*", false), None);
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let plan = ProxyPlan {
            http: Some(Secret::new("http://al:p%40w@127.0.0.1:9")),
            given: true,
            ..ProxyPlan::default()
        };
        let proxy = proxy_of(&Url::parse("http://h/").unwrap(), &plan)
            .unwrap()
            .unwrap();
        assert_eq!(proxy.authorization().as_deref(), Some("Basic YWw6cEB3"));
        assert_eq!(proxy.shown, "http://127.0.0.1:9");
        assert!(!serde_json::to_string(&plan).unwrap().contains("p%40w"));
    }
}
