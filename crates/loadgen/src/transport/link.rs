//! The connection of a virtual user, whichever version of HTTP it speaks.

use super::{
    conn::Conn,
    http2::Http2,
    opening::{ConnectError, open_stream, within},
    stamped::StampCounts,
    target::Target,
    whole_response::{ExchangeError, WholeResponse, exchange},
};
use crate::{clock::Clock, request::head::RequestHead};
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for the answer to a priming request.
const PRIME: Duration = Duration::from_secs(10);

/// An open connection, in either version of HTTP.
#[derive(Debug)]
pub(crate) enum Link {
    /// HTTP/1.1, read by our own decoder.
    Http1(Box<Conn>),
    /// HTTP/2, read by hyper.
    Http2(Box<Http2>),
}

impl Link {
    /// Opens a connection within `limit`.
    pub(crate) async fn open(
        target: &Target,
        clock: Clock,
        limit: Option<Duration>,
        http2: bool,
    ) -> Result<Self, ConnectError> {
        if !http2 {
            let conn = Conn::open(target, clock, limit).await?;
            return Ok(Self::Http1(Box::new(conn)));
        }
        let started = clock.now();
        let opening = async {
            let stream = open_stream(target, clock, true).await?;
            Http2::start(stream, target).await
        };
        let link = within(limit, opening).await;
        let mut link = link.map_err(|error| error.through(target))?;
        link.connect_ns = clock.now() - started;
        Ok(Self::Http2(Box::new(link)))
    }

    /// How long it took to open, TLS included, ns.
    pub(crate) fn connect_ns(&self) -> u64 {
        match self {
            Self::Http1(conn) => conn.connect_ns,
            Self::Http2(link) => link.connect_ns,
        }
    }

    /// Whether it cannot carry another request.
    pub(crate) fn is_stale(&self) -> bool {
        match self {
            Self::Http1(conn) => conn.is_stale(),
            Self::Http2(link) => link.is_closed(),
        }
    }

    /// How its stamps came about so far.
    pub(crate) fn stamp_counts(&self) -> StampCounts {
        match self {
            Self::Http1(conn) => conn.stamp_counts(),
            Self::Http2(link) => link.stamp_counts(),
        }
    }

    /// One cheap exchange that is not measured. Returns whether it ended in time, in whatever way, and
    /// whether the connection can go on.
    pub(crate) async fn prime(&mut self, head: &RequestHead) -> (bool, bool) {
        let answer = timeout(PRIME, self.whole(head, None)).await;
        let kept = matches!(&answer, Ok(Ok(answer)) if answer.head.keep_alive);
        (answer.is_ok(), kept)
    }

    /// Makes one whole exchange that is not measured.
    ///
    /// # Errors
    /// [`ExchangeError`] when no whole answer came.
    pub(crate) async fn whole(
        &mut self,
        head: &RequestHead,
        body: Option<&[u8]>,
    ) -> Result<WholeResponse, ExchangeError> {
        match self {
            Self::Http1(conn) => {
                let mut request = head.http1(body.map(<[u8]>::len)).into_bytes();
                request.extend(body.unwrap_or_default());
                exchange(conn, &request).await
            }
            Self::Http2(link) => link.whole(head, body).await,
        }
    }
}
