//! HTTP/2 through hyper. Each virtual user has a connection of its own, with one stream at a time,
//! so that no stream waits for the window of another; what that measures is a server's HTTP/2, not
//! a client's multiplexing.
//!
//! hyper reads ahead of whoever takes the frames, so an arrival is known as the connection's last
//! read only: stamps say `connection`.

use super::{
    byte_stream::ByteStream,
    hyper_words::words,
    opening::ConnectError,
    stamped::StampCounts,
    target::Target,
    whole_response::{ExchangeError, MAX_BYTES, WholeResponse},
};
use crate::{lock::lock, request::head::RequestHead};
use bytes::Bytes;
use dualround_model::{FailureKind, Stamp, StampSource};
use dualround_wire::ResponseHead;
use http::{
    HeaderName, Request,
    header::{self, HeaderMap},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::JoinHandle,
};

/// Room for what a stream, and a connection, may send unread: a window must never hold events up.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// The last read of a connection, and how its stamps came about so far.
#[derive(Debug)]
struct LastRead {
    stamp: Stamp,
    counts: StampCounts,
}

/// The last read, seen from outside of hyper.
type SharedLastRead = Arc<Mutex<LastRead>>;

/// An HTTP/2 connection.
#[derive(Debug)]
pub(crate) struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    last: SharedLastRead,
    scheme: &'static str,
    /// How long it took to open, TLS included, ns.
    pub(crate) connect_ns: u64,
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Http2 {
    /// Makes an open byte stream an HTTP/2 connection.
    pub(super) async fn start(stream: ByteStream, target: &Target) -> Result<Self, ConnectError> {
        if let ByteStream::Tls(tls) = &stream {
            let (_, session) = tls.get_ref();
            if session.alpn_protocol() != Some(b"h2") {
                return Err(ConnectError::tls(format!(
                    "{} does not offer HTTP/2 (ALPN); run without --http2",
                    target.host
                )));
            }
        }
        let last = Arc::new(Mutex::new(LastRead {
            stamp: stream.tcp().last,
            counts: StampCounts::default(),
        }));
        let io = TokioIo::new(NotingStream {
            stream,
            last: Arc::clone(&last),
        });
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .handshake(io)
            .await
            .map_err(|error| {
                let message = format!("HTTP/2: {}", words(&error));
                ConnectError::new(FailureKind::Connect, message)
            })?;
        let driver = tokio::spawn(async move {
            // Its errors reach whoever waits for a response.
            let _ = connection.await;
        });
        Ok(Self {
            sender,
            driver,
            last,
            scheme: target.scheme(),
            connect_ns: 0,
        })
    }

    /// Whether the connection takes no other request.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed() || self.driver.is_finished()
    }

    /// How its stamps came about so far.
    pub(crate) fn stamp_counts(&self) -> StampCounts {
        let last = lock(&self.last);
        last.counts
    }

    /// The stamp of the last read.
    pub(crate) fn last(&self) -> Stamp {
        let last = lock(&self.last);
        last.stamp
    }

    /// A request of HTTP/2 with this head and body.
    ///
    /// # Errors
    /// [`http::Error`] for header fields that HTTP/2 cannot carry.
    pub(crate) fn request(
        &self,
        head: &RequestHead,
        body: Option<Bytes>,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let scheme = self.scheme;
        let mut request = Request::builder().method(head.method.as_str()).uri(format!(
            "{scheme}://{}{}",
            head.host(),
            head.path
        ));
        for (name, value) in head.fields() {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            // These belong to HTTP/1.1's connection, or stand elsewhere in HTTP/2.
            if [header::HOST, header::CONNECTION].contains(&name) {
                continue;
            }
            request = request.header(name, value);
        }
        if let Some(body) = &body {
            request = request.header(header::CONTENT_LENGTH, body.len());
        }
        let body = Full::new(body.unwrap_or_default());
        request.body(body)
    }

    /// Waits until a request can be sent.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(crate) async fn ready(&mut self) -> Result<(), hyper::Error> {
        self.sender.ready().await
    }

    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// As hyper; whether nothing had been sent stands in the second part.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, (hyper::Error, bool)> {
        self.sender
            .try_send_request(request)
            .await
            .map_err(|mut error| {
                let unsent = error.take_message().is_some();
                (error.into_error(), unsent)
            })
    }

    /// Makes a whole exchange that is not measured.
    ///
    /// # Errors
    /// [`ExchangeError`] when no whole answer came.
    pub(crate) async fn whole(
        &mut self,
        head: &RequestHead,
        body: Option<&[u8]>,
    ) -> Result<WholeResponse, ExchangeError> {
        let body = body.map(Bytes::copy_from_slice);
        let request = self.request(head, body)?;
        let ready = self.ready().await;
        ready.map_err(|source| ExchangeError::Http2 { source })?;
        let response = self.send(request).await;
        let response = response.map_err(|(source, _)| ExchangeError::Http2 { source })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect();
        let body = body.await.map_err(ExchangeError::Http2Body)?;
        let head = response_head(parts.status.as_u16(), &parts.headers);
        Ok(WholeResponse {
            status: head.status,
            head,
            body: body.to_bytes().to_vec(),
            at_ns: self.last().at,
        })
    }
}

/// The head of a response as HTTP/1.1's reader has it.
pub(crate) fn response_head(status: u16, headers: &HeaderMap) -> ResponseHead {
    let mut head = ResponseHead {
        status,
        content_type: text(headers, "content-type"),
        content_encoding: text(headers, "content-encoding"),
        content_length: text(headers, "content-length").and_then(|length| length.parse().ok()),
        // A stream's end leaves the connection as it was.
        keep_alive: true,
        retry_after: text(headers, "retry-after"),
        retry_after_ms: text(headers, "retry-after-ms")
            .or_else(|| text(headers, "x-ms-retry-after-ms")),
        date: text(headers, "date"),
        location: text(headers, "location"),
        server: text(headers, "server"),
        etag: text(headers, "etag"),
        linked_etag: text(headers, "x-linked-etag"),
        gateway: None,
    };
    for (name, value) in headers {
        head.note_gateway(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    head
}

/// The text of a header field, without blanks around it.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

/// A byte stream that leaves a note of each read, since hyper hands no stamps on.
struct NotingStream {
    stream: ByteStream,
    last: SharedLastRead,
}

impl AsyncRead for NotingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.stream.poll_read(cx, buf);
        if buf.filled().len() > before {
            let stamp = Stamp {
                source: StampSource::Connection,
                ..self.stream.tcp().last
            };
            let mut last = lock(&self.last);
            last.stamp = stamp;
            last.counts.connection += 1;
        }
        polled
    }
}

impl AsyncWrite for NotingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = self.stream.poll_write(cx, buf);
        self.stream.tcp().acknowledge_at_once();
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }
}
