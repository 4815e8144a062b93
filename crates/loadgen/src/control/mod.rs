//! Requests that are not measured: model list, resets, metrics pages, priming.

pub(crate) mod download;
pub(crate) mod engine_tokenizer;
mod error;
pub(crate) mod fetch;
mod plane;
pub(crate) mod poster;
pub(crate) mod preflight;

pub(crate) use plane::{ControlPlane, pause};

use crate::{
    LoadError,
    clock::Clock,
    request::head::Headers,
    transport::{ConnectError, Link, MAX_BYTES, Network, Target, WholeResponse},
};
use dualround_wire::BodyDecoder;
use std::time::Duration;
use tokio::time::timeout;

pub(crate) use error::ControlError;

/// Redirects that are followed one after the other.
const REDIRECTS: usize = 5;

/// A client for one target that keeps its connection.
pub(crate) struct Control {
    pub(crate) target: Target,
    clock: Clock,
    limit: Duration,
    conn: Option<Link>,
    /// The server answered in HTTP/2 alone.
    http2: bool,
}

impl Control {
    /// A client without a connection yet; `limit` bounds each whole exchange, and the opening of
    /// its connection by itself.
    pub(crate) fn new(target: Target, clock: Clock, limit: Duration) -> Self {
        Self {
            target,
            clock,
            limit,
            conn: None,
            http2: false,
        }
    }

    /// A client for a URL; `limit` bounds each whole exchange, and the opening of
    /// its connection by itself.
    ///
    /// # Errors
    /// [`LoadError`] when the URL cannot be used.
    pub(crate) fn to(url: &str, network: &Network, limit: Duration) -> Result<Self, LoadError> {
        let target = network.target(url)?;
        Ok(Self::new(target, network.clock, limit))
    }

    /// Closes the kept connection: the next request opens one of its own.
    pub(crate) fn close(&mut self) {
        self.conn = None;
    }

    /// Sends one request and reads its whole answer. A kept connection that turns out to be closed is
    /// replaced once.
    ///
    /// # Errors
    /// [`ControlError`] when no whole answer came.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<WholeResponse, ControlError> {
        let reused = self.conn.is_some();
        match self.attempt(method, headers, body).await {
            // A server that was asked and does not answer is not asked again.
            Err(error @ ControlError::Timeout { .. }) => Err(error),
            Err(_) if reused => self.attempt(method, headers, body).await,
            Err(first) if self.target.http2 && !self.http2 => {
                self.http2 = true;
                let second = self.attempt(method, headers, body).await;
                self.http2 = second.is_ok();
                second.map_err(|_| first)
            }
            result => result,
        }
    }

    /// Gets a page, following redirects on its own host, which FastAPI's mounts answer a path without
    /// its last slash with; the client then stays where they lead.
    ///
    /// # Errors
    /// [`ControlError`] when no whole answer came, or a redirect leads elsewhere.
    pub(crate) async fn get(&mut self, headers: &Headers) -> Result<WholeResponse, ControlError> {
        for _ in 0..REDIRECTS {
            let answer = self.send("GET", headers, b"").await?;
            let moved = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
            let (true, Some(to)) = (moved, answer.head.location.as_deref()) else {
                return Ok(answer);
            };
            match self.target.redirected(to) {
                Some(path) => self.target = self.target.with_path(&path),
                None => {
                    let to = crate::text::clean(&crate::redact_url(to));
                    let status = answer.status;
                    return Err(ControlError::RedirectedAway { status, to });
                }
            }
        }
        Err(ControlError::Redirects)
    }

    /// Gets a page as [`Control::get`] does, and takes no status but 200.
    ///
    /// # Errors
    /// As [`Control::get`]; [`ControlError::Status`].
    pub(crate) async fn get_page(
        &mut self,
        headers: &Headers,
    ) -> Result<WholeResponse, ControlError> {
        let answer = self.get(headers).await?;
        match answer.status {
            200 => Ok(answer),
            status => Err(ControlError::Status { status }),
        }
    }

    async fn attempt(
        &mut self,
        method: &str,
        headers: &Headers,
        body: &[u8],
    ) -> Result<WholeResponse, ControlError> {
        let mut conn = match self.conn.take().filter(|conn| !conn.is_stale()) {
            Some(conn) => conn,
            None => self.open().await?,
        };
        let head = headers.head(method, &self.target);
        let limit = self.limit;
        let answer = timeout(limit, conn.whole(&head, Some(body)))
            .await
            .map_err(|_| ControlError::Timeout { limit })??;
        if answer.head.keep_alive {
            self.conn = Some(conn);
        }
        unpacked(answer)
    }

    async fn open(&self) -> Result<Link, ConnectError> {
        let limit = Some(self.limit);
        Link::open(&self.target, self.clock, limit, self.http2).await
    }
}

/// Without the compression that the user's own header may have asked for.
fn unpacked(mut answer: WholeResponse) -> Result<WholeResponse, ControlError> {
    let coding = answer.head.content_encoding.as_deref().unwrap_or("");
    let Some(mut decoder) = BodyDecoder::of(coding) else {
        return Ok(answer);
    };
    let mut plain = Vec::new();
    // In pieces: a small body may unpack to more than memory.
    for piece in answer.body.chunks(4096) {
        let more = decoder.unpack(piece);
        plain.extend(more.map_err(ControlError::Packing)?);
        if plain.len() > MAX_BYTES {
            return Err(ControlError::TooLarge);
        }
    }
    answer.body = plain;
    answer.head.content_encoding = None;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(megabytes: usize) -> WholeResponse {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let blank = vec![b' '; 1 << 20];
        for _ in 0..megabytes {
            encoder.write_all(&blank).unwrap();
        }
        let mut answer = WholeResponse {
            body: encoder.finish().unwrap(),
            ..WholeResponse::default()
        };
        answer.head.content_encoding = Some("gzip".to_owned());
        answer
    }

    #[test]
    fn g10_a_small_body_does_not_unpack_to_all_of_memory() {
        assert_eq!(unpacked(packed(2)).unwrap().body.len(), 2 << 20);
        let refused = unpacked(packed(80)).unwrap_err();
        assert!(matches!(refused, ControlError::TooLarge), "{refused}");
    }
}
