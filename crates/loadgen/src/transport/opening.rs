//! Opening a byte stream: every address in turn, a proxy's tunnel, TLS, within a time limit.

use super::{
    byte_stream::ByteStream, socket::Socket, stamped::StampedTcp, target::Target,
    tls_words::handshake_words,
};
use crate::clock::Clock;
use dualround_model::FailureKind;
use rustls_pki_types::ServerName;
use std::{io, path::Path, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ConnectError {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    /// The server was reached and the TLS handshake failed: the message says what is left to do.
    pub(crate) in_handshake: bool,
}

impl ConnectError {
    pub(super) fn new(kind: FailureKind, message: String) -> Self {
        Self {
            kind,
            message,
            in_handshake: false,
        }
    }

    /// A failure of TLS that is not one of the handshake itself.
    pub(super) fn tls(message: String) -> Self {
        Self::new(FailureKind::Tls, message)
    }

    /// Names the proxy on the way, where there is one that the message does not name.
    pub(super) fn through(mut self, target: &Target) -> Self {
        if let Some(proxy) = &target.proxy
            && !self.message.contains(&proxy.shown)
        {
            self.message = format!("{} (through the proxy {})", self.message, proxy.shown);
        }
        self
    }
}

/// Bounds the opening of a connection.
pub(super) async fn within<T>(
    limit: Option<Duration>,
    opening: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let Some(limit) = limit else {
        return opening.await;
    };
    timeout(limit, opening).await.unwrap_or_else(|_| {
        let message = format!("connect: {} s passed", limit.as_secs_f64());
        Err(ConnectError::new(FailureKind::TimeoutConnect, message))
    })
}

/// A byte stream to the first address that answers, with TLS where the URL asks for it; HTTP/2, or
/// HTTP/1.1, is to be spoken on it.
pub(super) async fn open_stream(
    target: &Target,
    clock: Clock,
    http2: bool,
) -> Result<ByteStream, ConnectError> {
    if let Some(path) = &target.unix {
        let stream = unix(path).await.map_err(|error| connect_error(&error))?;
        return Ok(ByteStream::Plain(StampedTcp::new(stream, clock)));
    }
    let mut last = None;
    let proxy = target.proxy.as_ref();
    let addresses = proxy.map_or(&target.addresses, |proxy| &proxy.addresses);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Small writes must leave at once; without it a request may wait for an ACK.
                stream
                    .set_nodelay(true)
                    .map_err(|error| connect_error(&error))?;
                let stream = match proxy {
                    Some(proxy) if target.tunnel => {
                        (proxy.tunnel(stream, &target.host, target.port).await)
                            .map_err(|error| connect_error(&error))?
                    }
                    _ => stream,
                };
                let stream = StampedTcp::new(Socket::Tcp(stream), clock);
                return match &target.tls {
                    Some(tls) => handshake(tls.connector(http2), target, stream).await,
                    None => Ok(ByteStream::Plain(stream)),
                };
            }
            Err(error) => {
                let mut failed = connect_error(&error);
                if let Some(proxy) = proxy {
                    failed.message = format!("proxy {}: {}", proxy.shown, failed.message);
                }
                last = Some(failed);
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        let message = format!("{} has no address", target.host);
        ConnectError::new(FailureKind::Resolve, message)
    }))
}

#[cfg(unix)]
async fn unix(path: &Path) -> io::Result<Socket> {
    tokio::net::UnixStream::connect(path)
        .await
        .map(Socket::Unix)
}

#[cfg(not(unix))]
async fn unix(_path: &Path) -> io::Result<Socket> {
    Err(io::Error::other("this system has no Unix sockets"))
}

async fn handshake(
    tls: &TlsConnector,
    target: &Target,
    stream: StampedTcp,
) -> Result<ByteStream, ConnectError> {
    let name = ServerName::try_from(target.host.clone())
        .map_err(|error| ConnectError::tls(error.to_string()))?;
    match tls.connect(name, stream).await {
        Ok(tls) => Ok(ByteStream::Tls(Box::new(tls))),
        Err(error) => Err(ConnectError {
            in_handshake: true,
            ..ConnectError::tls(handshake_words(&target.host, &error))
        }),
    }
}

fn connect_error(error: &io::Error) -> ConnectError {
    // EADDRNOTAVAIL, EMFILE, ENFILE: this side ran out, not the server.
    let ours = error.kind() == io::ErrorKind::AddrNotAvailable
        || matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE));
    let kind = if ours {
        FailureKind::ClientPortsExhausted
    } else {
        FailureKind::Connect
    };
    ConnectError::new(kind, error.to_string())
}
