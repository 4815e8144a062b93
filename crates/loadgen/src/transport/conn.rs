//! One connection: opened before it is measured, written whole, read with stamps.

use super::{
    byte_stream::ByteStream,
    opening::{ConnectError, open_stream, within},
    stamped::StampCounts,
    target::Target,
};
use crate::clock::Clock;
use dualround_model::Stamp;
use std::{cell::RefCell, future::poll_fn, io, task::ready, time::Duration};
use tokio::io::ReadBuf;

/// Bytes taken by one read at the most.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    // Bytes are decoded before the next read, so all connections of a thread share one buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// An open connection, plain or TLS.
#[derive(Debug)]
pub(crate) struct Conn {
    stream: ByteStream,
    /// How long it took to open, TLS included, ns.
    pub(crate) connect_ns: u64,
}

impl Conn {
    /// Opens a connection: every address in turn, then TLS where the URL asks for it.
    pub(crate) async fn open(
        target: &Target,
        clock: Clock,
        limit: Option<Duration>,
    ) -> Result<Self, ConnectError> {
        let started = clock.now();
        let stream = within(limit, open_stream(target, clock, false)).await;
        let stream = stream.map_err(|error| error.through(target))?;
        Ok(Self {
            stream,
            connect_ns: clock.now() - started,
        })
    }

    /// True when the peer has closed it, or sent something unasked.
    pub(crate) fn is_stale(&self) -> bool {
        match &self.stream {
            ByteStream::Plain(tcp) => tcp.is_stale(),
            // A TLS peer may send session tickets at any time; they cannot be told from a close
            // without reading them, so a TLS connection counts as open until a write fails.
            ByteStream::Tls(_) => false,
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

    /// See [`super::stamped::StampedTcp::acknowledge_at_once`].
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
                    ByteStream::Plain(tcp) => ready!(tcp.poll_receive(cx, buffer))?,
                    tls @ ByteStream::Tls(_) => {
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
