//! A socket whose reads carry arrival stamps. See ARCHITECTURE.md for what a stamp means.

use super::{socket::Socket, wall_clock::WallClock};
use crate::clock::Clock;
use dualround_model::{Stamp, StampSource};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The number of reads of a connection by how their stamps came about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StampCounts {
    /// Reads stamped by the kernel.
    pub(crate) kernel: u64,
    /// Reads stamped by this program.
    pub(crate) read: u64,
    /// Reads of connections that hyper reads ahead on.
    pub(crate) connection: u64,
    /// Kernel stamps that disagreed with the clocks around the read.
    pub(crate) rejected: u64,
}

/// The two clocks and the queue are not read in the same instant, ns.
const JITTER_NS: u64 = 100_000;

impl StampCounts {
    /// Those that came since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            kernel: self.kernel - before.kernel,
            read: self.read - before.read,
            connection: self.connection - before.connection,
            rejected: self.rejected - before.rejected,
        }
    }
}

impl std::ops::AddAssign for StampCounts {
    fn add_assign(&mut self, more: Self) {
        self.kernel += more.kernel;
        self.read += more.read;
        self.connection += more.connection;
        self.rejected += more.rejected;
    }
}

/// A socket with the stamp of its last read.
#[derive(Debug)]
pub(crate) struct StampedTcp {
    stream: Socket,
    clock: Clock,
    stamps_on: bool,
    /// The stamp of the last read.
    pub(crate) last: Stamp,
    /// Instant at which the last read was made, and the wall clock's distance then.
    last_read_ns: u64,
    /// When a read last left nothing behind: what is read after it cannot have come before.
    drained_ns: u64,
    wall: WallClock,
    pub(crate) counts: StampCounts,
}

impl StampedTcp {
    pub(crate) fn new(stream: Socket, clock: Clock) -> Self {
        let stamps_on = enable(&stream);
        let (now, wall) = clock.now_both();
        let last = Stamp {
            at: now,
            not_before: now,
            source: StampSource::Read,
        };
        let counts = StampCounts::default();
        Self {
            stream,
            clock,
            stamps_on,
            last,
            last_read_ns: now,
            drained_ns: now,
            wall: WallClock::new(now, wall),
            counts,
        }
    }

    /// True when the peer has closed, or sent something unasked: the connection cannot be reused.
    pub(crate) fn is_stale(&self) -> bool {
        is_spent(&self.stream)
    }

    /// A part of an answer has come and more will: it is to be acknowledged at once, and what follows
    /// too. On a kept connection the system else waits 40 ms for something to send along, and a
    /// server with Nagle's algorithm on waits for that acknowledgement: a delay of this side's
    /// making, inside TTFT.
    pub(crate) fn acknowledge_at_once(&self) {
        quick_ack(&self.stream);
    }

    /// Reads what is there; waits until something is.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let mut got = None;
            let result = self.stream.try_io(|| {
                let received = receive(&self.stream, buf, self.stamps_on)?;
                let drained = received.left == Some(0) || received.len < buf.len();
                got = Some(received);
                // Edge-triggered readiness: once drained, the next edge tells of new data, so
                // saying so here saves a system call that would find nothing.
                if drained && received.len > 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            match (got, result) {
                (Some(received), _) => {
                    self.stamp(&received);
                    return Poll::Ready(Ok(received.len));
                }
                (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                (None, Err(error)) => return Poll::Ready(Err(error)),
                (None, Ok(())) => {}
            }
        }
    }

    fn stamp(&mut self, received: &crate::sys::Received) {
        let (now, wall) = self.clock.now_both();
        // Of two bounds the later one; the runtime's holds only for a socket that had been empty.
        let asked = (self.drained_ns == self.last_read_ns)
            .then(crate::runtime::not_before)
            .flatten();
        let asked = asked.map_or(0, |instant| self.clock.at(instant));
        let not_before = self.last_read_ns.max(asked).min(now);
        let stamp = received
            .kernel_wall_ns
            .map(|stamp| self.clock.kernel_wall(stamp));
        let kernel = self.wall.convert(stamp, now, wall);
        let kernel = kernel.filter(|at| at.saturating_add(JITTER_NS) >= self.drained_ns);
        self.counts.rejected += u64::from(stamp.is_some() && kernel.is_none());
        self.last = if let Some(at) = kernel {
            self.counts.kernel += 1;
            // Everything was read: the stamp is the last segment's; the caller knows whether the
            // bytes hold more than one event.
            Stamp {
                at,
                not_before,
                source: StampSource::Kernel,
            }
        } else {
            self.counts.read += 1;
            Stamp {
                at: now,
                not_before,
                source: StampSource::Read,
            }
        };
        self.last_read_ns = now;
        if received.left == Some(0) {
            self.drained_ns = now;
        }
    }
}

#[cfg(target_os = "linux")]
fn enable(stream: &Socket) -> bool {
    use std::os::fd::AsFd;
    // The system stamps no bytes of a Unix socket.
    stream.tcp().is_some() && crate::sys::enable_stamps(stream.as_fd())
}

#[cfg(target_os = "linux")]
fn quick_ack(stream: &Socket) {
    // Without it only servers with Nagle's algorithm are measured slow.
    if let Some(stream) = stream.tcp() {
        let _ = rustix::net::sockopt::set_tcp_quickack(stream, true);
    }
}

#[cfg(not(target_os = "linux"))]
fn quick_ack(_stream: &Socket) {}

#[cfg(target_os = "linux")]
fn receive(stream: &Socket, buf: &mut [u8], _stamps_on: bool) -> io::Result<crate::sys::Received> {
    use std::os::fd::AsFd;
    crate::sys::receive(stream.as_fd(), buf)
}

/// Asked of the kernel, not of the runtime: the close of a peer that has just answered is known to
/// the runtime only after its next poll.
#[cfg(target_os = "linux")]
fn is_spent(stream: &Socket) -> bool {
    use std::os::fd::AsFd;
    crate::sys::is_spent(stream.as_fd())
}

#[cfg(not(target_os = "linux"))]
fn is_spent(stream: &Socket) -> bool {
    let mut byte = [0_u8; 1];
    match stream.try_read(&mut byte) {
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        Ok(_) => true,
    }
}

#[cfg(not(target_os = "linux"))]
fn enable(_stream: &Socket) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn receive(stream: &Socket, buf: &mut [u8], _stamps_on: bool) -> io::Result<crate::sys::Received> {
    let len = stream.try_read(buf)?;
    Ok(crate::sys::Received {
        len,
        ..Default::default()
    })
}

impl AsyncRead for StampedTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let unfilled = buf.initialize_unfilled();
        let len = ready!(self.poll_receive(cx, unfilled))?;
        buf.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StampedTcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }
}
