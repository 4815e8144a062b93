//! A request that is not measured, and its response read whole.

use super::{conn::Conn, hyper_words::words, tls_words::broken_words};
use dualround_wire::{Frame, HttpError, ResponseDecoder, ResponseHead};
use std::{error::Error, io};

/// The largest response that is read whole, bytes.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// Why a whole exchange that is not measured broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// The socket failed.
    #[error("{}", broken_words(.0))]
    Io(#[from] io::Error),
    /// The answer is none in HTTP/1.1.
    #[error(transparent)]
    Framing(#[from] HttpError),
    /// The answer is larger than is kept.
    #[error("the answer exceeds {MAX_BYTES} bytes")]
    TooLarge,
    /// No request of HTTP/2 can be made of these header fields.
    #[error(transparent)]
    Request(#[from] http::Error),
    /// The HTTP/2 connection failed before the head of the answer.
    #[error("{}", words(source))]
    Http2 {
        /// hyper's own.
        source: hyper::Error,
    },
    /// The body of an answer in HTTP/2 broke off, or is larger than is kept.
    #[error("{0}")]
    Http2Body(#[source] Box<dyn Error + Send + Sync>),
}

impl ExchangeError {
    /// The answer begins like one in a version of HTTP other than the one that was spoken.
    pub(crate) fn is_other_version(&self) -> bool {
        matches!(self, Self::Framing(HttpError::Version))
    }
}

/// A response that was read whole and is not measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct WholeResponse {
    pub(crate) status: u16,
    pub(crate) head: ResponseHead,
    pub(crate) body: Vec<u8>,
    /// When the answer was complete, ns since the run's anchor.
    pub(crate) at_ns: u64,
}

/// One request and its whole answer on an open connection.
///
/// # Errors
/// [`ExchangeError`] when the socket fails, or the answer does not decode.
pub(crate) async fn exchange(
    conn: &mut Conn,
    request: &[u8],
) -> Result<WholeResponse, ExchangeError> {
    conn.write(request).await.map_err(|(_, error)| error)?;
    let mut decoder = ResponseDecoder::new();
    let mut answer = WholeResponse::default();
    let mut problem: Option<ExchangeError> = None;
    while !decoder.is_done() && problem.is_none() {
        let reading = conn.read(|mut bytes, stamp| {
            answer.at_ns = stamp.at;
            if bytes.is_empty() {
                problem = decoder.eof().err().map(ExchangeError::from);
                return;
            }
            loop {
                match decoder.decode(bytes) {
                    Ok((Frame::NeedMore | Frame::End, _)) => return,
                    Ok((Frame::Head(head), used)) => {
                        answer.status = head.status;
                        answer.head = *head;
                        bytes = &bytes[used..];
                    }
                    Ok((Frame::Body(part), used)) => {
                        answer.body.extend_from_slice(part);
                        bytes = &bytes[used..];
                    }
                    Err(error) => {
                        problem = Some(error.into());
                        return;
                    }
                }
                if answer.body.len() > MAX_BYTES {
                    problem = Some(ExchangeError::TooLarge);
                    return;
                }
            }
        });
        reading.await?;
    }
    problem.map_or(Ok(answer), Err)
}
