//! One connection: opened before it is measured, written whole, read with stamps.

pub(crate) use super::stamped::StampCounts;
use super::{link::within, socket::Socket, stamped::StampedTcp, target::Target};
use crate::clock::Clock;
use dualround_model::{FailureKind, Stamp};
use rustls_pki_types::ServerName;
use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    path::Path,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Bytes taken by one read at the most.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    // Bytes are decoded before the next read, so all connections of a thread share one buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// An open connection, plain or TLS.
#[derive(Debug)]
pub(crate) struct Conn {
    stream: Stream,
    /// How long it took to open, TLS included, ns.
    pub(crate) connect_ns: u64,
}

/// A byte stream whose reads are stamped.
#[derive(Debug)]
pub(super) enum Stream {
    /// As it is.
    Plain(StampedTcp),
    /// Below TLS.
    Tls(Box<TlsStream<StampedTcp>>),
}

impl Stream {
    /// The socket at the bottom.
    pub(super) fn tcp(&self) -> &StampedTcp {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buf),
        }
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, buf),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
        }
    }
}

/// Why a connection could not be opened.
#[derive(Debug)]
pub(crate) struct ConnectError {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl ConnectError {
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

impl Conn {
    /// Opens a connection: every address in turn, then TLS where the URL asks for it.
    pub(crate) async fn open(
        target: &Target,
        tls: Option<&TlsConnector>,
        clock: Clock,
        limit: Option<Duration>,
    ) -> Result<Self, ConnectError> {
        let started = clock.now();
        let stream = within(limit, open_stream(target, tls, clock)).await;
        let stream = stream.map_err(|error| error.through(target))?;
        Ok(Self {
            stream,
            connect_ns: clock.now() - started,
        })
    }

    /// True when the peer has closed it, or sent something unasked.
    pub(crate) fn is_stale(&self) -> bool {
        match &self.stream {
            Stream::Plain(tcp) => tcp.is_stale(),
            // A TLS peer may send session tickets at any time; they cannot be told from a close
            // without reading them, so a TLS connection counts as open until a write fails.
            Stream::Tls(_) => false,
        }
    }

    /// How its stamps came about so far.
    pub(crate) fn stamp_counts(&self) -> StampCounts {
        self.stream.tcp().counts
    }

    /// Writes all of `bytes`. On an error: how many bytes had been accepted before it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let mut written = 0;
        let result = poll_fn(|cx| {
            while written < bytes.len() {
                let rest = &bytes[written..];
                let n = ready!(self.stream.poll_write(cx, rest))?;
                if n == 0 {
                    return io::Result::Err(io::ErrorKind::WriteZero.into()).into();
                }
                written += n;
            }
            self.stream.poll_flush(cx)
        })
        .await;
        result.map_err(|error| (written, error))
    }

    /// See [`StampedTcp::acknowledge_at_once`].
    pub(crate) fn acknowledge_at_once(&self) {
        self.stream.tcp().acknowledge_at_once();
    }

    /// Reads once and hands the bytes with their stamp to `decode`, which runs before anything
    /// else is read. No bytes: the peer ended the stream.
    pub(crate) async fn read<R>(
        &mut self,
        mut decode: impl FnMut(&[u8], Stamp) -> R,
    ) -> io::Result<R> {
        poll_fn(|cx| {
            BUFFER.with_borrow_mut(|buffer| {
                let len = match &mut self.stream {
                    Stream::Plain(tcp) => ready!(tcp.poll_receive(cx, buffer))?,
                    tls @ Stream::Tls(_) => {
                        let mut read = ReadBuf::new(buffer);
                        ready!(tls.poll_read(cx, &mut read))?;
                        read.filled().len()
                    }
                };
                Ok(decode(&buffer[..len], self.stream.tcp().last)).into()
            })
        })
        .await
    }
}

/// A byte stream to the first address that answers, with TLS where the URL asks for it.
pub(super) async fn open_stream(
    target: &Target,
    tls: Option<&TlsConnector>,
    clock: Clock,
) -> Result<Stream, ConnectError> {
    if let Some(path) = &target.unix {
        let stream = unix(path).await.map_err(|error| connect_error(&error))?;
        return Ok(Stream::Plain(StampedTcp::new(stream, clock)));
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
                let stream = match proxy.filter(|_| target.tunnel) {
                    Some(proxy) => (proxy.tunnel(stream, &target.host, target.port).await)
                        .map_err(|error| connect_error(&error))?,
                    None => stream,
                };
                let stream = StampedTcp::new(Socket::Tcp(stream), clock);
                return match tls {
                    Some(tls) if target.https => handshake(tls, target, stream).await,
                    _ => Ok(Stream::Plain(stream)),
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
    Err(last.unwrap_or_else(|| ConnectError {
        kind: FailureKind::Resolve,
        message: format!("{} has no address", target.host),
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
) -> Result<Stream, ConnectError> {
    let fail = |message: String| ConnectError {
        kind: FailureKind::Tls,
        message,
    };
    let name = ServerName::try_from(target.host.clone()).map_err(|e| fail(e.to_string()))?;
    match tls.connect(name, stream).await {
        Ok(tls) => Ok(Stream::Tls(Box::new(tls))),
        Err(error) => Err(fail(format!("TLS handshake with {}: {error}", target.host))),
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
    ConnectError {
        kind,
        message: error.to_string(),
    }
}
